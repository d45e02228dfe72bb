"""Reads what is published in a workspace, in a few requests.

The SDK's own objects hide what matters here (experiment and parameters of a schedule, creation time of a pipeline) and
cannot be built from what other programs wrote, so the raw entities are requested from its clients.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

from aml_pipeline.azureml.publication import Actual, Endpoint, Pipeline, Schedule, Timing, Whose, with_imported
from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1 import data
from aml_pipeline.azureml.v1.marks import mark_in, marked, text_in
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, status_of
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.pipeline.plan.model import Plan

# A list has at most as many as are asked for, and there is no way to ask for the rest.
_MOST_ENDPOINTS = 10_000
# Ids of Azure ML, and the names that `PipelineEndpoint.archive` gives.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ACTIVE = frozenset({"0", "Active", None})
WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def provider(workspace: Sdk) -> Sdk:
    """Return the SDK's provider for pipelines, created in the same way as the SDK does."""
    from azureml.pipeline.core._graph_context import _GraphContext

    return _GraphContext("placeholder", workspace).workflow_provider


def look(workspace: Sdk, endpoint: str) -> Actual:
    """Return all published pipelines and schedules of a workspace, including disabled ones, and the named endpoint."""
    require_v1(workspace)
    with doing("looking up what is published"):
        service = provider(workspace)._service_caller  # noqa: SLF001 - see above
        pipelines = service.get_all_published_pipelines(active_only=False)
        schedules = service.get_all_schedules_async(active_only=False)
        return Actual(
            tuple(map(_pipeline, pipelines)), _endpoint_called(service, endpoint), tuple(map(_schedule, schedules))
        )


def of_plan(plan: Plan, workspace: Sdk, whose: Whose, endpoint: str) -> Actual:
    """Return all of a workspace, with the plan's endpoint: that name, or another one with a mark, if it was taken over.

    One of that name that somebody else made does not hide the one that was taken over. The published pipeline that the
    file was imported from counts as ours, if the import found it to be the same.
    """
    actual = look(workspace, endpoint)
    there = actual.endpoint
    if there is None or there.mark is None or there.mark.identity != whose.identity:
        actual = replace(actual, endpoint=_endpoint_with_mark(workspace, whose) or there)
    return with_imported(plan.imported, whose, actual)


def endpoint_called(workspace: Sdk, name: str) -> Endpoint:
    """Return the endpoint with that name or id. Raises UsageError if there is none."""
    with doing(f"looking up endpoint {name}"):
        service = provider(workspace)._service_caller  # noqa: SLF001 - see above
        found = _endpoint_called(service, name) or _endpoint_with_id(service, name)
        known = [] if found else [str(entity.name) for entity in _endpoints(service)]
    if found is None:
        raise UsageError(f'The workspace has no pipeline endpoint "{name}". {suggest(name, known)}'.rstrip())
    return found


def endpoint_with_id(workspace: Sdk, known: str) -> Endpoint | None:
    """Return the endpoint with that id, if there is one. Raises AzureError."""
    with doing("looking up the endpoint that the pipeline was imported from"):
        return _endpoint_with_id(provider(workspace)._service_caller, known)  # noqa: SLF001 - see above


def _endpoint_with_id(service: Sdk, known: str) -> Endpoint | None:
    is_id = _ID.fullmatch(known)
    return _found(lambda: service.get_pipeline_endpoint_by_id_async(endpoint_id=known)) if is_id else None


def _endpoint_with_mark(workspace: Sdk, whose: Whose) -> Endpoint | None:
    """Return the endpoint with the mark of this pipeline, if there is one, whatever its name; not an archived one."""
    with doing("looking up the pipeline endpoints"):
        service = provider(workspace)._service_caller  # noqa: SLF001 - see above
        found = [_endpoint(entity) for entity in _endpoints(service)]
    ours = [known for known in found if known.mark and known.mark.identity == whose.identity]
    return next((known for known in ours if not is_archived(known)), None)


def is_archived(endpoint: Endpoint) -> bool:
    """Whether somebody archived it: the SDK disables it and names it like an id."""
    return not endpoint.active and _ID.fullmatch(endpoint.name) is not None


def _endpoints(service: Sdk) -> list[Sdk]:
    found = service.get_all_pipeline_endpoints_async(active_only=False, max_results=_MOST_ENDPOINTS)
    return sorted(found or (), key=lambda entity: (str(entity.created_date), entity.id))


