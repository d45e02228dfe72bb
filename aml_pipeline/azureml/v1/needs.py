"""What steps need in a workspace besides data: looked up before anything is created, and created if missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aml_pipeline.azureml import images, sendable
from aml_pipeline.azureml.uploads import Upload
from aml_pipeline.azureml.v1 import compute, data, environment
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import storage
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Compute, Environment
from aml_pipeline.project.folder import Project


@dataclass(slots=True)
class Needs:
    """Environments, compute targets and containers of data to upload, each looked up or created once."""

    plan: Plan
    workspace: Sdk
    project: Project
    new_data: list[Upload]  # not uploaded yet, unless it was earlier
    containers: dict[str, Sdk] = field(default_factory=dict)  # by datastore
    environments: dict[Environment, Sdk] = field(default_factory=dict)  # None: not registered
    versions: dict[Environment, tuple[str, str]] = field(default_factory=dict)  # and conda's export
    targets: dict[Compute, Sdk] = field(default_factory=dict)  # None: missing

    def look_up_containers(self) -> None:
        """Look up where data is uploaded to."""
        for name in dict.fromkeys(upload.datastore for upload in self.new_data):
            self.containers[name] = data.container(self.workspace, name)

    def look_up_environment(self, step: Step) -> None:
        """Look up the environment of a step."""
        wanted = _there(step.environment)
        if wanted not in self.environments:
            exported = environment.export(wanted)
            version = images.version_of(wanted, self.project.environment_digest(step), exported)
            self.versions[wanted] = version, exported
            self.environments[wanted] = environment.found(self.workspace, wanted, version)

    def look_up_target(self, step: Step) -> None:
        """Look up the compute target of a step."""
        wanted = sendable.described(self.plan, _there(step.compute))
        if wanted not in self.targets:
            self.targets[wanted] = compute.found(self.workspace, wanted)

    def missing_data(self) -> list[Upload]:
        """Return the datasets to upload of which Azure ML lacks files."""
        with doing("looking up the data to upload"):
            return [upload for upload in self.new_data if storage.missing(self.containers[upload.datastore], upload)]

    def make(self, steps: Sequence[Step]) -> None:
        """Upload data and create what is missing; clusters last, because they cost money."""
        while self.new_data:
            upload = self.new_data[0]
            storage.send(self.containers[upload.datastore], upload, self.project, doing)
            self.new_data.pop(0)
        for step in steps:
            wanted = _there(step.environment)
            if self.environments[wanted] is None:
                given = (*self.versions[wanted], self.project)
                self.environments[wanted] = environment.made(self.workspace, wanted, *given)
        for step in steps:
            target = sendable.described(self.plan, _there(step.compute))
            if self.targets[target] is None:
                self.targets[target] = compute.made(self.workspace, target)

    def environment(self, step: Step) -> Sdk:
        """Return the environment of a step."""
        wanted = _there(step.environment)
        return self.environments[wanted] or environment.imagined(wanted, self.versions[wanted][0])

    def target(self, step: Step) -> Sdk:
        """Return the compute target of a step."""
        wanted = sendable.described(self.plan, _there(step.compute))
        return self.targets[wanted] or (wanted.name, "AmlCompute")


Setting = TypeVar("Setting", Compute, Environment)


def _there(setting: Setting | None) -> Setting:
    """Return a value that was checked to exist."""
    assert setting is not None  # noqa: S101 - else it would have been a problem
    return setting
