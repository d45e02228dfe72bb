"""Schedules as SDK v1 gets them: when they fire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from aml_pipeline.azureml.publication import NOBODY, Schedule, WantedSchedule
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.schedule import timetable


def is_only_named(declared: WantedSchedule, known: Schedule) -> bool:
    """Whether a schedule that is taken over fires as declared: then its start stays, which may set its times."""
    return known.mark is not None and known.mark.origin == NOBODY and declared.is_met_by(known)


def recurrence(plan: Plan, key: str, now: dt.datetime) -> Sdk:
    """Return the SDK's recurrence, starting at the next time: without a start it would fire at once."""
    from azureml.pipeline.core import ScheduleRecurrence
    from azureml.pipeline.core.schedule import TimeZone

    schedule = plan.schedules[key]
    zone = timetable.zone_of(schedule.time_zone)
    start = timetable.start_time(schedule.pattern, schedule.recurrence, zone, now)
    given: Mapping[str, object] = schedule.recurrence.starting(start).as_data()
    return ScheduleRecurrence(**given, time_zone=TimeZone(schedule.windows_zone))
