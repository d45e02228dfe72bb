"""The end of a log → the lines that are shown of a failure: the last ones, and of tracebacks the user's own files.

A traceback that goes through libraries is most of it theirs: of a long row of their frames the number is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from aml_pipeline.core import files
from aml_pipeline.core.wording import counted
from aml_pipeline.runs.metrics import without_metrics

MOST_LINES = 20
# A row of frames of libraries that takes more lines than this is left out.
_LONG_ROW = 8
# Lines of frames, and of what comes after the last one, at most.
_MOST_TRACED, _MOST_AFTER = 40, 12
# A traceback with more lines than this behind it is not what the script failed of.
_NEAR = 60
_TAIL_BYTES = 64_000
# Of a longer line its beginning and its end are shown.
_LONGEST_LINE = 2_000
_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(.+)", line \d+')
_LINK = re.compile(
    r"^(The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:)\s*\Z",
    re.MULTILINE,
)
# What stands below the first line of a frame: its source.
_OF_A_FRAME = ("   ", "  [Previous line repeated")
_LIBRARY = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python\d[\d.]*)[/\\]")


def end_of(log: str, start: int) -> list[str]:
    """Return the last lines of a log, none from before the byte ``start``, without the metrics among them."""
    with files.opened(log) as stream:
        begin = max(start, os.fstat(stream.fileno()).st_size - _TAIL_BYTES)
        stream.seek(begin)
        text = stream.read(_TAIL_BYTES).decode("utf-8", "replace")
    lines = without_metrics(text.splitlines())
    if len(lines) == 1 and begin > start:  # no end of a line is near
        lines[0] = f"…{lines[0]}"
    return [_cut(line) for line in lines]


def _cut(line: str) -> str:
    """Return a line, or of one that is very long its beginning and its end."""
    half = _LONGEST_LINE // 2
    left_out = len(line) - 2 * half
    return f"{line[:half]} … {counted(left_out, 'character')} left out … {line[-half:]}" if left_out > 0 else line


def shown(lines: Sequence[str], folders: Iterable[str]) -> list[str]:
    """Return the lines to show; frames of files in ``folders`` are the user's own, and are all among them."""
    places = tuple(f"{folder}{os.sep}" for folder in folders)

    def is_own(path: str) -> bool:
        return path.startswith(places) and not _LIBRARY.search(path)

    short = list(_without_libraries(lines, is_own))
    start = max(0, len(short) - MOST_LINES)
    begin = _last_chain(short)
    return short[start:] if begin is None or begin >= start else _fitted(short[begin:])


def last_failure(lines: Sequence[str]) -> list[str]:
    """Return the last traceback with those that led to it, and what follows; without one the last lines."""
    begin = _last_chain(lines)
    return list(lines[-MOST_LINES:] if begin is None else lines[begin:])


def _is_begin(line: str) -> bool:
    return line.endswith(_BEGIN)


def _last_chain(lines: Sequence[str]) -> int | None:
    """Return where the last traceback begins, or the first of those that one chain of exceptions has."""
    begins = [number for number, line in enumerate(lines) if _is_begin(line)]
    if not begins or not any(map(_FRAME.match, lines[max(begins[-1], len(lines) - _NEAR) :])):
        return None
    first = begins.pop()
    while begins and _LINK.search("\n".join(lines[begins[-1] : first])):
        first = begins.pop()
    return first


def _frames(lines: Iterable[str]) -> list[tuple[str | None, list[str]]]:
    """Return (path of the file, lines) of each frame of a traceback, and (None, line) of each other line, in order."""
    rows: list[tuple[str | None, list[str]]] = []
    inside = False
    for line in lines:
        if inside and rows[-1][0] is not None and line.startswith(_OF_A_FRAME):
            rows[-1][1].append(line)
            continue
        found = _FRAME.match(line) if inside else None
        inside = found is not None or _is_begin(line)
        rows.append((found[1] if found else None, [line]))
    return rows


def _without_libraries(lines: Sequence[str], is_own: Callable[[str], bool]) -> Iterator[str]:
    """Give the lines, with a mark in place of each long row of frames that are not the user's own."""
    row: list[list[str]] = []
    for path, frame in _frames(lines):
        if path is not None and not is_own(path):
            row.append(frame)
            continue
        yield from _marked(row)
        row = []
        yield from frame
    yield from _marked(row)


def _marked(row: list[list[str]]) -> list[str]:
    lines = [line for frame in row for line in frame]
    return lines if len(lines) <= _LONG_ROW else [f"  … {counted(len(row), 'frame')} of libraries left out"]


def _fitted(lines: list[str]) -> list[str]:
    """Return a chain of tracebacks within bounds: its frames, and the ends of what follows them."""
    rows = _frames(lines)
    last = max((number for number, (path, _) in enumerate(rows) if path is not None), default=-1)
    traced = [line for _, frame in rows[: last + 1] for line in frame]
    after = [line for _, frame in rows[last + 1 :] for line in frame]
    return [*_middle_out(traced, _MOST_TRACED), *_middle_out(after, _MOST_AFTER)]


def _middle_out(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines
    half = most // 2
    left = len(lines) - 2 * half
    return [*lines[:half], f"  … {counted(left, 'line')} left out", *lines[-half:]]
