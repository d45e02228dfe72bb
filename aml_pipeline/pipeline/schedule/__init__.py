"""Schedules: cron, recurrence, time zones and next times. Pure: no disk, and the current time is passed in.

``understand`` reads a schedule of the file, once; everything downstream uses the ``Schedule`` that it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.schedule import cron as crons
from aml_pipeline.pipeline.schedule import declared, exact, zones
from aml_pipeline.pipeline.schedule.cron import Cron, CronError
from aml_pipeline.pipeline.schedule.recurrence import Recurrence
from aml_pipeline.pipeline.yaml.scalars import written

if TYPE_CHECKING:
    from aml_pipeline.pipeline.spec.schedule import Schedule as ScheduleSpec


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the published pipeline runs by itself.

    ``recurrence`` is what Azure ML is sent; ``cron`` is what it was made from, if the file has a cron. ``windows_zone``
    is the value of ``azureml.pipeline.core.schedule.TimeZone``. The values of ``parameters`` are texts. ``written`` has
    the keys ``cron`` and ``recurrence`` of the file, to show and to record. ``datasets`` has the
    places of datasets in its runs. ``reuse`` says whether they may reuse earlier results; None: as the others.
    """

    recurrence: Recurrence
    cron: Cron | None
    time_zone: str
    windows_zone: str
    parameters: Mapping[str, str]
    written: Mapping[str, Any]
    datasets: Mapping[str, str] = field(default_factory=dict)
    reuse: bool | None = None

    @property
    def pattern(self) -> Cron | Recurrence:
        """The schedule as written in the file, to count with."""
        return self.cron or self.recurrence

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data, as it is written in the file."""
        data = {**self.written, "time_zone": self.time_zone, "parameters": dict(self.parameters)}
        # A digest of it marks published schedules, so what is not used is not there.
        if self.datasets:
            data["datasets"] = dict(self.datasets)
        return data if self.reuse is None else {**data, "reuse": self.reuse}


def understand(schedule: ScheduleSpec, path: Path) -> tuple[Schedule | None, list[Problem]]:
    """Return the understood schedule of the file, or its problems; ``path`` is its place."""
    cron, recurrence, problems = _recurrence(schedule, path)
    if fault := zones.fault(schedule.time_zone):
        problems.append(Problem("unknown-zone", *fault, (*path, "time_zone")))
    if recurrence is None or problems:
        return None, problems
    values = {name: written(value) for name, value in schedule.parameters.items()}
    said = {"cron": schedule.cron, "recurrence": dict(schedule.recurrence) if schedule.recurrence else None}
    zone, places = zones.windows_name(schedule.time_zone), schedule.datasets
    return Schedule(recurrence, cron, schedule.time_zone, zone, values, said, places, schedule.reuse), []


def _recurrence(schedule: ScheduleSpec, path: Path) -> tuple[Cron | None, Recurrence | None, list[Problem]]:
    if schedule.recurrence is not None:
        faults = declared.faults(schedule.recurrence)
        found = [
            Problem("bad-recurrence", fault.message, fault.cure, (*path, "recurrence", *fault.at), on_key=not fault.at)
            for fault in faults
        ]
        return None, None if faults else declared.read(schedule.recurrence), found
    cron = None
    try:
        cron = crons.parse(schedule.cron or "")
        return cron, exact.recurrence_of(cron), []
    except CronError as error:
        code = "lossy-cron" if cron else "bad-cron"
        return None, None, [Problem(code, error.message, error.cure, (*path, "cron"), part=error.span)]
