"""Series → the data of charts, as the script of the page draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted
from aml_pipeline.report.series import LEAST_POINTS, MOST_POINTS, MOST_SERIES, Point, Series, fewer

# A page has at most so many charts, and curves in all of them.
MOST_CHARTS, MOST_CURVES = 40, MOST_POINTS // LEAST_POINTS
_LETTERS = 200


class Curves(NamedTuple):
    """The series of one run: ``label`` tells it from that of another on the same page, ``begun`` is when it began."""

    label: str
    begun: float
    series: Sequence[Series]


class Charts(NamedTuple):
    """Charts as JSON data, and what a reader must know of what is left out of them."""

    rows: list[dict[str, Any]]
    remarks: list[str]


def charts(runs: Sequence[Curves]) -> Charts:
    """Return a chart for each metric that was logged more than once, with a series for each step and run."""
    by_name: dict[str, list[tuple[Curves, Series]]] = {}
    for run in runs:
        for one in run.series:
            if one.is_line:
                by_name.setdefault(one.name, []).append((run, one))
    shown = _shown(by_name)
    most = MOST_POINTS // max(1, sum(map(len, shown.values())))
    drawn = [
        {"name": cut(name, _LETTERS), "series": [_series(run, one, most) for run, one in rows]}
        for name, rows in shown.items()
    ]
    return Charts(drawn, list(_remarks(by_name, shown)))


def _shown(by_name: Mapping[str, list[tuple[Curves, Series]]]) -> dict[str, list[tuple[Curves, Series]]]:
    """Return the charts that have room, with their curves."""
    shown: dict[str, list[tuple[Curves, Series]]] = {}
    room = MOST_CURVES
    for name, rows in islice(by_name.items(), MOST_CHARTS):
        room -= len(rows[:MOST_SERIES])
        if room < 0:
            break
        shown[name] = rows[:MOST_SERIES]
    return shown


def _remarks(all_of: dict[str, list[Any]], shown: dict[str, list[Any]]) -> Iterator[str]:
    if len(shown) < len(all_of):
        yield f"The first {len(shown)} of {len(all_of)} metrics are drawn."
    wide = [name for name, rows in shown.items() if len(rows) < len(all_of[name])]
    if wide:
        yield f"Of {counted(len(wide), 'metric')} the first {MOST_SERIES} steps are drawn."


def _series(run: Curves, one: Series, most: int) -> dict[str, Any]:
    points = fewer(one.points, most)
    begun = run.begun if one.begun is None else one.begun
    return {
        "label": cut(" ".join(part for part in (run.label, one.step) if part), _LETTERS),
        "logged": one.logged,
        "odd": one.odd + sum(point.value is None for point in one.points),
        "number": [point.number for point in points],
        "time": [round(max(0.0, point.time - begun), 3) for point in points],
        "epoch": _epochs(points),
        "value": [None if point.value is None else float(f"{point.value:.7g}") for point in points],
    }


def _epochs(points: Sequence[Point]) -> list[float] | None:
    """Return the epochs, if the step told any."""
    return [point.epoch or 0.0 for point in points] if any(point.epoch is not None for point in points) else None
