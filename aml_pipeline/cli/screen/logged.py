"""What a step printed → what may be sent to a terminal: text, tabs, line ends and colours."""

from __future__ import annotations

import re
from typing import TextIO

from aml_pipeline.cli.screen.printing import raw, visible

# Colours and font weights (ECMA-48, SGR), but nothing that hides text or blinks.
_ONE = r"(?:[34]8[;:](?:5(?:[;:]\d{1,3})|2(?:[;:]\d{1,3}){3})|0?[0-4]|2[2-4]|[34][0-79]|9[0-7]|10[0-7])"
_COLOUR = re.compile(rf"(\x1b\[(?:{_ONE}(?:;{_ONE}){{0,9}})?m)")
_PLAIN = "\x1b[0m"


def log(stream: TextIO, text: str, *, coloured: bool) -> None:
    """Write what a step printed: unchanged to a file or a pipe, to a terminal with no codes but colours."""
    behind = raw(stream)
    behind.write(for_terminal(text, coloured=coloured) if behind.isatty() else text)


def for_terminal(text: str, *, coloured: bool) -> str:
    """Return ``text`` for a terminal: the last state of a line that was redrawn, with colours reset at the end."""
    parts = _COLOUR.split(_last_states(text))
    shown = "".join(part if at % 2 and coloured else "" if at % 2 else visible(part) for at, part in enumerate(parts))
    if not coloured or len(parts) == 1:
        return shown
    body = shown.rstrip("\n")
    return f"{body}{_PLAIN}{shown[len(body) :]}"


def without_colours(text: str) -> str:
    """Return ``text`` without colours."""
    return _COLOUR.sub("", text)


def _last_states(text: str) -> str:
    """Return lines without what a carriage return overwrote, such as earlier states of a progress bar."""
    if "\r" not in text:
        return text
    lines = re.sub("\r+\n|^\r+", "\n", text).split("\n")  # a chunk that begins so continues a line already shown
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
