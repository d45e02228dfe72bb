"""A compute target by its name; one that is described is made when it is missing."""

from __future__ import annotations

from aml_pipeline.azureml.sdk import Sdk, doing
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
            cure = f"{suggest(compute.name, known, noun='compute target')} With `vm_size:` it would be made."
            raise AzureError(f"{what} {cure}")
    return _made(workspace, compute)


def _made(workspace: Sdk, compute: Compute) -> Sdk:
    from azureml.core.compute import AmlCompute, ComputeTarget

    optional = {
        "vm_priority": compute.vm_priority,
        "min_nodes": compute.min_nodes,
        "max_nodes": compute.max_nodes,
        "idle_seconds_before_scaledown": compute.idle_seconds_before_scaledown,
    }
    with doing(f"making compute target {compute.name}"):
        given = {name: value for name, value in optional.items() if value is not None}
        settings = AmlCompute.provisioning_configuration(vm_size=compute.vm_size, **given)
        made = ComputeTarget.create(workspace, compute.name, settings)
        made.wait_for_completion(show_output=False)
        return made
