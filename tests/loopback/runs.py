"""History: experiments, the runs in them, their details and logs."""

import json
import re

from . import simulation
from .artifacts import log_files
from .rules import check
from .state import NOW, Entity, State
from .wire import Call, Refusal, route

_ENDED = frozenset({"Completed", "Failed", "Canceled"})


def experiment_named(state: State, name: str) -> Entity:
    """Return an experiment, made where there is none."""
    if name not in state.experiments:
        check("experiment", state, name)
        new: Entity = {"experimentId": state.new_id(), "name": name, "tags": {}}
        state.experiments[name] = {**new, "createdUtc": NOW, "archivedTime": None}
    return state.experiments[name]


def get_experiment(state: State, call: Call) -> Entity:
    """Answer with an experiment, 404 where there is none."""
    if call["experiment"] not in state.experiments:
        raise Refusal(404, f"Experiment {call['experiment']} not found", "NotFound")
    return state.experiments[call["experiment"]]


def post_experiment(state: State, call: Call) -> object:
    """Make an experiment."""
    return experiment_named(state, call["experiment"])


def get_experiment_by_id(state: State, call: Call) -> object:
    """Answer with an experiment by its id."""
    return next(one for one in state.experiments.values() if one["experimentId"] == call["id"])


def add_run(state: State, experiment: str, given: Entity) -> Entity:
    """Store a run."""
    known = experiment_named(state, experiment)
    base = {
        "runNumber": len(state.runs) + 1,
        "rootRunId": given["runId"],
        "parentRunId": None,
        "experimentId": known["experimentId"],
        "dataContainerId": f"dcid.{given['runId']}",
        "createdUtc": NOW,
        "createdBy": {"userObjectId": "somebody", "userName": "Somebody"},
        "startTimeUtc": NOW,
        "properties": {},
        "tags": {},
        "hidden": False,
    }
    state.runs[given["runId"]] = {**base, **given}
    return state.runs[given["runId"]]


def seen(state: State, run: str) -> Entity:
    """Return a run as history shows it now, with its status."""
    entity, status = _found(state, run), _status(state, run)
    ended = {"endTimeUtc": NOW} if status in _ENDED else {}
    return {**entity, **ended, "status": status, "error": _error(state, run)}


def _found(state: State, run: str) -> Entity:
    if run not in state.runs:
        raise Refusal(404, f"Run {run} was not found", "NotFound")
    return state.runs[run]


def _status(state: State, run: str) -> str:
    tags = state.runs[run]["tags"]
    if "azureml.nodeid" in tags:
        said = simulation.node_statuses(state, tags["azureml.pipeline"])[tags["azureml.nodeid"]]
    else:
        said = simulation.status(state, run)
    return simulation.IN_HISTORY.get(said, said)


def _error(state: State, run: str) -> Entity | None:
    """Return the error object of a failed run, where its script has one."""
    message = _message(state, run) if _status(state, run) == "Failed" else None
    return {"error": {"code": "UserError", "message": message, "details": []}} if message else None


def _message(state: State, run: str) -> str | None:
    """Return what failed; a pipeline says what its first failed step says."""
    if run not in state.pipeline_runs:
        return simulation.step_of(state, run).error
    failed = [one for one in state.runs if state.runs[one]["parentRunId"] == run and _status(state, one) == "Failed"]
    return next((message for one in failed if (message := _message(state, one))), None)


def get_run(state: State, call: Call) -> object:
    """Answer with a run; to ask for a script's lets it move on."""
    _move(state, call["run"])
    return seen(state, call["run"])


def _move(state: State, run: str) -> None:
    if run in state.following and run not in state.pipeline_runs:
        simulation.tick(state, run)


def patch_run(state: State, call: Call) -> object:
    """Change a run: tags and properties are added to, the rest is replaced."""
    entity = _found(state, call["run"])
    for name, value in call.body.items():
        if value is not None:
            entity[name] = {**entity[name], **value} if isinstance(entity.get(name), dict) else value
    return seen(state, call["run"])


