"""Lines at the bottom of a terminal that move: one for each step that runs."""

from __future__ import annotations

import shutil
from typing import TextIO

_MOST_LINES = 8


class Live:
    """A block of lines on ``stream``, by name, cut to the width of the terminal; nothing at all when not ``moving``."""

    def __init__(self, stream: TextIO, *, moving: bool) -> None:
        self._stream = stream
        self._moving = moving
        self._lines: dict[str, str] = {}
        self._drawn = 0

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
        self._erase()
        print(text, file=stream, flush=True)
        self._draw()

    def _erase(self) -> None:
        if self._drawn:
            up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
            self._stream.write(f"\r{up}\x1b[J")
            self._stream.flush()
            self._drawn = 0

    def _draw(self) -> None:
        self._erase()
        rows = list(self._lines.values())
        if not self._moving or not rows:
            return
        if len(rows) > _MOST_LINES:
            rows = [*rows[: _MOST_LINES - 1], f"… and {len(rows) - _MOST_LINES + 1} more"]
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\n".join(row[:width] for row in rows))
        self._stream.flush()
        self._drawn = len(rows)
