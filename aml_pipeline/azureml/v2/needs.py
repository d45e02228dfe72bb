"""What the steps of a plan need in the workspace: looked up before anything is created, and created if missing."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aml_pipeline.azureml import sendable, uploads
from aml_pipeline.azureml.adaptation import Remark, adapt
from aml_pipeline.azureml.publication import Change
from aml_pipeline.azureml.uploads import Upload
from aml_pipeline.azureml.v2 import assets, export
from aml_pipeline.azureml.v2.export import Registered
from aml_pipeline.azureml.v2.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import not_found, storage
from aml_pipeline.pipeline.plan.model import Plan, datasets_of
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace
from aml_pipeline.project.folder import Project


def resolved(
    plan: Plan, client: Sdk, project: Project, *, pinned: bool = False
) -> tuple[Plan, list[Upload], list[Remark]]:
    """Return the plan to send, with the types of registered datasets; what to upload for it; and remarks.

    ``pinned``: the latest versions of datasets and environments become those that the workspace has now. Raises
    AzureError for what the workspace lacks.
    """
    plan, new_data = uploads.planned(plan, project, plan.steps, lambda: assets.default_datastore(client))
    plan, remarks = _with_data(plan, client, pinned=pinned)
    return _with_environments(plan, client, pinned=pinned), new_data, remarks


def _with_data(plan: Plan, client: Sdk, *, pinned: bool) -> tuple[Plan, list[Remark]]:
    places, missing = dict(plan.datasets), set()
    for name in datasets_of(plan.steps):
        place = places[name]
        known = assets.registered_dataset(client, name, place, pinned=pinned) if place.registered else place
        if known is None and not place.optional:
            raise not_found.dataset(client.workspace_name, name, place)
        if known is None:
            missing.add(name)
        places[name] = known or place
    plan = replace(plan, datasets=places)
    return adapt(_with_data_of_schedules(plan, client, set(datasets_of(plan.steps)) - missing), missing)


def _with_data_of_schedules(plan: Plan, client: Sdk, read: Collection[str]) -> Plan:
    """Return the plan with the versions of datasets that schedules name, each of the type that the steps read."""
    schedules = dict(plan.schedules)
    for key, schedule in schedules.items():
        places = {name: place for name, place in plan.data_of(key).items() if name in read and place.registered}
        pinned = {name: _of_schedule(client, name, place).address for name, place in places.items()}
        schedules[key] = replace(schedule, datasets={**schedule.datasets, **pinned})
    return replace(plan, schedules=schedules)


def _of_schedule(client: Sdk, name: str, place: DatasetPlace) -> DatasetPlace:
    known = assets.registered_dataset(client, name, place, pinned=True)
    if known is None:
        raise not_found.dataset(client.workspace_name, name, place)
    return known


def _with_environments(plan: Plan, client: Sdk, *, pinned: bool) -> Plan:
    """Look up the environments that the steps name, except those of a registry, which needs a client of its own."""
    environments = dict.fromkeys(step.environment for step in plan.steps)
    versions = {
        environment: assets.version_of_environment(client, environment)
        for environment in environments
        if environment and (environment.curated or environment.registered) and not environment.registry
    }
    if not pinned:
        return plan
    steps = (
        replace(step, environment=step.environment.model_copy(update={"version": versions[step.environment]}))
        if step.environment in versions
        else step
        for step in plan.steps
    )
    return replace(plan, steps=tuple(steps))


# How to create something, from the export in a folder.
Way = Callable[[Sdk, Project, str], None]


@dataclass(frozen=True, slots=True)
class Missing:
    """What the workspace lacks; ``containers`` are those that data is uploaded to, by datastore."""

    data: Sequence[Upload]
    containers: Mapping[str, Sdk]
    environments: Sequence[Registered]
    clusters: Sequence[Compute]

    def without_sent_data(self) -> Missing:
        """Return it without the data of which no file is missing."""
        with doing("looking up the data to upload"):
            data = [upload for upload in self.data if storage.missing(self.containers[upload.datastore], upload)]
        return replace(self, data=data)

    def ways(self) -> list[tuple[Change, Way]]:
        """Return the changes that create it, each with how to make it.

        Clusters are last, because they cost money.
        """
        return [*map(self._sent, self.data), *map(_registered, self.environments), *map(_made, self.clusters)]

    def _sent(self, upload: Upload) -> tuple[Change, Way]:
        def send(_client: Sdk, project: Project, _place: str) -> None:
            storage.send(self.containers[upload.datastore], upload, project, doing)

        return Change("create", "data", upload.name, (upload.size, "as it is now")), send


def _registered(new: Registered) -> tuple[Change, Way]:
    def make(client: Sdk, _project: Project, place: str) -> None:
        assets.make_environment(client, new.name, os.path.join(place, new.place))

    return Change("create", "environment", new.name, (f"version {new.image.version}",)), make


def _made(target: Compute) -> tuple[Change, Way]:
    def make(client: Sdk, _project: Project, place: str) -> None:
        assets.make_compute(client, target.name, os.path.join(place, export.place(target)))

    return Change("create", "compute target", target.name, (str(target.vm_size),)), make


NOTHING = Missing((), {}, (), ())


def missing(plan: Plan, new_data: Sequence[Upload], client: Sdk, project: Project) -> Missing:
    """Look up everything that the steps name; return what is missing. Raises AzureError for what cannot be created."""
    containers = {name: assets.container(client, name) for name in {upload.datastore for upload in new_data}}
    for name in _datastores(plan):
        assets.require_datastore(client, name)
    environments = [
        environment
        for environment in export.registered(plan, project)
        if not assets.has_environment(client, environment.name, environment.image.version)
    ]
    targets = [step.compute for step in plan.steps if step.compute and not sendable.is_serverless(step.compute)]
    described = {cluster.name: cluster for cluster in export.clusters(plan)}
    computes = {**{target.name: target for target in targets}, **described}
    clusters = [target for target in computes.values() if not assets.has_compute(client, target)]
    return Missing(new_data, containers, environments, clusters)


def _datastores(plan: Plan) -> list[str]:
    """Return the datastores that the steps of ``plan`` read from and write to, in the runs of schedules too."""
    written = [output.datastore for step in plan.steps for output in step.outputs.values()]
    read = {name: plan.datasets[name].datastore for name in datasets_of(plan.steps)}
    places = [plan.data_of(key) for key in plan.schedules]
    scheduled = [place.datastore for data in places for name, place in data.items() if name in read]
    return [name for name in dict.fromkeys([*read.values(), *scheduled, *written]) if name is not None]
