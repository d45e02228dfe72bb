"""Plan → the pipeline job: how the components are connected, and their settings in this pipeline.

Environment variables and limits are set on the nodes: on a component, v2 silently drops them.
"""

from __future__ import annotations

from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, names, yaml_text
from aml_pipeline.pipeline.plan.model import Compute, Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output, Parameter, Token


def text(plan: Plan) -> str:
    """Return ``pipeline.yml``."""
    data: dict[str, Any] = {"type": "pipeline", "display_name": endpoint_name(plan.name, plan.profile)}
    if plan.description:
        data["description"] = plan.description
    data["experiment_name"] = plan.experiment
    inputs = {name: plan.parameters[name].text for name in names.parameters(plan)}
    if inputs:
        data["inputs"] = inputs
    data["settings"] = {"continue_on_step_failure": False}  # the default of SDK v1
    if any(sendable.is_serverless(step.compute) for step in plan.steps):
        data["settings"]["default_compute"] = "azureml:serverless"  # for nodes without one
    data["jobs"] = {names.node(step.name): _node(plan, step) for step in plan.steps}
    return yaml_text.text(data, "pipelineJob")


def _node(plan: Plan, step: Step) -> dict[str, Any]:
    assert step.compute is not None  # noqa: S101 - else it would have been a problem
    node: dict[str, Any] = {"type": "command", "component": f"./components/{names.node(step.name)}.yml"}
    optional = {
        "inputs": _inputs(plan, step),
        "outputs": _outputs(plan, step),
        "environment_variables": dict(sorted(step.environment_variables.items())),
        "limits": {"timeout": step.timeout} if step.timeout else {},
    }
    node |= {key: value for key, value in optional.items() if value}
    return node | _where(step.compute)


def _where(compute: Compute) -> dict[str, Any]:
    """Return the compute target of a node; a node without one uses the job's default."""
    if not sendable.is_serverless(compute):
        return {"compute": f"azureml:{compute.name}"}
    return {"resources": {"instance_type": compute.vm_size}} if compute.vm_size else {}


def _inputs(plan: Plan, step: Step) -> dict[str, Any]:
    read = [one for one in names.bound(plan, step) if not isinstance(one, Output)]
    found = {names.port(step, one): _bound(plan, one) for one in read}
    return {**found, **{names.order_port(name): _after(plan, name) for name in names.only_after(step)}}


def _bound(plan: Plan, token: Token) -> Any:  # noqa: ANN401 - a piece of YAML
    if isinstance(token, Parameter):
        return f"${{{{parent.inputs.{token.name}}}}}"
    if isinstance(token, Dataset):
        return assets.dataset(plan.datasets[token.name])
    assert isinstance(token, Input)  # noqa: S101 - nothing else is read
    return _output_of(token.step, token.name)


def _after(plan: Plan, name: str) -> dict[str, str]:
    """Return the input that makes a node wait for step ``name``: only its address (``direct``), nothing is mounted."""
    output = next(iter(names.outputs(plan.step(name))), names.ORDER)
    return {"path": _output_of(name, output), "mode": "direct"}


def _output_of(step: str, name: str) -> str:
    return f"${{{{parent.jobs.{names.node(step)}.outputs.{name}}}}}"


def _outputs(plan: Plan, step: Step) -> dict[str, Any]:
    found = {name: assets.output(step.outputs[name]) for name in step.written}
    order = {names.ORDER: {"type": "uri_folder", "mode": "upload"}} if names.needs_order(plan, step) else {}
    return {**found, **order}
