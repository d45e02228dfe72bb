"""Values → a curve in one line of text, where nothing else can be drawn: `█▆▄▂▁`."""

from __future__ import annotations

from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_WIDTH = 30


def sparkline(values: Sequence[float | None], width: int = _WIDTH) -> str:
    """Return at most ``width`` characters; each is as high as the last known value of its part, a gap without one."""
    parts = [values[len(values) * place // width : len(values) * (place + 1) // width] for place in range(width)]
    if len(values) <= width:
        parts = [[value] for value in values]
    lasts = [next((value for value in reversed(part) if value is not None), None) for part in parts]
    known = [value for value in lasts if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    if low == high:
        return "".join(" " if value is None else _LEVELS[0] for value in lasts)
    # Halves, because the difference of two large numbers may be none.
    height = high / 2 - low / 2
    return "".join(
        " " if value is None else _LEVELS[min(7, int((value / 2 - low / 2) / height * 8))] for value in lasts
    )
