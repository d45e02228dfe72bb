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
FIRST_DATASTORE = "workspaceblobstore"
OF_REGISTERED = ("Description", "Tags", "AdditionalTransformations")  # what is lost of a registered output
_MODES = frozenset({"mount", "upload"})

Models = dict[tuple[str, str], str]  # names of models by node and output


def without_registrations(nodes: Sequence[Node]) -> tuple[list[Node], Models]:
    """Return the nodes without those of ours that register models, and these models."""
    registering = {node.id: node for node in nodes if _registers(node)}
    others = [node for node in nodes if node.id not in registering]
    code, needed = {node.snapshot for node in others}, {known for node in nodes for known in node.upstream}
    models: Models = {}
    for node in registering.values():
        _, port, _, model = (word.value for word in node.words)
        source = node.sources[port]
        if node.snapshot in code or node.id in needed or (source.node, source.port) in models:
            others.append(node)  # somebody's own script
        else:
            models[source.node, source.port] = model
    return [node for node in nodes if node in others], models


def _registers(node: Node) -> bool:
    """Whether a step is like those of ours that register a model, apart from its code."""
    texts = [word.value for word in node.words]
    if node.values.get("Script") != registration.SCRIPT or texts[::2] != ["--model", "--name"] or node.after:
        return False
    source = node.sources.get(texts[1])
    return source is not None and source.data is None and node.name == f"register_{texts[3]}"


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
    is_default = datastore == FIRST_DATASTORE and entity_path(entity) is None
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
        raise Unsayable(f'its output {port} is written to "{sent}", which `path` cannot express')
    return path


def patterns(entity: Json) -> list[str]:
    """Return the patterns of the files that are uploaded of an output; none if all are."""
    globs = mapping(mapping(entity.get("DatasetOutputOptions")).get("SourceGlobs")).get("GlobPatterns")
    return [str(pattern) for pattern in sequence(globs)]


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
    for key in OF_REGISTERED:
        if registered.get(key):
            notes.lose(
                f"output {port}: {key} of the registered dataset", "Set it in the studio, or register it in a script."
            )
    if patterns(entity):
        notes.lose(f"output {port}: patterns of files", "All files of the output are uploaded: write others elsewhere.")
