"""Compute targets that files of the repository describe, as an export does. The inverse of ``v2/export/assets.py``."""

from __future__ import annotations

from typing import Any

from aml_pipeline.azureml.v2.imported.repository import Repository

_KEYS = {
    "size": "vm_size",
    "tier": "vm_priority",
    "min_instances": "min_nodes",
    "max_instances": "max_nodes",
    "idle_time_before_scale_down": "idle_seconds_before_scaledown",
}


def described(target: Any, repository: Repository) -> Any:  # noqa: ANN401 - a name, or a mapping
    """Return the compute target ``target`` of a step with its size, if exactly one file describes it as a cluster."""
    found = repository.assets(f"azureml:{target}", "size") if isinstance(target, str) else []
    if len(found) != 1 or found[0].parts["size"].value is None:
        return target
    part = repository.file(found[0].path)
    for key in ("type", "name"):
        part.get(key)
    said = {ours: part.data(theirs) for theirs, ours in _KEYS.items()}
    if said["vm_priority"] is not None:
        said["vm_priority"] = str(said["vm_priority"]).replace("_", "").lower()
    return {"name": target, **{key: value for key, value in said.items() if value is not None}}
