"""A Problem: what is wrong, where, and the cure; and how problems are printed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: line and column count from 1, in characters; ``width`` characters are meant."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    ``path`` is the place in the document as keys and indices; the loader turns it into ``file`` and ``position``.
    ``on_key`` points at the last key of the path instead of its value. ``origin`` says where a value came from when
    it stands in no file (``--param epochs=x``).
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

    @property
    def place(self) -> str:
        """``file:line:column``, or as much of it as is known."""
        if self.origin:
            return self.origin
        return f"{self.file}:{self.position.line}:{self.position.column}" if self.position else self.file


def suggest(name: str, known: Iterable[str], *, noun: str = "") -> str:
    """Return the cure for an unknown name: the nearest known one, else all of them (at most ten)."""
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    names = sorted({str(one) for one in known})
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    if not names:
        return f"There is no {noun or 'such name'} to choose from."
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")  # noqa: PLR2004
    return f"Known: {shown}."


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return ``problems`` without repetitions, by file and position; those without a position come first."""
    nowhere = Position(0, 0)
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.position or nowhere, one.code, one.message))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those of ``problems`` that forbid to run."""
    return [one for one in problems if one.severity == "error"]


def as_text(problems: Sequence[Problem], texts: Mapping[str, str]) -> str:
    """Return ``problems`` as lines for people, each with its source line and a caret; ``texts`` holds the files."""
    return "\n".join(_one_as_text(problem, texts) for problem in problems)


def as_json(problems: Sequence[Problem]) -> str:
    """Return ``problems`` as a JSON list of objects: code, severity, file, line, column, message, cure."""
    rows = [
        {
            "code": one.code,
            "severity": one.severity,
            "file": one.origin or one.file,
            "line": one.position.line if one.position else None,
            "column": one.position.column if one.position else None,
            "message": one.message,
            "cure": one.cure,
        }
        for one in problems
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_github(problems: Sequence[Problem]) -> str:
    """Return ``problems`` as annotations of GitHub Actions (its "workflow commands")."""
    return "\n".join(_one_as_github(problem) for problem in problems)


def _one_as_text(problem: Problem, texts: Mapping[str, str]) -> str:
    label = "warning: " if problem.severity == "warning" else ""
    place = f"{problem.place}: " if problem.place else ""
    first = f"{place}{label}{problem.message} {problem.cure} [{problem.code}]"
    if problem.position is None or problem.origin:
        return first
    lines = texts.get(problem.file, "").splitlines()
    if not 1 <= problem.position.line <= len(lines):
        return first
    return "\n".join([first, *_excerpt(lines[problem.position.line - 1], problem.position)])


_WIDEST_EXCERPT = 160


def _excerpt(line: str, position: Position) -> list[str]:
    """Return the source line and the caret line; a tab stays a tab, so that the caret stands under its column."""
    start = max(0, position.column - 1 - _WIDEST_EXCERPT // 2)
    shown = line[start : start + _WIDEST_EXCERPT]
    before = shown[: position.column - 1 - start]
    meant = shown[len(before) : len(before) + position.width] or " "
    gutter = f"{position.line:>4} | "
    indent = "".join("\t" if char == "\t" else " " * _cells(char) for char in before)
    return [gutter + shown, " " * (len(gutter) - 2) + "| " + indent + "^" + "~" * (sum(map(_cells, meant)) - 1)]


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _one_as_github(problem: Problem) -> str:
    fields = [f"file={_escaped(problem.file)}"] if problem.file and not problem.origin else []
    if problem.position and not problem.origin:
        fields += [f"line={problem.position.line}", f"col={problem.position.column}"]
    fields.append(f"title={problem.code}")
    where = f"{problem.origin}: " if problem.origin else ""
    message = f"{where}{problem.message} {problem.cure}"
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        message = message.replace(char, code)
    return f"::{problem.severity} {','.join(fields)}::{message}"


def _escaped(value: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(char, code)
    return value
