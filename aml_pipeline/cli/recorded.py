"""Shared by commands about earlier runs: the recorded runs of a pipeline, selection by name, and how each ended."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.text import number_in_words
from aml_pipeline.core.wording import counted, printable
from aml_pipeline.pipeline.plan import titles
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs import record
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import ended

_MOST_METRICS = 40
_MOST_NAMED = 5


def records_of(opened: Opened) -> list[RunRecord]:
    """Return the recorded runs of a pipeline, oldest first."""
    return record.records(os.path.join(opened.state, "runs"))


def chosen(records: list[RunRecord], name: str | None) -> RunRecord:
    """Return the run that ``name`` matches (see ``matching``); without a name the latest. Raises UsageError."""
    if not records:
        raise UsageError("There are no runs yet. Start one with `aml-pipeline run`.")
    if name is None:
        return records[-1]
    meant = matching(records, name)
    if not meant:
        raise UsageError(f'Unknown run "{name}". {suggest(name, [record.id for record in records][-10:], noun="run")}')
    if len(meant) > 1:
        raise ambiguous(name, meant)
    return meant[0]


class _Variant(NamedTuple):
    """A variant in the record of a run."""

    name: str
    declared: str
    variant: Mapping[str, str]
    title: str


def steps_called(run: RunRecord, text: str) -> list[str]:
    """Return the names of the steps of a recorded run that ``text`` means: a name, or all variants with a title."""
    rows = record.variants(run.short).items()
    variants = [
        _Variant(name, str(row.get("declared")), mapping(row.get("variant")), str(row.get("title")))
        for name, row in rows
    ]
    with contextlib.suppress(UsageError):
        return [step.name for step in titles.steps_called(variants, text)]
    return [text]


def matching(records: Sequence[RunRecord], name: str) -> list[RunRecord]:
    """Return the runs that ``name`` matches: exactly; else at the beginning of their name or its last part; else
    anywhere in their name; else at the beginning of their id in Azure ML.
    """  # noqa: D205 - one thought
    ways: tuple[Callable[[RunRecord], bool], ...] = (
        lambda one: one.id == name,
        lambda one: one.id.startswith(name) or one.id.rpartition("-")[2].startswith(name),
        lambda one: name in one.id,
        lambda one: str(mapping(one.short.get("azureml")).get("run", "")).startswith(name),
    )
    groups = ([record for record in records if name and fits(record)] for fits in ways)
    return next(filter(None, groups), [])


def ambiguous(name: str, meant: Sequence[RunRecord]) -> UsageError:
    """Return the error that ``name`` matches several runs, with the newest of them."""
    newest = [record.id for record in reversed(meant)]
    shown = newest[:_MOST_NAMED] if len(newest) > _MOST_NAMED else newest
    more = f" and {len(newest) - len(shown)} more" if len(newest) > len(shown) else ""
    first = ", newest first" if more else ""
    said = f'"{name}" matches {len(newest)} runs{first}: {", ".join(shown)}{more}.'
    return UsageError(f"{said} Give more of its id.")


def state_of(record: RunRecord, *, busy: bool) -> str:
    """Return how a run ended; ``busy``: a run is in progress, which may be one without an end."""
    return ended(record.state, busy=busy)


def metrics_in_words(metrics: Mapping[str, Any]) -> str:
    """Return the last values of metrics, by step."""
    logged = [(step, name, value) for step, values in metrics.items() for name, value in mapping(values).items()]
    measured = [printable(f"{step}.{name} {number_in_words(value)}") for step, name, value in logged[:_MOST_METRICS]]
    if len(logged) > _MOST_METRICS:
        measured.append(f"and {counted(len(logged) - _MOST_METRICS, 'more metric')}")
    return " ".join(measured)


def moment(seconds: float | None) -> str:
    """Return a local time for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else f"{'?':<19}"
