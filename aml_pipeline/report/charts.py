"""Series → chart data for the page's script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted
from aml_pipeline.report.series import LEAST_POINTS, MOST_POINTS, MOST_SERIES, Series, fewer

# Words of names that tell on which data a metric was measured: names that differ only in these share a chart.
_DATA_WORDS = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test"})
# Limits of a page: charts, and curves in all charts together.
MOST_CHARTS, MOST_CURVES = 40, MOST_POINTS // LEAST_POINTS
_LETTERS = 200


class Curves(NamedTuple):
    """The series of one run: ``label`` distinguishes two runs on a page, ``begun`` is the start of the run.

    ``titles`` are what people call the steps, by name.
    """

    label: str
    begun: float
    series: Sequence[Series]
    titles: Mapping[str, str] = {}


class Charts(NamedTuple):
    """Charts as JSON data, and remarks on what they omit."""

    rows: list[dict[str, Any]]
    remarks: list[str]


def charts(runs: Sequence[Curves]) -> Charts:
    """Return a chart per metric that was logged more than once, with a series per step and run.

    What was measured on training and on test data, such as `loss` and `val_loss`, is on one chart. What is an axis
    of others, such as `epoch`, has no chart.
    """
    by_name: dict[str, list[tuple[Curves, Series]]] = {}
    for run in runs:
        counters = {(series.step, series.across) for series in run.series if series.across}
        for series in run.series:
            if series.is_line and (series.step, series.name.rpartition(".")[2]) not in counters:
                by_name.setdefault(topic(series.name), []).append((run, series))
    shown = _shown(by_name)
    most = MOST_POINTS // max(1, sum(map(len, shown.values())))
    drawn = [
        {"name": cut(_heading(rows), _LETTERS), "series": [_curve(run, series, most, rows) for run, series in rows]}
        for rows in shown.values()
    ]
    return Charts(drawn, list(_remarks(by_name, shown)))


def topic(metric: str) -> str:
    """Return the name of a metric without the words that tell on which data it was measured."""
    words = re.split(r"[/_.\-\s]+", metric.lower())
    return " ".join(word for word in words if word not in _DATA_WORDS) or metric


def _heading(rows: Sequence[tuple[Curves, Series]]) -> str:
    return ", ".join(dict.fromkeys(series.name for _, series in rows))


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
        yield f"Showing the first {len(shown)} of {len(all_of)} charts."
    wide = [name for name, rows in shown.items() if len(rows) < len(all_of[name])]
    if wide:
        yield f"Showing only the first {MOST_SERIES} curves of {counted(len(wide), 'chart')}."


def _curve(run: Curves, series: Series, most: int, rows: Sequence[tuple[Curves, Series]]) -> dict[str, Any]:
    """Return the data of a curve: its colour tells the step, its dashes the metric."""
    metrics = list(dict.fromkeys(other.name for _, other in rows))
    steps = list(dict.fromkeys((of.label, other.step) for of, other in rows))
    words = (run.label, run.titles.get(series.step, series.step), series.name if len(metrics) > 1 else "")
    return {
        "label": cut(" ".join(word for word in words if word), _LETTERS),
        "colour": steps.index((run.label, series.step)),
        "dash": metrics.index(series.name),
        **curve_of(series, run.begun, most),
    }


def curve_of(series: Series, begun: float, most: int, digits: int = 7) -> dict[str, Any]:
    """Return a curve of at most so many points as data for the page's script; ``begun`` is the start of the run."""
    points = fewer(series.points, most)
    start = begun if series.begun is None else series.begun
    return {
        "logged": series.logged,
        "odd": series.odd + sum(point.value is None for point in series.points),
        "number": [point.number for point in points],
        "time": [round(max(0.0, point.time - start), 3) for point in points],
        "counts": series.across,
        "at": [point.at or 0.0 for point in points] if series.across else None,
        "value": [None if point.value is None else float(f"{point.value:.{digits}g}") for point in points],
    }
