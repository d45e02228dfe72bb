"""What is published: pipelines, endpoints, schedules."""

from .pipelines import add_graph, add_pipeline_run, begin, found, stamped
from .rules import check
from .state import Entity, State
from .wire import Call, Refusal, route

ACTIVE = ("0", "Active")  # the service begins with the number, the SDK sends the word


def post_pipeline(state: State, call: Call) -> object:
    """Publish a pipeline."""
    body = call.body
    graph = add_graph(state, body)
    kept = {name: value for name, value in body.items() if name not in ("Graph", "GraphInterface", "GraphLayout")}
    entity = stamped(state, {**kept, "GraphId": graph, "Url": ""})
    entity["Url"] = f"{call.url}/pipelines/v1.0/PipelineRuns/PipelineSubmit/{entity['Id']}"
    state.pipelines[entity["Id"]] = entity
    return entity


def get_pipeline(state: State, call: Call) -> object:
    """Answer with a published pipeline."""
    return found(state.pipelines, call["id"], "pipeline")


def list_pipelines(state: State, call: Call) -> object:
    """Answer with the published pipelines."""
    return _shown(state.pipelines, call)


def _shown(kind: dict[str, Entity], call: Call) -> list[Entity]:
    only = call.request.query.get("activeOnly", "true").lower() != "false"
    return [one for one in kind.values() if one["EntityStatus"] in ACTIVE or not only]


def put_pipeline_status(state: State, call: Call) -> object:
    """Enable or disable a published pipeline."""
    found(state.pipelines, call["id"], "pipeline")["EntityStatus"] = str(call.body)
    return None


def submit_pipeline(state: State, call: Call) -> object:
    """Run a published pipeline."""
    return _run(state, found(state.pipelines, call["id"], "pipeline"), call.body)


def _run(state: State, pipeline: Entity, body: Entity) -> Entity:
    check("assignments", state, (pipeline["GraphId"], body))
    info = {**body, "RunHistoryExperimentName": body["ExperimentName"], "PipelineId": pipeline["Id"]}
    entity = add_pipeline_run(state, info, pipeline["GraphId"])
    begin(state, entity["Id"])
    return entity


def fire(state: State, name: str) -> str | None:
    """Let the time of a schedule come: return the run that it begins, nothing where it is disabled."""
    schedule = next(one for one in state.schedules.values() if one["Name"] == name)
    if schedule["EntityStatus"] not in ACTIVE:
        return None
    info = {**schedule["PipelineSubmissionInfo"], "RunType": "Schedule", "ScheduleId": schedule["Id"]}
    pipeline = schedule.get("PipelineId") or _default(state.endpoints[schedule["PipelineEndpointId"]])
    return str(_run(state, state.pipelines[pipeline], info)["Id"])


def call_endpoint(state: State, name: str, experiment: str) -> str:
    """Let somebody call an endpoint: return the run that it begins."""
    endpoint = next(one for one in state.endpoints.values() if one["Name"] == name)
    body = {"ExperimentName": experiment, "ParameterAssignments": {}, "RunType": "HTTP"}
    return str(_run(state, state.pipelines[_default(endpoint)], body)["Id"])


def _default(endpoint: Entity) -> str:
    versions = {one["Version"]: one["PipelineId"] for one in endpoint["PipelineVersionList"]}
    return str(versions[endpoint["DefaultVersion"]])


def list_runs_of_schedule(state: State, call: Call) -> object:
    """Answer with the runs that a schedule began."""
    return [one for one in state.pipeline_runs.values() if one.get("ScheduleId") == call["id"]]


def list_pipeline_runs(state: State, call: Call) -> object:
    """Answer with the runs of a published pipeline."""
    return [one for one in state.pipeline_runs.values() if one.get("PipelineId") == call["id"]]


def post_endpoint(state: State, call: Call) -> object:
    """Make an endpoint with its first version."""
    body = call.body
    check("endpoint", state, body)
    found(state.pipelines, body["PipelineId"], "pipeline")
    versions = [{"Version": "0", "PipelineId": body["PipelineId"]}]
    entity = stamped(state, {**body, "DefaultVersion": "0", "PipelineVersionList": versions, "Url": ""})
    entity["Url"] = f"{call.url}/pipelines/v1.0/PipelineRuns/PipelineEndpointSubmit/Id/{entity['Id']}"
    state.endpoints[entity["Id"]] = entity
    return entity


def get_endpoint(state: State, call: Call) -> object:
    """Answer with an endpoint."""
    return found(state.endpoints, call["id"], "pipeline endpoint")


