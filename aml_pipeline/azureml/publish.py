"""Makes a workspace agree with the file: published pipeline, endpoint, schedules. The changes are worked out before."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from aml_pipeline import remote, schedule
from aml_pipeline.azureml import published
from aml_pipeline.azureml.compile import Compilation, compilation
from aml_pipeline.azureml.sdk import Sdk, doing
from aml_pipeline.errors import AzureError, MachineError
from aml_pipeline.files import Digests, digest_of
from aml_pipeline.plan import Plan
from aml_pipeline.project import Project
from aml_pipeline.publication import (
    Change,
    Found,
    Mark,
    Timing,
    Wanted,
    WantedSchedule,
    changes,
    endpoint_name,
    firing_too,
    identity,
    kept_pipeline,
    mark_in,
    marked,
    moved_back,
    schedule_changes,
)
from aml_pipeline.schedule import timetable
from aml_pipeline.workspace.waiting import say

# Raised when what is published of the same file becomes another thing.
_FORMAT = 1
_DIGEST_LENGTH = 32


def publish(
    plan: Plan, workspace: Sdk, project: Project | None = None, *, dry_run: bool = False, now: dt.datetime | None = None
) -> list[Change]:
    """Make the workspace agree with ``plan``; return what changed, or with ``dry_run`` what would.

    Where nothing is to be done, nothing is compiled and nothing is written. Stopped anywhere, the next call does the
    rest. Raises PipelineError for what Azure ML could not run, AzureError when it refuses, MachineError when this
    machine knows nothing of a schedule's time zone.
    """
    work = compilation(_afresh(plan), workspace, project or Project(plan, Digests()), plan.steps)
    wanted = _wanted(work)
    found = published.look(workspace, wanted.name)
    _refuse_others(wanted.identity, wanted.name, found)
    _refuse_unmarked(wanted, found)
    todo = [*_missing(work), *changes(wanted, found)]
    for line in firing_too(wanted, found, todo):
        say(line)
    if dry_run:
        return todo
    done = _apply(work, wanted, found, todo, now or dt.datetime.now(dt.timezone.utc))
    return _with_addresses(workspace, done)


def go_back(plan: Plan, workspace: Sdk, version: str, *, dry_run: bool = False) -> list[Change]:
    """Make an earlier published pipeline the default again; ``version`` is a digest's beginning, or ``previous``.

    The next ``publish`` moves on to what the file says. Raises UsageError when there is no such version.
    """
    name, whose = endpoint_name(plan.name, plan.profile), identity(plan.name, plan.profile)
    found = published.look(workspace, name)
    _refuse_others(whose, name, found)
    one = moved_back(whose, name, found, version)
    if dry_run:
        return [one]
    if one.action == "update":
        with doing(f"moving the default of endpoint {name}"):
            provider = published.provider(workspace).pipeline_endpoint_provider
            provider.update_pipeline_endpoint(one.id, version=one.key)
    return _with_addresses(workspace, [one])


def schedules(plan: Plan, workspace: Sdk) -> tuple[Found, str, list[Change]]:
    """Return what is published, whose the things of ``plan`` are, and what ``publish`` would do about schedules."""
    name, whose = endpoint_name(plan.name, plan.profile), identity(plan.name, plan.profile)
    found = published.look(workspace, name)
    wanted = Wanted(whose, name, "", _wanted_schedules(plan, name, remote.received(plan, plan.steps)))
    return found, whose, list(schedule_changes(wanted, found))


def _afresh(plan: Plan) -> Plan:
    """Return the plan as it is published: SDK v1 cannot tell a schedule to run its steps anew, so the steps say it."""
    return plan if plan.reuse else replace(plan, steps=tuple(replace(one, allow_reuse=False) for one in plan.steps))


def _wanted(work: Compilation) -> Wanted:
    plan = work.plan
    name = endpoint_name(plan.name, plan.profile)
    received = work.received()
    for key, one in plan.schedules.items():
        for dropped in sorted(one.parameters.keys() - received):
            say(f'No step receives the parameter "{dropped}", so schedule {key} does not set it.')
    schedules = _wanted_schedules(plan, name, received)
    return Wanted(identity(plan.name, plan.profile), name, _digest(work, received), schedules)


def _wanted_schedules(plan: Plan, endpoint: str, received: Container[str]) -> tuple[WantedSchedule, ...]:
    return tuple(_schedule(plan, endpoint, key, received) for key in plan.schedules)


def _digest(work: Compilation, received: Container[str]) -> str:
    """Return a digest of all that reaches Azure ML when the pipeline is published, and of what it names there."""
    plan, project = work.plan, work.project
    rows = [
        _FORMAT,
        plan.description,
        {name: one.default for name, one in sorted(plan.parameters.items()) if name in received},
        [
            [step.name, work.version(step, project.snapshot(step).script), remote.contents(project.snapshot(step)),
             work.resolved(step), step.allow_reuse]
            for step in sorted(plan.steps, key=lambda one: one.name)
        ],
    ]  # fmt: skip
    return digest_of(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogateescape"))[:_DIGEST_LENGTH]


def _schedule(plan: Plan, endpoint: str, key: str, received: Container[str]) -> WantedSchedule:
    declared = plan.schedules[key]
    read = schedule.read(declared)
    recurrence = read.recurrence
    monthly = recurrence.start if recurrence.frequency == "month" else None
    timing = Timing(
        frequency=recurrence.frequency.capitalize(),
        interval=recurrence.interval,
        hours=recurrence.hours,
        minutes=recurrence.minutes,
        week_days=tuple(one.capitalize() for one in recurrence.week_days),
        time_zone=read.windows_zone,
        at=f"day {monthly.day} at {monthly:%H:%M}" if monthly else "",
    )
    values = {name: text for name, text in declared.parameters.items() if name in received}
    rows = [_FORMAT, {**asdict(declared), "parameters": values}, plan.experiment, read.windows_zone]
    digest = digest_of(json.dumps(rows, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogateescape"))
    return WantedSchedule(key, f"{endpoint}.{key}", plan.experiment, timing, values, digest[:_DIGEST_LENGTH])


def _missing(work: Compilation) -> list[Change]:
    """Return what is made besides, because it is not there: environments and clusters."""
    environments = [(one, work.versions[one][0]) for one, there in work.environments.items() if there is None]
    targets = [one for one, there in work.targets.items() if there is None]
    return [
        *(Change("create", "environment", str(one.name), (f"version {version}",)) for one, version in environments),
        *(Change("create", "compute target", one.name, (str(one.vm_size),)) for one in targets),
    ]


def _refuse_others(whose: str, name: str, found: Found) -> None:
    """Refuse to change an endpoint that is not this pipeline's. Raises AzureError."""
    there = found.endpoint
    mark = mark_in(there.description) if there else None
    if there and (mark is None or mark.identity != whose):
        what = f"The workspace has a pipeline endpoint {name} that was not made by publishing {whose}."
        raise AzureError(f"{what} Rename the pipeline in the file, or the endpoint in the portal.")