def set_active(workspace: Sdk, schedule: Schedule, *, active: bool) -> None:
    """Enable or disable a schedule as a person would, and keep everything else of it."""
    mark, status = schedule.mark, "Active" if active else "Disabled"
    given = {"description": marked(schedule.text, replace(mark, disabled=False))} if mark and mark.disabled else {}
    with doing(f"{'resuming' if active else 'pausing'} schedule {schedule.name}"):
        provider(workspace).schedule_provider.update_schedule(schedule.id, status=status, **given)


def _pipeline(entity: Sdk) -> Pipeline:
    return Pipeline(entity.id, mark_in(entity.description), entity.entity_status in _ACTIVE, str(entity.created_date))


def _endpoint_called(service: Sdk, name: str) -> Endpoint | None:
    return _found(lambda: service.get_pipeline_endpoint_by_name_async(name=name))


def _found(ask: Callable[[], Sdk]) -> Endpoint | None:
    try:
        entity = ask()
    except Exception as error:  # the SDK raises bare Exception
        if status_of(error) == NOT_FOUND:
            return None
        raise
    return _endpoint(entity) if entity is not None else None


def _endpoint(entity: Sdk) -> Endpoint:
    versions = {version.version: version.pipeline_id for version in entity.pipeline_version_list or ()}
    active = entity.entity_status in _ACTIVE
    mark, text = mark_in(entity.description), text_in(entity.description)
    return Endpoint(entity.id, mark, entity.default_version, versions, active, text, name=entity.name or "")


def _schedule(entity: Sdk) -> Schedule:
    info = entity.pipeline_submission_info
    description = info.description if info else None
    mark = mark_in(description)
    return Schedule(
        id=entity.id,
        name=entity.name or "",
        mark=mark,
        active=entity.entity_status in _ACTIVE,
        runs=entity.pipeline_endpoint_id or entity.pipeline_id,
        experiment=info.experiment_name if info else None,
        timing=_timing(entity.recurrence) if entity.recurrence else None,
        parameters=_parameters(info) if info else None,
        created=str(entity.created_date),
        text=text_in(description),
        start=_start(entity.recurrence) if entity.recurrence else "",
    )


def _parameters(info: Sdk) -> dict[str, str]:
    """Return the values of all parameters, those for data as ``data.assigned`` says."""
    paths = {
        name: data.path_as_text(path.data_store_name, path.relative_path)
        for name, path in (info.data_path_assignments or {}).items()
    }
    rows = (info.data_set_definition_value_assignments or {}).items()
    references = ((name, value.saved_data_set_reference or value.data_set_reference) for name, value in rows)
    datasets = {name: str(reference.id) for name, reference in references if reference}
    return {**(info.parameter_assignments or {}), **paths, **datasets}


def _timing(entity: Sdk) -> Timing:
    """Return when a recurrence fires; the time and day of the week that it does not have are those of its start."""
    from azureml.pipeline.core._restclients.aeva.service_caller_base import AE3PServiceCallerBase as Words

    schedule, begin = entity.schedule, _begin(entity)
    days = Words.week_days_from_enum(schedule.week_days) if schedule else None
    frequency = str(Words.frequency_from_enum(entity.frequency))
    hours = tuple(sorted(schedule.hours or ())) if schedule else ()
    minutes = tuple(sorted(schedule.minutes or ())) if schedule else ()
    week_days = tuple(day for day in WEEK_DAYS if day in (days or ()))
    if begin and frequency in {"Day", "Week"}:
        hours, minutes = hours or (begin.hour,), minutes or (begin.minute,)
        week_days = week_days or (WEEK_DAYS[begin.weekday()],) if frequency == "Week" else ()
    return Timing(
        frequency=frequency,
        interval=int(entity.interval or 1),
        hours=hours,
        minutes=minutes,
        week_days=week_days,
        time_zone=str(getattr(entity.time_zone, "value", entity.time_zone)),
        at=f"day {begin.day} at {begin:%H:%M}" if begin and frequency == "Month" else "",
    )


def _begin(entity: Sdk) -> dt.datetime | None:
    """Return the start of a recurrence, such as ``2026-12-01T02:00:00``."""
    try:
        return dt.datetime.fromisoformat(_start(entity))
    except ValueError:
        return None


def _start(entity: Sdk) -> str:
    return str(entity.start_time or "")[: len("2026-12-01T02:00")]
