"""Summaries of runs → the rows of a table: one for each run, or one for each variant of a step.

A row is a mapping from columns, by the names that people type, to values. The columns are ``ABOUT``, each parameter by
its name, and each metric as ``STEP.METRIC``: its last value; ``STEP.METRIC:min`` and ``STEP.METRIC:max`` are its lowest
and highest one. A parameter or axis with the name of a column of ``ABOUT`` is ``parameters.NAME`` or ``matrix.NAME``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aml_pipeline.runs.summaries import Summary, ended, is_number_with_text, typed

Value = str | int | float | bool | None
Row = dict[str, Value]

ABOUT = (
    *("run", "state", "failed_steps", "age", "started", "seconds", "profile", "data", "group", "schedule"),
    *("note", "tags", "pinned", "dirty", "commit", "azureml", "endpoint"),
)
_RESERVED = frozenset(ABOUT)


class Written:
    """A number that people read as it was written: ``0.10``."""

    text: str

    def __str__(self) -> str:
        """Return the text."""
        return self.text


class WrittenFloat(Written, float):
    """A float and its text."""


class WrittenInteger(Written, int):
    """An integer and its text."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the names of their columns beside ``ABOUT``; only rows of variants have ``axes``."""

    rows: list[Row]
    axes: list[str]
    parameters: list[str]
    metrics: list[str]


class _Parts(NamedTuple):
    """A row in parts; ``ranges`` are the lowest and highest values of metrics."""

    about: Row
    axes: Row
    parameters: Row
    metrics: Row
    ranges: Row


def table_of(summaries: Sequence[Summary], *, now: float, busy: bool) -> Table:
    """Return a row for each run; ``busy``: a run is in progress, which may be one without an end.

    Metrics of a reused result are those of the run that made it, if that is among ``summaries``.
    """
    runs = {str(summary["run"]): summary for summary in summaries}
    return _table(_of_run(summary, runs, _about(summary, now, busy=busy)) for summary in summaries)


def variants_of(summaries: Sequence[Summary], step: str, *, now: float, busy: bool) -> Table:
    """Return a row for each variant of a step in each run that selected it, with its own state and seconds."""
    runs = {str(summary["run"]): summary for summary in summaries}
    return _table(
        part for summary in summaries for part in _of_variants(summary, runs, step, _about(summary, now, busy=busy))
    )


def varying(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    """Return those of the columns in which not all rows have the same value."""
    first = rows[0] if rows else {}
    return [name for name in columns if any(row.get(name) != first.get(name) for row in rows)]


def _table(parts: Iterable[_Parts]) -> Table:
    rows: list[Row] = []
    axes, parameters, metrics = Row(), Row(), Row()  # used as ordered sets
    for part in parts:
        rows.append({**part.about, **part.parameters, **part.axes, **part.metrics, **part.ranges})
        axes |= part.axes
        parameters |= part.parameters
        metrics |= part.metrics
    return Table(rows, list(axes), [name for name in parameters if name not in axes], list(metrics))


def _of_run(summary: Summary, runs: Mapping[str, Summary], about: Row) -> _Parts:
    metrics, ranges = _measured(summary, runs, {step: _titled(summary, step) for step in summary["steps"]})
    return _Parts(about, {}, _parameters(summary), metrics, ranges)


def _of_variants(summary: Summary, runs: Mapping[str, Summary], step: str, about: Row) -> Iterator[_Parts]:
    parameters = _parameters(summary)
    for name, variant in variants_in(summary, step).items():
        axes = {axis: as_written(text) for axis, text in variant["variant"].items()}
        metrics, ranges = _measured(summary, runs, {name: step})
        own = {
            "state": summary["steps"].get(name, about["state"]),
            "failed_steps": None,
            "seconds": summary["durations"].get(name),
        }
        yield _Parts({**about, **own}, _free("matrix", axes), parameters, metrics, ranges)


def variants_in(summary: Summary, step: str) -> dict[str, Mapping[str, Any]]:
    """Return the variants of a step that a run selected, by name; its plan has others too if it left some out."""
    variants = summary["variants"].items()
    return {name: variant for name, variant in variants if variant["declared"] == step and name in summary["selected"]}


def as_written(text: str, kind: object = "number") -> Value:
    """Return the value of a text of the type ``kind``; people read a number as it was written."""
    value = typed(text, kind)
    return _written(value, text) if not isinstance(value, str) and is_number_with_text(value, text) else value


def _written(value: float, text: str) -> WrittenInteger | WrittenFloat:
    """Return a number with its text."""
    number = WrittenInteger(value) if isinstance(value, int) else WrittenFloat(value)
    number.text = text
    return number


def _about(summary: Summary, now: float, *, busy: bool) -> Row:
    started = summary["started"]
    return {
        "run": summary["run"],
        "state": ended(summary["state"], busy=busy),
        "failed_steps": _failed(summary) if "failed" in summary["steps"].values() else None,
        "age": None if started is None else max(0.0, now - started),
        "started": started,
        "seconds": summary["seconds"],
        "profile": summary["profile"],
        "data": _pairs(summary["data"]) if summary["data"] else None,
        "group": summary["group"],
        "schedule": summary["schedule"],
        "note": summary["note"] or None,
        "tags": _pairs(summary["tags"]) if summary["tags"] else None,
        "pinned": summary["pinned"],
        "dirty": summary["dirty"],
        "commit": summary["commit"],
        "azureml": summary["azureml"],
        "endpoint": None,
    }


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _failed(summary: Summary) -> str:
    return ", ".join(_titled(summary, step) for step, state in summary["steps"].items() if state == "failed")


def _titled(summary: Summary, step: str) -> str:
    variant = summary["variants"].get(step)
    return str(variant["title"]) if variant else step


def _parameters(summary: Summary) -> Row:
    values = summary["parameters"]
    written = {name: _written(values[name], text) for name, text in summary["written"].items()}
    return parameter_columns({**values, **written})


def parameter_columns(parameters: Mapping[str, Value]) -> Row:
    """Return the values of parameters by the names of their columns."""
    return _free("parameters", parameters)


def _free(kind: str, values: Mapping[str, Value]) -> Row:
    """Return values by column: those with the name of a column of ``ABOUT`` get another one."""
    if _RESERVED.isdisjoint(values):
        return dict(values)
    return {f"{kind}.{name}" if name in _RESERVED else name: value for name, value in values.items()}


def _measured(summary: Summary, runs: Mapping[str, Summary], columns: Mapping[str, str]) -> tuple[Row, Row]:
    """Return the last values of the metrics of some steps, and their ranges; ``columns`` are the names of the steps."""
    last, ranges = Row(), Row()
    for step, column in columns.items():
        maker = summary if step in summary["metrics"] else runs.get(summary["made_by"].get(step, ""))
        if maker is None or step not in maker["metrics"]:
            continue
        extremes = maker["extremes"].get(step) or {}
        for name, value in maker["metrics"][step].items():
            if isinstance(value, (int, float, str)):
                place = f"{column}.{name}"
                last[place] = value
                ranges[f"{place}:min"], ranges[f"{place}:max"] = extremes.get(name) or (value, value)
    return last, ranges
