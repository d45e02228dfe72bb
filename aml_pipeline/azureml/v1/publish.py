"""Publishes a pipeline: determines what the workspace should have and what it has; goes back to an earlier version."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.publication import (
    Actual,
    Change,
    Timing,
    Wanted,
    WantedSchedule,
    Whose,
    changes,
    endpoint_name,
    firing_too,
    identity,
    left_alone,
    moved_back,
    require_own,
    schedule_changes,
    stopped_pipeline,
)
from aml_pipeline.azureml.v1 import adopting, data, problems, published, registration
from aml_pipeline.azureml.v1.applying import Scheduled, apply, missing
from aml_pipeline.azureml.v1.compile import Compilation, compilation
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.origin import Origin, origin
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.files import digest_of
from aml_pipeline.core.problems import as_text
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of, token_as_data
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.project.snapshot.snapshot import contents

# Increased when the same steps or the same schedule are published differently.
_FORMAT = 2
_FORMAT_OF_SCHEDULES = 1
_DIGEST_LENGTH = 32


def publish(  # noqa: PLR0913 - each says another thing of how
    plan: Plan,
    workspace: Sdk,
    project: Project | None = None,
    *,
    dry_run: bool = False,
    adopt: bool | str = False,
    now: dt.datetime | None = None,
) -> list[Change]:
    """Bring the workspace up to date with ``plan``; return what changed, or with ``dry_run`` what would change.

    If nothing has to change, nothing is compiled or written. If it is stopped, the next call does the rest. Things that
    another project published under the same name are an error, or taken over with ``adopt``; if that is the name or id
    of an endpoint, this one and its schedules are taken over though nobody published them with this program. Raises
    UsageError if there is no such endpoint, PipelineError for what Azure ML could not run, AzureError when it refuses,
    MachineError when this machine does not know a schedule's time zone, or git cannot report the project's remote.
    """
    home = origin(plan.file)
    work = _work(plan, workspace, project)
    for warning in plan.located(list(sendable.same_names(work.plan))):
        say(as_text([warning], {}))
    scheduled = _scheduled(work.plan, workspace)
    wanted, actual = adopting.found(
        plan, workspace, _wanted(work, scheduled, _whose(plan, home, adopt=bool(adopt))), adopt
    )
    todo = changes(wanted, actual, missing(work, wanted, actual))
    for line in (*left_alone(wanted, actual), *firing_too(wanted, actual, todo), *_stopped(wanted, actual)):
        say(line)
    if dry_run:
        return adopting.noted(wanted, actual, todo)
    kept = home.keep()
    if kept:
        say(kept)
    done = apply(work, wanted, actual, scheduled, now or dt.datetime.now(dt.timezone.utc))
    return _with_addresses(workspace, adopting.noted(wanted, actual, done))


def content(plan: Plan, workspace: Sdk, project: Project | None = None) -> str:
    """Return the digest of everything that publishing ``plan`` would send, its version. Writes nothing.

    Raises PipelineError for what Azure ML could not run, AzureError when it refuses.
    """
    return _digest(_work(plan, workspace, project))


def _work(plan: Plan, workspace: Sdk, project: Project | None) -> Compilation:
    work = compilation(plan, workspace, project or project_of(plan), plan.steps, settable=True)
    work.plan = _afresh(work.plan)
    return work


def go_back(plan: Plan, workspace: Sdk, version: str, *, dry_run: bool = False) -> list[Change]:
    """Make an earlier published pipeline the default again; ``version`` is the beginning of a digest, or ``previous``.

    The next ``publish`` returns to the file's content. Raises UsageError when there is no such version.
    """
    name = endpoint_name(plan.name, plan.profile)
    wanted = Wanted(_whose(plan, origin(plan.file)), name, "", (), endpoint=name)
    actual = published.of_plan(plan, workspace, wanted.whose, name)
    if actual.endpoint:
        wanted = replace(wanted, endpoint=actual.endpoint.name)
    require_own(wanted, actual)
    change = moved_back(wanted, actual, version)
    if dry_run:
        return [change]
    if change.action == "update":
        with doing(f"moving the default of endpoint {change.name}"):
            provider = published.provider(workspace).pipeline_endpoint_provider
            provider.update_pipeline_endpoint(change.id, version=change.key)
    return _with_addresses(workspace, [change])


def schedules(plan: Plan, workspace: Sdk) -> tuple[Actual, Whose, list[Change]]:
    """Return what is published, the owner of ``plan``'s things, and the changes of schedules to make.

    Raises PipelineError for data that SDK v1 cannot set in a schedule, AzureError when Azure ML refuses.
    """
    name, whose = endpoint_name(plan.name, plan.profile), _whose(plan, origin(plan.file))
    actual = published.of_plan(plan, workspace, whose, name)
    adapted = adapt(plan)[0]
    wrong = list(problems.of_schedules(adapted))
    if wrong:
        raise plan.refusal(wrong)
    scheduled = _scheduled(adapted, workspace)
    wanted = Wanted(whose, name, "", _wanted_schedules(adapted, workspace, scheduled, name), endpoint=name)
    return actual, whose, list(schedule_changes(wanted, actual))


def _whose(plan: Plan, home: Origin, *, adopt: bool = False) -> Whose:
    return Whose(identity(plan.name, plan.profile), home.names, adopt)


def _afresh(plan: Plan) -> Plan:
    """Return the plan as it is published: SDK v1 schedules cannot force steps to run, so the steps disallow reuse."""
    return plan if plan.reuse else replace(plan, steps=tuple(replace(step, allow_reuse=False) for step in plan.steps))


def _wanted(work: Compilation, scheduled: Scheduled, whose: Whose) -> Wanted:
    plan = work.plan
    name = endpoint_name(plan.name, plan.profile)
    schedules = _wanted_schedules(plan, work.workspace, scheduled, name)
    return Wanted(whose, name, _digest(work), schedules, endpoint=name)


def _scheduled(plan: Plan, workspace: Sdk) -> Scheduled:
    """Return the values that schedules set for datasets, by the names of the parameters. Raises AzureError."""
    return {key: _data_of(plan, workspace, key) for key, schedule in plan.schedules.items() if schedule.datasets}


def _data_of(plan: Plan, workspace: Sdk, key: str) -> dict[str, Sdk]:
    return {
        ports.pipeline_input(plan, name): data.path(workspace, place)
        if sendable.is_path(plan.datasets[name])
        else data.dataset(workspace, name, replace(place, optional=False))
        for name, place in plan.data_of(key).items()
    }


def _wanted_schedules(plan: Plan, workspace: Sdk, scheduled: Scheduled, endpoint: str) -> tuple[WantedSchedule, ...]:
    return tuple(_schedule(plan, workspace, endpoint, key, scheduled.get(key, {})) for key in plan.schedules)


def _digest(work: Compilation) -> str:
    """Return a digest of everything that is sent to Azure ML to publish the pipeline, and of what it names there."""
    plan, models = work.plan, list(registration.registrations(work.plan))
    rows: list[object] = [
        _FORMAT,
        plan.description,
        {name: parameter.default for name, parameter in sorted(plan.parameters.items())},
        [_content(work, step) for step in sorted(plan.steps, key=lambda step: step.name)],
        [[step.name, output, model.name] for step, output, model in models],
    ]
    rows += [registration.text().decode()] if models else []
    read = sorted(ports.pipeline_input(plan, name) for name in datasets_of(plan.steps))
    rows += [read] if read else []  # they are parameters too
    only_read = work.bindings.only_read(work.plan.steps)
    rows += [["declared", *only_read]] if only_read else []  # so that what an older version published is replaced
    return digest_of(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogateescape"))[:_DIGEST_LENGTH]


def _content(work: Compilation, step: Step) -> list[object]:
    """Return what is sent of a step: what its digest says, and what that leaves to the SDK's fingerprint."""
    places = work.plan.datasets
    return [
        step.name,
        work.version(step),
        contents(work.project.snapshot(step)),
        work.bindings.resolved(step),
        step.allow_reuse,
        sorted([name, token_as_data(token)] for token, name in ports.names(step).items()),
        sorted(name for name in step.datasets if places[name].type == "table"),
        sorted(name for name, output in step.outputs.items() if output.overwrite),
    ]


