"""Batch endpoints, their deployments of pipeline components, and the jobs that who calls one begins."""

import re

from tests.loopback.state import LOCATION, Entity
from tests.loopback.wire import Answer, Call, Refusal

from . import jobs, operations
from .assets import versioned
from .state import State
from .wire import entity, listed, missing, route

NAME = re.compile(r"(?=.{3,32}$)[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")


def _checked(kind: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise Refusal(400, f"The {kind} name {name} must have 3 to 32 letters, digits, hyphens; begin with a letter.")


def put_endpoint(state: State, call: Call) -> object:
    """Take an endpoint, or all that it is now in place of what it was."""
    name, body = call["name"], call.body
    _checked("endpoint", name)
    if name in state.taken:
        raise Refusal(409, f"The endpoint name {name} is already in use in {LOCATION}. Choose another.")
    defaults = body["properties"].get("defaults") or {}
    if set(defaults) - {"deploymentName"}:
        raise Refusal(400, f"Request is invalid and/or missing fields: {sorted(defaults)}")
    default = defaults.get("deploymentName")
    if default is not None and (name, default) not in state.deployments:
        raise Refusal(400, f"The default deployment {default} does not exist under endpoint {name}.")
    status = 200 if name in state.endpoints else 201
    state.endpoints[name] = body
    state.created(f"batchEndpoints/{name}")
    return operations.begun(state, call, name, _endpoint(state, call, name), status)


def patch_endpoint(state: State, call: Call) -> object:
    """Change the tags of an endpoint: nothing else can be changed this way."""
    name = _found(state, call)
    state.endpoints[name]["tags"] = call.body.get("tags") or {}
    return operations.begun(state, call, name, _endpoint(state, call, name), 200)


def _found(state: State, call: Call) -> str:
    if call["name"] not in state.endpoints:
        raise missing(f"Batch endpoint {call['name']}")
    return call["name"]


def _tracked(body: Entity, shown: Entity) -> Entity:
    return {**shown, "location": body.get("location", LOCATION), "tags": body.get("tags") or {}}


def _endpoint(state: State, call: Call, name: str) -> Entity:
    body = state.endpoints[name]
    provisioning = "Failed" if name in state.script.unready else "Succeeded"
    uri = {"scoringUri": f"{call.url}/batchEndpoints/{name}/jobs", "swaggerUri": None}
    properties = {"properties": {}, "defaults": {}, **body["properties"], **uri, "provisioningState": provisioning}
    shown = entity("batchEndpoints", name, properties, state.created(f"batchEndpoints/{name}"))
    return _tracked(body, shown)


def get_endpoint(state: State, call: Call) -> object:
    """Answer with an endpoint, 404 where there is none."""
    return _endpoint(state, call, _found(state, call))


def list_endpoints(state: State, call: Call) -> object:
    """Answer with all."""
    return listed(_endpoint(state, call, name) for name in state.endpoints)


def delete_endpoint(state: State, call: Call) -> object:
    """Remove an endpoint with its deployments."""
    if call["name"] not in state.endpoints:
        return Answer(None, 204)
    del state.endpoints[call["name"]]
    for key in [key for key in state.deployments if key[0] == call["name"]]:
        del state.deployments[key]
    return operations.removed(state, call)


def put_deployment(state: State, call: Call) -> object:
    """Take a deployment of a pipeline component."""
    endpoint, name, body = _found(state, call), call["deployment"], call.body
    _checked("deployment", name)
    configuration = body["properties"].get("deploymentConfiguration") or {}
    if configuration.get("deploymentConfigurationType") != "PipelineComponent":
        raise Refusal(400, "The loopback service deploys pipeline components alone.")
    component = (configuration.get("componentId") or {}).get("assetId")
    if component is None:
        raise Refusal(400, "The AssetId field is required.")
    if versioned(component, "components") not in state.components:
        raise Refusal(404, f"The component {component} was not found.")
    status = 200 if (endpoint, name) in state.deployments else 201
    state.deployments[endpoint, name] = body
    return operations.begun(state, call, name, _deployment(state, endpoint, name), status)


def _deployment(state: State, endpoint: str, name: str) -> Entity:
    body, place = state.deployments[endpoint, name], f"{endpoint}/deployments/{name}"
    provisioning = "Failed" if name in state.script.unready else "Succeeded"
    settings = {"settings": {}, **body["properties"]["deploymentConfiguration"]}
    properties = {**body["properties"], "deploymentConfiguration": settings, "provisioningState": provisioning}
    shown = entity("batchEndpoints", place, properties, state.created(f"batchEndpoints/{place}"))
    return _tracked(body, {**shown, "type": f"{shown['type']}/deployments"})


def _deployed(state: State, call: Call) -> tuple[str, str]:
    key = _found(state, call), call["deployment"]
    if key not in state.deployments:
        raise missing(f"Deployment {key[1]} of batch endpoint {key[0]}")
    return key


def get_deployment(state: State, call: Call) -> object:
    """Answer with a deployment, 404 where there is none."""
    return _deployment(state, *_deployed(state, call))


def list_deployments(state: State, call: Call) -> object:
    """Answer with all of an endpoint."""
    endpoint = _found(state, call)
    return listed(_deployment(state, *key) for key in state.deployments if key[0] == endpoint)


def _default(state: State, endpoint: str) -> str | None:
    default: str | None = (state.endpoints[endpoint]["properties"].get("defaults") or {}).get("deploymentName")
    return default


def delete_deployment(state: State, call: Call) -> object:
    """Remove a deployment; the default stays."""
    endpoint = _found(state, call)
    if call["deployment"] == _default(state, endpoint):
        raise Refusal(409, f"Deployment {call['deployment']} is the default of endpoint {endpoint}: not deleted.")
    if state.deployments.pop((endpoint, call["deployment"]), None) is None:
        return Answer(None, 204)
    return operations.removed(state, call)


def invoke(state: State, call: Call) -> object:
    """Begin the job of the default deployment, or of the one that a header names, as Data Factory asks for it."""
    named = call.request.headers.get("azureml-model-deployment")
    run = begin(state, _found(state, call), named, call.body["properties"])
    return Answer({"id": run, "name": run, "properties": {"status": "Running"}}, 201)


def begin(state: State, endpoint: str, named: str | None, asked: Entity) -> str:
    """Begin the job of a deployment, the default one unless one is named."""
    name = named or _default(state, endpoint)
    if (endpoint, name) not in state.deployments:
        raise Refusal(404, f"Batch endpoint {endpoint} has no default deployment.")
    configuration = state.deployments[endpoint, str(name)]["properties"]["deploymentConfiguration"]
    settings = configuration.get("settings") or {}
    job: Entity = {
        "jobType": "Pipeline",
        "componentId": configuration["componentId"]["assetId"],
        "inputs": asked.get("inputData") or {},
        "experimentName": asked.get("experimentName") or endpoint,
        "settings": settings,
        "properties": {
            "azureml.endpointname": endpoint,
            "azureml.deploymentname": name,
            "runSource": "BatchDeployment",
        },
        "tags": {"azureml.batchrun": "true", "azureml.deploymentname": name},
    }
    run = f"batchjob-{state.new_id()}"
    jobs.begin(state, run, {"properties": job})
    return run


AT = "/batchEndpoints/{name}"
ROUTES = (
    route("PUT", AT, put_endpoint),
    route("PATCH", AT, patch_endpoint),
    route("GET", AT, get_endpoint),
    route("GET", "/batchEndpoints", list_endpoints),
    route("DELETE", AT, delete_endpoint),
    route("PUT", f"{AT}/deployments/{{deployment}}", put_deployment),
    route("GET", f"{AT}/deployments/{{deployment}}", get_deployment),
    route("GET", f"{AT}/deployments", list_deployments),
    route("DELETE", f"{AT}/deployments/{{deployment}}", delete_deployment),
    route("POST", f"{AT}/jobs", invoke),
)
