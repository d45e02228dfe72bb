"""Plan → the pipeline job: how the components are connected, and their settings in this pipeline.

Environment variables and limits are set on the nodes: on a component, v2 silently drops them. So is the distribution.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, component, input_types, yaml_text
from aml_pipeline.azureml.v2.export.shapes import Component, components
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of
from aml_pipeline.pipeline.plan.ports import node, pipeline_input
from aml_pipeline.pipeline.plan.settings import Distribution


def text(plan: Plan) -> str:
    """Return ``pipeline.yml``."""
    data: dict[str, Any] = {"type": "pipeline", "display_name": endpoint_name(plan.name, plan.profile)}
    if plan.description:
        data["description"] = plan.description
    data["experiment_name"] = plan.experiment
    if plan.tags:
        data["tags"] = dict(plan.tags)
    defaults = settings(plan)
    plan = _without_default_compute(plan)
    inputs: dict[str, Any] = {
        name: input_types.value(plan, name, parameter.text) for name, parameter in plan.parameters.items()
    }
    read = datasets_of(plan.steps)
    inputs |= {pipeline_input(plan, name): assets.dataset(plan.datasets[name]) for name in read}
    if inputs:
        data["inputs"] = inputs
    if plan.outputs:
        # A node whose output is bound to one of the job sends only the binding, so the settings stand here.
        results = {name: plan.step(source.step).outputs[source.name] for name, source in plan.outputs.items()}
        data["outputs"] = {name: assets.output(result) or {"type": "uri_folder"} for name, result in results.items()}
    return yaml_text.text({**data, "settings": defaults, "jobs": nodes(plan)}, "pipelineJob")


def settings(plan: Plan) -> dict[str, Any]:
    """Return the settings of a job, which a component of the pipeline cannot have."""
    names = {"default_datastore": _default_datastore(plan), "default_compute": _default_compute(plan)}
    # As with SDK v1. The default of v2 was documented as false and later as true (reference-yaml-job-pipeline).
    return {key: f"azureml:{name}" for key, name in names.items() if name} | {"continue_on_step_failure": False}


def _default_datastore(plan: Plan) -> str | None:
    """Return the datastore of all outputs, if they have the same one."""
    names = {output.datastore for step in plan.steps for output in step.outputs.values()}
    return names.pop() if len(names) == 1 else None


def _default_compute(plan: Plan) -> str | None:
    """Return the compute target of most steps; or `serverless`, because a node cannot name it."""
    if any(sendable.is_serverless(step.compute) for step in plan.steps):
        return "serverless"
    [(name, count)] = Counter(step.compute.name for step in plan.steps if step.compute).most_common(1)
    return name if 2 * count > len(plan.steps) else None


def _without_default_compute(plan: Plan) -> Plan:
    """Return ``plan`` with no compute target for the steps that have the default one, unless it is `serverless`.

    Outputs keep their datastore: by default v2 has another path there, and an output must not move when a step is
    added whose output is elsewhere.
    """
    default = _default_compute(plan)
    steps = (
        replace(step, compute=None)
        if step.compute and step.compute.name == default and not sendable.is_serverless(step.compute)
        else step
        for step in plan.steps
    )
    return replace(plan, steps=tuple(steps))


def nodes(plan: Plan) -> dict[str, Any]:
    """Return the nodes of the pipeline by name."""
    run_by = {step.name: component for component in components(plan) for step in component.steps}
    return {node(step.name): _job(step, run_by[step.name]) for step in plan.steps}


def _job(step: Step, run: Component) -> dict[str, Any]:
    data: dict[str, Any] = {"type": "command", "component": f"./{component.place(run)}"}
    for port in run.ports[step.name]:
        if port.value != {}:
            data.setdefault(port.kind, {})[port.name] = port.value
    if step.environment_variables:
        data["environment_variables"] = dict(sorted(step.environment_variables.items()))
    if step.timeout:
        data["limits"] = {"timeout": step.timeout}
    if step.identity:
        data["identity"] = {"type": _IDENTITIES[step.identity]}
    if step.distribution:
        data["distribution"] = _distribution(step.distribution)
    if step.compute and not sendable.is_serverless(step.compute):  # a node without a target uses the job's default
        data["compute"] = f"azureml:{step.compute.name}"
    elif step.compute and step.compute.vm_priority == "lowpriority":
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