def _schedule(plan: Plan, workspace: Sdk, endpoint: str, key: str, values: Mapping[str, Sdk]) -> WantedSchedule:
    schedule = plan.schedules[key]
    recurrence = schedule.recurrence
    monthly = recurrence.start if recurrence.frequency == "month" else None
    timing = Timing(
        frequency=recurrence.frequency.capitalize(),
        interval=recurrence.interval,
        hours=recurrence.hours,
        minutes=recurrence.minutes,
        week_days=tuple(day.capitalize() for day in recurrence.week_days),
        time_zone=schedule.windows_zone,
        at=f"day {monthly.day} at {monthly:%H:%M}" if monthly else "",
    )
    rows = [_FORMAT_OF_SCHEDULES, schedule.as_data(), plan.experiment, schedule.windows_zone]
    rows += [{name: data.version_of(value) for name, value in values.items()}] if values else []
    digest = digest_of(json.dumps(rows, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogateescape"))
    with doing(f"looking up the data of schedule {key}"):
        places = {name: data.assigned(workspace, value) for name, value in values.items()}
        parameters = {**schedule.parameters, **places}
    name, known = f"{endpoint}.{key}", plan.imported.schedules.get(key, "")
    digest, start = digest[:_DIGEST_LENGTH], f"{recurrence.start:%Y-%m-%dT%H:%M}" if recurrence.start else ""
    return WantedSchedule(key, name, plan.experiment, timing, parameters, digest, imported=known, start=start)


def _stopped(wanted: Wanted, actual: Actual) -> list[str]:
    """Return how to enable a pipeline that someone disabled, if it has the file's content."""
    there = stopped_pipeline(wanted, actual)
    if there is None:
        return []
    what = (
        f"Published pipeline {wanted.name}, version {wanted.digest[:12]}, is disabled, and publish does not enable it."
    )
    return [f'{what} Enable it with SDK v1: `PublishedPipeline.get(workspace, "{there.id}").enable()`.']


def _with_addresses(workspace: Sdk, done: list[Change]) -> list[Change]:
    """Return what was done with its addresses, or without them if the SDK no longer returns them."""
    try:
        with doing("looking up the addresses"):
            return [_with_address(workspace, change) for change in done]
    except AzureError as error:
        say(str(error))
        return done


def _with_address(workspace: Sdk, change: Change) -> Change:
    from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline

    if change.kind == "endpoint":
        return replace(change, address=PipelineEndpoint.get(workspace, id=change.id).endpoint or "")
    if change.kind == "published pipeline" and change.action != "disable":
        pipeline = PublishedPipeline.get(workspace, change.id)
        return replace(change, address=pipeline.endpoint or "", page=pipeline.get_portal_url() or "")
    return change
