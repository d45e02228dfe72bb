"""Syntax errors of the YAML parser, in our own words with a cure."""

from __future__ import annotations

import itertools
import re
import sys
from collections import Counter
from typing import Any

from aml_pipeline.core.problems import Position, Problem

NO_CHARACTER = ("this escape stands for no character.", "Write the character itself.")

# Part of libyaml's message (or of PyYAML's own parser) → the problem, the cure, and whether its place is the
# beginning of the construct rather than where the parser gave up.
_EXPLANATIONS = (
    ("a tab character", "this line is indented with a tab.", "Indent with spaces: YAML does not allow tabs.", False),
    ("unexpected end of stream", "the quoted string is not closed.", "Add the closing quote.", True),
    ("unexpected document", "the quoted string is not closed before the next `---` or `...` line.",
     "Add the closing quote.", True),
    ("unknown escape", "unknown escape sequence inside double quotes.",
     r"Double the backslash (\\), or use single quotes.", False),
    ("hexdecimal", "this escape sequence has too few digits.",
     r"Write \x41, \u0041 or \U00000041, or use single quotes.", False),
    ("hexadecimal", "this escape sequence has too few digits.",
     r"Write \x41, \u0041 or \U00000041, or use single quotes.", False),
    ("Unicode character escape", *NO_CHARACTER, False),
    ("mapping values are not allowed", "a second `key:` on the same line, or wrong indentation.",
     'Move it to a line of its own, or quote the string: "a: b".', False),
    ("sequence entries are not allowed", "a list item cannot begin here.",
     "Move `- item` to a line of its own, below the key.", False),
    ("mapping keys are not allowed", "a value cannot begin with ?.", "Quote it.", False),
    ("',' or '}'", "this { is not closed, or a comma is missing.",
     "Close it with }, or write one `key: value` per line.", True),
    ("',' or ']'", "this [ is not closed, or a comma is missing.", "Close it with ], or write one `- item` per line.",
     True),
    ("'-' indicator", "this line interrupts a list.", "Begin the line with `- `, or fix its indentation.", False),
    ("expected key", "the indentation of this line matches no line above.",
     "Indent it like the keys next to it.", False),
    ("block end", "the indentation of this line matches no line above.",
     "Indent it like the keys next to it.", False),
    ("could not find expected ':'", "this line has no colon after its key.", "Write `key: value`.", True),
    ("comment or line break", "a block of text cannot begin on the same line as its | or >.",
     "Begin the text on the next line, indented.", False),
    ("chomping", "a block of text cannot begin on the same line as its | or >.",
     "Begin the text on the next line, indented.", False),
    ("indentation indicator", "the indentation of a | or > block cannot be 0.", "Delete the 0.", False),
    ("unexpected ':'", "this string cannot contain a colon.", "Quote it.", False),
    ("nesting depth", "the nesting is too deep.", "Use fewer levels.", False),
    ("incompatible", "unsupported YAML version.", "Delete the %YAML line.", False),
    ("document start>", "the document has already ended above.", "Delete the `...` line, or what follows it.", False),
    ("document start'", "the document has already ended above.", "Delete the `...` line, or what follows it.", False),
    ("tag", "a tag is not allowed here.", "Quote the string, or delete the !.", False),
    ("%", "unknown %TAG or %YAML directive.", "Delete it.", False),
    ("directive", "a line that begins with % is a directive to the YAML parser.", "Delete it, or quote the string.",
     True),
)  # fmt: skip
_GENERIC = (
    "this is not valid YAML.",
    "Check the indentation, colons and quotes on this line and the line above.",
    False,
)
# Characters that begin a YAML construct, and cannot begin an unquoted value.
_SIGNS = {"*": "which names an alias", "&": "which names an anchor", "!": "which names a tag"}


def explain(error: Any, text: str) -> Problem:  # noqa: ANN401 - PyYAML's errors are untyped
    """Return the problem for a ``yaml.YAMLError`` raised while parsing ``text``."""
    lines = text.split("\n")
    line, column = _place(getattr(error, "problem_mark", None), lines)
    return (
        _merge_conflict(lines)
        or no_break_space(lines, line)
        or _unquoted_expression(lines[line], line, column)
        or _unquotable_start(error, lines[line], line, column)
        or _closes_nothing(lines[line], line, column)
        or _mistaken_above(error, lines, line, column)
        or _by_message(error, lines, line, column)
    )


