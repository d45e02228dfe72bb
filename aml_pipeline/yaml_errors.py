"""A syntax error of the YAML parser, told in our words with its cure."""

from __future__ import annotations

import re
from typing import Any

from aml_pipeline.problems import Position, Problem

# Part of libyaml's message (or of PyYAML's own parser) → what is wrong, and the cure.
_EXPLANATIONS = (
    ("a tab character", "a tab indents this line.", "YAML indents with spaces only."),
    ("unexpected end of stream", "a quoted text is not closed.", "Add the closing quote."),
    ("unknown escape", "this escape is not known inside double quotes.",
     r"Double the backslash (\\), or use single quotes."),
    ("mapping values are not allowed", "a second `key:` on one line, or an indentation that does not fit.",
     'Put it on a line of its own, or quote the text: "a: b".'),
    ("block sequence entries are not allowed", "a list item cannot begin here.",
     "Put `- item` on a line of its own, below the key."),
    ("',' or '}'", "this { is not closed, or a comma is missing.",
     "Close it with }, or write one `key: value` a line."),
    ("',' or ']'", "this [ is not closed, or a comma is missing.", "Close it with ], or write one `- item` a line."),
    ("'-' indicator", "a list ends in the middle of its items.", "Begin the line with `- `, or indent it otherwise."),
    ("expected key", "this line's indentation fits no line above.", "Indent it as the keys beside it."),
    ("could not find expected ':'", "this line has no colon after its key.", "Write `key: value`."),
    ("nesting depth", "this is nested too deep.", "Write it flatter."),
    ("incompatible YAML document", "this YAML version is not supported.", "Delete the %YAML line."),
)  # fmt: skip
_GENERIC = ("this is not YAML.", "Look at the indentation, colons and quotes of this line and of the one above.")


def explain(error: Any, text: str) -> Problem:  # noqa: ANN401 - PyYAML's errors are untyped
    """Return the problem behind a ``yaml.YAMLError`` raised while parsing ``text``."""
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.split("\n")
    source = lines[line] if line < len(lines) else ""
    return (
        _unquoted_expression(lines, line, column)
        or _unquotable_start(source, line, column, str(getattr(error, "problem", "")))
        or _by_message(error, lines, line, column)
    )


def _unquoted_expression(lines: list[str], line: int, column: int) -> Problem | None:
    """Recognise ``${{ … }}`` inside ``{}`` or ``[]``, where YAML takes its braces for a mapping."""
    source = lines[line] if line < len(lines) else ""
    if not (source[column : column + 2] == "{{" and source[:column].endswith("$")):
        return None
    found = re.match(r"\{\{[^}\n]*\}\}", source[column:])
    expression = "$" + (found.group() if found else "{{ … }}")
    message = f"the expression {expression} stands unquoted inside {{}} or []."
    cure = f'Quote it ("{expression}"), or put it on its own line.'
    return Problem("unquoted-expression", message, cure, position=Position(line + 1, column, len(expression)))


def _unquotable_start(source: str, line: int, column: int, reason: str) -> Problem | None:
    char = source[column : column + 1]
    if "cannot start any token" not in reason or char == "\t":
        return None
    message = f"a value cannot begin with `{char}`."
    return Problem("yaml-syntax", message, "Put it in quotes.", position=Position(line + 1, column + 1))


def _by_message(error: Any, lines: list[str], line: int, column: int) -> Problem:  # noqa: ANN401
    reason = str(getattr(error, "problem", "")) or str(error)
    if line < len(lines) and lines[line][column : column + 1] == "\t":
        reason = "a tab character"
    message, cure = next(((message, cure) for part, message, cure in _EXPLANATIONS if part in reason), _GENERIC)
    start = getattr(error, "context_mark", None)
    if start is not None and ("not closed" in message):
        line, column = start.line, start.column
    return Problem("yaml-syntax", message, cure, position=Position(line + 1, column + 1))
