"""What several steps print at a time, on one screen: whole lines, each after the name of its step."""

from __future__ import annotations

from typing import TextIO

from aml_pipeline.cli.screen.logged import for_terminal
from aml_pipeline.cli.screen.printing import raw, visible
from aml_pipeline.cli.screen.wrapping import columns_of, padded, shortened, width

_COLOURS = (36, 33, 35, 32, 34)
# What is printed without a line end is held back up to this length.
_LONGEST_LINE = 1 << 16


class Together:
    """Writes to ``stream``; ``names`` are those of the steps, so that their lines are aligned."""

    def __init__(self, stream: TextIO, names: list[str], *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured
        columns = columns_of(stream)
        longest = max(map(width, names), default=0)
        self._size = longest if columns is None else min(longest, max(16, columns // 3))
        self._colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
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
        before = f"{padded(shortened(visible(name), self._size), self._size)} | "
        if self._coloured:
            before = f"\x1b[0;{self._colours.get(name, _COLOURS[0])}m{before}\x1b[0m"
        behind.write("".join(f"{before}{line}\n" for line in shown.removesuffix("\n").split("\n")))
        behind.flush()
