"""Sends a pipeline, or one step, to Azure ML as v2 has it; and stops what was sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace

from aml_pipeline import export, remote
from aml_pipeline.azureml_v2 import assets
from aml_pipeline.azureml_v2.sdk import Sdk, doing, import_all, word
from aml_pipeline.errors import PipelineError
from aml_pipeline.files import Digests
from aml_pipeline.plan import Compute, Plan, Step
from aml_pipeline.project import Project
from aml_pipeline.workspace import absent
from aml_pipeline.workspace.ending import ENDS
from aml_pipeline.workspace.waiting import say


def submit(
    plan: Plan,
    client: Sdk,
    project: Project | None = None,
    *,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Export ``plan`` and send it; return the ``PipelineJob``. With ``force`` no step is reused.

    Raises PipelineError for what Azure ML could not run, AzureError when it refuses.
    """
    project = project or Project(plan, Digests())
    problems = [*remote.problems(plan, project, plan.steps), *export.problems(plan)]
    if problems:
        raise PipelineError(problems, {})
    import_all()
    plan = _present(plan, client)
    _tell(plan)
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "v2")
        export.write(plan, project, place)
        _make(_missing(plan, client, project), client, place)
        return _sent(client, place, force=force, tags=remote.tags(plan, tags))


def submit_step(
    plan: Plan,
    step: Step,
    client: Sdk,
    project: Project | None = None,
    *,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Send ``step`` alone, as a pipeline of one node, which is not reused; return the ``PipelineJob``.

    Raises PipelineError when it reads from other steps, AzureError when Azure ML refuses.
    """
    project = project or Project(plan, Digests())
    problems = remote.problems(plan, project, [step], alone=True)
    if problems:
        raise PipelineError(problems, {})
    return submit(export.alone(plan, step), client, project, force=True, tags=tags)


def _present(plan: Plan, client: Sdk) -> Plan:
    """Return ``plan`` with no place in Azure ML for the optional datasets that are not there. Raises AzureError."""
    used = dict.fromkeys(name for step in plan.steps for name in step.datasets)
    places = dict(plan.datasets)
    for name in used:
        place = places[name]
        if place.registered and not assets.has_dataset(client, place):
            if not place.optional:
                raise absent.dataset(client.workspace_name, name, place)
            places[name] = replace(place, registered=None, version=None)
    return replace(plan, datasets=places)


def _tell(plan: Plan) -> None:
    """Tell whoever listens what is left out."""
    for step in plan.steps:
        for argument, dataset in remote.left_out(plan, step):
            say(absent.argument(step.name, argument.option, dataset))
    received = remote.received(plan, plan.steps)
    for name, one in plan.parameters.items():
        if one.text != one.default and name not in received:
            say(absent.parameter(name))


def _missing(plan: Plan, client: Sdk, project: Project) -> list[str]:
    """Look up all that the steps name; return the files of the export that are to be made first, clusters at last."""
    for name in _datastores(plan):
        assets.require_datastore(client, name)
    registered = export.registered(plan, project)
    for environment in dict.fromkeys(step.environment for step in plan.steps):
        if environment is not None and (environment.curated or environment.registered):
            assets.require_environment(client, environment)
    found = [one.place for one in registered if not assets.has_environment(client, one.name, one.image.version)]
    computes: dict[str, Compute] = {step.compute.name: step.compute for step in plan.steps if step.compute}
    described = {one.name: one for one in export.clusters(plan)}
    wanted = {**computes, **described}.values()
    return [*found, *(export.place(one) for one in wanted if not assets.has_compute(client, one))]


def _datastores(plan: Plan) -> list[str]:
    """Return the datastores that the steps of ``plan`` read from and write to."""
    written = [one.datastore for step in plan.steps for one in step.outputs.values()]
    read = [plan.datasets[name].datastore for step in plan.steps for name in step.datasets]
    return [name for name in dict.fromkeys([*read, *written]) if name is not None]


def _make(missing: list[str], client: Sdk, place: str) -> None:
    for name in missing:
        make = assets.make_compute if name.startswith("compute/") else assets.make_environment
        make(client, os.path.join(place, name))


def _sent(client: Sdk, place: str, *, force: bool, tags: Mapping[str, str]) -> Sdk:
    with doing("submitting the pipeline"):
        from azure.ai.ml import load_job

        job: Sdk = load_job(os.path.join(place, "pipeline.yml"))
        job.tags = dict(tags)
        if force:
            job.settings.force_rerun = True
        # What its validation asks the service for, the compute target of each node, was looked up.
        return client.jobs.create_or_update(job, skip_validation=True)


def cancel(client: Sdk, run: str) -> str | None:
    """Stop the job of that name; return its status if it is over. Raises AzureError when there is none."""
    with doing(f"cancelling run {run}"):
        status = word(client.jobs.get(run).status)
        if status in ENDS:
            return status
        client.jobs.begin_cancel(run)
        return None
