"""A compute target by its name; one that is described is made when it is missing."""

from __future__ import annotations

from aml_pipeline.azureml.sdk import Sdk, doing, shortened
from aml_pipeline.errors import AzureError
from aml_pipeline.plan import Compute
from aml_pipeline.problems import suggest

_GOING = frozenset({"Creating", "Updating", "Provisioning"})
_GONE = frozenset({"Failed", "Deleting"})


def found(workspace: Sdk, compute: Compute) -> Sdk:
    """Return the workspace's compute target; None when it is missing and can be made. Raises AzureError."""
    from azureml.core.compute import ComputeTarget
    from azureml.exceptions import ComputeTargetException

    with doing(f"looking up compute target {compute.name}"):
        try:
            return _usable(ComputeTarget(workspace, compute.name))
        except ComputeTargetException as error:
            if "ComputeTargetNotFound" not in str(error):
                raise
        if compute.vm_size is None:
            known = sorted(workspace.compute_targets)
            what = f"Workspace {workspace.name} has no compute target {compute.name}."
            cure = f"{suggest(compute.name, known, noun='compute target')} With `vm_size:` it is made."
            raise AzureError(f"{what} {cure}")
    return None


def _usable(target: Sdk) -> Sdk:
    """Return ``target`` once it is there: a run that is sent to one that is not would wait for it without an end."""
    if target.provisioning_state in _GOING:
        _wait(target)
    if target.provisioning_state in _GONE:
        what = f"Compute target {target.name} cannot be used: it is {target.provisioning_state.lower()}."
        raise AzureError(f"{what} Delete it in the portal, or name another.")
    return target


def _wait(target: Sdk) -> None:
    from azureml.core.compute import ComputeTarget

    # The class of a cluster would wait for its first nodes too, up to 25 minutes.
    ComputeTarget.wait_for_completion(target, show_output=False)


def made(workspace: Sdk, compute: Compute) -> Sdk:
    """Return a new cluster, when it is there. Raises AzureError."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    optional = {
        "vm_priority": compute.vm_priority,
        "min_nodes": compute.min_nodes,
        "max_nodes": compute.max_nodes or max(1, compute.min_nodes or 0),  # the SDK wants a number, and has none itself
        "idle_seconds_before_scaledown": compute.idle_seconds_before_scaledown,
    }
    with doing(f"making compute target {compute.name}"):
        given = {name: value for name, value in optional.items() if value is not None}
        settings = AmlCompute.provisioning_configuration(vm_size=compute.vm_size, **given)
        target = ComputeTarget.create(workspace, compute.name, settings)
        _wait(target)
    if target.provisioning_state == "Failed":  # the SDK returns all the same
        said = shortened(" ".join(str(target.provisioning_errors or "").split()))
        raise AzureError(f"Compute target {compute.name} could not be made.{f' Azure ML says: {said}' if said else ''}")
    return target
