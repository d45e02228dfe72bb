r"""Everything printed goes through here, so that no text from outside can control the terminal.

Names, values, logs and answers of a service may hold codes that set the title, colours or the clipboard, move the
cursor or reverse the direction of text. They are shown as ``\x1b``; tabs and line ends stay. Our own codes, for the
colours of problems and for live lines, are written by ``steer``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TextIO


_TABLE: dict[int, str] = {}


def visible(text: str) -> str:
    """Return ``text`` with control and bidirectional characters escaped as in Python."""
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return text.translate(forms())


def forms() -> Mapping[int, str]:
    """Return the escape of each such character; not by isprintable(), which would also escape wide spaces."""
    if not _TABLE:
        directions = (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
        codes = (*range(32), *range(0x7F, 0xA0), *directions, 0xFEFF, *range(0xD800, 0xE000))
        _TABLE.update({code: repr(chr(code))[1:-1] for code in codes if chr(code) not in "\t\n"})
    return _TABLE


class Screen:
    """A standard stream that escapes control characters; everything else is passed to the stream."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write ``text`` with control characters escaped."""
        self.stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        return getattr(self.stream, name)


class Screened:
    """Within the block, the standard streams are screens. A class because importing ``contextlib`` takes too long."""

    def __enter__(self) -> None:
        """Wrap the streams."""
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = Screen(sys.stdout), Screen(sys.stderr)

    def __exit__(self, *_: object) -> None:
        """Restore the streams."""
        sys.stdout, sys.stderr = self._streams


def raw(stream: TextIO) -> TextIO:
    """Return the stream behind a screen, for output that must stay unchanged, such as a page or a log in a pipe."""
    return raw(stream.stream) if isinstance(stream, Screen) else stream


def steer(stream: TextIO, text: str) -> None:
    """Write our own text with terminal codes; any text from outside in it must be escaped already."""
    behind = raw(stream)
    behind.write(text)
    behind.flush()


def is_coloured(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to use colours on ``stream``: it is a terminal that shows them, and NO_COLOR is not set."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def print_json(data: object) -> None:
    """Print JSON data."""
    import json

    print(as_json(json.dumps(data, indent=2, ensure_ascii=False)))


def as_json(text: str) -> str:
    """Return a JSON text with control characters, which only its strings can hold, as JSON escapes."""
    return text if visible(text) == text else text.translate({code: f"\\u{code:04x}" for code in forms()})
