"""Jobs, as Resource Manager knows them: put, asked for, listed, cancelled."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from tests.loopback.state import SCOPE, Entity
from tests.loopback.wire import Answer, Call, Refusal

from . import simulation
from .assets import versioned
from .state import ENDED, Run, State
from .wire import entity, listed, missing, route

PAGE = 10
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
    refuse(state, body["properties"])
    begin(state, name, body)
    return Answer(_seen(state, call, name), 201)


def begin(state: State, name: str, body: Entity) -> None:
    """Let there be a job, and its run."""
    state.jobs[name] = body
    simulation.begin(state, name, body["properties"], nodes(state, body["properties"]))


def _fixed(body: Entity) -> Entity:
    return {key: value for key, value in body["properties"].items() if key not in _CHANGING}


def refuse(state: State, properties: Entity) -> None:
    """Refuse a job that names what is not there; the client sends it all the same, once it has the ids."""
    if properties.get("jobType") != "Pipeline":
        raise Refusal(400, f"The loopback service runs pipelines alone, no job of type {properties.get('jobType')}.")
    whole = properties.get("componentId")
    if whole and versioned(whole, "components") not in state.components:
        raise Refusal(404, f"The component {whole} was not found.")
    source = str(properties.get("sourceJobId") or "").rpartition("/")[2]
    if source and source not in state.jobs:
        raise Refusal(404, f"The job {source} was not found.")
    for name, node in nodes(state, properties).items():
        component = versioned(str(node.get("componentId")), "components")
        if component not in state.components:
            raise Refusal(404, f"The component {node.get('componentId')} of node {name} was not found.")
        compute = simulation.compute_of(node, properties)
        if compute not in {*state.computes, "serverless"}:
            raise Refusal(400, f"Compute with name {compute} of node {name} not found in provided workspace")


def nodes(state: State, properties: Entity) -> Entity:
    """Return the nodes of a job: its own, else those of the pipeline component that it runs, or of the job."""
    if own := properties.get("jobs"):
        return dict(own)
    if whole := properties.get("componentId"):
        return dict(state.components[versioned(whole, "components")]["properties"]["componentSpec"].get("jobs") or {})
    source = str(properties.get("sourceJobId") or "").rpartition("/")[2]
    return nodes(state, state.jobs[source]["properties"]) if source else {}


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
    return entity("jobs", name, properties, state.created(f"jobs/{name}"))


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
    """Answer with a page of the jobs that the query wants, newest first; no time passes."""
    query = call.request.query
    wanted = [name for name in reversed(state.jobs) if _is_wanted(state, query, name)]
    begin = int(query.get("$skip", "0"))
    following = urlencode({**query, "$skip": begin + PAGE})
    more = {"nextLink": f"{call.url}{urlsplit(call.request.path).path}?{following}"} if wanted[begin + PAGE :] else {}
    return {**listed(_seen(state, call, name) for name in wanted[begin : begin + PAGE]), **more}


def _is_wanted(state: State, query: Mapping[str, str], name: str) -> bool:
    """Whether a job has the tag, the properties, and was begun by the schedule that a query names."""
    job = state.jobs[name]["properties"]
    properties = job.get("properties") or {}
    if job.get("isArchived") and query.get("listViewType") == "ActiveOnly":
        return False
    for condition in filter(None, query.get("properties", "").split(",")):
        key, _, value = condition.partition("=")
        if key not in properties or (value and properties[key] != value):
            return False
    has_tag = "tag" not in query or query["tag"] in (job.get("tags") or {})
    return has_tag and query.get("scheduleId") in (None, state.fired.get(name))


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
