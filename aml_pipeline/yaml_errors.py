"""A syntax error of the YAML parser, told in our words with its cure."""

from __future__ import annotations

import re
from typing import Any

from aml_pipeline.problems import Position, Problem

# Part of libyaml's message (or of PyYAML's own parser) → what is wrong, the cure, and whether the place that counts is
# where the construct begins rather than where the parser gave up.
_EXPLANATIONS = (
    ("a tab character", "a tab indents this line.", "YAML indents with spaces only.", False),
    ("unexpected end of stream", "a quoted text is not closed.", "Add the closing quote.", True),
    ("unexpected document", "a quoted text is not closed above the next `---` or `...` line.", "Add the closing quote.",
     True),
    ("unknown escape", "this escape is not known inside double quotes.",
     r"Double the backslash (\\), or use single quotes.", False),
    ("hexdecimal", "this escape lacks digits.", r"Write \x41, \u0041 or \U00000041, or use single quotes.", False),
    ("hexadecimal", "this escape lacks digits.", r"Write \x41, \u0041 or \U00000041, or use single quotes.", False),
    ("Unicode character escape", "this escape stands for no character.", "Write the character itself.", False),
    ("mapping values are not allowed", "a second `key:` on one line, or an indentation that does not fit.",
     'Put it on a line of its own, or quote the text: "a: b".', False),
    ("sequence entries are not allowed", "a list item cannot begin here.",
     "Put `- item` on a line of its own, below the key.", False),
    ("mapping keys are not allowed", "a value cannot begin with ?.", "Put it in quotes.", False),
    ("',' or '}'", "this { is not closed, or a comma is missing.",
     "Close it with }, or write one `key: value` a line.", True),
    ("',' or ']'", "this [ is not closed, or a comma is missing.", "Close it with ], or write one `- item` a line.",
     True),
    ("'-' indicator", "a list ends in the middle of its items.", "Begin the line with `- `, or indent it otherwise.",
     False),
    ("expected key", "this line's indentation fits no line above.", "Indent it as the keys beside it.", False),
    ("block end", "this line's indentation fits no line above.", "Indent it as the keys beside it.", False),
    ("could not find expected ':'", "this line has no colon after its key.", "Write `key: value`.", True),
    ("comment or line break", "a text cannot begin on the line of its | or >.", "Begin it on the next line, indented.",
     False),
    ("chomping", "a text cannot begin on the line of its | or >.", "Begin it on the next line, indented.", False),
    ("indentation indicator", "a | or > cannot have a 0.", "Delete the 0.", False),
    ("unexpected ':'", "a colon cannot stand in this text.", "Put the text in quotes.", False),
    ("nesting depth", "this is nested too deep.", "Write it flatter.", False),
    ("incompatible", "this YAML version is not supported.", "Delete the %YAML line.", False),
    ("document start>", "the document ended above.", "Delete the `...` line, or what follows it.", False),
    ("document start'", "the document ended above.", "Delete the `...` line, or what follows it.", False),
    ("tag", "a tag cannot stand here.", "Put the text in quotes, or delete the !.", False),
    ("%", "this %TAG or %YAML line is not understood.", "Delete it.", False),
    ("directive", "a line that begins with % is an instruction to the YAML parser.", "Delete it, or quote the text.",
     True),
)  # fmt: skip
_GENERIC = (
    "this is not YAML.",
    "Look at the indentation, colons and quotes of this line and of the one above.",
    False,
)
# What begins a construct of YAML's own, and cannot begin a value without quotes.
_SIGNS = {"*": "which names an alias", "&": "which names an anchor", "!": "which names a tag"}


def explain(error: Any, text: str) -> Problem:  # noqa: ANN401 - PyYAML's errors are untyped
    """Return the problem behind a ``yaml.YAMLError`` raised while parsing ``text``."""
    lines = text.split("\n")
    line, column = _place(getattr(error, "problem_mark", None), lines)
    return (
        _unquoted_expression(lines[line], line, column)
        or _unquotable_start(error, lines[line], line, column)
        or _closes_nothing(lines[line], line, column)
        or _by_message(error, lines, line, column)
    )


def _place(mark: Any, lines: list[str]) -> tuple[int, int]:  # noqa: ANN401
    """Return line and column of ``mark``, counted from 0, drawn back to the last text when it stands behind the end."""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line < len(lines) and (column < len(lines[line]) or line < len(lines) - 1):
        return line, min(column, len(lines[line]))
    last = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].strip()), 0)
    return last, max(0, len(lines[last]) - 1)


def _unquoted_expression(source: str, line: int, column: int) -> Problem | None:
    """Recognise ``${{ … }}`` inside ``{}`` or ``[]``, where YAML takes its braces for a mapping."""
    if not (source[column : column + 2] == "{{" and source[:column].endswith("$")):
        return None
    found = re.match(r"\{\{[^}\n]*\}\}", source[column:])
    expression = "$" + (found.group() if found else "{{ … }}")
    message = f"the expression {expression} stands unquoted inside {{}} or []."
    cure = f'Quote it ("{expression}"), or put it on its own line.'
    return Problem("unquoted-expression", message, cure, position=Position(line + 1, column, len(expression)))


def _unquotable_start(error: Any, source: str, line: int, column: int) -> Problem | None:  # noqa: ANN401
    """Recognise a text that YAML cannot take without quotes, such as ``*.py`` or ``@home``."""
    reason, start = str(getattr(error, "problem", "")), getattr(error, "context_mark", None)
    if "cannot start any token" in reason and source[column : column + 1] not in {"", "\t"}:
        message = f"a value cannot begin with {source[column]}."
    elif start is not None and start.line == line and source[start.column : start.column + 1] in _SIGNS:
        column = start.column
        message = f"a value cannot begin with {source[column]}, {_SIGNS[source[column]]}."
    else:
        return None
    return Problem("yaml-syntax", message, "Put it in quotes.", position=Position(line + 1, column + 1))


def _closes_nothing(source: str, line: int, column: int) -> Problem | None:
    char = source[column : column + 1]
    if char not in {"]", "}"}:
        return None
    cure = "Delete it, or put the text in quotes."
    return Problem("yaml-syntax", f"this {char} closes nothing.", cure, position=Position(line + 1, column + 1))


def _by_message(error: Any, lines: list[str], line: int, column: int) -> Problem:  # noqa: ANN401
    reason = str(getattr(error, "problem", "")) or str(error)
    if lines[line][column : column + 1] == "\t":
        reason = "a tab character"
    rows = (row for part, *row in _EXPLANATIONS if part in reason)
    message, cure, at_start = next(rows, _GENERIC)
    start = getattr(error, "context_mark", None)
    if at_start and start is not None:
        line, column = _place(start, lines)
    code = "too-deep" if "nesting depth" in reason else "yaml-syntax"
    return Problem(code, str(message), str(cure), position=Position(line + 1, column + 1))
