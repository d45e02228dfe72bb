"""Applies changes to a workspace: each write replaces a thing as a whole, so a change that is repeated does no harm."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aml_pipeline.azureml.publication import Change, Mark, Wanted, WantedSchedule, deployment_name, is_left
from aml_pipeline.azureml.v2 import export, schedules
from aml_pipeline.azureml.v2.export import running, whole
from aml_pipeline.azureml.v2.marks import marked, tags
from aml_pipeline.azureml.v2.needs import Missing
from aml_pipeline.azureml.v2.published import RUNS
from aml_pipeline.azureml.v2.sdk import POLLING, Sdk, doing, scope, with_progress
from aml_pipeline.azureml.workspace.refusals import CONFLICT, NOT_FOUND, may_pass, status_of
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core import files
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project

Entity = dict[str, Any]
# A property of the endpoint: the description that publish gave it, in contrast to that of a person.
_DESCRIBED = "aml-pipeline-description"


@dataclass(frozen=True, slots=True)
class Work:
    """What is published, where, and what is wanted there.

    ``lacking`` is created before; ``left`` looks at the workspace again, and returns the changes that are left to make.
    ``runs`` is what the runs of the version need besides the component, ``command`` does what is left after a failure.
    """

    plan: Plan
    client: Sdk
    project: Project
    wanted: Wanted
    lacking: Missing
    left: Callable[[], list[Change]]
    runs: Mapping[str, Any]
    command: str = "aml-pipeline publish"

    @property
    def component(self) -> str:
        """The reference to the component in Azure ML; azure-ai-ml does not resolve a short one in a schedule."""
        name, _, version = self.wanted.component.partition(":")
        group = f"/subscriptions/{self.client.subscription_id}/resourceGroups/{self.client.resource_group_name}"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.client.workspace_name}"
        return f"{workspace}/components/{name}/versions/{version}"


def apply(work: Work, todo: list[Change]) -> list[Change]:
    """Create what is lacking and apply the changes; return all of them with the ids of created things.

    After a failure, report those that were made.
    """
    if not work.lacking.ways() and all(change.action == "unchanged" for change in todo):
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
                say(f"Done before the failure: {names}. `{work.command}` will do the rest.")
            raise
    return publisher.done


@dataclass(slots=True)
class _Publisher:
    """Applies changes one by one; ``place`` is the folder for the files that are sent."""

    work: Work
    place: str
    done: list[Change] = field(default_factory=list)

    def publish(self, todo: list[Change]) -> None:
        """Create what is lacking, then apply the changes in their order."""
        work, ways = self.work, self.work.lacking.ways()
        if ways or any(change.kind == "published pipeline" and change.action == "create" for change in todo):
            export.fill(work.plan, work.project, self.place)
        for change, make in ways:
            make(work.client, work.project, self.place)
            self.done.append(change)
        for change in todo:
            known = change.id if change.action == "unchanged" else self.do(change)
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
            component.properties = {RUNS: json.dumps(self.work.runs, sort_keys=True)}
            with with_progress(client):
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
        description = self.work.plan.description
        if change.action == "create":
            properties = {_DESCRIBED: description} if description else {}
            endpoint = BatchEndpoint(
                name=wanted.endpoint, description=description, tags=tags(mark), properties=properties
            )
            client.batch_endpoints.begin_create_or_update(endpoint).result()
            return wanted.endpoint
        endpoints = client.batch_endpoints._batch_operation  # noqa: SLF001 - the public ``get`` loses parts of it
        where = {"endpoint_name": wanted.endpoint, **scope(client)}
        body = _marked(endpoints.get(**where), mark)
        body["properties"]["defaults"] = {"deploymentName": deployment_name(wanted.digest)}
        _describe(body["properties"], description)
        endpoints.begin_create_or_update(**where, body=body, **POLLING).result()
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
            settings=running.deployment_settings(self.work.runs),
            tags=tags(wanted.whose.mark(wanted.digest)),
        )
        client.batch_deployments.begin_create_or_update(deployment).result()
        return change.name

    def apply_schedule(self, change: Change) -> str:
        """Create, change or disable a schedule; one that is changed keeps what a person did with it."""
        client, declared = self.work.client, self.work.wanted.schedules
        wanted = next((known for known in declared if known.key == change.key), None)
        is_of_file = change.action != "disable" and not change.only_mark
        if wanted and is_of_file:
            return self.declare_schedule(wanted, change)
        runs = self.job_of_version() if is_of_file else None

        def do(there: Entity, mark: Mark | None) -> None:
            assert mark is not None  # noqa: S101 - else it would be somebody else's
            if change.action == "disable":
                there["isEnabled"], mark = False, replace(mark, disabled=True)
            if runs is not None:
                schedules.run_version(there, runs)
            schedules.with_mark(there, self.work.wanted.whose.with_origin(mark))

        schedules.change(client, change.id, do)
        return change.id

    def declare_schedule(self, wanted: WantedSchedule, change: Change) -> str:
        """Create a schedule from its declaration, or update one; whether it begins to fire, ``change`` says."""
        texts = running.files(self.work.plan, wanted.key, f"azureml:{self.work.component}")
        new = schedules.declared(self.work.client, self.written(texts))
        mark = self.work.wanted.whose.mark(wanted.digest, wanted.key)
        if change.action == "create":
            schedules.with_mark(new, mark)
            schedules.put(self.work.client, wanted.id, {"properties": {**new, "isEnabled": change.fires}})
            return wanted.id

        def do(there: Entity, before: Mark | None) -> None:
            schedules.declare(there, before if change.fires else None, new)
            schedules.with_mark(there, mark)

        schedules.change(self.work.client, wanted.id, do)
        return wanted.id

    def job_of_version(self) -> Entity:
        """Return the job of a schedule that runs the version, as far as the version decides that."""
        text = running.job_of_version(self.work.runs, f"azureml:{self.work.component}")
        return schedules.job(self.work.client, self.written({"job.yml": text}))

    def written(self, texts: Mapping[str, str]) -> str:
        """Write files that the SDK is to read; return the path of the first one."""
        os.makedirs(self.place, exist_ok=True)
        for name, text in texts.items():
            files.write(os.path.join(self.place, name), text.encode())
        return os.path.join(self.place, next(iter(texts)))


def _describe(there: Entity, description: str | None) -> None:
    """Give an endpoint the file's description; without one, remove that of an earlier publish, not a person's."""
    properties = there.setdefault("properties", {})
    if description:
        there["description"] = properties[_DESCRIBED] = description
    elif there.get("description") == properties.pop(_DESCRIBED, None):
        there.pop("description", None)


def _marked(body: Sdk, mark: Mark) -> Entity:
    """Return what to put of a thing with its mark replaced: some have their tags in the properties, some do not."""
    data: Entity = dict(body.as_dict(exclude_readonly=True))
    holder = data if "location" in data else data["properties"]
    holder["tags"] = marked(holder.get("tags"), mark)
    return data
