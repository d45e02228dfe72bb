"""A schedule → a v2 schedule: a cron if possible, else a recurrence.

v2 reads only minutes, hours and days of the week of a cron (learn.microsoft.com, how-to-schedule-pipeline-job: days and
months are treated as ``*``), so one with a day of the month becomes the same recurrence as for SDK v1. Without a
``start_time``, v2 starts a run at once (reference-yaml-schedule), so there is always one in the past.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, input_types, yaml_text
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.ports import pipeline_input
from aml_pipeline.pipeline.schedule.recurrence import Recurrence

# The default start: a Monday in the past, the same for each export.
START = "2024-01-01T00:00:00"
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")  # as cron counts them
_FULL = {"minutes": 60, "hours": 24}


def name(plan: Plan, key: str) -> str:
    """Return the name of the schedule ``key`` in v2, where names cannot contain a dot."""
    return f"{endpoint_name(plan.name, plan.profile)}_{key}"


def v1_name(plan: Plan, key: str) -> str:
    """Return the name that ``publish`` gives to the schedule ``key``."""
    return f"{endpoint_name(plan.name, plan.profile)}.{key}"


def text(plan: Plan, key: str) -> str:
    """Return the file of the schedule ``key``."""
    return yaml_text.text({
        "name": name(plan, key),
        "display_name": v1_name(plan, key),
        "trigger": trigger(plan, key),
        "create_job": _job(plan, key),
    }, "schedule")  # fmt: skip


def _job(plan: Plan, key: str) -> dict[str, Any]:
    """Return what it runs. A v2 schedule can force steps to run, which SDK v1 cannot."""
    job: dict[str, Any] = {"type": "pipeline", "job": "../pipeline.yml"}
    given = inputs(plan, key)
    if given:
        job["inputs"] = given
    return {**job, "settings": {"force_rerun": not plan.reuse_of(key)}}


def inputs(plan: Plan, key: str) -> dict[str, Any]:
    """Return the inputs that the schedule ``key`` sets: parameters and data."""
    parameters = plan.schedules[key].parameters
    given: dict[str, Any] = {name: input_types.value(plan, name, text) for name, text in parameters.items()}
    return given | {pipeline_input(plan, name): assets.dataset(place) for name, place in plan.data_of(key).items()}


def trigger(plan: Plan, key: str) -> dict[str, Any]:
    """Return when it fires."""
    schedule = plan.schedules[key]
    one = schedule.recurrence
    begin = {"start_time": one.start.isoformat(timespec="seconds") if one.start else START}
    begin["time_zone"] = schedule.windows_zone
    if schedule.cron is not None and one.frequency in {"day", "week"}:
        return {"type": "cron", "expression": _cron(one), **begin}
    data: dict[str, Any] = {"type": "recurrence", "frequency": one.frequency, "interval": one.interval}
    if not one.is_elapsed:
        data["schedule"] = _pattern(one)
    return {**data, **begin}


def _cron(recurrence: Recurrence) -> str:
    """Return the cron of a daily or weekly recurrence, with numbers only."""
    minutes, hours = _field("minutes", recurrence.minutes), _field("hours", recurrence.hours)
    days = ",".join(str(number) for number, day in enumerate(_DAYS) if day in recurrence.week_days) or "*"
    return f"{minutes} {hours} * * {days}"


def _field(unit: str, values: tuple[int, ...]) -> str:
    return "*" if len(values) == _FULL[unit] else ",".join(map(str, values))


def _pattern(recurrence: Recurrence) -> dict[str, Any]:
    if recurrence.frequency == "month":
        start = recurrence.start or datetime.fromisoformat(START)
        return {"hours": [start.hour], "minutes": [start.minute], "month_days": [start.day]}
    days = {"week_days": list(recurrence.week_days)} if recurrence.week_days else {}
    return {"hours": list(recurrence.hours), "minutes": list(recurrence.minutes), **days}
