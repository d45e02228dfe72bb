"""What a workspace knows of a pipeline → the draft of a project. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aml_pipeline.azureml.importing.draft import Draft, Loss
from aml_pipeline.azureml.v1.imported import graph, others, outputs, parameters, programs, rest, running, schedules
from aml_pipeline.azureml.v1.imported.environments import Environments
from aml_pipeline.azureml.v1.imported.found import Found
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.inputs import Data
from aml_pipeline.azureml.v1.imported.naming import Naming, named
from aml_pipeline.azureml.v1.imported.notes import GOING_ON, Notes, Unsayable
from aml_pipeline.azureml.v1.imported.outputs import Models
from aml_pipeline.azureml.v1.marks import mark_in, text_in
from aml_pipeline.core.masking import MASK, without_secrets
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan import imported, ports

CODE = "steps"
_SHARED = ("compute", "environment", "source_directory")  # settings that the pipeline has if all steps share them


def draft(found: Found) -> Draft:
    """Return the draft of a project for a pipeline: what it says, what it needs, and what it cannot say."""
    nodes, models = outputs.without_registrations(graph.read(found))
    naming = named(found, nodes)
    of = _Pipeline(naming, Environments(found), models)
    steps: dict[str, dict[str, Any]] = {}
    missing: dict[str, dict[str, Any]] = {}
    losses: list[Loss] = []
    for node in nodes:
        name = naming.steps[node.id]
        notes = Notes(f"step {name}")
        try:
            steps[name] = _step(node, of, missing, notes)
            losses += notes.losses
        except Unsayable as error:
            missing[name] = others.known(node, naming, str(error))
    said = [node for node in nodes if naming.steps[node.id] in steps]
    code = _folders(said, naming)
    for node in said:
        _reuse(found, steps[naming.steps[node.id]], node, said)
        steps[naming.steps[node.id]]["source_directory"] = code[naming.steps[node.id]]
    document, lost = _document(found, naming, said, steps)
    return Draft(
        document,
        code={code[naming.steps[node.id]]: node.snapshot for node in said},
        files=of.environments.files,
        renamed=naming.names.renamed,
        losses=tuple(dict.fromkeys((*found.losses, *losses, *lost))),
        missing=missing,
        source=found.title,
    )


class _Pipeline(NamedTuple):
    """What the steps of a pipeline share."""

    naming: Naming
    environments: Environments
    models: Models


def _step(node: Node, of: _Pipeline, missing: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return the entry of a step. Raises Unsayable."""
    why, naming = others.why_other(node), of.naming
    if why:
        raise Unsayable(why)
    for source in node.sources.values():
        if naming.steps.get(source.node) in missing:
            raise Unsayable(f"it reads an output of step {naming.steps[source.node]}, which is missing too")
    after = [naming.steps[known] for known in node.after if known in naming.steps]
    for name in missing.keys() & set(after):
        notes.lose(f"after {name}", "That step is missing. Add it again when you have written that step.")
    for port in node.sources:
        _note_of_input(port, node, notes)
    rest.note(node, notes)
    keys = {
        **programs.started(node, naming, notes),
        "outputs": outputs.settings(node, naming, of.models, notes),
        "after": [name for name in after if name not in missing],
        **running.settings(node, notes),
        "environment": of.environments.of(node, notes),
    }
    return {key: value for key, value in keys.items() if value}


def _note_of_input(port: str, node: Node, notes: Notes) -> None:
    settings = node.inputs.get(port, {})
    if settings.get("AdditionalTransformations"):
        raise Unsayable(f"its input {port} is an output that is read as a table; read the files in the script")
    if settings.get("PathOnCompute"):
        notes.lose(f"input {port}: path_on_compute", "The script must read from the path that it is given.")
    mode = str(settings.get("DataStoreMode") or "mount").lower()
    if node.sources[port].data is None and mode != "mount":
        notes.lose(
            f"input {port}: {mode}", "Outputs of steps are mounted: copy the files in the script if it needs that."
        )


