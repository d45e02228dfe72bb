"""Publishes a pipeline with SDK v2: determines what the workspace should have and what it has; goes back to a version.

The published pipeline is a version of a registered component, which the schedules and the batch endpoint run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.adaptation import adapt, said
from aml_pipeline.azureml.publication import (
    Actual,
    Change,
    Wanted,
    WantedSchedule,
    Whose,
    changes,
    firing_too,
    identity,
    of_trigger,
    repointed,
    require_own,
    schedule_changes,
    short,
)
from aml_pipeline.azureml.uploads import Upload
from aml_pipeline.azureml.v2 import assets, export, needs, published
from aml_pipeline.azureml.v2.applying import Work, apply
from aml_pipeline.azureml.v2.export import running, whole
from aml_pipeline.azureml.v2.export import schedules as exported
from aml_pipeline.azureml.v2.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace import storage
from aml_pipeline.azureml.workspace.origin import Origin, origin
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError, UsageError, UserError
from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.project.snapshot.snapshot import contents

# Increased when the same steps or the same schedule are published differently.
_FORMAT = 1
_FORMAT_OF_SCHEDULES = 1
_DIGEST_LENGTH = 32


def publish(
    plan: Plan, client: Sdk, project: Project | None = None, *, dry_run: bool = False, adopt: bool = False
) -> list[Change]:
    """Bring the workspace up to date with ``plan``; return what changed, or with ``dry_run`` what would change.

    If nothing has to change, nothing is written. If it is stopped, the next call does the rest. Things that another
    project published under the same name are an error, or taken over with ``adopt``. Raises PipelineError for what
    Azure ML could not run, AzureError when it refuses, MachineError when git cannot report the project's remote.
    """
    project = project or project_of(plan)
    require_publishable(plan, project)
    home = origin(plan.file)
    content = _looked_up(plan, client, project)
    lacking = needs.missing(content.plan, content.new_data, client, project).without_sent_data()
    wanted = content.wanted(_whose(plan, home, adopt=adopt))
    actual = _own(wanted, client)
    todo = changes(wanted, actual)
    for line in firing_too(wanted, actual, todo):
        say(line)
    if dry_run:
        return [*(change for change, _ in lacking.ways()), *todo]
    kept = home.keep()
    if kept:
        say(kept)
    runs = running.of_version(content.plan)
    work = Work(content.plan, client, project, wanted, lacking, lambda: changes(wanted, _own(wanted, client)), runs)
    return _with_addresses(work, apply(work, todo), running.data_inputs(content.plan))


def require_publishable(plan: Plan, project: Project) -> None:
    """Raise PipelineError for what Azure ML would not accept of ``plan`` and its schedules. Works offline."""
    refusal.require_sendable(plan, project, plan.steps, lambda: export.problems(plan), sdk="v2 publish")


def go_back(plan: Plan, client: Sdk, version: str, *, dry_run: bool = False) -> list[Change]:
    """Make everything run an earlier version; ``version`` is the beginning of a digest, or ``previous``.

    The next ``publish`` returns to the file's content. Raises UsageError when there is no such version.
    """
    import_all()
    whose = _whose(plan, origin(plan.file))
    wanted = Wanted(whose, whole.name(plan), "", (), plan.endpoint or "", is_v2=True)
    actual = _own(wanted, client)
    wanted, todo = repointed(wanted, actual, version)
    known = published.version(client, wanted.name, wanted.digest)
    _require_fitting(wanted, actual, todo, known.inputs)
    if dry_run:
        return todo
    plan = adapt(plan)[0]
    runs = known.runs or running.of_version(plan)
    command = f"aml-pipeline publish --version {short(wanted.digest)}"
    left = partial(_left, wanted, client)
    work = Work(plan, client, project_of(plan), wanted, needs.NOTHING, left, runs, command)
    done = apply(work, todo)
    return _with_addresses(work, done, _data_of(work, known.inputs) if plan.endpoint else None)


def _data_of(work: Work, inputs: Mapping[str, bool]) -> dict[str, Any]:
    """Return the file's data for the inputs of a version; nothing if some is not in the workspace, or is not known."""
    try:
        plan, uploads, _ = needs.resolved(work.plan, work.client, work.project, pinned=True)
        with doing("looking up the data"):
            if any(storage.missing(assets.container(work.client, new.datastore), new) for new in uploads):
                return {}
    except UserError as error:
        say(str(error))
        return {}
    data = {name: place for name, place in running.data_inputs(plan).items() if name in inputs}
    return data if all(name in data for name, is_needed in inputs.items() if is_needed) else {}


