"""Plan → the pipeline job: how the components are connected, and their settings in this pipeline.

Environment variables and limits are set on the nodes: on a component, v2 silently drops them. So is the distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, input_types, yaml_text
from aml_pipeline.azureml.v2.export.ports import Port
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.ports import node, pipeline_input
from aml_pipeline.pipeline.plan.settings import Distribution


def text(plan: Plan, ports: Mapping[str, Sequence[Port]]) -> str:
    """Return ``pipeline.yml``; ``ports`` are those of each step."""
    data: dict[str, Any] = {"type": "pipeline", "display_name": endpoint_name(plan.name, plan.profile)}
    if plan.description:
        data["description"] = plan.description
    data["experiment_name"] = plan.experiment
    if plan.tags:
        data["tags"] = dict(plan.tags)
    inputs: dict[str, Any] = {
        name: input_types.value(plan, name, parameter.text) for name, parameter in plan.parameters.items()
    }
    read = dict.fromkeys(name for step in plan.steps for name in step.datasets)
    inputs |= {pipeline_input(plan, name): assets.dataset(plan.datasets[name]) for name in read}
    if inputs:
        data["inputs"] = inputs
    if plan.outputs:
        # A node whose output is bound to one of the job sends only the binding, so the settings stand here.
        data["outputs"] = {
            name: assets.output(plan.step(source.step).outputs[source.name]) for name, source in plan.outputs.items()
        }
    data["settings"] = settings(plan)
    data["jobs"] = nodes(plan, ports)
    return yaml_text.text(data, "pipelineJob")


def settings(plan: Plan) -> dict[str, Any]:
    """Return the settings of a job, which a component of the pipeline cannot have."""
    data: dict[str, Any] = {"continue_on_step_failure": False}  # the default of SDK v1
    if any(sendable.is_serverless(step.compute) for step in plan.steps):
        data["default_compute"] = "azureml:serverless"  # for nodes without one
    return data


def nodes(plan: Plan, ports: Mapping[str, Sequence[Port]]) -> dict[str, Any]:
    """Return the nodes of the pipeline by name; each names its compute target, unless it is serverless."""
    return {node(step.name): _job(step, ports[step.name]) for step in plan.steps}


def _job(step: Step, ports: Sequence[Port]) -> dict[str, Any]:
    assert step.compute is not None  # noqa: S101 - else it would have been a problem
    data: dict[str, Any] = {"type": "command", "component": f"./components/{node(step.name)}.yml"}
    for port in ports:
        data.setdefault(port.kind, {})[port.name] = port.value
    if step.environment_variables:
        data["environment_variables"] = dict(sorted(step.environment_variables.items()))
    if step.timeout:
        data["limits"] = {"timeout": step.timeout}
    if step.identity:
        data["identity"] = {"type": _IDENTITIES[step.identity]}
    if step.distribution:
        data["distribution"] = _distribution(step.distribution)
    if not sendable.is_serverless(step.compute):  # a node without a target uses the job's default
        data["compute"] = f"azureml:{step.compute.name}"
    elif step.compute.vm_priority == "lowpriority":
        data["queue_settings"] = {"job_tier": "spot"}  # learn.microsoft.com, how-to-use-serverless-compute
    resources = _resources(step)
    return {**data, "resources": resources} if resources else data


_IDENTITIES = {"user": "user_identity", "managed": "managed"}


def _distribution(distribution: Distribution) -> dict[str, Any]:
    """Return which processes v2 starts; ``worker_count`` must be the number of nodes."""
    if distribution.type == "tensorflow":
        return {"type": "tensorflow", "worker_count": distribution.nodes}
    return {"type": distribution.type, "process_count_per_instance": distribution.processes_per_node}


def _resources(step: Step) -> dict[str, Any]:
    """Return what a node needs of its compute target."""
    resources: dict[str, Any] = {}
    if step.compute and step.compute.vm_size and sendable.is_serverless(step.compute):
        resources["instance_type"] = step.compute.vm_size
    if step.distribution:
        resources["instance_count"] = step.distribution.nodes
    if step.resources and step.resources.shm_size:
        resources["shm_size"] = step.resources.shm_size
    if step.resources and step.resources.docker_arguments:
        resources["docker_args"] = list(step.resources.docker_arguments)
    return resources
