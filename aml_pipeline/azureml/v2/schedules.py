"""Creates and updates schedules; an update keeps everything that the file does not declare, such as a pause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from aml_pipeline.azureml.publication import Mark, Schedule
from aml_pipeline.azureml.v2.marks import mark_of, marked
from aml_pipeline.azureml.v2.sdk import POLLING, Sdk, doing, scope

Entity = dict[str, Any]
# What the file declares of a schedule and of its job. The last two say what a job runs if it has no component.
_DECLARED = ("displayName", "trigger")
_OF_JOB = ("componentId", "description", "displayName", "experimentName", "inputs", "outputs", "settings", "tags")
_INSTEAD = ("sourceJobId", "jobs")


def set_active(client: Sdk, schedule: Schedule, *, active: bool) -> None:
    """Enable or disable a schedule as a person would, and keep everything else of it.

    The SDK's own ``begin_disable`` does not keep it.
    """
    with doing(f"{'resuming' if active else 'pausing'} schedule {schedule.name}"):
        change(client, schedule.id, partial(_with_activity, active=active))


def _with_activity(there: Entity, mark: Mark | None, *, active: bool) -> None:
    there["isEnabled"] = active
    if mark:
        with_mark(there, Mark(mark.identity, mark.schedule, mark.digest, origin=mark.origin))


def change(client: Sdk, name: str, do: Callable[[Entity, Mark | None], None]) -> None:
    """Let ``do`` change the properties of a schedule, whose mark it gets too."""
    schedules = client.schedules.service_client
    body = schedules.get(name=name, **scope(client)).as_dict(exclude_readonly=True)
    there = body["properties"]
    do(there, mark_of(there.get("tags")))
    put(client, name, body)


def put(client: Sdk, name: str, body: Entity) -> None:
    """Put a schedule as a whole."""
    schedules = client.schedules.service_client
    schedules.begin_create_or_update(name=name, body=body, **POLLING, **scope(client)).result()


def with_mark(there: Entity, mark: Mark) -> None:
    """Replace the mark of a schedule; tags of others stay."""
    there["tags"] = marked(there.get("tags"), mark)


def declared(client: Sdk, file: str) -> Entity:
    """Return the properties of the schedule in a file of v2, as the SDK sends them."""
    from azure.ai.ml.entities._load_functions import load_schedule

    schedule: Sdk = load_schedule(file)
    schedule._validate(raise_error=True)  # noqa: SLF001 - as the SDK does before it sends one
    return _rest(client, schedule)


def job(client: Sdk, file: str) -> Entity:
    """Return the job in a file of v2 as a schedule runs it."""
    from azure.ai.ml import load_job
    from azure.ai.ml.entities import JobSchedule

    schedule = JobSchedule(name="", trigger=None, create_job=load_job(file))
    definition: Entity = _rest(client, schedule)["action"]["jobDefinition"]
    return definition


def _rest(client: Sdk, schedule: Sdk) -> Entity:
    """Return what ``ScheduleOperations.begin_create_or_update`` would send of a schedule."""
    client.schedules._job_operations._resolve_arm_id_or_upload_dependencies(schedule.create_job)  # noqa: SLF001
    properties: Entity = schedule._to_rest_object().as_dict()["properties"]  # noqa: SLF001
    return properties


def declare(there: Entity, mark: Mark | None, new: Entity) -> None:
    """Replace what the file declares, and keep the rest: a pause, the end of the trigger, additions to the job.

    Only a schedule that this program disabled is enabled. A description leaves with that of the file, which the job
    has too; another one is a person's.
    """
    there["isEnabled"] = there.get("isEnabled") is not False or (mark is not None and mark.disabled)
    action, before = new["action"], there.get("action") or {}
    definition = before.get("jobDefinition") or {}
    if new.get("description") or there.get("description") == definition.get("description"):
        _replace(there, new, ("description",))
    end = (there.get("trigger") or {}).get("endTime")
    _replace(there, new, _DECLARED)
    if end:
        there["trigger"]["endTime"] = end
    if definition.get("jobType") == action["jobDefinition"]["jobType"]:
        _replace(definition, action["jobDefinition"], (*_OF_JOB, *_INSTEAD))
    else:
        there["action"] = action


def run_version(there: Entity, runs: Entity) -> None:
    """Let a schedule run another version, ``runs``: with its settings and outputs, and the schedule's reuse."""
    definition = there["action"]["jobDefinition"]
    forced = (definition.get("settings") or {}).get("force_rerun")
    _replace(definition, runs, ("componentId", "outputs", "settings"))
    if forced is not None:
        definition["settings"]["force_rerun"] = forced


def _replace(there: Entity, new: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Give ``there`` what ``new`` has under the keys, and nothing where it has nothing."""
    for key in keys:
        there.pop(key, None)
        if new.get(key) is not None:
            there[key] = new[key]