def _refuse_unmarked(wanted: Wanted, found: Found) -> None:
    """Refuse to make a second schedule where somebody took the mark out of the first. Raises AzureError."""
    names = {one.name for one in wanted.schedules}
    for one in found.schedules:
        ours = found.endpoint is not None and one.endpoint == found.endpoint.id and one.name in names
        if ours and one.active and mark_in(one.description) is None:
            what = f"Schedule {one.name} runs endpoint {wanted.name}, but its description no longer tells whose it is."
            raise AzureError(f"{what} Disable it in the portal, and publish again; the next one is made anew.")


def _apply(work: Compilation, wanted: Wanted, found: Found, todo: Iterable[Change], now: dt.datetime) -> list[Change]:
    """Do what is to be done; return it with the ids of what was made. Whoever listens hears what stands if it fails."""
    there = kept_pipeline(wanted, found)
    endpoint = found.endpoint.id if found.endpoint else ""
    recurrences = {one.key: _recurrence(work.plan, one, now) for one in wanted.schedules}
    doing_so = _Applied(work, wanted, found, recurrences, there.id if there else "", endpoint)
    done: list[Change] = []
    try:
        for one in todo:
            done.append(one if one.action == "unchanged" else replace(one, id=doing_so.apply(one)))  # noqa: PERF401 - it may stop anywhere
    except AzureError:
        made = [f"{one.kind} {one.name}" for one in done if one.action != "unchanged"]
        if made:
            say(f"Done before it failed: {', '.join(made)}. `aml-pipeline publish` does the rest.")
        raise
    return done


def _with_addresses(workspace: Sdk, done: list[Change]) -> list[Change]:
    """Return what was done with the addresses that the SDK has of it; without them, if it cannot tell any more."""
    try:
        with doing("looking up the addresses"):
            return [_with_address(workspace, one) for one in done]
    except AzureError as error:
        say(str(error))
        return done


def _with_address(workspace: Sdk, one: Change) -> Change:
    from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline

    if one.kind == "endpoint":
        return replace(one, address=PipelineEndpoint.get(workspace, id=one.id).endpoint or "")
    if one.kind == "published pipeline" and one.action != "disable":
        pipeline = PublishedPipeline.get(workspace, one.id)
        return replace(one, address=pipeline.endpoint or "", page=pipeline.get_portal_url() or "")
    return one


