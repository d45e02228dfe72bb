"""Lines at the bottom of a terminal that move: one for each step that runs."""

from __future__ import annotations

import os
import shutil
import sys
from bisect import bisect_right
from itertools import accumulate
from typing import TextIO

from aml_pipeline.cli.screen.printing import steer
from aml_pipeline.core.problems import cells
from aml_pipeline.core.wording import printable

_MOST_LINES = 8
_BEGIN = "\r"
_ERASE = f"{_BEGIN}\x1b[J"  # all from the line of the cursor on


def can_move() -> bool:
    """Whether a line can be taken back: on a terminal, to which no other program writes what comes from a pipe of ours.

    Not on one that is called dumb.
    """
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Live:
    """A block of lines on ``stream``, by name, cut to the width of the terminal; nothing at all when not ``moving``."""

    def __init__(self, stream: TextIO, *, moving: bool) -> None:
        self._stream = stream
        self._moving = moving
        self._lines: dict[str, str] = {}
        self._drawn = False

    def put(self, name: str, line: str) -> None:
        """Set the line called ``name``."""
        if self._moving and self._lines.get(name) != line:
            self._lines[name] = line
            self._draw()

    def drop(self, name: str) -> None:
        """Take the line called ``name`` away."""
        if self._lines.pop(name, None) is not None:
            self._draw()

    def above(self, text: str, stream: TextIO) -> None:
        """Print ``text`` on ``stream``, above the block."""
        if self._drawn:
            steer(self._stream, _ERASE)
            self._drawn = False
        print(text, file=stream, flush=True)
        self._draw()

    def _draw(self) -> None:
        """Draw the block in place of what stands there, and leave the cursor where it begins.

        So nothing has to be known of it to erase it: neither how many rows a terminal that was made narrower has made
        of it, nor what the terminal wrote by itself (``^C``).
        """
        rows = list(self._lines.values())
        if len(rows) > _MOST_LINES:
            rows = [*rows[: _MOST_LINES - 1], f"… and {len(rows) - _MOST_LINES + 1} more"]
        text = _ERASE if self._drawn else ""
        if rows:
            width = shutil.get_terminal_size().columns - 1
            up = f"\x1b[{len(rows) - 1}A" if len(rows) > 1 else ""
            text += "\n".join(_cut(row, width) for row in rows) + _BEGIN + up
        steer(self._stream, text)
        self._drawn = bool(rows)


def _cut(text: str, width: int) -> str:
    """Return ``text`` on at most ``width`` cells of a terminal, with nothing that could move the cursor."""
    text = printable(text)
    ends = list(accumulate(map(cells, text)))
    if not ends or ends[-1] <= width:
        return text
    return text[: bisect_right(ends, width - 1)] + "…"
