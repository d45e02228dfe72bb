"""The cloud, its one workspace, where the workspace's services are, its computes and datastores."""

from tests.loopback import access
from tests.loopback.state import GROUP, LOCATION, SCOPE, SUBSCRIPTION, WORKSPACE, Entity
from tests.loopback.wire import Call

from .state import State
from .wire import entity, listed, missing, route

DEFAULT_DATASTORE = "workspaceblobstore"
METADATA = "/metadata/endpoints"
SERVICES = ("api", "catalog", "experimentation", "history", "hyperdrive", "notebooks", "pipelines", "studio")


def get_clouds(_: State, call: Call) -> object:
    """Answer with the one cloud that is here. The client asks again and again, for it cannot keep a new cloud."""
    cloud = {
        "name": f"Loopback{call.url.rpartition(':')[2]}",
        "portal": "https://portal.azure.com/",  # the client takes its last part for that of https://ml.azure.com
        "resourceManager": call.url,
        "authentication": {"loginEndpoint": call.url, "audiences": [call.url], "tenant": "common"},
        "suffixes": {"storage": "core.windows.net"},
    }
    return [cloud]


def get_workspace(state: State, call: Call) -> object:
    """Answer as Azure Resource Manager."""
    access.check(state, call)
    storage = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/loop"
    properties = {
        "friendlyName": WORKSPACE,
        "description": "",
        "provisioningState": "Succeeded",
        "workspaceId": "00000000-0000-0000-0000-0000000000dd",
        "discoveryUrl": f"{call.url}/discovery",
        "storageAccount": storage,
        "keyVault": storage.replace("Storage/storageAccounts", "KeyVault/vaults"),
        "applicationInsights": storage.replace("Storage/storageAccounts", "insights/components"),
    }
    shown = entity("workspaces", WORKSPACE, properties, state.now)
    return {**shown, "id": SCOPE, "type": "Microsoft.MachineLearningServices/workspaces", "location": LOCATION}


def discover(_: State, call: Call) -> object:
    """Lead every service here."""
    return dict.fromkeys(SERVICES, call.url)


def compute_body(state: str) -> Entity:
    """Return what a client puts to have a cluster, and the state that it comes to."""
    scale = {"minNodeCount": 0, "maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    settings = {"vmSize": "STANDARD_D2_V2", "vmPriority": "Dedicated", "scaleSettings": scale}
    properties = {"computeType": "AmlCompute", "provisioningState": state, "properties": settings}
    return {"location": LOCATION, "properties": properties}


def _seen(state: State, name: str) -> Entity:
    body = state.computes[name]
    properties = {"provisioningState": "Succeeded", "computeLocation": LOCATION, **body["properties"]}
    return {**entity("computes", name, properties, state.now), "location": body.get("location", LOCATION)}


def get_compute(state: State, call: Call) -> object:
    """Answer with a cluster, 404 where there is none."""
    if call["name"] not in state.computes:
        raise missing(f"Compute {call['name']}")
    return _seen(state, call["name"])


def list_computes(state: State, _: Call) -> object:
    """Answer with all."""
    return listed(_seen(state, name) for name in state.computes)


def put_compute(state: State, call: Call) -> object:
    """Create or change a cluster; it is ready at once."""
    state.computes[call["name"]] = call.body
    return _seen(state, call["name"])


def get_datastore(state: State, call: Call) -> object:
    """Answer with a datastore, 404 where there is none."""
    if call["name"] not in state.datastores:
        raise missing(f"Datastore {call['name']}")
    return _datastore(state, call["name"])


def list_datastores(state: State, call: Call) -> object:
    """Answer with all, or with the default one alone."""
    is_default = call.request.query.get("isDefault") == "true"
    return listed(_datastore(state, name) for name in ([DEFAULT_DATASTORE] if is_default else state.datastores))


def list_secrets(state: State, call: Call) -> object:
    """Answer with the secret of a datastore."""
    kind, secret = state.secrets[call["name"]]
    return {"secretsType": kind, {"Sas": "sasToken", "AccountKey": "key"}[kind]: secret}


def _datastore(state: State, name: str) -> Entity:
    kind, _ = state.secrets.get(name, ("None", ""))
    place = {"accountName": "loop", "containerName": name, "credentials": {"credentialsType": kind}}
    return entity("datastores", name, {"datastoreType": "AzureBlob", **place}, state.now)


ROUTES = (
    route("GET", METADATA, get_clouds),
    route("GET", "/", get_workspace),
    *(route("GET", path, answer) for path, answer in access.PATHS.items()),
    route("GET", "/discovery", discover),
    route("GET", "/computes/{name}", get_compute),
    route("GET", "/computes", list_computes),
    route("PUT", "/computes/{name}", put_compute),
    route("GET", "/datastores", list_datastores),
    route("GET", "/datastores/{name}", get_datastore),
    route("POST", "/datastores/{name}/listSecrets", list_secrets),
)
