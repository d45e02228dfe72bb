"""Lines of an ignore file as patterns of paths, as git reads them. Independent of the file and of its purpose.

If a wildcard can end in many places, trying all of them has no time limit: twelve stars against a long name took half a
minute. Here each wildcard takes only the first place that fits, which finds a match if there is one: what follows ``*``
is searched up to the next ``*``, what follows ``**`` in whole folders. So the time is proportional to the length of the
pattern times that of the path.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

_MOST_CHARACTERS = 10_000  # longer than any path, with every character escaped
_FOLDERS = "**"
_SPECIAL = frozenset("*?[\\")
_ANY_FOLDERS = "(?:[^/]*/)*?"
_END = r"(?=/|\Z)"  # what matches a folder matches everything in it


@dataclass(frozen=True)
class Pattern:
    """A pattern; ``include`` is False if it re-includes what others matched (``!name``), None for a comment."""

    include: bool | None
    segments: tuple[str, ...] = ()

    def match(self, path: str) -> bool:
        """Whether ``path``, or a folder around it, is matched; the path of a folder ends in a slash."""
        return self.include is not None and bool(self._search(path))

    @cached_property
    def _search(self) -> Callable[[str], object]:
        is_folder = self.segments[-1] == _FOLDERS
        plain = "/".join(self.segments[1:-1] if is_folder else self.segments[1:])
        if self.segments[0] != _FOLDERS or not plain or not _SPECIAL.isdisjoint(plain):
            return re.compile(_expression(self.segments)).match
        return lambda path: f"/{plain}/" in (f"/{path}" if is_folder else f"/{path}/")


@lru_cache(maxsize=10_000)
def git_pattern(line: str) -> Pattern:
    """Return ``line`` as a pattern. Raises ValueError if it is not one."""
    text = line.lstrip() if line.endswith("\\ ") else line.strip()
    if not text or text == "/" or text.startswith("#"):
        return Pattern(None)
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(line)
    segments = _segments(text.removeprefix("!"))
    if not segments:
        raise ValueError(line)
    for segment in segments:
        _pieces(segment)
    return Pattern(not text.startswith("!"), tuple(segments))


def is_pattern(line: str) -> bool:
    """Whether ``line`` is a pattern; like git, invalid lines of an ignore file are skipped."""
    try:
        git_pattern(line)
    except ValueError:
        return False
    return True


def is_choice(line: str) -> bool:
    """Whether ``line`` is a pattern that includes files: neither a comment nor an exclusion."""
    return is_pattern(line) and bool(git_pattern(line).include)


def matcher(lines: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether ``lines`` match a path; the last line that matches it decides."""
    patterns = [git_pattern(line) for line in lines if is_pattern(line)]
    patterns = [pattern for pattern in reversed(patterns) if pattern.include is not None]
    return lambda path: next((bool(pattern.include) for pattern in patterns if pattern.match(path)), False)


def _segments(text: str) -> list[str]:
    """Return the names of a pattern, with ``**`` for any folders; at the end it means everything below."""
    segments = text.split("/")
    segments = [
        segment
        for index, segment in enumerate(segments)
        if segment != _FOLDERS or segments[index - 1 : index] != [segment]
    ]
    if not segments[0]:
        segments = segments[1:]  # relative to the top folder
    elif len(segments) - (not segments[-1]) == 1 and segments[0] != _FOLDERS:
        segments = [_FOLDERS, *segments]  # a single name matches anywhere
    if len(segments) > 1 and not segments[-1]:
        segments[-1] = _FOLDERS
    return [_FOLDERS, "*", _FOLDERS] if segments == [_FOLDERS, _FOLDERS] else segments


def _expression(segments: tuple[str, ...]) -> str:
    """Return the regular expression of a pattern; what is between two ``**`` is found once, or never."""
    numbers = itertools.count()
    runs = [list(names) for is_any, names in itertools.groupby(segments, _FOLDERS.__eq__) if not is_any]
    texts = ["/".join(_name(name, numbers) for name in names) for names in runs]
    ends = ["/"] * (len(runs) - 1) + ["/" if segments[-1] == _FOLDERS else _END]
    ended = [text + end for text, end in zip(texts, ends, strict=False)]
    is_anchored = segments[0] != _FOLDERS
    return "".join(ended[:is_anchored] + [_once(_ANY_FOLDERS + text, numbers) for text in ended[is_anchored:]])


def _name(segment: str, numbers: Iterator[int]) -> str:
    """Return the expression of a name without slashes: it matches the whole name, or not at all."""
    if segment == "*":
        return "[^/]+"
    first, *rest = _pieces(segment)
    if not rest:
        return first
    return "".join([first, *(_once(f"[^/]*?{piece}", numbers) for piece in rest[:-1]), "[^/]*", rest[-1]])


def _once(expression: str, numbers: Iterator[int]) -> str:
    """Return an expression that keeps its first match whatever follows (``(?>…)``, which Python has since 3.11)."""
    name = f"n{next(numbers)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"


def _pieces(segment: str) -> list[str]:
    """Return the expressions between the stars of a segment. Raises ValueError."""
    pieces, place = [""], 0
    while place < len(segment):
        char, place = segment[place], place + 1
        if char == "*":
            pieces += [""] if pieces[-1] or len(pieces) == 1 else []
            continue
        end = _end_of_class(segment, place) if char == "[" else 0
        if end:
            pieces[-1] += _class(segment[place : end - 1])
            place = end
        elif char == "\\":
            pieces[-1] += re.escape(segment[place : place + 1] or _refuse(segment))
            place += 1
        else:
            pieces[-1] += "[^/]" if char == "?" else re.escape(char)
    return pieces


def _refuse(segment: str) -> str:
    raise ValueError(segment)


def _end_of_class(segment: str, start: int) -> int:
    """Return the end of a character class that begins at ``start``, or 0; a ``]`` may be its first character."""
    first = start + (segment[start : start + 1] in {"!", "^"})
    return segment.find("]", first + 1) + 1


def _class(body: str) -> str:
    """Return the expression of a character class, which never matches a slash. Raises ValueError."""
    negated = body[0] in "!^"
    chars, place, items = body[negated:], 0, []
    while place < len(chars):
        if chars[place + 1 : place + 2] == "-" and place + 2 < len(chars):
            low, high, place = chars[place], chars[place + 2], place + 3
            items.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else _refuse(body))
        else:
            items.append(re.escape(chars[place]))
            place += 1
    return f"(?!/)[{'^' if negated else ''}{''.join(items)}]"
