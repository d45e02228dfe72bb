"""Pipeline runs from outside: their status and that of their nodes, what nodes printed and wrote, cancelling."""

from . import simulation
from .pipelines import BASE, found
from .state import Entity, State
from .wire import Answer, Call, route
from .workspace import DEFAULT_DATASTORE


def get_run(state: State, call: Call) -> object:
    """Answer with a run; to ask lets it move on."""
    entity = found(state.pipeline_runs, call["id"], "pipeline run")
    if not entity["IsSubmitted"]:
        return entity
    simulation.tick(state, call["id"])
    return {**entity, "Status": {"StatusCode": simulation.status(state, call["id"]), "StatusDetail": None}}


def cancel(state: State, call: Call) -> object:
    """Cancel a run; one that has ended stays as it is."""
    found(state.pipeline_runs, call["id"], "pipeline run")
    if simulation.status(state, call["id"]) not in ("Finished", "Failed"):
        state.cancelled.add(call["id"])
    return None


def get_node_status_code(state: State, call: Call) -> object:
    """Answer with the status of a node; to ask lets the run move on."""
    simulation.tick(state, call["id"])
    return simulation.node_statuses(state, call["id"])[_node(call)]


def _node(call: Call) -> str:
    """Return the node asked for: its id is the only item of the body."""
    return str(call.body[0])


def get_node_status(state: State, call: Call) -> object:
    """Answer with the status of a node and the run that it is."""
    return _task(state, call["id"], _node(call), simulation.node_statuses(state, call["id"])[_node(call)])


def get_node_statuses(state: State, call: Call) -> object:
    """Answer with the status of every node."""
    statuses = simulation.node_statuses(state, call["id"])
    return {node: _task(state, call["id"], node, code) for node, code in statuses.items()}


def _task(state: State, run: str, node: str, code: str) -> Entity:
    children = {one["tags"]["azureml.nodeid"]: one for one in state.runs.values() if one["parentRunId"] == run}
    return {"StatusCode": code, "RunId": children[node]["runId"]}


def get_node_log(state: State, call: Call) -> object:
    """Answer with what a step printed."""
    return Answer(simulation.scripted(state, call["id"], _node(call)).log.encode())


def get_node_outputs(state: State, call: Call) -> object:
    """Answer with where the outputs of a step lie."""
    graph = state.graphs[state.pipeline_runs[call["id"]]["GraphId"]]
    node = next(one for one in graph["ModuleNodes"] if one["Id"] == _node(call))
    return {one["Name"]: _place(one, call) for one in node.get("ModuleOutputSettings") or ()}


def _place(setting: Entity, call: Call) -> Entity:
    path = f"dataset/{call['id']}/{setting['Name']}"
    blob = {"RelativePath": path, "AmlDataStoreName": setting.get("DataStoreName") or DEFAULT_DATASTORE}
    location = {"DataReference": {"Type": "1", "AzureBlobReference": blob}}
    return {"DataTypeId": "AnyDirectory", "DataLocation": location}


RUN = f"{BASE}/PipelineRuns/{{id}}"

ROUTES = (
    route("GET", RUN, get_run),
    route("DELETE", f"{RUN}/Execution", cancel),
    route("POST", f"{RUN}/Graph/Node/StatusCode", get_node_status_code),
    route("POST", f"{RUN}/Graph/Node/Status", get_node_status),
    route("POST", f"{RUN}/Graph/AllNodes/Status", get_node_statuses),
    route("POST", f"{RUN}/Graph/Shareable/(STDOUT|STDERR|JobLog)", get_node_log),
    route("POST", f"{RUN}/Outputs", get_node_outputs),
)
