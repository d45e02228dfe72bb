"""Logged metrics → series of points, reduced to fewer points that draw the same line."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from aml_pipeline.core.plain import number
from aml_pipeline.report.counters import Counters

# Named on the page. Jugel et al.: M4, a visualization-oriented time series data aggregation, VLDB 2014.
METHOD = "M4 (the first, lowest, highest and last point of each of equal intervals)"
_OF_AN_INTERVAL = 4
# Points on a page in total, at least per curve, and curves per metric.
MOST_POINTS, LEAST_POINTS, MOST_SERIES = 10_000, 40, 20
ALL_POINTS = 1 << 62


class Point(NamedTuple):
    """A logged value: its number from 1, its time, its epoch or step if known; a value of None is not a number.

    ``event`` is the number of the event that logged it.
    """

    number: int
    time: float
    value: float | None
    at: float | None
    event: int = 0


@dataclass(slots=True)
class Series:
    """The values of one metric of one step, in order; ``begun`` is the start of the earlier run that logged them.

    Very many are reduced to ``points`` by ``METHOD``. ``left_out`` counts the rest, ``odd`` of them not numbers.
    ``across`` is what the points' ``at`` counts: "epoch", "step", or "" if no value has one.
    """

    step: str
    name: str
    points: list[Point] = field(default_factory=list)
    begun: float | None = None
    left_out: int = 0
    odd: int = 0
    across: str = ""

    @property
    def logged(self) -> int:
        """The number of logged values."""
        return len(self.points) + self.left_out

    @property
    def is_line(self) -> bool:
        """Whether there are at least two values, one of them a number."""
        return self.logged > 1 and any(point.value is not None for point in self.points)

    def add(self, values: Sequence[Any], time: float, at: float | None, most: int, event: int = 0) -> None:
        """Add values that were logged together; keeps about ``most`` in all, at times up to twice as many."""
        before = self.logged
        if len(values) == 1 and before < most:  # the same as below, but most values come alone
            self.points.append(Point(before + 1, time, number(values[0]), at, event))
            return
        numbers = values if _are_finite(values) else list(map(number, values))
        width = _width(before + len(numbers), most)
        edges = [0, *range(width - before % width, len(numbers), width), len(numbers)]
        for start, end in pairwise(edges):
            chosen = _chosen(numbers[start:end])
            self.points += [
                Point(before + start + place + 1, time, None if value is None else float(value), at, event)
                for place, value in chosen
            ]
            self.left_out += end - start - len(chosen)
            self.odd += numbers[start:end].count(None) - sum(value is None for _, value in chosen)
        if len(self.points) > 2 * most:
            self._thin(most)

    def place(self, counters: Counters) -> None:
        """Give each point the epoch or step that it belongs to."""
        steps, events = [point.at for point in self.points], [point.event for point in self.points]
        self.across, places = counters.places(self.name, steps, events)
        self.points = [point._replace(at=place) for point, place in zip(self.points, places, strict=True)]

    def _thin(self, most: int) -> None:
        kept = fewer(self.points, most)
        self.left_out += len(self.points) - len(kept)
        self.odd += sum(point.value is None for point in self.points) - sum(point.value is None for point in kept)
        self.points = list(kept)


def series_of(events: Iterable[Mapping[str, Any]], most: int | None = None) -> list[Series]:
    """Return the series in the events of a run, each point with its epoch or step if ``counters`` finds one.

    A series has about ``most`` points, at most twice as many; by default as many as a page may draw.
    """
    all_series: dict[tuple[str, str], Series] = {}
    of_name: dict[str, list[Series]] = {}
    counters: defaultdict[str, Counters] = defaultdict(Counters)
    for place, event in enumerate(events):
        if event.get("event") != "MetricLogged":
            continue
        step, time, at = str(event.get("step")), number(event.get("time")) or 0.0, number(event.get("at"))
        for name, values in _values(str(event.get("name")), event.get("value")):
            if not values:
                continue
            counters[step].add(name, values[-1], place)
            series = all_series.get((step, name))
            if series is None:
                series = all_series[step, name] = Series(step, name)
                of_name.setdefault(name, []).append(series)
            room = most or _room(series, of_name[name], len(all_series))
            series.add(values, time, at, room, place)
    drawn = [series for series in all_series.values() if any(point.value is not None for point in series.points)]
    for series in drawn:
        series.place(counters[series.step])
    return drawn


def _room(series: Series, of_its_name: Sequence[Series], count: int) -> int:
    """Return how many points of a series to keep: few, if there are too many series to draw this one."""
    before = of_its_name[:MOST_SERIES]
    if not any(other is series for other in before) and all(other.is_line for other in before):
        return _OF_AN_INTERVAL
    return max(LEAST_POINTS, MOST_POINTS // count)


def _values(name: str, value: object) -> Iterator[tuple[str, list[Any]]]:
    """Yield the series in a logged value, and their values: a scalar, a list, or a row or table by columns."""
    if isinstance(value, Mapping):
        for column, inner in value.items():
            yield from _values(f"{name}.{column}", inner)
    else:
        yield name, value if isinstance(value, list) else [value]


def _are_finite(values: Sequence[Any]) -> bool:
    """Whether all are numbers that can be drawn, checked in one pass."""
    try:
        return set(map(type, values)) <= {int, float} and all(map(math.isfinite, values))
    except OverflowError:
        return False


def _chosen(values: Sequence[float | None]) -> list[tuple[int, float | None]]:
    """Return the positions and values of the first, the lowest, the highest and the last."""
    known = [value for value in values if value is not None]
    places = {0, len(values) - 1, *(values.index(choose(known)) for choose in (min, max) if known)}
    return [(place, values[place]) for place in sorted(places)]


def _width(count: int, most: int) -> int:
    """Return how many values an interval has: 1 if all are kept, twice as many on each coarser level."""
    if count <= most:
        return 1
    width = _OF_AN_INTERVAL
    while -(-count // width) * _OF_AN_INTERVAL > max(most, _OF_AN_INTERVAL):
        width *= 2
    return width


def fewer(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Return at most ``most`` points (4 or more) that draw the same line, by ``METHOD``.

    Intervals double in size from level to level, so reducing a reduced series gives the same points.
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
