"""Live lines at the bottom of a terminal: one for each running step."""

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
_ERASE = f"{_BEGIN}\x1b[J"  # erase from the cursor to the end of the screen


def can_move() -> bool:
    """Whether lines can be redrawn: on a terminal that no other program writes our piped output to.

    Not if TERM is "dumb".
    """
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Live:
    """A block of named lines on ``stream``, cut to the terminal's width; draws nothing unless ``moving``."""

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
        """Remove the line called ``name``."""
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
        """Redraw the block, and leave the cursor at its first line.

        So it can be erased without knowing how many rows it takes after the terminal was made narrower, or what the
        terminal itself wrote (``^C``).
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
    """Return ``text`` cut to ``width`` terminal cells, without anything that could move the cursor."""
    text = printable(text)
    ends = list(accumulate(map(cells, text)))
    if not ends or ends[-1] <= width:
        return text
    return text[: bisect_right(ends, width - 1)] + "…"
