"""The outputs of a step → settings of `outputs:`, and the models that steps of ours register from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aml_pipeline.azureml.v1 import registration
from aml_pipeline.azureml.v1.imported.found import Json
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.azureml.v1.imported.notes import Notes, Unsayable
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.pipeline.spec.data import OUTPUT_PATH

# Where SDK v1 puts an output without a destination, and the name that Azure gives the first datastore of a workspace.
OWN_PATH = "dataset/{run-id}/{output-name}"
_FIRST_DATASTORE = "workspaceblobstore"
_MODES = frozenset({"mount", "upload"})

Models = dict[tuple[str, str], str]  # names of models by node and output


def without_registrations(nodes: Sequence[Node]) -> tuple[list[Node], Models]:
    """Return the nodes without those of ours that register models, and these models."""
    models: Models = {}
    for node in nodes:
        texts = [word.value for word in node.words]
        is_ours = node.values.get("Script") == registration.SCRIPT and len(texts) == 4 and texts[2] == "--name"  # noqa: PLR2004
        source = node.sources.get(texts[1]) if is_ours else None
        if source and node.name == f"register_{texts[3]}":
            models[source.node, source.port] = texts[3]
    register = {f"register_{model}" for model in models.values()}
    return [node for node in nodes if node.name not in register], models


def settings(node: Node, naming: Naming, models: Models, notes: Notes) -> dict[str, dict[str, Any]]:
    """Return the entries of `outputs:` of a step: those with settings."""
    entries = {}
    for port, entity in node.outputs.items():
        name = naming.outputs.get((node.id, port))
        if name is None:
            cure = f"No argument names it. Give the script one with ${{{{ outputs.{port} }}}}."
            notes.lose(f"output {port}", cure)
            continue
        entry = _settings(port, entity, notes)
        if (node.id, port) in models:
            entry["model"] = {"name": models[node.id, port]}
        if entry:
            entries[name] = entry
    return entries


def _settings(port: str, entity: Json, notes: Notes) -> dict[str, Any]:
    mode = str(entity.get("DataStoreMode") or "mount").lower()
    if mode not in _MODES:
        raise Unsayable(f'its output {port} has the mode "{mode}"; outputs are uploaded or mounted')
    _note_unsaid(port, entity, notes)
    path, datastore = _path(port, entity), str(entity.get("DataStoreName") or "")
    is_fixed = path is not None and "{run}" not in path
    if is_fixed and mode == "upload" and not entity.get("Overwrite"):
        notes.lose(f"output {port}", "It did not overwrite files of earlier runs, but a fixed path must.")
    is_default = datastore == _FIRST_DATASTORE and entity_path(entity) is None
    entry = {
        "datastore": "" if is_default else datastore,
        "path": path,
        "overwrite": is_fixed,
        "mode": "" if mode == "upload" else mode,
        "register_as": mapping(entity.get("DatasetRegistration")).get("Name"),
    }
    return {key: value for key, value in entry.items() if value}


def entity_path(entity: Json) -> str | None:
    """Return the path on the datastore that an output has in Azure ML, with its placeholders."""
    path = mapping(entity.get("DatasetOutputOptions")).get("PathOnDatastore")
    return None if path is None else str(path)


def _path(port: str, entity: Json) -> str | None:
    """Return `path` of an output; None for the SDK's own. Raises Unsayable."""
    sent = entity_path(entity)
    if sent is None or sent == OWN_PATH:
        return None
    path = re.sub(r"\{run-id\}", "{run}", sent.replace("{output-name}", port)).strip("/")
    if not re.fullmatch(OUTPUT_PATH, path):
        raise Unsayable(f'its output {port} is written to "{sent}", which `path` cannot say')
    return path


def is_pipeline_data(entity: Json) -> bool:
    """Whether an output is a PipelineData, not an OutputFileDatasetConfig."""
    return "DatasetOutputOptions" not in entity


def _note_unsaid(port: str, entity: Json, notes: Notes) -> None:
    if is_pipeline_data(entity):
        cure = "It becomes an OutputFileDatasetConfig, so Azure ML keeps it under dataset/, not under azureml/."
        notes.lose(f"output {port} (PipelineData)", cure)
    if entity.get("PathOnCompute"):
        notes.lose(f"output {port}: path_on_compute", "The script must write to the path that it is given.")
    registered = mapping(entity.get("DatasetRegistration"))
    for key in ("Description", "Tags", "AdditionalTransformations"):
        if registered.get(key):
            notes.lose(
                f"output {port}: {key} of the registered dataset", "Set it in the studio, or register it in a script."
            )
    globs = mapping(mapping(entity.get("DatasetOutputOptions")).get("SourceGlobs")).get("GlobPatterns")
    if sequence(globs):
        notes.lose(f"output {port}: patterns of files", "All files of the output are uploaded: write others elsewhere.")