def beyond_unicode(text: str) -> Problem | None:
    """Return the problem of an escape whose number is above that of every character, if there is one."""
    found = next(
        (escape for escape in re.finditer(r"\\U([0-9A-Fa-f]{8})", text) if int(escape[1], 16) > sys.maxunicode), None
    )
    if found is None:
        return None
    at = found.start()
    position = Position(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return Problem("yaml-syntax", *NO_CHARACTER, position=position)


def _place(mark: Any, lines: list[str]) -> tuple[int, int]:  # noqa: ANN401
    """Return line and column of ``mark``, counted from 0; at the last text if it is behind the end."""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line < len(lines) and (column < len(lines[line]) or line < len(lines) - 1):
        return line, min(column, len(lines[line]))
    last = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].strip()), 0)
    return last, max(0, len(lines[last]) - 1)


def _merge_conflict(lines: list[str]) -> Problem | None:
    """Recognize the conflict markers of git."""
    marks = [number for number, line in enumerate(lines) if re.match(r"(<{7}|={7}|>{7}|\|{7})( |$)", line)]
    if not marks:
        return None
    message = f"a merge conflict begins here ({lines[marks[0]][:7]})."
    cure = "Keep the right version, and delete the lines <<<<<<<, ======= and >>>>>>>."
    return Problem("yaml-syntax", message, cure, position=Position(marks[0] + 1, 1, len(lines[marks[0]])))


_NO_BREAK_SPACE = re.compile(r"(?: |- )*(?:(?=\xa0)|-(?=\xa0)|[a-z][a-z0-9_-]*:(?=\xa0)|--[\w-]+:(?=\xa0))")


def no_break_space(lines: list[str], line: int) -> Problem | None:
    """Recognize a no-break space that indents ``line`` or the line above, or follows one of their keys."""
    above = next((number for number in range(line - 1, -1, -1) if _code(lines[number])), line)
    for number in (above, line):
        match = _NO_BREAK_SPACE.match(lines[number])
        if match:
            message = "this is a no-break space (U+00A0), which YAML treats as a letter."
            return _syntax(message, "Replace it with a normal space.", number, match.end())
    return None


def _unquoted_expression(source: str, line: int, column: int) -> Problem | None:
    """Recognize ``${{ … }}`` inside ``{}`` or ``[]``, where YAML reads its braces as a mapping."""
    if not (source[column : column + 2] == "{{" and source[:column].endswith("$")):
        return None
    match = re.match(r"\{\{[^}\n]*\}\}", source[column:])
    expression = "$" + (match.group() if match else "{{ … }}")
    message = f"the expression {expression} is not quoted inside {{}} or []."
    cure = f'Quote it ("{expression}"), or put it on a line of its own.'
    return Problem("unquoted-expression", message, cure, position=Position(line + 1, column, len(expression)))


def _unquotable_start(error: Any, source: str, line: int, column: int) -> Problem | None:  # noqa: ANN401
    """Recognize a string that YAML requires to be quoted, such as ``*.py`` or ``@home``."""
    reason, start = str(getattr(error, "problem", "")), getattr(error, "context_mark", None)
    if "cannot start any token" in reason and source[column : column + 1] not in {"", "\t"}:
        message = f"a value cannot begin with {source[column]}."
    elif start is not None and start.line == line and source[start.column : start.column + 1] in _SIGNS:
        column = start.column
        message = f"a value cannot begin with {source[column]}, {_SIGNS[source[column]]}."
    else:
        return None
    return Problem("yaml-syntax", message, "Quote it.", position=Position(line + 1, column + 1))


def _closes_nothing(source: str, line: int, column: int) -> Problem | None:
    char = source[column : column + 1]
    if char not in {"]", "}"}:
        return None
    cure = "Delete it, or quote the string."
    return Problem("yaml-syntax", f"unmatched {char}.", cure, position=Position(line + 1, column + 1))


# Messages of the parser about a line that does not fit; the mistake may be in a line above.
_MISFITS = (
    "mapping values are not allowed",
    "block end",
    "expected key",
    "'-' indicator",
    "expected ':'",
    "document start",
)


def _mistaken_above(error: Any, lines: list[str], line: int, column: int) -> Problem | None:  # noqa: ANN401
    """Recognize a correct line below a wrong one: the parser gives up only where it cannot go on."""
    reason = str(getattr(error, "problem", ""))
    above = next((number for number in range(line - 1, -1, -1) if _code(lines[number])), None)
    if above is None or not any(part in reason for part in _MISFITS):
        return None
    if _is_text(lines, above):
        return _quote_left_open(lines, line, column)
    return (
        _quote_left_open(lines, line, column)
        or _key_without_colon(lines, above, line)
        or _value_above_more(lines, above, line)
        or _odd_one_above(lines, line)
        or _between_levels(lines, above, line)
    )


