"""The values of metrics on the screen, and how they changed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from aml_pipeline.core.wording import counted, printable
from aml_pipeline.runs import metrics

# A line shows only the first metrics of a step that logs many.
_MOST = 40
_LONGEST = 60


def brief(value: object) -> object:
    """Return a number, or the shortened text of a value that is not one."""
    return value if isinstance(value, (int, float)) else _shown(metrics.summary(value))


def named(name: str, value: object) -> str:
    """Return a metric and its value."""
    return f"{printable(name)} {_shown(value)}"


def latest(values: Mapping[str, object]) -> list[str]:
    """Return the first of these metrics."""
    return [named(name, value) for name, value in islice(values.items(), _MOST)]


def compared(values: Mapping[str, object], before: Mapping[str, object]) -> str:
    """Return metrics with what changed since those ``before``, if any: ``accuracy 0.9943 (+0.0012)  f1 0.9 (new)``."""
    first = islice(values.items(), _MOST)
    shown = [f"{named(name, value)}{_change(value, before.get(name)) if before else ''}" for name, value in first]
    more = [f"and {counted(len(values) - _MOST, 'more metric')}"] if len(values) > _MOST else []
    return "  ".join([*shown, *more])


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = printable(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _change(value: object, before: object) -> str:
    if before is None:
        return " (new)"
    if not isinstance(value, (int, float)) or not isinstance(before, (int, float)) or _shown(value) == _shown(before):
        return ""
    return f" ({_difference(value, before)})"


def _difference(value: float, before: float) -> str:
    """Return a difference with the decimals of the value, but at least two digits."""
    difference = value - before
    if isinstance(difference, int):
        return f"{difference:+d}"
    brief = f"{difference:+.2g}"
    if "e-" in brief or "e" in _shown(value):
        return brief
    shown = (_shown(value),) if "e+" in brief else (_shown(value), brief)
    decimals = max(len(text.partition(".")[2]) for text in shown)
    return f"{difference:+.{decimals}f}"
