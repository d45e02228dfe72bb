"""Schedule files of v2 → the schedules of pipeline.yaml. The inverse of ``v2/export/schedules.py``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.v2.export.schedules import START
from aml_pipeline.azureml.v2.imported.files import Part
from aml_pipeline.azureml.v2.imported.inputs import Datasets, scalar
from aml_pipeline.azureml.v2.imported.job import Scope
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.masking import is_secret
from aml_pipeline.pipeline.schedule import zones
from aml_pipeline.pipeline.spec import places

_PATTERN = ("hours", "minutes", "week_days")


def schedule(part: Part, scope: Scope, datasets: Datasets, losses: list[Loss]) -> dict[str, Any]:
    """Return a schedule as pipeline.yaml has it; appends to ``losses``. Raises Unsayable."""
    trigger = part.get("trigger")
    if trigger is None or not trigger.is_mapping:
        raise Unsayable(f"{part.where}: a schedule needs a trigger of type cron or recurrence.")
    kind = trigger.text("type")
    if kind == "cron":
        said = _cron(trigger, losses)
    elif kind == "recurrence":
        said = {"recurrence": _recurrence(trigger, losses)}
    else:
        raise Unsayable(f"{trigger.where}: a trigger of type {kind} has no time. Use cron or recurrence.")
    if "end_time" in trigger:
        why = "a schedule of pipeline.yaml has no end. Delete the schedule when it is no longer needed."
        losses.append(trigger.lost(f"end_time {trigger.text('end_time')}", why))
    return {**said, **_zone(trigger, losses), **_job(part, scope, datasets, losses)}


def key(part: Part, names: Names, pipeline: str) -> str:
    """Return the name of a schedule, without that of the pipeline which an export puts before it."""
    name = part.text("name")
    shown = part.text("display_name")
    for begin in (f"{pipeline}_", f"{pipeline}."):
        name = name.removeprefix(begin) or name
    if shown not in {"", name, part.text("name"), f"{pipeline}.{name}"}:
        part.taken.discard("display_name")
    return names.give("schedule", name or "schedule", key=part.path)


def _cron(trigger: Part, losses: list[Loss]) -> dict[str, Any]:
    """Return a cron; when it starts makes no difference once that time has passed."""
    start = _time(trigger)
    if start not in {"", START}:
        why = "a cron of pipeline.yaml begins when it is published."
        losses.append(trigger.lost(f"start_time {start}", why))
    fields = trigger.text("expression").split()
    if len(fields) == 5 and fields[2:4] != ["*", "*"]:  # noqa: PLR2004 - of a cron
        why = "Azure ML v2 ignores days of the month and months of a cron. pipeline.yaml means what it says."
        losses.append(trigger.lost(f"what {trigger.text('expression')} meant in v2", why))
    return {"cron": " ".join(fields)}


def _time(trigger: Part) -> str:
    """Return when a trigger starts, as pipeline.yaml writes it."""
    part = trigger.get("start_time")
    value = part.value if part is not None else None
    text = value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value or "")
    return text.removesuffix("Z").replace(" ", "T")


def _recurrence(trigger: Part, losses: list[Loss]) -> dict[str, Any]:
    said: dict[str, Any] = {"frequency": trigger.text("frequency").lower()}
    interval = trigger.data("interval") or 1
    if interval != 1:
        said["interval"] = interval
    pattern = trigger.get("schedule")
    given = {name: pattern.data(name) for name in _PATTERN} if pattern is not None else {}
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items() if value is not None}
    if "week_days" in lists:
        lists["week_days"] = [str(day).lower() for day in lists["week_days"]]
    start = _time(trigger)
    if said["frequency"] == "month":
        days = pattern.data("month_days") if pattern is not None else None
        return {**said, "start_time": _monthly(trigger, start or START, days, lists, losses)}
    needs_start = said["frequency"] in {"minute", "hour"} or interval != 1 or not {"hours", "minutes"} <= lists.keys()
    if start == "" and needs_start:
        losses.append(trigger.lost("when it first runs", f"v2 counts from its creation, pipeline.yaml from {START}."))
    begin = {"start_time": start or START} if needs_start or start not in {"", START} else {}
    return {**said, **lists, **begin}


def _monthly(trigger: Part, start: str, days: Any, lists: dict[str, Any], losses: list[Loss]) -> str:  # noqa: ANN401
    """Return the start of a monthly recurrence, which has its day and its time. Raises Unsayable."""
    days = days if isinstance(days, list) or days is None else [days]
    invalid = Unsayable(
        f"{trigger.where}: its start_time, day and time make no date. Write them like 2026-12-01T02:00:00."
    )
    try:
        begin = datetime.fromisoformat(start)
    except ValueError:
        raise invalid from None
    wanted = [days or [begin.day], lists.get("hours") or [begin.hour], lists.get("minutes") or [begin.minute]]
    if any(len(values) > 1 for values in wanted) or "week_days" in lists:
        raise Unsayable(f"{trigger.where}: a monthly schedule runs on one day, at one time. Split it into several.")
    day, hour, minute = (values[0] for values in wanted)
    if (day, hour, minute) != (begin.day, begin.hour, begin.minute):
        try:
            begin = begin.replace(day=day, hour=hour, minute=minute)
        except (ValueError, TypeError, OverflowError):
            raise invalid from None
        losses.append(trigger.lost(f"start_time {start}", f"the first run is at {begin.isoformat()}."))
    return begin.isoformat(timespec="seconds")


def _zone(trigger: Part, losses: list[Loss]) -> dict[str, str]:
    zone = trigger.text("time_zone") or "UTC"
    name = zones.iana_name(zone)
    if name is None:
        losses.append(trigger.lost(f"time_zone {zone}", "this zone is not known. Write an IANA name: Europe/Paris."))
    return {} if name in {None, "UTC", "Etc/UTC"} else {"time_zone": str(name)}


def _job(part: Part, scope: Scope, datasets: Datasets, losses: list[Loss]) -> dict[str, Any]:
    """Return the parameters and the places of datasets, and whether results are reused, which v2 does by default."""
    job = part.get("create_job")
    if job is None or not job.is_mapping:
        return {"reuse": True}
    job.get("type")
    job.get("job")
    said: dict[str, Any] = {}
    for name, given in job.items("inputs"):
        bound = scope.inputs.get(name)
        if bound is not None and bound.kind == "parameter" and _is_plain(bound.name, given):
            said.setdefault("parameters", {})[bound.name] = scalar(given.value)
        elif bound is not None and bound.kind == "data" and (moved := _moved(given)):
            for dataset in datasets.of(bound):
                said.setdefault("datasets", {})[dataset] = moved
            own = bound.part.text("type") or "uri_folder"
            kind = (given.text("type") or "uri_folder") if given.is_mapping else own
            if kind != own:
                losses.append(given.lost(f"type {kind} of input {name}", f"a dataset keeps its type, {own}."))
        else:
            why = "a schedule gives parameters plain values, and datasets places in Azure ML."
            losses.append(given.lost(f"input {name}", why))
    settings = job.get("settings")
    forced = settings is not None and settings.data("force_rerun") is True
    return said if forced else {**said, "reuse": True}


def _is_plain(name: str, given: Part) -> bool:
    text = str(given.value)
    return not isinstance(given.value, (dict, list)) and "${{" not in text and not is_secret(name, text)


def _moved(given: Part) -> str:
    """Return the place of a dataset in Azure ML, "" if it is none."""
    path = given.text("path") if given.is_mapping else str(given.value)
    given.get("type")
    return path if "local" not in (places.keys_of(path) or {"local": ""}) else ""
