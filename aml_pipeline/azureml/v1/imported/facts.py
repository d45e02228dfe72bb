"""The facts of what was read, and of what the written project compiles to in memory: the workspace is not written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.proof import Facts
from aml_pipeline.azureml.v1 import environment
from aml_pipeline.azureml.v1.compile import Compilation, compilation
from aml_pipeline.azureml.v1.imported import graph, meaning, outputs, schedules
from aml_pipeline.azureml.v1.imported.found import Found, FoundDataset, Json
from aml_pipeline.azureml.v1.imported.naming import named
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project


def facts_of(found: Found, draft: Draft) -> Facts:
    """Return the facts of what was read, without the steps and schedules that the draft reports as missing or lost."""
    nodes, models = outputs.without_registrations(graph.read(found))
    naming = named(found, nodes)
    said = [node for node in nodes if naming.steps[node.id] not in draft.missing]
    facts = dict(meaning.facts_of_nodes(found, said, naming, models))
    facts["publish"] = {
        "reuse": not found.is_run and any(node.is_deterministic for node in said),
        **meaning.after_a_failure(goes_on=found.goes_on),
    }
    for one in schedules.published(found):
        facts[f"schedule {schedules.name_of(one, naming)}"] = meaning.of_schedule(found, naming, one, draft)
    return facts


def facts_made(plan: Plan, workspace: Sdk, project: Project) -> Facts:
    """Return the facts of what ``plan`` is compiled to. Raises PipelineError and AzureError as ``compile`` does."""
    work = compilation(plan, workspace, project, plan.steps, settable=True)
    _define_environments(work)
    made = meaning.of_graph(_compiled(work))
    made["publish"] = {"reuse": plan.reuse, **meaning.after_a_failure()}
    for key, schedule in work.plan.schedules.items():
        data = {name: place.address for name, place in work.plan.data_of(key).items()}
        values = dict(schedule.parameters)
        timing = meaning.of_timing(schedule.recurrence, schedule.windows_zone, values, data)
        made[f"schedule {key}"] = {**timing, "experiment": plan.experiment, **meaning.after_a_failure()}
    return made


def _define_environments(work: Compilation) -> None:
    """Give the compilation the environments that are not registered, unless their files would be uploaded."""
    needs = work.needs
    for wanted, known in needs.environments.items():
        context = work.project.build_context(wanted)
        if known is None and (context is None or len(context.digests) == 1) and not work.project.wheels(wanted):
            version, exported = needs.versions[wanted]
            with doing(f"defining environment {wanted.name}"):
                made = environment.defined(work.workspace, wanted, work.project, exported)
                made.version = version
                needs.environments[wanted] = made


def _compiled(work: Compilation) -> Found:
    service = _service()
    with doing("compiling the pipeline"):
        from azureml.pipeline.core._aeva_provider import _AevaGraphProvider, _AevaWorkflowProvider

        uploader = SimpleNamespace(upload=lambda directory: directory)
        provider = _AevaWorkflowProvider(service, uploader, work.workspace)
    pipeline = work.pipeline(provider)
    with doing("compiling the pipeline"):
        pipeline.graph.finalize()
        return Found(
            title=work.plan.name,
            name=work.plan.name,
            description="",
            experiment=work.plan.experiment,
            graph=_AevaGraphProvider._build_graph(pipeline.graph).serialize(),  # noqa: SLF001 - as the SDK does
            interface=_AevaGraphProvider._get_graph_interface(pipeline.graph).serialize(),  # noqa: SLF001
            modules=service.bodies,
            datasets=dict(_dataset(one) for one in work.bindings.datasets.values() if one is not None),
        )


def _dataset(dataset: Sdk) -> tuple[str, FoundDataset]:
    """Return a registered dataset by the id that graphs have for it."""
    known, is_tabular = dataset._registration.registered_id, type(dataset).__name__ != "FileDataset"  # noqa: SLF001
    return str(known), FoundDataset(str(dataset.name), str(dataset.version), is_tabular=is_tabular)


def _service() -> Any:  # noqa: ANN401 - a class of the SDK
    """Return a service for pipelines in memory, with the bodies of the modules that it was sent, by id."""
    with doing("compiling the pipeline"):
        from azureml.pipeline.core._restclients.aeva.dryrun_service_caller import DryRunServiceCaller

    class Service(DryRunServiceCaller):  # type: ignore[misc] # the SDK has no types
        bodies: dict[str, Json]

        def create_module_async(self, creation_info: Sdk) -> Sdk:
            entity = super().create_module_async(creation_info)
            self.bodies[entity.id] = creation_info.serialize()
            return entity

    service = Service()
    service.bodies = {}
    return service