@dataclass(slots=True)
class _Applied:
    """What is needed to do one change after the other: the ids of what the earlier ones made."""

    work: Compilation
    wanted: Wanted
    found: Found
    recurrences: Mapping[str, Sdk]
    pipeline: str
    endpoint: str

    def apply(self, one: Change) -> str:
        """Do one change; return the id of what it is about."""
        with doing(f"publishing {one.kind} {one.name}"):
            if one.kind in {"environment", "compute target"}:
                self.work.make(self.work.plan.steps)
                return one.id
            if one.kind == "published pipeline":
                known = _apply_pipeline(self.work, self.wanted, one)
                self.pipeline = known if one.action == "create" else self.pipeline
                return known
            if one.kind == "endpoint":
                self.endpoint = _apply_endpoint(self.work.workspace, self.wanted, self.found, self.pipeline, one)
                return self.endpoint
            return _apply_schedule(self.work, self.wanted, self.found, self.endpoint, one, self.recurrences)


def _apply_pipeline(work: Compilation, wanted: Wanted, one: Change) -> str:
    provider = published.provider(work.workspace).published_pipeline_provider
    if one.action == "disable":
        provider.set_status(one.id, "Disabled")
        return one.id
    work.make(work.plan.steps)
    description = marked(work.plan.description, Mark(wanted.identity, None, wanted.digest))
    made = work.pipeline().publish(name=wanted.name, description=description, version=wanted.digest)
    return str(made.id)


def _apply_endpoint(workspace: Sdk, wanted: Wanted, found: Found, pipeline: str, one: Change) -> str:
    from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline

    if one.action == "create":
        target = PublishedPipeline.get(workspace, pipeline)
        description = marked(None, Mark(wanted.identity, None, "0"))  # its content is its default version's
        return str(PipelineEndpoint.publish(workspace, wanted.name, description, target).id)
    there = found.endpoint
    assert there is not None  # noqa: S101 - it is to be updated
    known = next((version for version, known in there.versions.items() if known == pipeline), None)
    provider = published.provider(workspace).pipeline_endpoint_provider
    if known is not None:
        provider.update_pipeline_endpoint(there.id, version=known)
    else:
        provider.update_pipeline_endpoint(there.id, pipeline_id=pipeline, add_default=True)
    return there.id


def _apply_schedule(  # noqa: PLR0913, PLR0917 - all that a schedule is made of
    work: Compilation, wanted: Wanted, found: Found, endpoint: str, one: Change, recurrences: Mapping[str, Sdk]
) -> str:
    provider = published.provider(work.workspace).schedule_provider
    if one.action in {"disable", "replace"}:
        provider.update_schedule(one.id, status="Disabled", description=_put_away(found, one.id))
    if one.action == "disable":
        return one.id
    declared = next(known for known in wanted.schedules if known.key == one.key)
    given = {
        "name": declared.name,
        "description": marked(work.plan.description, Mark(wanted.identity, declared.key, declared.digest)),
        "recurrence": recurrences[declared.key],
        "pipeline_parameters": dict(declared.parameters),
    }
    if one.action == "update":
        status = {"status": "Active"} if _is_put_away(found, one.id) else {}
        provider.update_schedule(one.id, **given, **status)
        return one.id
    from azureml.pipeline.core import Schedule

    where = {"pipeline_endpoint_id": endpoint, "experiment_name": declared.experiment}
    return str(Schedule.create_for_pipeline_endpoint(work.workspace, **where, **given).id)


def _description(found: Found, known: str) -> str:
    return next(one.description for one in found.schedules if one.id == known)


def _put_away(found: Found, known: str) -> str:
    """Return the description of a schedule that is disabled by this program, and not paused by a person."""
    description = _description(found, known)
    mark = mark_in(description)
    assert mark is not None  # noqa: S101 - else it would be somebody else's
    return marked(description.rpartition("\n")[0], replace(mark, disabled=True))


def _is_put_away(found: Found, known: str) -> bool:
    mark = mark_in(_description(found, known))
    return mark is not None and mark.disabled


def _recurrence(plan: Plan, declared: WantedSchedule, now: dt.datetime) -> Sdk:
    """Return the SDK's recurrence, which begins with the next time: without a start it would fire at once."""
    from azureml.pipeline.core import ScheduleRecurrence
    from azureml.pipeline.core.schedule import TimeZone

    one = plan.schedules[declared.key]
    read = schedule.read(one)
    try:
        zone = timetable.zone_of(one.time_zone)
    except KeyError:  # ZoneInfoNotFoundError is one
        message = f"This machine has no data of the time zone {one.time_zone}. Install it: `pip install tzdata`."
        raise MachineError(message) from None
    start = timetable.start_time(read.pattern, read.recurrence, zone, now)
    given: Mapping[str, object] = read.recurrence.starting(start).as_data()
    return ScheduleRecurrence(**given, time_zone=TimeZone(read.windows_zone))
