"""Any text → text that a page or a terminal can show: control characters made visible, long texts shortened."""

from __future__ import annotations

import re
from html import escape

# The visible form of a control character or half a character; tabs and line ends remain.
_FORMS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_FORMS |= {127: 0x2421} | dict.fromkeys([*range(128, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)
_FORMS |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)  # they change the direction of text
# Colours, cursor movements and titles of a terminal (ECMA-48).
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


def visible(text: str) -> str:
    """Return ``text`` with a visible form of each invisible character."""
    return text.replace("\r\n", "\n").translate(_FORMS)


def printed(text: str) -> str:
    """Return a log as a terminal without colours finally shows it: the last state of each line."""
    lines = _TERMINAL.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def cut(text: str, most: int = 500) -> str:
    """Return ``text``, or its beginning and its length."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def shortened(text: str, most: int) -> str:
    """Return ``text``; if it is too long, its beginning and end, with … for the middle."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def tail_that_fits(text: str, room: int) -> str:
    """Return as much of the end of ``text`` as takes ``room`` bytes in a page."""
    while (size := len(escape(visible(text), quote=False).encode())) > room:
        text = text[len(text) - len(text) * room // size :]
    return text


def seconds_in_words(seconds: float) -> str:
    """Return a duration for people: ``8.3 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def number_in_words(value: object, digits: int = 4) -> str:
    """Return the value of a metric, with at most so many digits; 0.0 and -0.0 are the same number."""
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float) else cut(str(value), 60)
