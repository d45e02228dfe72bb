"""Series → chart data for the page's script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted
from aml_pipeline.report.series import LEAST_POINTS, MOST_POINTS, MOST_SERIES, Series, fewer

# Limits of a page: charts, and curves in all charts together.
MOST_CHARTS, MOST_CURVES = 40, MOST_POINTS // LEAST_POINTS
_LETTERS = 200


class Curves(NamedTuple):
    """The series of one run: ``label`` distinguishes two runs on a page, ``begun`` is the start of the run."""

    label: str
    begun: float
    series: Sequence[Series]


class Charts(NamedTuple):
    """Charts as JSON data, and remarks on what they omit."""

    rows: list[dict[str, Any]]
    remarks: list[str]


def charts(runs: Sequence[Curves]) -> Charts:
    """Return a chart per metric that was logged more than once, with a series per step and run."""
    by_name: dict[str, list[tuple[Curves, Series]]] = {}
    for run in runs:
        for series in run.series:
            if series.is_line:
                by_name.setdefault(series.name, []).append((run, series))
    shown = _shown(by_name)
    most = MOST_POINTS // max(1, sum(map(len, shown.values())))
    drawn = [
        {"name": cut(name, _LETTERS), "series": [_curve(run, series, most) for run, series in rows]}
        for name, rows in shown.items()
    ]
    return Charts(drawn, list(_remarks(by_name, shown)))


def _shown(by_name: Mapping[str, list[tuple[Curves, Series]]]) -> dict[str, list[tuple[Curves, Series]]]:
    """Return the charts and curves within the limits."""
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
        yield f"Showing the first {len(shown)} of {len(all_of)} metrics."
    wide = [name for name, rows in shown.items() if len(rows) < len(all_of[name])]
    if wide:
        yield f"Showing only the first {MOST_SERIES} steps of {counted(len(wide), 'metric')}."


def _curve(run: Curves, series: Series, most: int) -> dict[str, Any]:
    label = cut(" ".join(part for part in (run.label, series.step) if part), _LETTERS)
    return {"label": label, **curve_of(series, run.begun, most)}


def curve_of(series: Series, begun: float, most: int, digits: int = 7) -> dict[str, Any]:
    """Return a curve of at most so many points as data for the page's script; ``begun`` is the start of the run."""
    points = fewer(series.points, most)
    start = begun if series.begun is None else series.begun
    return {
        "logged": series.logged,
        "odd": series.odd + sum(point.value is None for point in series.points),
        "number": [point.number for point in points],
        "time": [round(max(0.0, point.time - start), 3) for point in points],
        "across": series.across,
        "epoch": [point.at or 0.0 for point in points] if series.across else None,
        "value": [None if point.value is None else float(f"{point.value:.{digits}g}") for point in points],
    }