def _quote_left_open(lines: list[str], line: int, column: int) -> Problem | None:
    """A string with a missing quote ends at the next quote, some lines below."""
    for quote in "\"'":
        if lines[line][:column].count(quote) % 2 == 0:
            continue
        begun = next((number for number in range(line - 1, -1, -1) if _code(lines[number]).count(quote) % 2), None)
        opening = begun is not None and re.search(rf"(?:: +|- +|[\[{{,] *){quote}", lines[begun])
        if opening and begun is not None:
            message = f"the quoted string that begins here ends on line {line + 1}."
            return _syntax(message, "Close the quote on this line.", begun, opening.end() - 1)
    return None


def _key_without_colon(lines: list[str], above: int, line: int) -> Problem | None:
    """``steps`` above ``  train:``, or ``name x`` above ``steps:``, which cannot be a string of several lines."""
    code = _code(lines[above]).strip()
    if (
        _KEY.search(code)
        or code.startswith(("- ", "...", "---"))
        or code[0] in "\"'[]{}|>#"
        or not _KEY.search(lines[line])
    ):
        return None
    return _syntax("this line has no colon after its key.", "Write `key: value`.", above, _indentation(lines[above]))


def _is_text(lines: list[str], line: int) -> bool:
    """Whether a line continues a string that begins above: ``key: some`` or ``key: |`` above, and deeper words."""
    deep = _indentation(lines[line])
    outer = next(
        (number for number in range(line - 1, -1, -1) if _code(lines[number]) and _indentation(lines[number]) < deep),
        None,
    )
    if outer is None:
        return False
    code = _code(lines[outer]).strip()
    is_open = bool(_value(lines[outer])) or (code.startswith("- ") and not code.endswith(":"))
    return bool(re.search(r"[|>][0-9+-]*$", code)) or (is_open and not _KEY.search(_code(lines[line])))


def _value_above_more(lines: list[str], above: int, line: int) -> Problem | None:
    """``steps: x`` above lines that are indented under it."""
    below = next((number for number in range(line + 1, len(lines)) if _code(lines[number])), None)
    inner = _indentation(lines[line])
    value = _value(lines[above])
    is_block = below is not None and inner + (0 if _value(lines[line]) else 1) <= _indentation(lines[below])
    if not value or not is_block or inner - _indentation(lines[above]) != _unit(lines):
        return None
    message = "this key has a value, but the lines below are indented under it."
    cure = "Delete the value, or indent the lines below like this one."
    return _syntax(message, cure, above, lines[above].index(value))


def _odd_one_above(lines: list[str], line: int) -> Problem | None:
    """The first line of a block whose indentation differs from the following lines, which are right."""
    here = _indentation(lines[line])
    above = [number for number in range(line) if _code(lines[number])]
    parent = next((number for number in reversed(above) if _indentation(lines[number]) < here), None)
    if parent == above[-1]:
        return None
    start = above[0] if parent is None else above[above.index(parent) + 1]
    unit, first = _unit(lines), _indentation(lines[start])
    outer = -unit if parent is None else _indentation(lines[parent])
    alone = [_indentation(lines[number]) for number in above if number >= start].count(first) == 1
    if not alone or first - outer == unit or here - outer != unit:
        return None
    return _syntax("the indentation of this line differs from the lines below.",
                   f"Indent it by {here} spaces, like line {line + 1}.", start, first)  # fmt: skip


def _between_levels(lines: list[str], above: int, line: int) -> Problem | None:
    """A line above whose indentation is between two levels of the file, while this line is on a level."""
    unit, here, there = _unit(lines), _indentation(lines[line]), _indentation(lines[above])
    if here % unit or not there % unit:
        return None
    return _syntax("the indentation of this line differs from the lines below.",
                   f"Indent it by {here} spaces, like line {line + 1}.", above, there)  # fmt: skip


_KEY = re.compile(r":(?: |$)")


def _code(line: str) -> str:
    """Return the line without its comment, empty if nothing else is on it."""
    return re.sub(r"(^|\s)#.*$", "", line).rstrip()


def _value(line: str) -> str:
    """Return what follows the first key on its line, unless the lines below belong to it."""
    value = _code(line).partition(": ")[2].strip()
    return "" if value[:1] in {"|", ">", "&", "!"} else value


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _unit(lines: list[str]) -> int:
    """Return the usual number of spaces of an indentation in the file."""
    depths = [_indentation(line) for line in lines if _code(line)]
    steps = Counter(below - above for above, below in itertools.pairwise(depths) if below > above)
    return steps.most_common(1)[0][0] if steps else 2


def _syntax(message: str, cure: str, line: int, column: int) -> Problem:
    return Problem("yaml-syntax", message, cure, position=Position(line + 1, column + 1))


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
