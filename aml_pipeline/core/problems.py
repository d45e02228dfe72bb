"""A Problem: what is wrong, where, and the cure; and how problems are printed."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: line and column count from 1, in characters; ``width`` is the number of marked characters."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text: the index of its first character, and how many it has."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    ``path`` is the place in the document as keys and indices; the loader turns it into ``file`` and ``position``.
    ``on_key`` points at the last key of the path instead of its value. ``origin`` says where a value came from when
    not in a file (``--param epochs=x``). ``part`` is the part of the value's text that is meant, if not all.
    """

    code: str
    message: str
    cure: str
    path: Path = ()
    on_key: bool = False
    severity: Severity = "error"
    file: str = ""
    position: Position | None = None
    origin: str = ""
    part: Span | None = None

    @property
    def place(self) -> str:
        """``file:line:column``, or as much of it as is known."""
        if self.origin:
            return self.origin
        return f"{self.file}:{self.position.line}:{self.position.column}" if self.position else self.file


# A comparison takes about 5 µs per name, and a file may have thousands of mistakes: of more names, show the first.
_MOST_COMPARED = 300


def suggest(name: str, known: Iterable[str], *, noun: str = "", but: str = "") -> str:
    """Return the cure for an unknown name: the most similar known name, else up to ten of them; never ``but``."""
    if isinstance(known, Sized) and len(known) > _MOST_COMPARED:
        others = (candidate for candidate in map(str, known) if candidate != but)
        return f"Known: {', '.join(itertools.islice(others, 10))}, …."
    names = sorted({str(candidate) for candidate in known} - {but})
    near = nearest(name, names)
    if near:
        return f'Did you mean "{near}"?'
    if not names:
        return f"There is no {noun or 'name'} to choose from."
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")  # noqa: PLR2004
    return f"Known: {shown}."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the name in ``known`` most similar to ``name``, if any is similar; dashes of an option do not count."""
    import difflib

    bare = name.lstrip("-")
    letters = {candidate.lstrip("-"): candidate for candidate in sorted(known, reverse=True)}
    near = difflib.get_close_matches(bare, sorted(letters), n=1, cutoff=cutoff)
    return letters[near[0]] if near and _is_slip(bare, near[0]) else None


_SHORT = 3  # so few letters may match by chance


def _is_slip(name: str, meant: str) -> bool:
    """Whether one of two similar names can be a misspelling of the other: short names need all their letters.

    Of three letters, one may differ.
    """
    short, long = sorted((name.lower(), meant.lower()), key=len)
    if len(short) > _SHORT:
        return True
    rest = list(long)
    for letter in short:
        if letter in rest:
            rest.remove(letter)
    missing = len(short) - (len(long) - len(rest))
    return len(rest) < len(short) and (missing == 0 or (missing == 1 and len(short) == len(long) == _SHORT))


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return ``problems`` without repetitions, by file and position; those outside files come last."""

    def place(problem: Problem) -> tuple[str, str, Position, str, str]:
        return problem.origin, problem.file, problem.position or Position(0, 0), problem.code, problem.message

    return [next(same) for _, same in itertools.groupby(sorted(problems, key=place), key=place)]


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return the ``problems`` that prevent the run."""
    return [problem for problem in problems if problem.severity == "error"]


def as_text(problems: Sequence[Problem], texts: Mapping[str, str], *, colour: bool = False) -> str:
    """Return ``problems`` as lines for people, each with its source line and a caret; ``texts`` contains the files.

    ``colour``: for a terminal that shows colours.
    """
    named = {problem.file for problem in problems}
    lines = {file: re.split("\r\n|\r|\n", text) for file, text in texts.items() if file in named}
    paint = _painted if colour else lambda text, _colour: text
    secret = {_line_of(problem) for problem in problems if problem.code == "plain-secret"}
    return "\n".join(
        _one_as_text(problem, [] if _line_of(problem) in secret else lines.get(problem.file, []), paint)
        for problem in problems
    )


def _line_of(problem: Problem) -> tuple[str, int]:
    return problem.file, problem.position.line if problem.position else 0


def as_json(problems: Sequence[Problem]) -> str:
    """Return ``problems`` as a JSON list of objects: code, severity, file, line, column, message, cure."""
    rows = [
        {
            "code": problem.code,
            "severity": problem.severity,
            "file": problem.origin or problem.file,
            "line": problem.position.line if problem.position else None,
            "column": problem.position.column if problem.position else None,
            "message": problem.message,
            "cure": problem.cure,
        }
        for problem in problems
    ]
    text = json.dumps(rows, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a character, which a string in a script may contain


def as_github(problems: Sequence[Problem]) -> str:
    """Return ``problems`` as annotations of GitHub Actions ("workflow commands")."""
    return "\n".join(_one_as_github(problem) for problem in problems)


_BOLD, _RED, _YELLOW = "1", "31", "33"


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def _one_as_text(problem: Problem, lines: Sequence[str], paint: Callable[[str, str], str]) -> str:
    is_warning = problem.severity == "warning"
    label = f"{paint('warning:', _YELLOW)} " if is_warning else ""
    place = f"{paint(f'{on_one_line(problem.place)}:', _BOLD)} " if problem.place else ""
    first = f"{place}{label}{on_one_line(problem.message)} {on_one_line(problem.cure)} [{problem.code}]"
    if problem.position is None or problem.origin:
        return first
    if not 1 <= problem.position.line <= len(lines) or not lines[problem.position.line - 1]:
        return first
    source, gutter, caret = _excerpt(lines[problem.position.line - 1], problem.position)
    return f"{first}\n{source}\n{gutter}{paint(caret, _YELLOW if is_warning else _RED)}"


_LONGEST_TEXT = 1000


def on_one_line(text: str) -> str:
    """Return ``text``, which may quote a file, ready for a line of a terminal: clipped, without control characters."""
    clipped = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT // 2]} … {text[-_LONGEST_TEXT // 2 :]}"
    if clipped.isprintable():
        return clipped
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in clipped)


_WIDEST_EXCERPT = 160


def _excerpt(line: str, position: Position) -> tuple[str, str, str]:
    """Return the source line, what precedes the caret, and the caret.

    A tab remains a tab, so that the caret is below its column.
    """
    start = max(0, min(position.column - 1 - _WIDEST_EXCERPT // 2, len(line) - _WIDEST_EXCERPT))
    part = line[start : start + _WIDEST_EXCERPT]
    signs = part if part.isprintable() else [_as_sign(char) for char in part]
    at = position.column - 1 - start
    shown, before, meant = "".join(signs), "".join(signs[:at]), "".join(signs[at : at + position.width]) or " "
    gutter = f"{position.line:>4} | "
    indent = (
        "".join("\t" if char == "\t" else " " * cells(char) for char in before)
        if "\t" in before
        else " " * width(before)
    )
    return gutter + shown, f"{'| ':>{len(gutter)}}{indent}", "^" + "~" * (width(meant) - 1)


def _as_sign(char: str) -> str:
    return char if char == "\t" or char.isprintable() else repr(char)[1:-1]


def width(text: str) -> int:
    """Return the width of a text in cells of a terminal."""
    return len(text) if text.isascii() else sum(map(cells, text))


def cells(char: str) -> int:
    """Return the width of a character in cells of a terminal."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _one_as_github(problem: Problem) -> str:
    fields = [f"file={_escaped(problem.file)}"] if problem.file and not problem.origin else []
    if problem.position and not problem.origin:
        fields += [f"line={problem.position.line}", f"col={problem.position.column}"]
    fields.append(f"title={problem.code}")
    where = f"{on_one_line(problem.origin)}: " if problem.origin else ""
    message = f"{where}{on_one_line(problem.message)} {on_one_line(problem.cure)}"
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        message = message.replace(char, code)
    return f"::{problem.severity} {','.join(fields)}::{message}"


def _escaped(value: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(char, code)
    return value