def _own(wanted: Wanted, client: Sdk) -> Actual:
    """Return what the workspace has. Raises AzureError if someone else has things of the wanted names."""
    actual = published.look(client, wanted.name, wanted.endpoint)
    require_own(wanted, actual)
    return actual


def _left(wanted: Wanted, client: Sdk) -> list[Change]:
    """Return what is left of going back to the version that is wanted."""
    return repointed(wanted, _own(wanted, client), wanted.digest)[1]


def _require_fitting(wanted: Wanted, actual: Actual, todo: list[Change], inputs: Mapping[str, bool]) -> None:
    """Raise UsageError if the wanted version has other inputs than those that a schedule sets."""
    changed = {change.id for change in todo if change.kind == "schedule" and change.action == "update"}
    for schedule in actual.schedules:
        if schedule.id in changed:
            given = schedule.parameters or {}
            wrong = [
                f"has no input {name}, which schedule {schedule.name} sets" for name in given if name not in inputs
            ]
            wrong += [
                f"needs the input {name}, which schedule {schedule.name} does not set"
                for name, is_needed in inputs.items()
                if is_needed and name not in given
            ]
            if wrong:
                cure = "Publish from the commit of that version."
                raise UsageError(f"Version {short(wanted.digest)} of {wanted.name} {wrong[0]}. {cure}")


def schedules(plan: Plan, client: Sdk, project: Project | None = None) -> tuple[Actual, Whose, list[Change]]:
    """Return what is published, the owner of ``plan``'s things, and the changes of schedules to make.

    If the workspace lacks what the steps name, the schedules are not compared, and that is said. Raises PipelineError
    for what Azure ML could not run, AzureError when Azure ML refuses.
    """
    project = project or project_of(plan)
    require_publishable(plan, project)
    import_all()
    whose = _whose(plan, origin(plan.file))
    actual = published.look(client, whole.name(plan), plan.endpoint or "")
    try:
        wanted = _looked_up(plan, client, project).wanted(whose)
    except AzureError as error:
        say(f"The schedules cannot be compared with the file: {error}")
        return actual, whose, list(_uncompared(plan, whose, actual))
    return actual, whose, list(schedule_changes(wanted, actual))


def _uncompared(plan: Plan, whose: Whose, actual: Actual) -> Iterator[Change]:
    """Yield what can be said of the schedules if it is not known what publish would send."""
    for schedule in actual.schedules:
        mark = schedule.mark
        if mark and whose.owns(mark) and mark.schedule in plan.schedules:
            details = ("not compared with the file",)
            yield Change("unchanged", "schedule", schedule.name, details, schedule.id, mark.schedule or "")
    there = {schedule.id for schedule in actual.schedules}
    for key in plan.schedules:
        if exported.name(plan, key) not in there:
            when = str(of_trigger(exported.trigger(plan, key)))
            yield Change("create", "schedule", exported.v1_name(plan, key), (when,), key=key)


