"""Any text → text that a page or a terminal can show: what has no form is given one, and what is too long says so."""

from __future__ import annotations

import re
from html import escape

# What a control character or half of a character looks like; a tab and a line end are left.
_FORMS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_FORMS |= {127: 0x2421} | dict.fromkeys([*range(128, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)
_FORMS |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)  # they turn the direction of letters
# Colours, movements and titles of a terminal (ECMA-48).
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


def visible(text: str) -> str:
    """Return ``text`` with a form for each character that has none."""
    return text.replace("\r\n", "\n").translate(_FORMS)


def printed(text: str) -> str:
    """Return a log as a terminal without colours shows it in the end: of a line that moved, its last state."""
    lines = _TERMINAL.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def cut(text: str, most: int = 500) -> str:
    """Return ``text``, or its beginning and how long it is."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def shortened(text: str, most: int) -> str:
    """Return ``text``, or of one that is longer its beginning and its end, with … for the middle."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def tail_that_fits(text: str, room: int) -> str:
    """Return the end of ``text``, as much as takes ``room`` bytes in a page."""
    while (size := len(escape(visible(text), quote=False).encode())) > room:
        text = text[len(text) - len(text) * room // size :]
    return text


def seconds_in_words(seconds: float) -> str:
    """Return a time as people read it: ``8.3 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def number_in_words(value: object, digits: int = 4) -> str:
    """Return a metric's value, in so many digits where it has more; 0.0 and -0.0 are one number."""
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float) else cut(str(value), 60)
