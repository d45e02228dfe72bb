"""The schedules of a published pipeline → `schedules:`; those that are paused, or that it cannot say, are losses."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v1.imported import inputs, parameters
from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.azureml.v1.imported.inputs import Data
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import GOING_ON, Notes, Unsayable
from aml_pipeline.azureml.v1.marks import mark_in
from aml_pipeline.core.masking import is_secret, masked
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.pipeline.schedule import inverse, zones
from aml_pipeline.pipeline.schedule.recurrence import Recurrence
from aml_pipeline.pipeline.spec.parameters import fault

_ACTIVE = frozenset({"0", "Active", "None"})


class Published(NamedTuple):
    """A schedule of the workspace that can be one of the file: its old name, its recurrence and Windows zone."""

    name: str
    key: str
    recurrence: Recurrence
    zone: str
    entity: Json


def published(found: Found) -> Iterator[Published]:
    """Yield each schedule that the file can say."""
    for entity in found.schedules:
        with contextlib.suppress(Unsayable):
            yield _published(found, entity)


def _lost(found: Found) -> Iterator[tuple[str, str]]:
    """Yield the name of each other schedule, and why the file cannot say it."""
    for entity in found.schedules:
        try:
            _published(found, entity)
        except Unsayable as error:
            yield str(entity.get("Name")), str(error)


def _published(found: Found, entity: Json) -> Published:
    name, about = str(entity.get("Name") or ""), mapping(entity.get("PipelineSubmissionInfo"))
    if str(entity.get("EntityStatus")) not in _ACTIVE:
        raise Unsayable(f"It is not active ({in_words(entity)}). To keep it so, add it, publish, and pause it at once.")
    if entity.get("DataStoreTriggerInfo") or not entity.get("Recurrence"):
        cure = "Start the pipeline from Event Grid or Logic Apps."
        raise Unsayable(f"It is triggered by files ({in_words(entity)}). {cure}")
    recurrence = mapping(entity.get("Recurrence"))
    zone = str(recurrence.get("TimeZone") or "UTC")
    if zone != "UTC" and zones.iana_name(zone) is None:
        raise Unsayable(
            f"Its time zone is unknown ({in_words(entity)}). Add it with an IANA name, such as Europe/Paris."
        )
    mark = mark_in(str(about.get("Description") or ""))
    key = (mark.schedule if mark else None) or name.removeprefix(f"{found.endpoint}.")
    return Published(name, key, _recurrence(recurrence), zone, entity)


def in_words(entity: Json) -> str:
    """Return all that is known of when a schedule starts, as JSON without secrets."""
    trigger = mapping(entity.get("Recurrence")) or mapping(entity.get("DataStoreTriggerInfo"))
    return json.dumps({key: value for key, value in trigger.items() if value is not None}, ensure_ascii=False)


def _numbers(values: object) -> tuple[int, ...]:
    """Return numbers, which may be texts. Raises Unsayable."""
    try:
        return tuple(int(str(value)) for value in sequence(values))
    except ValueError:
        raise Unsayable(f"{values} are not times or an interval") from None


def _recurrence(entity: Json) -> Recurrence:
    """Return a recurrence of Azure ML. Raises Unsayable."""
    times = mapping(entity.get("Schedule"))
    keys: dict[str, Any] = {
        "frequency": str(entity.get("Frequency")).lower(),
        "interval": _numbers([entity.get("Interval") or 1])[0],
        "hours": _numbers(times.get("Hours")) or None,
        "minutes": _numbers(times.get("Minutes")) or None,
        "week_days": tuple(str(day).lower() for day in sequence(times.get("WeekDays"))) or None,
        "start_time": str(entity["StartTime"])[:19] if entity.get("StartTime") else None,
    }
    try:
        return inverse.understood(keys)
    except ValueError as error:
        raise Unsayable(f"{error} ({in_words({'Recurrence': entity})})") from None


def documents(
    found: Found, naming: Naming, entries: Mapping[str, Any], experiment: str
) -> tuple[dict[str, Any], list[Loss]]:
    """Return `schedules:` and what is lost; ``entries`` are the parameters of the document."""
    schedules, losses = {}, []
    for name, why in _lost(found):
        losses.append(Loss(f"schedule {name}", "the schedule", why))
    for one in published(found):
        notes = Notes(f"schedule {one.name}", losses)
        schedules[name_of(one, naming)] = _document(found, naming, one, entries, notes)
        other = mapping(one.entity.get("PipelineSubmissionInfo")).get("ExperimentName")
        if other and other != experiment:
            notes.lose(f"experiment {other}", f"All schedules of a file run in its own experiment, {experiment}.")
        if mapping(one.entity.get("PipelineSubmissionInfo")).get("ContinueRunOnStepFailure"):
            notes.lose(*GOING_ON)
        if one.entity.get("PipelineId"):
            cure = "When published, it runs the endpoint, as all schedules do."
            notes.lose("the published pipeline that it runs", cure)
    return schedules, losses


def name_of(one: Published, naming: Naming) -> str:
    """Return the name of a schedule in the file."""
    return naming.names.give("schedule", one.key, key=str(one.entity.get("Id")))


def _document(found: Found, naming: Naming, one: Published, entries: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    given = {}
    for name, text in _assigned(one).items():
        here = naming.parameters.get(name, name)
        if here not in entries or fault(text, "string") or is_secret(name, text):
            notes.lose(
                f"value {masked(name, text)} of parameter {name}", "No step receives it, or the file must not have it."
            )
        else:
            given[here] = text
    keys = {
        **inverse.written(one.recurrence),
        "time_zone": one.zone if one.zone == "UTC" else zones.iana_name(one.zone),
        "parameters": parameters.values(given, entries),
        "datasets": _datasets(found, naming, one, notes),
    }
    return {key: value for key, value in keys.items() if value and (key, value) != ("time_zone", "UTC")}


def _assigned(one: Published) -> dict[str, str]:
    given = mapping(mapping(one.entity.get("PipelineSubmissionInfo")).get("ParameterAssignments"))
    return {str(name): str(text) for name, text in given.items()}


def assigned_data(found: Found, one: Published) -> dict[str, Data]:
    """Return the data that a schedule sets, by the parameters of the pipeline."""
    about = mapping(one.entity.get("PipelineSubmissionInfo"))
    paths = mapping(about.get("DataPathAssignments")).items()
    saved = mapping(about.get("DataSetDefinitionValueAssignments")).items()
    return {
        **{str(name): Data(**inputs.on_datastore(mapping(path))) for name, path in paths},
        **{str(name): Data(**inputs.referred(found, mapping(value))) for name, value in saved},
    }


def _datasets(found: Found, naming: Naming, one: Published, notes: Notes) -> dict[str, str]:
    places: dict[str, str] = {}
    for parameter, given in assigned_data(found, one).items():
        named = {name for known, name in naming.datasets.items() if known.parameter == parameter}
        if given.why or not named:
            notes.lose(f"data of parameter {parameter}", given.why or "No step reads it.")
        places |= {name: given.place for name in named if not given.why}
    return places
