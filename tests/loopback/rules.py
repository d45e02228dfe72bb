"""What the service refuses, and how that is known: an issue, a page, the SDK's source, or `assumed`.

Azure refuses much more; what is not in this table is accepted here, and that proves nothing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import simulation
from .state import Entity, State
from .wire import Refusal

Breach = Callable[[State, Any], str | None]


@dataclass(frozen=True)
class Rule:
    """Things of a kind are refused when ``breach`` returns what is wrong with them."""

    kind: str
    source: str
    breach: Breach


def check(kind: str, state: State, thing: object) -> None:
    """Refuse a thing that breaks a rule; the answer names the rule's source, for whoever wonders."""
    for rule in RULES:
        said = rule.breach(state, thing) if rule.kind == kind else None
        if said:
            raise Refusal(400, f"{said} (known from: {rule.source})")


def _experiment_name(_: State, name: str) -> str | None:
    fits = re.match(r"^[a-zA-Z0-9][\w\-]{0,254}$", name)
    return None if fits else f"Experiment name {name!r} is not valid"


def _environment_name(_: State, name: str) -> str | None:
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", name)
    return None if fits else f"Environment name {name!r} may hold letters, digits, '.', '_' and '-' only"


def _curated_name(_: State, name: str) -> str | None:
    return f"Environment name {name!r}: the prefix AzureML is reserved" if name.lower().startswith("azureml") else None


def _compute_name(_: State, name: str) -> str | None:
    fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]", name)
    return None if fits else f"Compute name {name!r} is not available. Reason: Invalid."


def _snapshot_known(state: State, module: Entity) -> str | None:
    known = module.get("StorageId") in (None, *state.snapshots)
    return None if known else f"module {module.get('Name')!r}: there is no snapshot {module.get('StorageId')}"


def _parameters(body: Entity) -> Iterator[tuple[str, Any]]:
    for one in (body.get("GraphInterface") or {}).get("Parameters") or ():
        yield one["Name"], one.get("DefaultValue")


def _assigned(_: State, body: Entity) -> str | None:
    given = body["CreationInfo"].get("ParameterAssignments") or {}
    for name, default in _parameters(body):
        if (given.get(name) or default) in (None, ""):
            return f"Assignment for parameter {name} is not specified."
    return None


def _modules_known(state: State, body: Entity) -> str | None:
    missing = [one["ModuleId"] for one in body["Graph"]["ModuleNodes"] if one["ModuleId"] not in state.modules]
    return f"there is no module {missing[0]}" if missing else None


def _no_cycle(_: State, body: Entity) -> str | None:
    nodes, ordered = body["Graph"]["ModuleNodes"], simulation.in_order(body["Graph"])
    cyclic = [one["Id"] for one in nodes if one["Id"] not in ordered]
    return f"the graph has a cycle through {', '.join(cyclic)}" if cyclic else None


def _ports_known(state: State, body: Entity) -> str | None:
    graph = body["Graph"]
    modules = {one["Id"]: state.modules[one["ModuleId"]]["StructuredInterface"] for one in graph["ModuleNodes"]}
    for edge in graph["Edges"]:
        for end, kind in (("SourceOutputPort", "Outputs"), ("DestinationInputPort", "Inputs")):
            node, port = edge[end].get("NodeId"), edge[end].get("PortName")
            if node in modules and port not in {one["Name"] for one in modules[node][kind]}:
                return f"node {node} has no port {port} among its {kind}"
    return None


def _computes_known(state: State, body: Entity) -> str | None:
    for node in body["Graph"]["ModuleNodes"]:
        values = {one["Name"]: one.get("Value") for one in node["ModuleParameters"]}
        if "Target" in values and values["Target"] not in state.computes:
            return f"there is no compute target {values.get('Target')!r}"
    return None


def _datasets_known(state: State, body: Entity) -> str | None:
    registered = {versions[0]["datasetId"]: len(versions) for versions in state.datasets.values()}
    for node in body["Graph"]["DatasetNodes"]:
        value = ((node.get("DataSetDefinition") or {}).get("Value")) or {}
        named, saved = value.get("DataSetReference"), value.get("SavedDataSetReference")
        if named and int(named.get("Version") or 1) > registered.get(named["Id"], 0):
            return f"there is no dataset {named['Id']} of version {named.get('Version')}"
        if saved and saved["Id"] not in state.saved_datasets:
            return f"there is no saved dataset {saved['Id']}"
    return None


def _assignments_known(state: State, thing: tuple[str, Entity]) -> str | None:
    graph, body = thing
    known = {name for name, _ in _parameters({"GraphInterface": state.interfaces[graph]})}
    unknown = [name for name in body.get("ParameterAssignments") or () if name not in known]
    return f"the pipeline has no parameter {unknown[0]}" if unknown else None


def _endpoint_name(state: State, body: Entity) -> str | None:
    taken = body["Name"] in {one["Name"] for one in state.endpoints.values()}
    return f"there is a pipeline endpoint {body['Name']} already" if taken else None


def _trigger(_: State, body: Entity) -> str | None:
    info = body.get("DataStoreTriggerInfo") or {}
    triggered = body.get("Recurrence") or info.get("DataStoreName")
    return None if triggered else f"schedule {body.get('Name')!r} has neither a recurrence nor a datastore"


def _scheduled_known(state: State, body: Entity) -> str | None:
    pipeline, endpoint = body.get("PipelineId"), body.get("PipelineEndpointId")
    known = (pipeline in state.pipelines) if pipeline else (endpoint in state.endpoints)
    return None if known else f"schedule {body.get('Name')!r}: there is no pipeline {pipeline or endpoint}"


def _target_known(state: State, body: Entity) -> str | None:
    target = body["Configuration"]["target"]
    return None if target in state.computes else f"there is no compute target {target!r}"


ASSUMED = "assumed"

# Order counts: a later rule may rely on what an earlier one has seen to.
RULES = (
    Rule("experiment", "SDK: azureml._base_sdk_common.common._valid_experiment_name", _experiment_name),
    Rule("environment", "https://learn.microsoft.com/azure/machine-learning/v1/how-to-use-environments", _curated_name),
    Rule("environment", f"{ASSUMED}; the rule for names of assets in v2", _environment_name),
    Rule("compute", f"{ASSUMED}; microsoftdocs/pipelines-azureml#19 shows it for instances", _compute_name),
    Rule("module", ASSUMED, _snapshot_known),
    Rule("graph", ASSUMED, _modules_known),
    Rule("graph", f"{ASSUMED}; SDK: Pipeline.validate() refuses, submit() does not look", _no_cycle),
    Rule("graph", ASSUMED, _ports_known),
    Rule("graph", f"{ASSUMED}; SDK: Pipeline() refuses, but not a pair of name and type", _computes_known),
    Rule("graph", ASSUMED, _datasets_known),
    Rule("run", "https://github.com/Azure/MachineLearningNotebooks/issues/668", _assigned),
    Rule("assignments", ASSUMED, _assignments_known),
    Rule("endpoint", "SDK: azureml.pipeline.core.PipelineEndpoint.publish", _endpoint_name),
    Rule("schedule", ASSUMED, _trigger),
    Rule("schedule", ASSUMED, _scheduled_known),
    Rule("script run", ASSUMED, _target_known),
)