def _folders(nodes: Sequence[Node], naming: Naming) -> dict[str, str]:
    """Return the folder of each step's files: one for all, if they are the same; else equal ones share the first's."""
    if len({node.snapshot for node in nodes}) == 1:
        return {naming.steps[node.id]: CODE for node in nodes}
    first: dict[str, str] = {}
    for node in nodes:
        first.setdefault(node.snapshot, f"{CODE}/{naming.steps[node.id]}")
    return {naming.steps[node.id]: first[node.snapshot] for node in nodes}


def is_afresh(found: Found, nodes: Sequence[Node]) -> bool:
    """Whether no step allows reuse because this program published it so, not because the file says so."""
    return mark_in(found.description) is not None and not any(node.is_deterministic for node in nodes)


def _reuse(found: Found, step: dict[str, Any], node: Node, nodes: Sequence[Node]) -> None:
    if not (node.is_deterministic or is_afresh(found, nodes)):
        step["allow_reuse"] = False


def _document(
    found: Found, naming: Naming, nodes: Sequence[Node], steps: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], list[Loss]]:
    notes = Notes("pipeline")
    experiment = found.experiment or next(iter(_experiments(found)), "")
    mark = mark_in(found.description)
    text = " ".join(without_secrets(text_in(found.description) if mark else found.description).split())
    if MASK in text:
        notes.lose("a part of the description", "It looks like a secret.")
    entries = parameters.documents(found, naming, nodes, notes)
    if found.goes_on:
        notes.lose(*GOING_ON)
    scheduled, lost = schedules.documents(found, naming, entries, experiment)
    name = naming.names.give("pipeline", mark.identity.partition("/")[0] if mark else found.endpoint or found.name)
    read = {data: one for data, one in naming.datasets.items() if _is_read(one, steps)}
    renamed = dict(_renamed(naming, entries, read))
    for old, new in renamed.items():
        cure = f"It is `{new}` in each version that is published from now on: change the programs that set it."
        notes.lose(f"name of parameter {old}", cure)
    keys = {
        "name": name,
        "description": "" if text == found.experiment else text,
        "experiment": "" if experiment == name else experiment,
        imported.KEY: _origin(found, naming, "" if renamed else found.pipeline),
        **_shared(steps),
        "snapshot": ["**"],
        "publish": {"reuse": True} if not found.is_run and any(node.is_deterministic for node in nodes) else {},
        "datasets": {one: data.document() for data, one in read.items()},
        "parameters": entries,
        "steps": steps,
        "schedules": scheduled,
    }
    return {key: value for key, value in keys.items() if value or key == "steps"}, [*notes.losses, *lost]


def _experiments(found: Found) -> list[str]:
    infos = (mapping(schedule.get("PipelineSubmissionInfo")) for schedule in found.schedules)
    return [str(info["ExperimentName"]) for info in infos if info.get("ExperimentName")]


def _renamed(naming: Naming, entries: Mapping[str, Any], read: Mapping[Data, str]) -> Iterator[tuple[str, str]]:
    """Yield old and new names of what callers and schedules can set: parameters and data."""
    names = [(old, new) for old, new in naming.parameters.items() if new in entries]
    names += [(data.parameter, ports.input_beside(entries, name)) for data, name in read.items() if data.parameter]
    yield from ((old, new) for old, new in names if old != new)


def _origin(found: Found, naming: Naming, pipeline: str) -> dict[str, Any]:
    """Return what the file was imported from, so that `publish` takes it over, and nothing fires beside it.

    The ``pipeline`` is kept as it is if it is identical and schedules can set its parameters by the names of the file.
    """
    origin = {
        "workspace": found.workspace,
        "endpoint": found.endpoint,
        "id": found.endpoint_id,
        "pipeline": pipeline,
        "schedules": {schedules.name_of(one, naming): str(one.entity.get("Id")) for one in schedules.published(found)},
    }
    return {key: value for key, value in origin.items() if value}


def _shared(steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Take the settings that all steps share out of them, and return them."""
    shared = {}
    for key in (*_SHARED, "allow_reuse"):
        values = [step.get(key) for step in steps.values()]
        if values and values[0] is not None and all(value == values[0] for value in values):
            shared[key] = values[0]
            for step in steps.values():
                del step[key]
    return shared


def _is_read(dataset: str, steps: Mapping[str, Any]) -> bool:
    return f"${{{{ datasets.{dataset} }}}}" in repr(steps)