def get_details(state: State, call: Call) -> object:
    """Answer with a run's details; to ask for a script's lets it move on."""
    run = call["run"]
    _move(state, run)
    entity = seen(state, run)
    kept = ("runId", "target", "status", "startTimeUtc", "endTimeUtc", "properties", "error")
    shown = {name: entity.get(name) for name in kept}
    return {**shown, "logFiles": log_files(state, call.url, run), "runDefinition": _definition(state, entity)}


def _definition(state: State, entity: Entity) -> Entity | None:
    """Return what a run runs with: that of a script's run as it was sent, that of a step from its node."""
    node, pipeline = (entity["tags"].get(f"azureml.{name}") for name in ("nodeid", "pipeline"))
    if node is None:
        return entity.get("runDefinition")
    graph = state.graphs[state.pipeline_runs[pipeline]["GraphId"]]
    definition: Entity = json.loads(next(one["Runconfig"] for one in graph["ModuleNodes"] if one["Id"] == node))
    return definition


def get_children(state: State, call: Call) -> object:
    """Answer with the runs of steps that have begun."""
    children = [one for one in state.runs.values() if one["parentRunId"] == call["run"]]
    shown = [seen(state, one["runId"]) for one in children]
    return {"value": [one for one in shown if one["status"] != "NotStarted"]}


def query_runs(state: State, call: Call) -> object:
    """Answer with the runs of an experiment, newest first; of the filter, tags and known properties count."""
    known = get_experiment(state, call)["experimentId"]
    asked = call.body.get("filter") or ""
    wanted = dict(re.findall(r'Tags/(\w+) eq "([^"]*)"', asked))
    properties = set(re.findall(r"Properties/([\w.]+) ne null", asked))
    mine = [seen(state, run) for run, one in state.runs.items() if one["experimentId"] == known]
    fitting = [one for one in mine if wanted.items() <= one["tags"].items() and properties <= set(one["properties"])]
    return {"value": [one for one in reversed(fitting) if one["parentRunId"] is None]}


def query_experiments(state: State, call: Call) -> object:
    """Answer with the experiments, of which the filter may name one."""
    wanted = re.search(r"name eq ([\w-]+)", call.body.get("filter") or "")
    return {"value": [one for name, one in state.experiments.items() if wanted is None or wanted[1] == name]}


def post_event(state: State, call: Call) -> object:
    """Take an event; a cancelled run is cancelled."""
    if call.body["name"] == CANCELED:
        state.cancelled.add(call["run"])
    return None


CANCELED = "Microsoft.MachineLearning.Run.Canceled"
HISTORY = "/history/v1.0"
EXPERIMENT = f"{HISTORY}/experiments/{{experiment}}"

ROUTES = (
    route("GET", EXPERIMENT, get_experiment),
    route("POST", EXPERIMENT, post_experiment),
    route("GET", f"{HISTORY}/experimentids/{{id}}", get_experiment_by_id),
    route("GET", f"{HISTORY}/runs/{{run}}", get_run),
    route("GET", f"{HISTORY}/experimentids/{{id}}/runs/{{run}}", get_run),
    route("PATCH", f"{HISTORY}/experimentids/{{id}}/runs/{{run}}", patch_run),
    route("POST", f"{EXPERIMENT}/runs:query", query_runs),
    route("POST", f"{HISTORY}/experiments:query", query_experiments),
    route("GET", f"{EXPERIMENT}/runs/{{run}}", get_run),
    route("PATCH", f"{EXPERIMENT}/runs/{{run}}", patch_run),
    route("GET", f"{EXPERIMENT}/runs/{{run}}/details", get_details),
    route("GET", f"{EXPERIMENT}/runs/{{run}}/children", get_children),
    route("POST", f"{EXPERIMENT}/runs/{{run}}/events", post_event),
)
