"""Looks up a compute target by name, and creates it if it is missing and described."""

from __future__ import annotations

from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import not_found
from aml_pipeline.azureml.workspace.refusals import shortened
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.pipeline.plan.settings import Compute

# SDK classes of targets that can be attached to a workspace, but cannot run a PythonScriptStep.
_NO_CLUSTERS = frozenset({"AksCompute", "AdlaCompute", "BatchCompute", "DataFactoryCompute", "DatabricksCompute"})


def found(workspace: Sdk, compute: Compute) -> Sdk:
    """Return the workspace's compute target; None if it is missing and can be created. Raises AzureError."""
    with doing(f"looking up compute target {compute.name}"):
        target = _got(workspace, compute.name)
        if target is None and compute.vm_size is None:
            raise not_found.compute(workspace.name, compute, workspace.compute_targets)
    there = str(getattr(target, "vm_size", None) or "")
    if there and compute.vm_size and there.lower() != compute.vm_size.lower():
        say(not_found.of_another_size(compute.name, there, compute.vm_size))
    return target


def _got(workspace: Sdk, name: str) -> Sdk:
    from azureml.core.compute import ComputeTarget
    from azureml.exceptions import ComputeTargetException

    try:
        return _usable(ComputeTarget(workspace, name), name)
    except ComputeTargetException as error:
        if "ComputeTargetNotFound" not in str(error):
            raise
        return None


def _usable(target: Sdk, name: str) -> Sdk:
    """Return ``target`` once it is ready: a run sent to one that is not would wait forever."""
    if target is None:  # the SDK knows the name, but not the kind
        raise not_found.no_cluster(name, "of a kind that SDK v1 does not know")
    if type(target).__name__ in _NO_CLUSTERS:
        raise not_found.no_cluster(name, str(target.type))
    if target.provisioning_state in not_found.GOING:
        _wait(target)
    if target.provisioning_state in not_found.GONE:
        raise not_found.unusable(target.name, target.provisioning_state)
    is_instance = type(target).__name__ == "ComputeInstance"  # its status is None at first
    if is_instance and str(getattr(target.get_status(), "state", "")) == "Stopped":
        raise not_found.stopped(name)
    return target


def _wait(target: Sdk) -> None:
    from azureml.core.compute import ComputeTarget

    # The SDK's cluster class would also wait for the first nodes, up to 25 minutes.
    ComputeTarget.wait_for_completion(target, show_output=False)


def made(workspace: Sdk, compute: Compute) -> Sdk:
    """Return a new cluster once it is ready. Raises AzureError."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    optional = {
        "vm_priority": compute.vm_priority,
        "min_nodes": compute.min_nodes,
        "max_nodes": compute.max_nodes
        or max(1, compute.min_nodes or 0),  # the SDK requires a number and has no default
        "idle_seconds_before_scaledown": compute.idle_seconds_before_scaledown,
    }
    with doing(f"creating compute target {compute.name}"):
        given = {name: value for name, value in optional.items() if value is not None}
        settings = AmlCompute.provisioning_configuration(vm_size=compute.vm_size, **given)
        target = ComputeTarget.create(workspace, compute.name, settings)
        _wait(target)
    if target.provisioning_state == "Failed":  # the SDK returns normally
        said = shortened(" ".join(str(target.provisioning_errors or "").split()))
        raise not_found.not_made(compute.name, said)
    return target
