"""Jobs, as Resource Manager knows them: put, asked for, listed, cancelled."""

from tests.loopback.state import SCOPE, Entity
from tests.loopback.wire import Answer, Call, Refusal

from . import simulation
from .assets import versioned
from .state import ENDED, Run, State
from .wire import entity, listed, missing, route

# Of a job that is there, these alone can be changed.
_CHANGING = frozenset({"description", "displayName", "tags", "properties", "isArchived"})


def put_job(state: State, call: Call) -> object:
    """Take a job; one that is there is changed in what may be changed, and does not run again."""
    name, body = call["name"], call.body
    before = state.jobs.get(name)
    if before is not None:
        if _fixed(before) != _fixed(body):
            raise Refusal(400, f"A job with this name already exists: {name}. It cannot be changed.")
        state.jobs[name] = body
        return _seen(state, call, name)
    _refuse(state, body)
    state.jobs[name] = body
    simulation.begin(state, name, body)
    return Answer(_seen(state, call, name), 201)


def _fixed(body: Entity) -> Entity:
    return {key: value for key, value in body["properties"].items() if key not in _CHANGING}


def _refuse(state: State, body: Entity) -> None:
    """Refuse a job that names what is not there; the client sends it all the same, once it has the ids."""
    properties = body["properties"]
    if properties.get("jobType") != "Pipeline":
        raise Refusal(400, f"The loopback service runs pipelines alone, no job of type {properties.get('jobType')}.")
    for name, node in properties["jobs"].items():
        component = versioned(str(node.get("componentId")), "components")
        if component not in state.components:
            raise Refusal(404, f"The component {node.get('componentId')} of node {name} was not found.")
        compute = simulation.compute_of(node, properties)
        if compute not in {*state.computes, "serverless"}:
            raise Refusal(400, f"Compute with name {compute} of node {name} not found in provided workspace")


def _seen(state: State, call: Call, name: str) -> Entity:
    """Return a job as it is now."""
    run = state.runs[name]
    studio = {"jobServiceType": "Studio", "endpoint": f"https://ml.azure.com/runs/{name}?wsid={SCOPE}"}
    tracking = {"jobServiceType": "Tracking", "endpoint": call.url.replace("https:", "azureml:")}
    properties = {
        "description": None,
        "tags": {},
        "experimentName": "Default",
        **state.jobs[name]["properties"],
        "status": run.status,
        "services": {"Studio": studio, "Tracking": tracking},
    }
    return entity("jobs", name, properties, run.created)


def get_job(state: State, call: Call) -> object:
    """Answer with a job; to ask lets it move on. The run of a node is a job without properties."""
    run = _found(state, call["name"])
    if run.parent is not None:
        return {**entity("jobs", run.id, {}, run.created), "properties": None}
    simulation.tick(state, run.id)
    return _seen(state, call, run.id)


def _found(state: State, name: str) -> Run:
    if name not in state.runs:
        raise missing(f"Job {name}")
    return state.runs[name]


def list_jobs(state: State, call: Call) -> object:
    """Answer with all jobs, newest first; no time passes."""
    return listed(_seen(state, call, name) for name in reversed(state.jobs))


def cancel_job(state: State, call: Call) -> object:
    """Cancel a job, at once."""
    run = _found(state, call["name"])
    state.cancelled.append(run.id)
    if run.status in ENDED:
        raise Refusal(400, f"Cannot cancel job {run.id}: it is {run.status}.")
    simulation.cancel(state, run.id)
    return Answer(None, 200)


ROUTES = (
    route("PUT", "/jobs/{name}", put_job),
    route("GET", "/jobs/{name}", get_job),
    route("GET", "/jobs", list_jobs),
    route("POST", "/jobs/{name}/cancel", cancel_job),
)
