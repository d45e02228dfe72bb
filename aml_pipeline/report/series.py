"""Logged metrics → series of points, and fewer points that draw the same line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from aml_pipeline.core.plain import number

# Named on the page. Jugel et al.: M4, a visualization-oriented time series data aggregation, VLDB 2014.
METHOD = "M4 (of each of equal intervals the first, the lowest, the highest and the last point)"
_OF_AN_INTERVAL = 4
# A page draws so many points in all, and of one curve at least so many; so many curves of one metric.
MOST_POINTS, LEAST_POINTS, MOST_SERIES = 10_000, 40, 20


class Point(NamedTuple):
    """One logged value: its number from 1, its time, its epoch if the step told; None is a value that is no number."""

    number: int
    time: float
    value: float | None
    epoch: float | None


@dataclass(slots=True)
class Series:
    """The values of one metric of one step, in order; ``begun`` is when another run began, which logged them.

    Of very many, ``points`` are those that ``METHOD`` keeps. ``left_out`` are the others, ``odd`` of them no numbers.
    """

    step: str
    name: str
    points: list[Point] = field(default_factory=list)
    begun: float | None = None
    left_out: int = 0
    odd: int = 0

    @property
    def logged(self) -> int:
        """How many values were logged."""
        return len(self.points) + self.left_out

    @property
    def is_line(self) -> bool:
        """Whether there are two values or more, one of which is a number."""
        return self.logged > 1 and any(point.value is not None for point in self.points)

    def add(self, values: Sequence[Any], time: float, epoch: float | None, most: int) -> None:
        """Add values that were logged at once; of all together about ``most`` stay, twice as many meanwhile."""
        numbers = values if _are_finite(values) else list(map(number, values))
        before = self.logged
        width = _width(before + len(numbers), most)
        edges = [0, *range(width - before % width, len(numbers), width), len(numbers)]
        for start, end in pairwise(edges):
            chosen = _chosen(numbers[start:end])
            self.points += [
                Point(before + start + at + 1, time, None if value is None else float(value), epoch)
                for at, value in chosen
            ]
            self.left_out += end - start - len(chosen)
            self.odd += numbers[start:end].count(None) - sum(value is None for _, value in chosen)
        if len(self.points) > 2 * most:
            self._thin(most)

    def _thin(self, most: int) -> None:
        kept = fewer(self.points, most)
        self.left_out += len(self.points) - len(kept)
        self.odd += sum(point.value is None for point in self.points) - sum(point.value is None for point in kept)
        self.points = list(kept)


def series_of(events: Iterable[Mapping[str, Any]]) -> list[Series]:
    """Return the series in the events of a run. The epoch is what the step last logged under that name."""
    found: dict[tuple[str, str], Series] = {}
    lines: dict[str, list[Series]] = {}
    epochs: dict[str, float | None] = {}
    for event in events:
        if event.get("event") != "MetricLogged":
            continue
        step, time = str(event.get("step")), number(event.get("time")) or 0.0
        rows = [row for row in _values(str(event.get("name")), event.get("value")) if row[1]]
        told = [number(values[-1]) for name, values in rows if name.rpartition(".")[2] == "epoch"]
        epochs[step] = told[-1] if told else epochs.get(step)
        for name, values in rows:
            series = found.get((step, name))
            if series is None:
                series = found[step, name] = Series(step, name)
                lines.setdefault(name, []).append(series)
            series.add(values, time, epochs[step], _room(series, lines[name], len(found)))
    return [one for one in found.values() if any(point.value is not None for point in one.points)]


def _room(series: Series, of_its_name: Sequence[Series], count: int) -> int:
    """Return how many points of a series have to stay: few, if it is too far behind to be drawn."""
    before = of_its_name[:MOST_SERIES]
    if not any(one is series for one in before) and all(one.is_line for one in before):
        return _OF_AN_INTERVAL
    return max(LEAST_POINTS, MOST_POINTS // count)


def _values(name: str, value: object) -> Iterator[tuple[str, list[Any]]]:
    """Give the series, and the values for it, in one logged value: a scalar, a list, or a row or table by columns."""
    if isinstance(value, Mapping):
        for column, inner in value.items():
            yield from _values(f"{name}.{column}", inner)
    else:
        yield name, value if isinstance(value, list) else [value]


def _are_finite(values: Sequence[Any]) -> bool:
    """Whether all are numbers that can be drawn, looked at in one go."""
    try:
        return set(map(type, values)) <= {int, float} and all(map(math.isfinite, values))
    except OverflowError:
        return False


def _chosen(values: Sequence[float | None]) -> list[tuple[int, float | None]]:
    """Return the places and the values of the first, the lowest, the highest and the last."""
    known = [value for value in values if value is not None]
    places = {0, len(values) - 1, *(values.index(choose(known)) for choose in (min, max) if known)}
    return [(place, values[place]) for place in sorted(places)]


def _width(count: int, most: int) -> int:
    """Return how many values an interval has: 1, if all may stay; in each coarser choice twice as many."""
    if count <= most:
        return 1
    width = _OF_AN_INTERVAL
    while -(-count // width) * _OF_AN_INTERVAL > max(most, _OF_AN_INTERVAL):
        width *= 2
    return width


def fewer(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Return at most ``most`` points (4 or more) that draw the same line, by ``METHOD``.

    Each interval has twice as many values as in a finer choice, so what is chosen of what was chosen is the same.
    """
    if len(points) <= most:
        return points
    first = points[0].number
    width = _width(points[-1].number - first + 1, most)
    intervals = groupby(points, key=lambda point: (point.number - first) // width)
    return [point for _, interval in intervals for point in _four(list(interval))]


def _four(points: Sequence[Point]) -> list[Point]:
    known = [point for point in points if point.value is not None]
    extremes = [choose(known, key=lambda point: point.value or 0.0) for choose in (min, max) if known]
    return sorted({points[0], *extremes, points[-1]})