def find_endpoint(state: State, call: Call) -> object:
    """Answer with the endpoint that has a name, 404 where there is none."""
    name = call.request.query["Name"]
    for one in state.endpoints.values():
        if one["Name"] == name:
            return one
    raise Refusal(404, f"there is no pipeline endpoint {name}", "NotFound")


def put_endpoint(state: State, call: Call) -> object:
    """Replace an endpoint."""
    state.endpoints[call["id"]] = {**found(state.endpoints, call["id"], "pipeline endpoint"), **call.body}
    return state.endpoints[call["id"]]


def list_endpoints(state: State, call: Call) -> object:
    """Answer with the endpoints, as many as a header says, else the first hundred."""
    return _shown(state.endpoints, call)[: int(call.request.headers.get("batchsize", "100"))]


def list_endpoint_pipelines(state: State, call: Call) -> object:
    """Answer with the pipelines behind an endpoint."""
    versions = found(state.endpoints, call["id"], "pipeline endpoint")["PipelineVersionList"]
    return [state.pipelines[one["PipelineId"]] for one in versions]


def submit_endpoint(state: State, call: Call) -> object:
    """Run a version of an endpoint, the default where none is named."""
    entity = found(state.endpoints, call["id"], "pipeline endpoint")
    wanted = call.names.get("version") or entity["DefaultVersion"]
    chosen = [one["PipelineId"] for one in entity["PipelineVersionList"] if one["Version"] == wanted]
    if not chosen:
        raise Refusal(404, f"the endpoint {entity['Name']} has no version {wanted}", "NotFound")
    return _run(state, state.pipelines[chosen[0]], call.body)


def post_schedule(state: State, call: Call) -> object:
    """Make a schedule; it is active at once."""
    check("schedule", state, call.body)
    entity = stamped(state, {**call.body, "ProvisioningStatus": "Completed"})
    state.schedules[entity["Id"]] = entity
    return entity


def get_schedule(state: State, call: Call) -> object:
    """Answer with a schedule."""
    return found(state.schedules, call["id"], "schedule")


def put_schedule(state: State, call: Call) -> object:
    """Replace a schedule."""
    check("schedule", state, call.body)
    state.schedules[call["id"]] = {**found(state.schedules, call["id"], "schedule"), **call.body}
    return state.schedules[call["id"]]


def list_schedules(state: State, call: Call) -> object:
    """Answer with the schedules."""
    return _shown({**state.schedules, **state.outdated}, call)


def list_schedules_of(state: State, call: Call) -> object:
    """Answer with the schedules of a pipeline or of an endpoint."""
    name = "PipelineEndpointId" if "/PipelineEndpoint/" in call.request.route else "PipelineId"
    return [one for one in state.schedules.values() if one.get(name) == call["id"]]


BASE = "/pipelines/v1.0"

ROUTES = (
    route("POST", f"{BASE}/Pipelines/Create", post_pipeline),
    route("GET", f"{BASE}/Pipelines", list_pipelines),
    route("GET", f"{BASE}/Pipelines/{{id}}", get_pipeline),
    route("PUT", f"{BASE}/Pipelines/{{id}}/status", put_pipeline_status),
    route("POST", f"{BASE}/PipelineRuns/PipelineSubmit/{{id}}", submit_pipeline),
    route("GET", f"{BASE}/PipelineRuns/Pipeline/{{id}}", list_pipeline_runs),
    route("GET", f"{BASE}/PipelineRuns/Schedule/{{id}}", list_runs_of_schedule),
    route("POST", f"{BASE}/PipelineEndpoints/Create", post_endpoint),
    route("GET", f"{BASE}/PipelineEndpoints/Name", find_endpoint),
    route("GET", f"{BASE}/PipelineEndpoints", list_endpoints),
    route("GET", f"{BASE}/PipelineEndpoints/{{id}}/pipelines", list_endpoint_pipelines),
    route("GET", f"{BASE}/PipelineEndpoints/(Id/)?{{id}}", get_endpoint),
    route("PUT", f"{BASE}/PipelineEndpoints/(Id/)?{{id}}", put_endpoint),
    route("POST", f"{BASE}/PipelineRuns/PipelineEndpointSubmit/Id/{{id}}", submit_endpoint),
    route("POST", f"{BASE}/PipelineRuns/PipelineEndpointSubmit/Id/{{id}}/{{version}}", submit_endpoint),
    route("POST", f"{BASE}/Schedules/Create", post_schedule),
    route("GET", f"{BASE}/Schedules", list_schedules),
    route("GET", f"{BASE}/Schedules/(Pipeline|PipelineEndpoint)/{{id}}", list_schedules_of),
    route("GET", f"{BASE}/Schedules/{{id}}", get_schedule),
    route("PUT", f"{BASE}/Schedules/{{id}}", put_schedule),
)
