"""Live lines at the bottom of a terminal, redrawn below what is printed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from aml_pipeline.cli.screen.printing import steer, visible
from aml_pipeline.cli.screen.wrapping import cut
from aml_pipeline.core.wording import printable

_BEGIN = "\r"
_ERASE = f"{_BEGIN}\x1b[J"  # erase from the cursor to the end of the screen


def can_move() -> bool:
    """Whether lines can be redrawn: on a terminal that no other program writes our piped output to.

    Not if TERM is "dumb".
    """
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Live:
    """A block of lines on ``stream``, cut to the terminal's width; draws nothing unless ``moving``."""

    def __init__(self, stream: TextIO, *, moving: bool) -> None:
        self.stream = stream
        self.moving = moving
        self._lines: list[str] = []
        self._drawn = False

    @property
    def size(self) -> tuple[int, int]:
        """The columns and rows that the block may take; what was printed last stays in sight above it."""
        columns, rows = shutil.get_terminal_size()
        return max(1, columns - 1), max(1, rows - 3)

    def show(self, *lines: str) -> None:
        """Replace the lines of the block."""
        if self.moving and self._lines != list(lines):
            self._lines = list(lines)
            self._draw()

    def above(self, lines: Sequence[str], stream: TextIO, paint: Callable[[str], str] = str) -> None:
        """Print lines on ``stream``, above the block, each with the colours that ``paint`` adds."""
        if self._drawn:
            steer(self.stream, _ERASE)
            self._drawn = False
        steer(stream, "".join(f"{paint(visible(line))}\n" for line in lines))
        self._draw()

    def _draw(self) -> None:
        """Redraw the block, and leave the cursor at its first line.

        So it can be erased without knowing how many rows it takes after the terminal was made narrower, or what the
        terminal itself wrote (``^C``).
        """
        columns, most = self.size
        rows = [cut(printable(line), columns) for line in self._lines[:most]]
        text = _ERASE if self._drawn else ""
        if rows:
            up = f"\x1b[{len(rows) - 1}A" if len(rows) > 1 else ""
            text += "\n".join(rows) + _BEGIN + up
        if text:
            steer(self.stream, text)
        self._drawn = bool(rows)
