"""Plan → the pipeline job: how the components are connected, and their settings in this pipeline.

Environment variables and limits are set on the nodes: on a component, v2 silently drops them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import yaml_text
from aml_pipeline.azureml.v2.export.ports import Port
from aml_pipeline.pipeline.plan.model import Compute, Plan, Step
from aml_pipeline.pipeline.plan.ports import node


def text(plan: Plan, ports: Mapping[str, Sequence[Port]]) -> str:
    """Return ``pipeline.yml``; ``ports`` are those of each step."""
    data: dict[str, Any] = {"type": "pipeline", "display_name": endpoint_name(plan.name, plan.profile)}
    if plan.description:
        data["description"] = plan.description
    data["experiment_name"] = plan.experiment
    inputs = {name: value.text for name, value in plan.parameters.items()}
    if inputs:
        data["inputs"] = inputs
    data["settings"] = {"continue_on_step_failure": False}  # the default of SDK v1
    if any(sendable.is_serverless(step.compute) for step in plan.steps):
        data["settings"]["default_compute"] = "azureml:serverless"  # for nodes without one
    data["jobs"] = {node(step.name): _job(step, ports[step.name]) for step in plan.steps}
    return yaml_text.text(data, "pipelineJob")


def _job(step: Step, ports: Sequence[Port]) -> dict[str, Any]:
    assert step.compute is not None  # noqa: S101 - else it would have been a problem
    data: dict[str, Any] = {"type": "command", "component": f"./components/{node(step.name)}.yml"}
    for port in ports:
        data.setdefault(port.kind, {})[port.name] = port.value
    if step.environment_variables:
        data["environment_variables"] = dict(sorted(step.environment_variables.items()))
    if step.timeout:
        data["limits"] = {"timeout": step.timeout}
    return data | _where(step.compute)


def _where(compute: Compute) -> dict[str, Any]:
    """Return the compute target of a node; a node without one uses the job's default."""
    if not sendable.is_serverless(compute):
        return {"compute": f"azureml:{compute.name}"}
    return {"resources": {"instance_type": compute.vm_size}} if compute.vm_size else {}
