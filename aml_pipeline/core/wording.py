"""Numbers and lists in words."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2 files``; ``plural`` if adding an s does not form it."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: ``a, b and c``."""
    return " and ".join([part for part in (", ".join(words[:-1]), *words[-1:]) if part])


def printable(text: str) -> str:
    """Return ``text`` with line ends, escape codes and other characters unfit for a terminal as Python writes them."""
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shortened(words: Sequence[str], most: int) -> str:
    """Return the first words of a list, and how many more there are: ``a, b and 2 more``."""
    more = len(words) - most
    return listed([*words[:most], f"{more} more"] if more > 0 else words)


def size_in_words(number: float) -> str:
    """Return a number of bytes for people: ``1.2 kB``."""
    value = float(number)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004
            return counted(round(value), "byte") if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
