"""Outputs of v2 nodes → settings of outputs in pipeline.yaml. The inverse of ``v2/export/assets.py``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v2.imported.files import Part
from aml_pipeline.azureml.v2.imported.inputs import MODELS, OF_V2
from aml_pipeline.pipeline.spec.data import RUN

_MODES = {"": "mount", "rw_mount": "mount", "mount": "mount", "upload": "upload"}
_STORE = re.compile(r"azureml://(?:subscriptions/.*?/)?datastores/([^/]+)/paths/(.+)")
# Where an export puts an output that has a datastore and no path.
_BY_DEFAULT = "dataset/{run}/${{output_name}}"
_ANY = "${{default_datastore}}"


def settings(output: str, said_of_it: Iterable[Part | None], losses: list[Loss]) -> dict[str, Any]:
    """Return the settings of the output called ``output``.

    ``said_of_it`` is what the node, or the pipeline, and what the component says of it. Appends to ``losses``.
    """
    parts = [part for part in said_of_it if part is not None and part.is_mapping]
    kind = next(filter(None, [part.text("type") for part in parts]), "uri_folder")
    said = {"type": OF_V2.get(kind, "folder")} if OF_V2.get(kind, "folder") != "folder" else {}
    where = parts[0] if parts else None
    said |= _registered(kind, parts, losses)
    if kind not in OF_V2 and "model" not in said and where is not None:
        why = "an output without a name is not registered, so it is a folder. Add `model` with a name to register it."
        losses.append(where.lost(f"type {kind} of output {output}", why))
    said |= _mode(output, parts, losses)
    path = next((part for part in parts if part.text("path")), None)
    return {**(_place(path, output, losses) if path is not None else {}), **said}


def _registered(kind: str, parts: list[Part], losses: list[Loss]) -> dict[str, Any]:
    part = next((part for part in parts if part.text("name")), None)
    if part is None:
        return {}
    if part.text("version"):
        why = "each registration creates the next version. Delete it, or register the output elsewhere."
        losses.append(part.lost(f"version {part.text('version')} of {part.text('name')}", why))
    if kind in MODELS:
        return {"model": {"name": part.text("name"), "type": "mlflow" if kind == "mlflow_model" else "custom"}}
    return {"register_as": part.text("name")}


def _mode(output: str, parts: list[Part], losses: list[Loss]) -> dict[str, str]:
    part = next((part for part in parts if part.text("mode")), None)
    mode = part.text("mode") if part is not None else ""
    if part is not None and mode not in _MODES:
        why = "an output is uploaded or mounted. The script gets the path of a folder or a file."
        losses.append(part.lost(f"mode {mode} of output {output}", why))
    return {"mode": "mount"} if _MODES.get(mode, "mount") == "mount" else {}


def _place(part: Part, output: str, losses: list[Loss]) -> dict[str, Any]:
    path = re.sub(r"\$\{\{\s*(\w+)\s*\}\}", r"${{\1}}", part.text("path")).replace("${{name}}", RUN)
    match = _STORE.fullmatch(path)
    if match is None:
        why = "pipeline.yaml names a path on a datastore. Write `datastore` and `path`."
        losses.append(part.lost(f"path {part.text('path')} of output {output}", why))
        return {}
    store = {} if match[1] == _ANY else {"datastore": match[1]}
    if match[2] == _BY_DEFAULT and store:
        return store
    inside = match[2].replace("${{output_name}}", output).rstrip("/")
    if "${{" in inside:
        why = "the only placeholder of pipeline.yaml is {run}. Write `path` without the others."
        losses.append(part.lost(f"path {part.text('path')} of output {output}", why))
        return store
    return {**store, "path": inside, **({} if RUN in inside else {"overwrite": True})}