@dataclass(frozen=True, slots=True)
class _Content:
    """What is published of an adapted plan, in which all versions are known; ``new_data`` is uploaded for it."""

    plan: Plan
    project: Project
    new_data: list[Upload]

    def wanted(self, whose: Whose) -> Wanted:
        """Return what the workspace should have."""
        plan, name, digest = self.plan, whole.name(self.plan), self.digest()
        schedules = tuple(_schedule(plan, key) for key in plan.schedules)
        return Wanted(whose, name, digest, schedules, plan.endpoint or "", is_v2=True)

    def digest(self) -> str:
        """Return a digest of everything that is sent for the component: itself, those of the steps, their code.

        It is taken from the data, so how the files of an export are written does not count. A deployment of it is sent
        once, so its settings count too.
        """
        plan, project = self.plan, self.project
        components = export.components(plan, export.images(plan, project), export.code_folders(plan, project))
        code = {step.name: contents(project.snapshot(step)) for step in plan.steps}
        return _digest([_FORMAT, whole.data(plan, ""), components, code, dict(plan.tags), running.of_version(plan)])


def _looked_up(plan: Plan, client: Sdk, project: Project) -> _Content:
    """Look up what the plan names in the workspace, and say what will be missing in Azure ML."""
    import_all()
    plan, new_data, remarks = needs.resolved(plan, client, project, pinned=True)
    for text in [*said(remarks), *_unpinned(plan)]:
        say(text)
    return _Content(plan, project, new_data)


def _unpinned(plan: Plan) -> Iterator[str]:
    """Yield a line for each environment of a registry without a version, which is not looked up."""
    for environment in dict.fromkeys(step.environment for step in plan.steps):
        if environment and environment.registry and not environment.version:
            which = f"Environment {environment.registered} of registry {environment.registry}"
            yield f"{which} has no version, so publish does not notice a newer one. To pin it, add `version:`."


def _digest(rows: list[object]) -> str:
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False)
    return digest_of(text.encode("utf-8", "surrogateescape"))[:_DIGEST_LENGTH]


def _whose(plan: Plan, home: Origin, *, adopt: bool = False) -> Whose:
    return Whose(identity(plan.name, plan.profile), home.names, adopt)


def _schedule(plan: Plan, key: str) -> WantedSchedule:
    job = running.job_data(plan, key)
    inputs = job.get("inputs") or {}
    return WantedSchedule(
        key=key,
        name=exported.v1_name(plan, key),
        experiment=plan.experiment,
        timing=of_trigger(exported.trigger(plan, key)),
        parameters={name: given["path"] if isinstance(given, dict) else str(given) for name, given in inputs.items()},
        digest=_digest([_FORMAT_OF_SCHEDULES, running.schedule_data(plan, key), job]),
        id=exported.name(plan, key),
        reuse=plan.reuse_of(key),
    )


def _with_addresses(work: Work, done: list[Change], data: Mapping[str, Any] | None = None) -> list[Change]:
    """Return what was done with its addresses, or without them if Azure ML does not return them.

    ``data`` are the inputs that a caller of the endpoint must name.
    """
    try:
        with doing("looking up the addresses"):
            return [_with_address(work, change, data or {}) for change in done]
    except UserError as error:
        say(str(error))
        return done


def _with_address(work: Work, change: Change, data: Mapping[str, Any]) -> Change:
    if change.kind == "endpoint" and change.name == work.wanted.endpoint and change.action != "create":
        endpoint = work.client.batch_endpoints.get(change.name)
        workspace = f"azureml://locations/{endpoint.location}/workspaces/{work.client.workspace_name}"
        return replace(change, address=endpoint.scoring_uri or "", body=running.body(data, workspace))
    if change.kind == "schedule" and change.action != "disable":
        return replace(change, page=_page(work.client, change.id))
    return change


def _page(client: Sdk, schedule: str) -> str:
    """Return the address of a schedule in the studio, as in Microsoft's own example of a monitoring schedule.

    It is azureml-examples, sdk/python/monitoring; other clouds have a studio elsewhere.
    """
    from azure.ai.ml._azure_environments import _get_aml_resource_id_from_metadata

    studio = _get_aml_resource_id_from_metadata().rstrip("/")
    group = f"/subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{client.workspace_name}"
    return f"{studio}/schedule/{schedule}/details/overview?wsid={workspace}"
