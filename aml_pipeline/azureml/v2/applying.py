"""Applies changes to a workspace: each write replaces a thing as a whole, so a change that is repeated does no harm."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aml_pipeline.azureml.publication import Change, Mark, Wanted, WantedSchedule, deployment_name, is_left
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.export import running, whole
from aml_pipeline.azureml.v2.marks import mark_of, marked, tags
from aml_pipeline.azureml.v2.needs import Missing
from aml_pipeline.azureml.v2.sdk import Sdk, doing, scope
from aml_pipeline.azureml.workspace.refusals import CONFLICT, NOT_FOUND, may_pass, status_of
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core import files
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project

Entity = dict[str, Any]
# Kinds of what the pipeline needs, and of what is created from the files of an export.
_MADE_BEFORE = frozenset({"data", "environment", "compute target"})
_FROM_EXPORT = _MADE_BEFORE | {"published pipeline"}


@dataclass(frozen=True, slots=True)
class Work:
    """What is published, where, and what is wanted there.

    ``lacking`` is created before; ``left`` looks at the workspace again, and returns the changes that are left to make.
    """

    plan: Plan
    client: Sdk
    project: Project
    wanted: Wanted
    lacking: Missing
    left: Callable[[], list[Change]]

    @property
    def component(self) -> str:
        """The reference to the component in Azure ML; azure-ai-ml does not resolve a short one in a schedule."""
        name, _, version = self.wanted.component.partition(":")
        group = f"/subscriptions/{self.client.subscription_id}/resourceGroups/{self.client.resource_group_name}"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.client.workspace_name}"
        return f"{workspace}/components/{name}/versions/{version}"


def apply(work: Work, todo: list[Change]) -> list[Change]:
    """Apply the changes; return them with the ids of created things. After a failure, report those that were made."""
    if all(change.action == "unchanged" for change in todo):
        return todo
    os.makedirs(work.project.uploads, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work.project.uploads) as folder:
        publisher = _Publisher(work, os.path.join(folder, "v2"))
        try:
            publisher.publish(todo)
        except AzureError:
            made = [f"{change.kind} {change.name}" for change in publisher.done if change.action != "unchanged"]
            if made:
                names = ", ".join(dict.fromkeys(made))
                say(f"Done before the failure: {names}. `aml-pipeline publish` will do the rest.")
            raise
    return publisher.done


@dataclass(slots=True)
class _Publisher:
    """Applies changes one by one; ``place`` is the folder for the files that are sent."""

    work: Work
    place: str
    done: list[Change] = field(default_factory=list)

    def publish(self, todo: list[Change]) -> None:
        """Apply the changes in their order."""
        work = self.work
        if any(change.kind in _FROM_EXPORT and change.action == "create" for change in todo):
            export.fill(work.plan, work.project, self.place)
        ways = iter(work.lacking.ways(work.client, work.project, self.place))
        for change in todo:
            known = change.id
            if change.kind in _MADE_BEFORE:
                next(ways)()
            elif change.action != "unchanged":
                known = self.do(change)
            self.done.append(replace(change, id=known))

    def do(self, change: Change) -> str:
        """Apply a change; return the id of its thing. Raises AzureError if the workspace is not as wanted afterwards.

        The answer may have been lost, or another publisher may have made the change, which Azure ML then refused.
        """
        try:
            return self.apply(change)
        except AzureError as error:
            if not (may_pass(error) or status_of(error) in {NOT_FOUND, CONFLICT}):
                raise
            try:
                left = self.work.left()
            except AzureError as again:
                raise (error if may_pass(again) else again) from None
            if is_left(change, left):
                raise
            say(change.unconfirmed if may_pass(error) else change.made_by_another)
            same = (other.id for other in left if (other.kind, other.name) == (change.kind, change.name))
            return next(same, change.id or change.name)

    def apply(self, change: Change) -> str:
        """Apply a change; return the id of its thing. Raises AzureError."""
        by_kind: Mapping[str, Callable[[Change], str]] = {
            "published pipeline": self.apply_component,
            "endpoint": self.apply_endpoint,
            "deployment": self.apply_deployment,
            "schedule": self.apply_schedule,
        }
        with doing(f"publishing {change.thing}"):
            return by_kind[change.kind](change)

    def apply_component(self, change: Change) -> str:
        """Create the version of the component, with those of its steps, or change its owner."""
        from azure.ai.ml import load_component

        client, wanted = self.work.client, self.work.wanted
        mark = wanted.whose.mark(wanted.digest)
        if change.action == "create":
            file = os.path.join(self.place, "component.yml")
            files.write(file, whole.text(self.work.plan, wanted.digest).encode())
            component: Sdk = load_component(file)
            component.tags = {**self.work.plan.tags, **tags(mark)}
            # Without progress, a failed upload is waited for forever (``upload_directory`` of azure-ai-ml 1.35).
            client._operation_config._show_progress = True  # noqa: SLF001 - there is no other way
            client.components.create_or_update(component, skip_validation=True)
            return wanted.component
        versions = client.components._version_operation  # noqa: SLF001 - the public ``get`` loses parts of it
        where = {"name": wanted.name, "version": wanted.digest, **scope(client)}
        versions.create_or_update(**where, body=_marked(versions.get(**where), mark))
        return change.id

    def apply_endpoint(self, change: Change) -> str:
        """Create the endpoint, which needs no deployment yet, or change its default and owner."""
        from azure.ai.ml.entities import BatchEndpoint

        client, wanted = self.work.client, self.work.wanted
        mark = wanted.whose.mark("0")  # its content is that of its default
        if change.action == "create":
            description = self.work.plan.description
            endpoint = BatchEndpoint(name=wanted.endpoint, description=description, tags=tags(mark))
            client.batch_endpoints.begin_create_or_update(endpoint).result()
            return wanted.endpoint
        endpoints = client.batch_endpoints._batch_operation  # noqa: SLF001 - the public ``get`` loses parts of it
        where = {"endpoint_name": wanted.endpoint, **scope(client)}
        body = _marked(endpoints.get(**where), mark)
        body["properties"]["defaults"] = {"deploymentName": deployment_name(wanted.digest)}
        endpoints.begin_create_or_update(**where, body=body).result()
        return wanted.endpoint

    def apply_deployment(self, change: Change) -> str:
        """Create the deployment of the component, or delete an old one."""
        from azure.ai.ml.entities import PipelineComponentBatchDeployment

        client, wanted = self.work.client, self.work.wanted
        if change.action == "delete":
            client.batch_deployments.begin_delete(change.name, wanted.endpoint).result()
            return change.id
        deployment: Sdk = PipelineComponentBatchDeployment(
            name=change.name,
            endpoint_name=wanted.endpoint,
            component=self.work.component,
            settings=running.deployment_settings(self.work.plan),
            tags=tags(wanted.whose.mark(wanted.digest)),
        )
        client.batch_deployments.begin_create_or_update(deployment).result()
        return change.name

    def apply_schedule(self, change: Change) -> str:
        """Create, change or disable a schedule; one that is changed keeps what a person did with it."""
        wanted, whose = self.work.wanted, self.work.wanted.whose
        declared = next((known for known in wanted.schedules if known.key == change.key), None)
        if change.action == "create":
            assert declared is not None  # noqa: S101 - else nothing would be created
            self.put_schedule(declared, whose.mark(declared.digest, declared.key), None)
            return declared.id
        there = self.schedule(change.id)
        mark = mark_of(there["properties"].get("tags"))
        assert mark is not None  # noqa: S101 - else it would be somebody else's
        if declared and not (change.only_mark or change.action == "disable"):
            self.put_schedule(declared, whose.mark(declared.digest, declared.key), there)
            return change.id
        if change.action == "disable":
            there["properties"]["isEnabled"] = False
        elif not change.only_mark:
            there["properties"]["action"]["jobDefinition"]["componentId"] = self.work.component
        disabled = mark.disabled or change.action == "disable"
        new = replace(whose.with_origin(mark), disabled=disabled)
        there["properties"]["tags"] = marked(there["properties"].get("tags"), new)
        self.put(change.id, there)
        return change.id

    def put_schedule(self, declared: WantedSchedule, mark: Mark, there: Entity | None) -> None:
        """Put a schedule as it is declared; tags of others, a description and a pause of one that is there stay."""
        from azure.ai.ml.entities._load_functions import load_schedule

        files_of = running.files(self.work.plan, declared.key, f"azureml:{self.work.component}")
        os.makedirs(self.place, exist_ok=True)
        for name, text in files_of.items():
            files.write(os.path.join(self.place, name), text.encode())
        schedule: Sdk = load_schedule(os.path.join(self.place, next(iter(files_of))))
        before = there["properties"] if there else {}
        own = mark_of(before.get("tags"))
        schedule.description = self.work.plan.description or before.get("description")
        schedule.tags = marked(before.get("tags"), mark)
        # The loader drops it. Only a schedule that this program disabled is enabled.
        schedule._is_enabled = before.get("isEnabled") is not False or (own is not None and own.disabled)  # noqa: SLF001
        self.work.client.schedules.begin_create_or_update(schedule).result()

    def schedule(self, name: str) -> Entity:
        """Return a schedule as it is now."""
        entity = self.work.client.schedules.service_client.get(name=name, **scope(self.work.client))
        return dict(entity.as_dict(exclude_readonly=True))

    def put(self, name: str, body: Entity) -> None:
        """Put a schedule that was changed in place."""
        schedules = self.work.client.schedules.service_client
        schedules.begin_create_or_update(name=name, body=body, **scope(self.work.client)).result()


def _marked(body: Sdk, mark: Mark) -> Entity:
    """Return what to put of a thing with its mark replaced: some have their tags in the properties, some do not."""
    data: Entity = dict(body.as_dict(exclude_readonly=True))
    holder = data if "location" in data else data["properties"]
    holder["tags"] = marked(holder.get("tags"), mark)
    return data
