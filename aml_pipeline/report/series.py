"""Logged metrics → series of points, and fewer points that draw the same line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

# Named on the page. Jugel et al.: M4, a visualization-oriented time series data aggregation, VLDB 2014.
METHOD = "M4 (of each of equal intervals the first, the lowest, the highest and the last point)"
_OF_AN_INTERVAL = 4


class Point(NamedTuple):
    """One logged value: its number from 1, its time, its epoch if the step told; None is a value that is no number."""

    number: int
    time: float
    value: float | None
    epoch: float | None


@dataclass(slots=True)
class Series:
    """The values of one metric of one step, in order; ``begun`` is when another run began, which logged them."""

    step: str
    name: str
    points: list[Point] = field(default_factory=list)
    begun: float | None = None


def series_of(events: Iterable[Mapping[str, Any]]) -> list[Series]:
    """Return the series in the events of a run. The epoch is what the step last logged under that name."""
    found: dict[tuple[str, str], Series] = {}
    epochs: dict[str, float | None] = {}
    for event in events:
        if event.get("event") != "MetricLogged":
            continue
        step, time = str(event.get("step")), number(event.get("time")) or 0.0
        rows = list(_values(str(event.get("name")), event.get("value")))
        told = [value for name, value in rows if name.rpartition(".")[2] == "epoch"]
        epochs[step] = told[-1] if told else epochs.get(step)
        for name, value in rows:
            series = found.setdefault((step, name), Series(step, name))
            series.points.append(Point(len(series.points) + 1, time, value, epochs[step]))
    return [one for one in found.values() if any(point.value is not None for point in one.points)]


def number(value: object) -> float | None:
    """Return a number that can be drawn, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _values(name: str, value: object) -> Iterator[tuple[str, float | None]]:
    """Give the series, and the values for it, in one logged value: a scalar, a list, or a row or table by columns."""
    if isinstance(value, Mapping):
        for column, inner in value.items():
            yield from _values(f"{name}.{column}", inner)
    elif isinstance(value, list):
        yield from ((name, number(one)) for one in value)
    else:
        yield name, number(value)


def fewer(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Return at most ``most`` points (4 or more) that draw the same line, by ``METHOD``."""
    if len(points) <= most:
        return points
    intervals = max(1, most // _OF_AN_INTERVAL)
    edges = [len(points) * place // intervals for place in range(intervals + 1)]
    return [point for start, end in pairwise(edges) for point in _four(points[start:end])]


def _four(points: Sequence[Point]) -> list[Point]:
    known = [point for point in points if point.value is not None]
    extremes = [choose(known, key=lambda point: point.value or 0.0) for choose in (min, max) if known]
    return sorted({points[0], *extremes, points[-1]})
