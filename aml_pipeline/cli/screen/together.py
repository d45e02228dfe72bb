"""What several steps print at a time, on one screen: whole lines, each after the name of its step."""

from __future__ import annotations

from typing import TextIO

from aml_pipeline.cli.screen.logged import for_terminal, without_colours
from aml_pipeline.cli.screen.printing import raw, visible
from aml_pipeline.cli.screen.wrapping import columns_of, log_rows, padded, shortened, width

_COLOURS = (36, 33, 35, 32, 34)
# What is printed without a line end is held back up to this length.
_LONGEST_LINE = 1 << 16


class Together:
    """Writes to ``stream``; lines are aligned by the longest of the ``names`` that are known."""

    def __init__(self, stream: TextIO, names: list[str], *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured
        self._size = max(map(width, names), default=0)
        self._colours: dict[str, int] = {}
        self._rest: dict[str, str] = {}

    def write(self, name: str, text: str) -> None:
        """Write the lines that ``text``, printed by the step called ``name``, completes."""
        text = self._rest.pop(name, "") + text
        end = text.rfind("\n") + 1
        if len(text) - end > _LONGEST_LINE:
            end = len(text)
        self._rest[name] = text[end:]
        self._put(name, text[:end])

    def end(self, name: str) -> None:
        """Write a last line without a line end."""
        self._put(name, self._rest.pop(name, ""))

    def _put(self, name: str, text: str) -> None:
        if not text:
            return
        behind = raw(self._stream)
        shown = for_terminal(text, coloured=self._coloured) if behind.isatty() else text
        columns = columns_of(self._stream)
        before = self._before(name, columns)
        room = None if columns is None else columns - width(before)
        rows = [row for line in shown.removesuffix("\n").split("\n") for row in _rows(line, room)]
        painted = self._painted(name, before)
        behind.write("".join(f"{painted}{row}\n" for row in rows))
        behind.flush()

    def _before(self, name: str, columns: int | None) -> str:
        """Return what stands before the lines of a step: its name, aligned."""
        self._size = max(self._size, width(name))
        size = self._size if columns is None else min(self._size, max(16, columns // 3))
        return f"{padded(shortened(visible(name), size), size)} | "

    def _painted(self, name: str, before: str) -> str:
        """Return what stands before the lines of a step in a colour of its own."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[0;{colour}m{before}\x1b[0m" if self._coloured else before


def _rows(line: str, size: int | None) -> list[str]:
    """Return a line that a step printed in rows of a terminal; without its colours, if it takes several."""
    plain = without_colours(line)
    return [line] if size is None or width(plain.expandtabs()) <= size else log_rows(plain, size)
