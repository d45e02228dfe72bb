"""Any text → text that no terminal obeys."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


_TABLE: dict[int, str] = {}


def visible(text: str) -> str:
    """Return ``text`` with control characters, and those that turn the direction of letters, as Python writes them."""
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return text.translate(forms())


def forms() -> Mapping[int, str]:
    """Return how each character is shown that is not shown as it is; not isprintable(), which wants no wide spaces."""
    if not _TABLE:
        directions = (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
        codes = (*range(32), *range(0x7F, 0xA0), *directions, 0xFEFF, *range(0xD800, 0xE000))
        _TABLE.update({code: repr(chr(code))[1:-1] for code in codes if chr(code) not in "\t\n"})
    return _TABLE
