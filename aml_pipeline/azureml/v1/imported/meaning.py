"""What a graph and its schedules mean, as facts to compare: a workspace and a written project are read alike.

Ids and the names of ports are no facts, names are those of the project, and these are the same: `python x.py` and the
script x.py; no path and the SDK's own path of an output; a place as a parameter and the place itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.v1.imported import (
    drafting,
    environments,
    graph,
    inputs,
    outputs,
    programs,
    rest,
    running,
    schedules,
)
from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.naming import Naming, named
from aml_pipeline.azureml.v1.imported.outputs import Models
from aml_pipeline.azureml.v1.imported.schedules import Published
from aml_pipeline.core.masking import MASK, is_secret
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.tokens import Literal
from aml_pipeline.pipeline.schedule import inverse
from aml_pipeline.pipeline.schedule.recurrence import Recurrence

_SECRET = f"{MASK} (a secret)"


def of_graph(found: Found) -> dict[str, Any]:
    """Return the facts of the steps and parameters of a pipeline whose names are those of a project."""
    nodes, models = outputs.without_registrations(graph.read(found))
    return dict(facts_of_nodes(found, nodes, named(found, nodes), models))


def facts_of_nodes(found: Found, nodes: Sequence[Node], naming: Naming, models: Models) -> Iterator[tuple[str, Any]]:
    """Yield the facts of steps, and of the parameters that they receive."""
    received = {word.value for node in nodes for word in node.words if word.kind == "parameter"}
    for entity in graph.each(found.interface.get("Parameters")):
        name = str(entity.get("Name"))
        if name in received:
            text = found.assignments.get(name, str(entity.get("DefaultValue")))
            yield f"parameter {naming.parameters[name]}", _SECRET if is_secret(name, text) else text
    afresh = drafting.is_afresh(found, nodes)
    for node in nodes:
        facts = _of_step(node, naming, models)
        yield f"step {naming.steps[node.id]}", {**facts, "allow_reuse": node.is_deterministic or afresh}


def _of_step(node: Node, naming: Naming, models: Models) -> dict[str, Any]:
    variables = running.variables(node)
    return {
        **{f"word {at} of the command": text for at, text in enumerate(_words(node, naming), 1)},
        "reads": sorted({_read(node, naming, port) for port in node.sources}),
        **{f"input {port}": text for port, text in _registered(node, naming)},
        **{
            f"output {naming.outputs.get((node.id, port), port)}": _output(
                port, entity, models.get((node.id, port), "")
            )
            for port, entity in node.outputs.items()
        },
        "after": sorted(naming.steps[known] for known in node.after if known in naming.steps),
        "compute": running.compute(node),
        "environment": environments.definition(node),
        "environment_variables": {name: _SECRET if is_secret(name, text) else text for name, text in variables.items()},
        "timeout": running.timeout(node),
        "distribution": _distribution(node),
        "resources": running.docker(node),
        **{f"setting {name}": text for name, text in rest.of(node).items()},
    }


def _words(node: Node, naming: Naming) -> Iterator[str]:
    parts = [*(Literal(word.value) for word in node.program), *naming.words(node)]
    for at, (word, part) in enumerate(zip([*node.program, *node.words], parts, strict=True)):
        if isinstance(part, Literal):
            hidden = programs.hide([part or Literal("") for part in parts], at)
            text = part.text.replace("\\", "/") if at == 1 and "Script" in node.values else part.text
            yield text if hidden == part.text else f"{hidden} (a secret)"
        elif word.kind == "input":
            yield _source(node, naming, word.value)
        else:
            yield f"${{{{ {tokens.written(part)} }}}}" if part else "nothing"


def _source(node: Node, naming: Naming, port: str) -> str:
    """Return what an input reads: an output of a step, or a place."""
    source = node.sources.get(port)
    if source and source.data is not None:
        read = inputs.read_by(naming.found, node, port)
        return read.why or read.place
    token = naming.source(node, port)
    return f"${{{{ {tokens.written(token)} }}}}" if token else "nothing"


def _read(node: Node, naming: Naming, port: str) -> str:
    settings = node.inputs.get(port, {})
    mode, place = str(settings.get("DataStoreMode") or "mount").lower(), settings.get("PathOnCompute")
    return f"{_source(node, naming, port)} ({mode}{f' at {place}' if place else ''})"


def _registered(node: Node, naming: Naming) -> Iterator[tuple[str, str]]:
    """Yield the registered datasets by the names by which a script asks for them."""
    for port, source in node.sources.items():
        if source.data is not None and inputs.read_by(naming.found, node, port).registered:
            yield port, _source(node, naming, port)


def _output(port: str, entity: Json, model: str) -> dict[str, Any]:
    path = outputs.entity_path(entity) or outputs.OWN_PATH
    is_fixed, registered = "{run-id}" not in path, mapping(entity.get("DatasetRegistration"))
    facts = {
        "form": "PipelineData" if outputs.is_pipeline_data(entity) else "OutputFileDatasetConfig",
        "datastore": entity.get("DataStoreName"),
        "path": path if path == outputs.OWN_PATH else path.replace("{output-name}", port).strip("/"),
        "mode": str(entity.get("DataStoreMode") or "mount").lower(),
        "path on the node": entity.get("PathOnCompute"),
        "overwrite": bool(entity.get("Overwrite")) if is_fixed and entity.get("DataStoreMode") != "mount" else None,
        "register_as": registered.get("Name"),
        **{f"{key} of the registered dataset": str(registered.get(key) or "") for key in outputs.OF_REGISTERED},
        "patterns of files": ", ".join(outputs.patterns(entity)),
        "model": model,
    }
    return {key: value for key, value in facts.items() if value not in {None, ""}}


def _distribution(node: Node) -> dict[str, Any]:
    found = running.distribution(node)
    return {**found, "communicator": str(node.configuration.get("communicator")).lower()} if found else {}


def of_schedule(found: Found, naming: Naming, one: Published, draft: Draft) -> dict[str, Any]:
    """Return the facts of a schedule of a workspace."""
    about = mapping(one.entity.get("PipelineSubmissionInfo"))
    given = {
        naming.parameters.get(name, name): text for name, text in mapping(about.get("ParameterAssignments")).items()
    }
    data = {
        name: place.place
        for parameter, place in schedules.assigned_data(found, one).items()
        for known, name in naming.datasets.items()
        if known.parameter == parameter
    }
    values = _received(given, draft.document.get("parameters", {}))
    experiment = str(about.get("ExperimentName") or "")
    failed = after_a_failure(goes_on=bool(about.get("ContinueRunOnStepFailure")))
    return {**of_timing(one.recurrence, one.zone, values, data), "experiment": experiment, **failed}


def after_a_failure(*, goes_on: bool = False) -> dict[str, str]:
    """Return the fact of what a run does when a step has failed: those of this program stop."""
    return {"after a failed step": "goes on" if goes_on else "stops"}


def _received(given: dict[str, Any], parameters: Collection[str]) -> dict[str, str]:
    return {
        name: _SECRET if is_secret(name, str(text)) else str(text) for name, text in given.items() if name in parameters
    }


def of_timing(recurrence: Recurrence, zone: str, parameters: dict[str, str], data: dict[str, str]) -> dict[str, Any]:
    """Return the facts of a schedule."""
    fires = inverse.from_the_first(recurrence).as_data()
    return {"fires": fires, "time zone": zone, "parameters": parameters, "datasets": data}
