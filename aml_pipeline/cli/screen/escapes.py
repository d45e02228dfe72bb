"""Any text → text without control characters for a terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


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
