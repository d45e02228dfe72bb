"""A recorded run → what MLflow stores of a run, as plain data within MLflow's limits."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aml_pipeline.core.plain import mapping
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.series import Series
from aml_pipeline.runs.summaries import summary_of

# The tag of MLflow that holds the id of our run.
TAG = "aml_pipeline.run"
# Limits of MLflow 3.17 (mlflow/utils/validation.py): of a name, and of the values of parameters and tags.
_NAME, _PARAMETER, _TAG_VALUE = 250, 6_000, 8_000
_NOT_IN_NAMES = re.compile(r"[^\w./\- ]")
_STATUSES = {"done": "FINISHED", "failed": "FAILED"}


class Value(NamedTuple):
    """A value of a metric: ``time`` in milliseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


class Entry(NamedTuple):
    """A run as MLflow stores it: times are in milliseconds since 1970."""

    run: str
    experiment: str
    status: str
    started: int | None
    ended: int | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    values: list[Value]


def entry_of(record: RecordedRun) -> Entry:
    """Return what MLflow stores of a run. A metric is called ``STEP.METRIC``, by the name of the step."""
    started, seconds = record.started, record.seconds
    begun = None if started is None else int(started * 1000)
    return Entry(
        record.id,
        str(record.header.get("pipeline") or "aml-pipeline"),
        _STATUSES.get(record.state, "KILLED"),
        begun,
        None if begun is None or seconds is None else begun + int(seconds * 1000),
        {_name(name): value[:_PARAMETER] for name, value in record.parameters.items()},
        {_name(name): text[:_TAG_VALUE] for name, text in _tags(record) if text},
        [value for series in record.curves() for value in _values(series, begun or 0)],
    )


def _tags(record: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield the tags of a run: those that the user gave, then ours and those that MLflow's pages show."""
    summary = summary_of(record)
    yield from ((str(name), str(value)) for name, value in mapping(summary["tags"]).items())
    for name in ("state", "profile", "group", "schedule", "azureml"):
        yield f"aml_pipeline.{name}", str(summary[name] or "")
    for step, state in summary["steps"].items():
        yield f"aml_pipeline.state.{step}", str(state)
    if summary["dirty"]:
        yield "aml_pipeline.dirty", str(summary["dirty"])
    yield "mlflow.note.content", str(summary["note"] or "")
    yield "mlflow.source.git.commit", str(summary["commit"] or "")
    yield "mlflow.source.name", str(record.header.get("command") or "")
    yield TAG, record.id


def _values(series: Series, begun: int) -> Iterator[Value]:
    """Yield the values of a series. MLflow's steps are integers; without an epoch or step the values are counted."""
    name = _name(f"{series.step}.{series.name}")
    counts = bool(series.across) and all(float(point.at or 0).is_integer() for point in series.points)
    for point in series.points:
        value = float("nan") if point.value is None else point.value
        yield Value(name, value, int(point.time * 1000) or begun, int(point.at or 0) if counts else point.number)


def _name(text: str) -> str:
    """Return a name that MLflow allows, with a digest if it differs from ``text``."""
    name = _NOT_IN_NAMES.sub("_", text)[:_NAME]
    if name == text and posixpath.normpath(name) == name and not name.startswith(("/", "..")):
        return name
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{name[: _NAME - 7].replace('/', '_').lstrip('.')}-{digest}"
