"""Pipelines: data types, modules, graphs, and the runs that they become."""

import json
from copy import deepcopy

from . import simulation
from .rules import check
from .runs import add_run
from .state import NOW, Entity, State
from .wire import Call, Refusal, route

# The SDK posts those that it misses.
DATA_TYPES = (
    "AnyDirectory",
    "AnyFile",
    "AzureBlobReference",
    "AzureDataLakeReference",
    "AzureDataLakeGen2Reference",
    "AzureFilesReference",
    "AzureMySqlDatabaseReference",
    "AzurePostgresDatabaseReference",
    "AzureSqlDatabaseReference",
    "AzureMLDataset",
    "DBFSReference",
)


def list_data_types(_: State, __: Call) -> object:
    """Answer with all that the SDK knows."""
    return [{"Id": name, "Name": name, "Description": name, "IsDirectory": True} for name in DATA_TYPES]


def stamped(state: State, entity: Entity) -> Entity:
    """Return an entity with what the service adds."""
    added = {"Id": state.new_id(), "Etag": "1", "EntityStatus": "0", "CreatedDate": NOW, "LastModifiedDate": NOW}
    return {**entity, **added}


def found(kind: dict[str, Entity], known: str, what: str) -> Entity:
    """Return an entity; refuse where there is none."""
    if known not in kind:
        raise Refusal(404, f"there is no {what} {known}", "NotFound")
    return kind[known]


def post_module(state: State, call: Call) -> Entity:
    """Store a module."""
    check("module", state, call.body)
    located = {"DataLocation": {"StorageType": "Snapshot", "StorageId": call.body.get("StorageId")}}
    entity = stamped(state, {"UploadState": "1", "ModuleExecutionType": "escloud", **call.body, **located})
    state.modules[entity["Id"]] = entity
    return entity


def put_module(state: State, call: Call) -> object:
    """Change a module."""
    state.modules[call["id"]] = {**found(state.modules, call["id"], "module"), **call.body}
    return state.modules[call["id"]]


def get_module(state: State, call: Call) -> object:
    """Answer with a module."""
    return with_interface(found(state.modules, call["id"], "module"))


def find_module(state: State, call: Call) -> object:
    """Answer with the module that has a fingerprint; 404 means that the SDK has to make it."""
    for one in state.modules.values():
        if one.get("IdentifierHash") == call["hash"]:
            return with_interface(one)
    raise Refusal(404, f"there is no module with the hash {call['hash']}", "NotFound")


def with_interface(entity: Entity) -> Entity:
    """Return a module and what a node of it looks like from outside."""
    return {"Data": entity, "Interface": _interface(entity["StructuredInterface"])}


def _interface(structured: Entity) -> Entity:
    inputs = [
        {"Name": one["Name"], "DataTypesIds": one["DataTypeIdsList"], "IsOptional": one["IsOptional"]}
        for one in structured["Inputs"]
    ]
    outputs = [{"Name": one["Name"], "DataTypeId": one["DataTypeId"]} for one in structured["Outputs"]]
    return {
        "Parameters": _parameters(structured["Parameters"]),
        "MetadataParameters": _parameters(structured["MetadataParameters"]),
        "Ports": {"Inputs": inputs, "Outputs": outputs},
    }


def _parameters(structured: list[Entity]) -> list[Entity]:
    kept = {"Name": "Name", "DefaultValue": "DefaultValue", "IsOptional": "IsOptional", "ParameterType": "Type"}
    return [{new: one.get(old) for old, new in kept.items()} for one in structured]


def add_graph(state: State, body: Entity) -> str:
    """Store a graph with its interface; return its id."""
    check("graph", state, body)
    graph = stamped(state, body["Graph"])
    state.graphs[graph["Id"]] = graph
    state.interfaces[graph["Id"]] = body.get("GraphInterface") or {}
    return str(graph["Id"])


def post_run(state: State, call: Call) -> object:
    """Store a run that is not submitted yet."""
    experiment = call.request.query["experimentName"]
    check("experiment", state, experiment)
    graph = add_graph(state, call.body)
    check("run", state, call.body)
    return add_pipeline_run(state, {**call.body["CreationInfo"], "RunHistoryExperimentName": experiment}, graph)


def add_pipeline_run(state: State, info: Entity, graph: str) -> Entity:
    """Store a run of a graph, in the experiment that ``info`` names."""
    entity = stamped(state, {**info, "GraphId": graph, "IsSubmitted": False})
    state.pipeline_runs[entity["Id"]] = entity
    return entity


def submit(state: State, call: Call) -> object:
    """Let a stored run begin."""
    begin(state, call["id"])
    return None


def begin(state: State, run: str) -> None:
    """Let a run begin: it and its steps appear in history."""
    entity = found(state.pipeline_runs, run, "pipeline run")
    entity["IsSubmitted"] = True
    simulation.follow(state, run, deepcopy(state.script))
    experiment = entity["RunHistoryExperimentName"]
    tags = {"azureml.pipelineComponent": "pipelinerun", **(entity.get("tags") or {})}
    properties = {"azureml.runsource": "azureml.PipelineRun", "runType": entity.get("RunType") or "SDK"}
    properties["azureml.parameters"] = json.dumps(entity.get("ParameterAssignments") or {})
    if "PipelineId" in entity:
        properties["azureml.pipelineid"] = entity["PipelineId"]
    add_run(state, experiment, {"runId": run, "runType": "azureml.PipelineRun", "tags": tags, "properties": properties})
    for node in state.graphs[entity["GraphId"]]["ModuleNodes"]:
        _add_step(state, experiment, run, node)


def _add_step(state: State, experiment: str, run: str, node: Entity) -> None:
    step: Entity = {
        "runId": state.new_id(),
        "parentRunId": run,
        "rootRunId": run,
        "runType": "azureml.StepRun",
        "name": simulation.node_name(state, run, node["Id"]),
        "tags": {"azureml.nodeid": node["Id"], "azureml.pipeline": run},
        "properties": {"azureml.moduleid": node["ModuleId"], "azureml.runsource": "azureml.StepRun"},
    }
    if simulation.scripted(state, run, node["Id"]).reused:
        earlier = {"azureml.reusedrunid": state.new_id(), "azureml.reusednodeid": node["Id"]}
        step["properties"].update({**earlier, "azureml.reusedpipeline": run, "azureml.isreused": "true"})
    add_run(state, experiment, step)


def get_graph(state: State, call: Call) -> object:
    """Answer with a graph."""
    return found(state.graphs, call["id"], "graph")


def get_interface(state: State, call: Call) -> object:
    """Answer with what a graph looks like from outside."""
    return found(state.interfaces, call["id"], "graph")


BASE = "/pipelines/v1.0"

ROUTES = (
    route("GET", f"{BASE}/DataTypes", list_data_types),
    route("GET", f"{BASE}/Modules/Hash/{{hash}}", find_module),
    route("GET", f"{BASE}/Modules/{{id}}", get_module),
    route("PUT", f"{BASE}/Modules/{{id}}", put_module),
    route("POST", f"{BASE}/Modules", post_module),
    route("POST", f"{BASE}/PipelineRuns/Unsubmitted/CreationInfoWithGraph", post_run),
    route("POST", f"{BASE}/PipelineRuns/Submit/{{id}}", submit),
    route("GET", f"{BASE}/Graphs/{{id}}", get_graph),
    route("GET", f"{BASE}/Graphs/{{id}}/Interface", get_interface),
)
