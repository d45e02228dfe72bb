r"""The edge of the screen: what is printed goes through here, so that no text of a user's can steer a terminal.

Titles, colours, the clipboard, a cursor that moves, letters that run the other way: names, values, logs and answers of
a service may hold such codes. They are shown as ``\x1b``; tabs and line ends stay. What is ours to steer with, the
colours of problems and the lines that move, is written by ``steer``.
"""

from __future__ import annotations

import sys

from aml_pipeline.cli.screen.escapes import forms, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TextIO


class Screen:
    """A standard stream that shows what would steer a terminal; all else is as the stream has it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write ``text``, fit for a terminal."""
        self.stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        return getattr(self.stream, name)


class Screened:
    """Within the block the standard streams are screens. A class because ``contextlib`` would cost too much."""

    def __enter__(self) -> None:
        """Put screens before the streams."""
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = Screen(sys.stdout), Screen(sys.stderr)

    def __exit__(self, *_: object) -> None:
        """Put the streams back."""
        sys.stdout, sys.stderr = self._streams


def raw(stream: TextIO) -> TextIO:
    """Return the stream behind a screen: for bytes that are a result, such as a page or a log in a pipe."""
    return raw(stream.stream) if isinstance(stream, Screen) else stream


def steer(stream: TextIO, text: str) -> None:
    """Write text of ours that holds codes for the terminal, and no character of anyone's that was not made visible."""
    behind = raw(stream)
    behind.write(text)
    behind.flush()


def log(stream: TextIO, text: str, *, coloured: bool) -> None:
    """Write what a step printed: to a file or a pipe as it is, to a terminal with no codes but colours."""
    behind = raw(stream)
    if behind.isatty():
        from aml_pipeline.cli.screen.logged import for_terminal

        text = for_terminal(text, coloured=coloured)
    behind.write(text)


def print_json(data: object) -> None:
    """Print JSON data."""
    import json

    print(as_json(json.dumps(data, indent=2, ensure_ascii=False)))


def as_json(text: str) -> str:
    """Return a text that is JSON with such characters, which can only stand in its strings, as JSON escapes them."""
    return text if visible(text) == text else text.translate({code: f"\\u{code:04x}" for code in forms()})
