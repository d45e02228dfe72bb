"""The end of a log → the lines to show for a failure: the last ones, and the user's own frames of tracebacks.

Most frames of a traceback through libraries are theirs: long rows of these are replaced by their number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from aml_pipeline.core import files
from aml_pipeline.core.wording import counted
from aml_pipeline.runs.metrics import without_metrics

MOST_LINES = 20
# Library frames that take more lines than this are omitted.
_LONG_ROW = 8
# Limits of the lines of frames, and of the lines after the last frame.
_MOST_TRACED, _MOST_AFTER = 40, 12
# A traceback followed by more lines than this is not the cause of the failure.
_NEAR = 60
_TAIL_BYTES = 64_000
# Of a longer line only the beginning and the end are shown.
_LONGEST_LINE = 2_000
_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(.+)", line \d+')
_LINK = re.compile(
    r"^(The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:)\s*\Z",
    re.MULTILINE,
)
# torchrun raises this after one of its processes has failed.
_CHILD_FAILED = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:"
# The source line below the first line of a frame.
_OF_A_FRAME = ("   ", "  [Previous line repeated")
_LIBRARY = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python\d[\d.]*)[/\\]")


def end_of(log: str, start: int) -> list[str]:
    """Return the last lines of a log from the byte ``start`` on, without metrics."""
    with files.opened(log) as stream:
        begin = max(start, os.fstat(stream.fileno()).st_size - _TAIL_BYTES)
        stream.seek(begin)
        text = stream.read(_TAIL_BYTES).decode("utf-8", "replace")
    lines = _without_launcher(without_metrics(text.splitlines()))
    if len(lines) == 1 and begin > start:  # there is no line end nearby
        lines[0] = f"…{lines[0]}"
    return [_cut(line) for line in lines]


def _without_launcher(lines: Sequence[str]) -> list[str]:
    """Return lines without torchrun's own traceback if a process that it started left one: that is the cause."""
    end = next((number for number, line in enumerate(lines) if line.startswith(_CHILD_FAILED)), 0)
    begins = [number for number, line in enumerate(lines[:end]) if _is_begin(line)]
    return list(lines[: begins[-1]] if len(begins) > 1 else lines)


def _cut(line: str) -> str:
    """Return a line, or the beginning and the end of a very long one."""
    half = _LONGEST_LINE // 2
    left_out = len(line) - 2 * half
    return f"{line[:half]} … {counted(left_out, 'character')} omitted … {line[-half:]}" if left_out > 0 else line


def shown(lines: Sequence[str], folders: Iterable[str]) -> list[str]:
    """Return the lines to show, including all of the user's own frames, which are those of files in ``folders``."""
    places = tuple(f"{folder}{os.sep}" for folder in folders)

    def is_own(path: str) -> bool:
        return path.startswith(places) and not _LIBRARY.search(path)

    short = list(_without_libraries(lines, is_own))
    start = max(0, len(short) - MOST_LINES)
    begin = _last_chain(short)
    return short[start:] if begin is None or begin >= start else _fitted(short[begin:])


def last_failure(lines: Sequence[str]) -> list[str]:
    """Return the last traceback with its chain and what follows it; without a traceback, the last lines."""
    begin = _last_chain(lines)
    return list(lines[-MOST_LINES:] if begin is None else lines[begin:])


def _is_begin(line: str) -> bool:
    return line.endswith(_BEGIN)


def _last_chain(lines: Sequence[str]) -> int | None:
    """Return the start of the last traceback, or of the first one in its chain of exceptions."""
    begins = [number for number, line in enumerate(lines) if _is_begin(line)]
    if not begins or not any(map(_FRAME.match, lines[max(begins[-1], len(lines) - _NEAR) :])):
        return None
    first = begins.pop()
    while begins and _LINK.search("\n".join(lines[begins[-1] : first])):
        first = begins.pop()
    return first


def _frames(lines: Iterable[str]) -> list[tuple[str | None, list[str]]]:
    """Return (file path, lines) for each frame of a traceback, and (None, line) for each other line, in order."""
    rows: list[tuple[str | None, list[str]]] = []
    inside = False
    for line in lines:
        if inside and rows[-1][0] is not None and line.startswith(_OF_A_FRAME):
            rows[-1][1].append(line)
            continue
        frame = _FRAME.match(line) if inside else None
        inside = frame is not None or _is_begin(line)
        rows.append((frame[1] if frame else None, [line]))
    return rows


def _without_libraries(lines: Sequence[str], is_own: Callable[[str], bool]) -> Iterator[str]:
    """Yield the lines, with a mark in place of each long row of library frames."""
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
    return lines if len(lines) <= _LONG_ROW else [f"  … {counted(len(row), 'library frame')} omitted"]


def _fitted(lines: list[str]) -> list[str]:
    """Return a chain of tracebacks within limits: its frames, and the end of what follows them."""
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
    return [*lines[:half], f"  … {counted(left, 'line')} omitted", *lines[-half:]]
