"""A compute target by its name; one that is described is made when it is missing."""

from __future__ import annotations

from aml_pipeline.azureml.sdk import Sdk, doing, shortened
from aml_pipeline.errors import AzureError
from aml_pipeline.plan import Compute
from aml_pipeline.problems import suggest


def target(workspace: Sdk, compute: Compute) -> Sdk:
    """Return the workspace's compute target; make a cluster if it is missing and has a size. Raises AzureError."""
    from azureml.core.compute import ComputeTarget
    from azureml.exceptions import ComputeTargetException

    with doing(f"looking up compute target {compute.name}"):
        try:
            return ComputeTarget(workspace, compute.name)
        except ComputeTargetException as error:
            if "ComputeTargetNotFound" not in str(error):
                raise
        if compute.vm_size is None:
            known = sorted(workspace.compute_targets)
            what = f"Workspace {workspace.name} has no compute target {compute.name}."
            cure = f"{suggest(compute.name, known, noun='compute target')} With `vm_size:` it is made."
            raise AzureError(f"{what} {cure}")
    return _made(workspace, compute)


def _made(workspace: Sdk, compute: Compute) -> Sdk:
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
        made = ComputeTarget.create(workspace, compute.name, settings)
        # Until it is there: the class of the cluster would wait for its first nodes too, up to 25 minutes.
        ComputeTarget.wait_for_completion(made, show_output=False)
    if made.provisioning_state == "Failed":  # the SDK returns all the same
        said = shortened(" ".join(str(made.provisioning_errors or "").split()))
        raise AzureError(f"Compute target {compute.name} could not be made.{f' Azure ML says: {said}' if said else ''}")
    return made
