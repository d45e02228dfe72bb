"""One script as a run of its own: what the SDK sends for a ScriptRunConfig."""

from copy import deepcopy

from . import simulation
from .rules import check
from .runs import add_run
from .state import State
from .wire import Call, route


def start(state: State, call: Call) -> object:
    """Let a script's run begin."""
    body = call.body
    check("script run", state, body)
    configuration = body["Configuration"]
    run = call.request.query.get("runId") or state.new_id()
    given = {
        "runId": run,
        "runType": "azureml.scriptrun",
        "target": configuration["target"],
        "properties": {"ScriptName": configuration["script"], "ContentSnapshotId": body["SnapshotId"]},
        "runDefinition": configuration,
    }
    simulation.follow(state, run, deepcopy(state.script))
    add_run(state, call["experiment"], given)
    return {"runId": run}


ROUTES = (route("POST", "/execution/v1.0/experiments/{experiment}/snapshotrun", start),)
