"""Text in the cells of a terminal: its width, padded, shortened, and wrapped at words."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TextIO

from aml_pipeline.core.problems import cells

# Words with the space before each; what two spaces separate is a column.
_COLUMN = re.compile(r"(?: {2,}|^ *)[^ ]+(?: [^ ]+)*")
_WORD = re.compile(r" *[^ ]+")


def columns_of(stream: TextIO) -> int | None:
    """Return the width of the terminal that ``stream`` is; None for a file or a pipe."""
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # a stream without a descriptor
        return None


def width(text: str) -> int:
    """Return the width of ``text``: a wide character takes two cells, a combining one none."""
    return len(text) if text.isascii() else sum(map(cells, text))


def padded(text: str, size: int) -> str:
    """Return ``text``, filled up to ``size`` cells."""
    return text + " " * (size - width(text))


def cut(text: str, size: int) -> str:
    """Return ``text``; if it is wider than ``size`` cells, its beginning and …, and no number without its end."""
    ends = list(accumulate(map(cells, text)))
    if not ends or ends[-1] <= size:
        return text
    return text[: bisect_right(ends, size - 1)] + "…"


def shortened(text: str, size: int) -> str:
    """Return ``text``; if it is wider than ``size`` cells, its beginning and its end around …."""
    if width(text) <= size:
        return text
    begin = cut(text, (size + 1) // 2)
    return begin + cut(text[::-1], size - width(begin) + 1).rstrip("…")[::-1]


def wrapped(text: str, size: int | None, indent: int = 2) -> list[str]:
    """Return ``text`` in lines of at most ``size`` cells, the later ones indented.

    It is broken between columns if possible, else between words. A longer word, such as a path, begins a line and is
    left whole: the terminal wraps it, and copies it without a gap.
    """
    if size is None or width(text) <= size:
        return [text]
    lines = [""]
    for column in _COLUMN.findall(text):
        if width(lines[-1] + column) <= size:
            lines[-1] += column
        elif indent + width(column.lstrip()) <= size and lines[-1]:
            lines.append(" " * indent + column.lstrip())
        else:
            _add_words(lines, column, size, indent)
    return lines


def log_rows(line: str, size: int | None) -> list[str]:
    """Return a line of a log, wrapped at words and indented as it begins; for a file or a pipe, as it is."""
    if size is None:
        return [line]
    line = line.expandtabs()
    return wrapped(line, size, len(line) - len(line.lstrip(" ")))


def _add_words(lines: list[str], column: str, size: int, indent: int) -> None:
    for word in _WORD.findall(column):
        if not lines[-1] or width(lines[-1] + word) <= size:
            lines[-1] += word
        else:
            bare = word.lstrip()
            lines.append(" " * indent * (indent + width(bare) <= size) + bare)
