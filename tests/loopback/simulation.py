"""How simulated runs go on: states are reckoned from the script and from how often somebody asked."""

from collections.abc import Iterable

from .script import Script, Step
from .state import Entity, State

# The words of history for those of pipelines.
IN_HISTORY = {"Finished": "Completed"}


def tick(state: State, run: str) -> None:
    """Somebody asked for the status of a run: it moves on, unless it was cancelled."""
    if run not in state.cancelled:
        state.asked[run] += 1


def follow(state: State, run: str, script: Script) -> None:
    """Let a run begin."""
    state.following[run] = script
    state.asked[run] = 0


def status(state: State, run: str) -> str:
    """Return the status of a pipeline's run, or of a script's, in the words of pipelines."""
    if run in state.cancelled:
        return "Canceled"
    walked = _walked(state, run)
    if walked is not None:
        return walked
    failed = "Failed" in node_statuses(state, run).values() if run in state.pipeline_runs else _script_fails(state, run)
    return "Failed" if failed else "Finished"


def _walked(state: State, run: str) -> str | None:
    """Return where on its walk a run is, nothing where it is through."""
    script, asked = state.following[run], state.asked[run]
    if asked == 0:
        return "NotStarted"
    walk = script.walk[:asked]
    return walk[-1] if asked <= len(script.walk) or script.holds else None


def _script_fails(state: State, run: str) -> bool:
    return step_of(state, run).fails


def node_statuses(state: State, run: str) -> dict[str, str]:
    """Return the status of each node, one after the other in the order of the graph."""
    graph = state.graphs[state.pipeline_runs[run]["GraphId"]]
    order = in_order(graph)
    walked = _walked(state, run)
    script = state.following[run]
    begun = script.walk[: state.asked[run]].count("Running")
    finished = len(order) if walked is None else min(max(begun - 1, 0) // script.pace, len(order) - 1)
    statuses: dict[str, str] = {}
    for place, node in enumerate(order):
        if any(statuses[one] not in ("Finished", "Bypassed") for one in upstream(graph, node) if place < finished):
            statuses[node] = "NotStarted"
        elif place < finished:
            statuses[node] = "Failed" if scripted(state, run, node).fails else "Finished"
        else:
            statuses[node] = _unfinished(place - finished, started=begun > 0, cancelled=run in state.cancelled)
    return statuses


def _unfinished(distance: int, *, started: bool, cancelled: bool) -> str:
    if not started or distance > 1:
        return "NotStarted"
    if cancelled:
        return "Canceled"
    return "Queued" if distance else "Running"


def scripted(state: State, run: str, node: str) -> Step:
    """Return how the step of a node goes."""
    return state.following[run].step(node_name(state, run, node))


def step_of(state: State, run: str) -> Step:
    """Return how a step's run goes, or a script's."""
    tags = state.runs[run].get("tags") or {}
    if "azureml.nodeid" in tags:
        return scripted(state, tags["azureml.pipeline"], tags["azureml.nodeid"])
    return state.following[run].step(state.runs[run]["properties"].get("ScriptName", ""))


def node_name(state: State, run: str, node: str) -> str:
    """Return the name of the step that a node stands for."""
    graph = state.graphs[state.pipeline_runs[run]["GraphId"]]
    module = next(one["ModuleId"] for one in graph["ModuleNodes"] if one["Id"] == node)
    return str(state.modules[module]["Name"])


def upstream(graph: Entity, node: str) -> set[str]:
    """Return the nodes of steps that a node comes after, by data or by order."""
    steps = {one["Id"] for one in graph["ModuleNodes"]}
    return {source for source, target in edges(graph) if target == node and source in steps}


def edges(graph: Entity) -> Iterable[tuple[str, str]]:
    """Return the edges between nodes."""
    ends = [(one["SourceOutputPort"], one["DestinationInputPort"]) for one in graph["Edges"]]
    return [(source["NodeId"], target["NodeId"]) for source, target in ends if target.get("NodeId")]


def in_order(graph: Entity) -> list[str]:
    """Return the nodes of steps, each after its upstreams; those on a cycle are left out."""
    order: list[str] = []
    waiting = [one["Id"] for one in graph["ModuleNodes"]]
    while ready := [node for node in waiting if upstream(graph, node) <= set(order)]:
        order += ready
        waiting = [node for node in waiting if node not in ready]
    return order
