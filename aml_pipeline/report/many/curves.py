"""Records of many runs → the curves of each row, with as few points as their number demands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from aml_pipeline.report.charts import curve_of
from aml_pipeline.report.series import series_of
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import Summary

# Points of all curves together, and limits of one curve.
ALL_POINTS, MOST_OF_ONE, LEAST_OF_ONE = 800_000, 500, 8
_DIGITS = 4

Curve = dict[str, Any]
Curves = Mapping[str, Mapping[int, Curve]]


class Source(NamedTuple):
    """A row of the table: its run, and its steps, with their names in columns such as ``STEP.METRIC``."""

    record: RunRecord
    summary: Summary
    steps: Mapping[str, str]


def curves_of(sources: Sequence[Source]) -> Curves:
    """Return the curves by metric, ``STEP.METRIC``, and number of the row."""
    most = _most(sources)
    read = cache(lambda place: _read(place, most))
    curves: dict[str, dict[int, Curve]] = {}
    for row, source in enumerate(sources):
        for name, curve in _of_row(source, read):
            curves.setdefault(name, {})[row] = curve
    return curves


def _most(sources: Iterable[Source]) -> int:
    """Return how many points a curve may have."""
    count = sum(len(metrics) for source in sources for metrics in source.summary["metrics"].values())
    return max(LEAST_OF_ONE, min(MOST_OF_ONE, ALL_POINTS // max(1, count)))


def _read(place: str, most: int) -> Mapping[str, list[tuple[str, Curve]]]:
    """Return the curves of a run by step, with the names of their metrics."""
    record = RunRecord(os.path.basename(place), place)
    begun = record.started or 0.0
    curves: dict[str, list[tuple[str, Curve]]] = {}
    for series in series_of(record.events(), most):
        if series.is_line:
            curves.setdefault(series.step, []).append((series.name, curve_of(series, begun, most, _DIGITS)))
    return curves


def _of_row(
    source: Source, read: Callable[[str], Mapping[str, list[tuple[str, Curve]]]]
) -> Iterator[tuple[str, Curve]]:
    """Yield the curves of a row; those of reused results are in the records of the runs that made them."""
    runs = os.path.dirname(source.record.folder)
    for step, name in source.steps.items():
        maker = os.path.basename(str(source.summary["made_by"].get(step) or source.record.id))
        for metric, curve in read(os.path.join(runs, maker)).get(step, ()):
            yield f"{name}.{metric}", curve


def reduced(curves: Curves) -> Curves:
    """Return the curves with half of their points; if they have few already, those of the first half of the metrics."""
    if any(len(curve["value"]) > LEAST_OF_ONE for rows in curves.values() for curve in rows.values()):
        return {name: {row: _halved(curve) for row, curve in rows.items()} for name, rows in curves.items()}
    return {name: curves[name] for name in list(curves)[: len(curves) // 2]}


def _halved(curve: Curve) -> Curve:
    """Return every other point of a curve, and the last."""
    return {key: values[:-1:2] + values[-1:] if isinstance(values, list) else values for key, values in curve.items()}
