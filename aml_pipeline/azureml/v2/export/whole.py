"""Plan → the pipeline as one component, which `publish` registers; its nodes are those of ``pipeline.yml``.

A component has no settings and no experiment, and its data inputs have no default: what runs it gives them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, input_types, job, yaml_text
from aml_pipeline.pipeline.plan.model import Plan, datasets_of
from aml_pipeline.pipeline.plan.ports import node, pipeline_input
from aml_pipeline.pipeline.plan.settings import OutputSettings


def name(plan: Plan) -> str:
    """Return the name of the component, in which azure-ai-ml refuses `-`."""
    return node(endpoint_name(plan.name, plan.profile))


def text(plan: Plan, version: str) -> str:
    """Return the file of the component."""
    return yaml_text.text(data(plan, version), "pipelineComponent")


def data(plan: Plan, version: str) -> dict[str, Any]:
    """Return the component, which names the files of those of the steps as ``pipeline.yml`` does."""
    plan = replace(plan, outputs={name: source for name, source in plan.outputs.items() if _is_plain(plan, name)})
    data: dict[str, Any] = {"type": "pipeline", "name": name(plan), "version": version}
    data["display_name"] = endpoint_name(plan.name, plan.profile)
    if plan.description:
        data["description"] = plan.description
    inputs = {
        name: {**input_types.declared(plan, name), "default": input_types.value(plan, name, parameter.text)}
        for name, parameter in plan.parameters.items()
    }
    read = datasets_of(plan.steps)
    inputs |= {pipeline_input(plan, name): {"type": assets.dataset_type(plan.datasets[name])} for name in read}
    if inputs:
        data["inputs"] = inputs
    if plan.outputs:
        data["outputs"] = outputs(plan)
    return {**data, "jobs": job.nodes(plan)}


def outputs(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the outputs that the component declares."""
    results = {name: _settings(plan, name) for name in plan.outputs if _is_plain(plan, name)}
    return {name: {"type": assets.output_type(result), **assets.output(result)} for name, result in results.items()}


def _settings(plan: Plan, output: str) -> OutputSettings:
    source = plan.outputs[output]
    return plan.step(source.step).outputs[source.name]


def _is_plain(plan: Plan, output: str) -> bool:
    """Whether the component can declare an output: it has neither a place nor a name there, only its node has."""
    return not {"path", "name"} & set(assets.output(_settings(plan, output)))
