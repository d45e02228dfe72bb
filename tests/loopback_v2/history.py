"""Run history: the runs of jobs and of their nodes, their details and logs."""

from tests.loopback.state import Entity
from tests.loopback.wire import Answer, Call

from .state import LOG, Run, State
from .wire import listed, missing, route

HISTORY = "/history/v1.0"
SIGNATURE = "sv=2026-01-05&sr=b&sig=c2VjcmV0"  # whoever has the address may read; it must not be shown


def _found(state: State, call: Call) -> Run:
    if call["run"] not in state.runs:
        raise missing(f"Run {call['run']}")
    return state.runs[call["run"]]


def _properties(run: Run) -> Entity:
    """Return what history notes about a run."""
    if run.parent is None:
        return {"azureml.runsource": "azureml.PipelineRun", "runType": "HTTP", "azureml.DevPlatv2": "true"}
    properties = {
        "azureml.runsource": "azureml.StepRun",
        "azureml.pipelinerunid": run.parent,
        "azureml.nodeid": run.id[-8:],
        "azureml.moduleName": run.name,
        "azureml.DevPlatv2": "true",
        "StepType": "PythonScriptStep",
        "ComputeTargetType": "AmlCompute",
    }
    if run.reuses is None:
        return properties
    return {**properties, "azureml.isreused": "true", "azureml.reusedrunid": run.reuses}


def _shared(run: Run) -> Entity:
    """Return what a run and its details have in common."""
    root: Entity = {"code": "UserError", "message": run.error, "messageFormat": "", "details": []}
    return {
        "runId": run.id,
        "parentRunId": run.parent,
        "status": run.status,
        "createdUtc": run.created,
        "startTimeUtc": run.started,
        "endTimeUtc": run.ended,
        "error": None if run.error is None else {"error": root, "environment": "loopback", "location": "westeurope"},
        "warnings": [],
        "tags": {},
        "properties": _properties(run),
        "target": run.target,
    }


def _seen(state: State, run: Run) -> Entity:
    """Return a run as it is now."""
    job = state.jobs[run.parent or run.id]["properties"]
    return {
        **_shared(run),
        "rootRunId": run.parent or run.id,
        "displayName": run.name,
        "name": run.name,
        "description": job.get("description") if run.parent is None else None,
        "experimentId": "00000000-0000-0000-0000-0000000000ee",
        "dataContainerId": f"dcid.{run.id}",
        "runType": "azureml.PipelineRun" if run.parent is None else "azureml.StepRun",
        "compute": None if run.target is None else {"target": run.target, "targetType": "amlcompute"},
        "createdBy": {"userObjectId": "somebody", "userName": "Somebody"},
        "hidden": False,
    }


def get_run(state: State, call: Call) -> object:
    """Answer with a run; no time passes."""
    return _seen(state, _found(state, call))


def get_children(state: State, call: Call) -> object:
    """Answer with the runs of nodes that have begun; no time passes."""
    begun = [child for child in _found(state, call).children.values() if child.id in state.runs]
    return listed(_seen(state, child) for child in begun)


def get_details(state: State, call: Call) -> object:
    """Answer with the details of a run, among them where its logs are; no time passes."""
    run = _found(state, call)
    named = {LOG: f"{call.url}/logs/{run.id}/{LOG}?{SIGNATURE}"} if _printed(run) else {}
    return {**_shared(run), "logFiles": named, "inputDatasets": [], "outputDatasets": []}


def _printed(run: Run) -> bool:
    return run.parent is not None and run.started is not None


def get_log(state: State, call: Call) -> object:
    """Answer with what a node printed."""
    run = _found(state, call)
    if call["name"] != LOG or not _printed(run):
        raise missing(f"log {call['name']}")
    return Answer(state.script.logs.get(run.name, "").encode())


ROUTES = (
    route("GET", f"{HISTORY}/runs/{{run}}", get_run),
    route("GET", f"{HISTORY}/runs/{{run}}/children", get_children),
    route("GET", f"{HISTORY}/runs/{{run}}/details", get_details),
    route("GET", "/logs/{run}/{name:path}", get_log),
)
