"""Schedules: cron, recurrence, time zones and what comes next. Pure: no disk, and the present is passed in.

``problems`` tells what is wrong with the schedules of a file; ``read`` makes of one without problems what is sent to
Azure ML and what ``timetable`` counts with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import model
from aml_pipeline.pipeline.schedule import cron as crons
from aml_pipeline.pipeline.schedule import declared, exact, zones
from aml_pipeline.pipeline.schedule.cron import Cron, CronError
from aml_pipeline.pipeline.schedule.cron import Span as Span  # part of what problems tell
from aml_pipeline.pipeline.schedule.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class Read:
    """A schedule that was understood: the ``recurrence`` that Azure ML is sent, and the ``cron`` that it is made of.

    ``windows_zone`` is the value of ``azureml.pipeline.core.schedule.TimeZone``.
    """

    recurrence: Recurrence
    cron: Cron | None
    windows_zone: str

    @property
    def pattern(self) -> Cron | Recurrence:
        """What the file says, to count with."""
        return self.cron or self.recurrence


@dataclass(frozen=True, slots=True)
class Found:
    """A problem, and where in the text of its value it lies, if it does not lie in the whole of it."""

    problem: Problem
    span: Span | None = None


def read(one: model.Schedule) -> Read:
    """Return what ``one`` says; it must be without problems."""
    zone = zones.windows_name(one.time_zone)
    if one.recurrence is not None:
        return Read(declared.read(one.recurrence), None, zone)
    cron = crons.parse(one.cron or "")
    return Read(exact.recurrence_of(cron), cron, zone)


def problems(schedules: Iterable[tuple[Path, model.Schedule]]) -> Iterator[Found]:
    """Yield what is wrong with each of some schedules; the path leads to the schedule."""
    for path, one in schedules:
        yield from _cron_problems(one.cron, path)
        if one.recurrence is not None:
            yield from _recurrence_problems(one.recurrence, path)
        wrong = zones.fault(one.time_zone)
        if wrong:
            yield Found(Problem("unknown-zone", *wrong, (*path, "time_zone")))


def reused(one: model.Plan) -> list[Problem]:
    """Return a warning where the runs of schedules would do nothing.

    Azure ML SDK v1 can make a run afresh when it is submitted, not when a schedule starts it (MachineLearningNotebooks
    issue 680): what was published to reuse old results reuses them in each of its runs.
    """
    if not (one.reuse and one.schedules and all(step.allow_reuse for step in one.steps)):
        return []
    names = " or ".join(f'"{name}"' for name in one.schedules)
    message = f"runs started by {names} find every step unchanged, reuse the results of the first run, and do nothing."
    cure = "Delete `reuse: true`, or set `allow_reuse: false` in each step that must always run."
    return [Problem("reused-schedule", message, cure, ("publish", "reuse"), severity="warning")]


def _cron_problems(text: str | None, path: Path) -> Iterator[Found]:
    found = _cron_fault(text) if text is not None else None
    if found:
        code, error = found
        yield Found(Problem(code, error.message, error.cure, (*path, "cron")), error.span)


@lru_cache(maxsize=64)
def _cron_fault(text: str) -> tuple[str, CronError] | None:
    """Return the code and what is wrong with a cron; the same one often stands in several profiles."""
    try:
        cron = crons.parse(text)
    except CronError as error:
        return "bad-cron", error
    try:
        exact.recurrence_of(cron)
    except CronError as error:
        return "lossy-cron", error
    return None


def _recurrence_problems(one: model.Recurrence, path: Path) -> Iterator[Found]:
    for fault in declared.faults(one):
        whole = not fault.at
        place = (*path, "recurrence", *fault.at)
        yield Found(Problem("bad-recurrence", fault.message, fault.cure, place, on_key=whole))
