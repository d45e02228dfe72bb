"""The workspace: what Azure Resource Manager says of it, where its services are, its computes and datastores."""

import base64

from . import access
from .rules import check
from .state import GROUP, LOCATION, NOW, SCOPE, SUBSCRIPTION, WORKSPACE, Entity, State
from .wire import Answer, Call, Refusal, route

DEFAULT_DATASTORE = "workspaceblobstore"

# The names by which the SDK looks its services up; here all are this one.
SERVICES = (
    "api",
    "catalog",
    "experimentation",
    "gallery",
    "history",
    "hyperdrive",
    "modelmanagement",
    "notebooks",
    "pipelines",
    "studio",
)


def get_workspace(state: State, call: Call) -> object:
    """Answer as Azure Resource Manager; the discovery URL holds an id, for the SDK keeps answers by it on disk."""
    access.check(state, call)
    storage = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/loop"
    properties = {
        "friendlyName": WORKSPACE,
        "description": "",
        "creationTime": NOW,
        "provisioningState": "Succeeded",
        "workspaceId": state.id,
        "discoveryUrl": f"{call.url}/discovery/{state.id}",
        "storageAccount": storage,
        "keyVault": storage.replace("Storage/storageAccounts", "KeyVault/vaults"),
        "applicationInsights": storage.replace("Storage/storageAccounts", "insights/components"),
        "containerRegistry": None,
    }
    return {
        "id": SCOPE,
        "name": WORKSPACE,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": LOCATION,
        "tags": {},
        "sku": {"name": "Basic", "tier": "Basic"},
        "identity": None,
        "properties": properties,
    }


def discover(_: State, call: Call) -> object:
    """Lead every service here."""
    return dict.fromkeys(SERVICES, call.url)


def add_compute(state: State, name: str, vm_size: str = "STANDARD_D2_V2") -> Entity:
    """Store a cluster that is ready."""
    return store_compute(state, name, {"vmSize": vm_size, "vmPriority": "Dedicated", "scaleSettings": {}})


def store_compute(state: State, name: str, settings: Entity) -> Entity:
    """Store a cluster with its settings."""
    scale = {"minNodeCount": 0, "maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    given = settings.get("scaleSettings") or {}
    known = {
        "subnet": None,
        **settings,
        "scaleSettings": {**scale, **{key: value for key, value in given.items() if value is not None}},
        "allocationState": "Steady",
        "allocationStateTransitionTime": NOW,
        "currentNodeCount": 0,
        "targetNodeCount": 0,
        "nodeStateCounts": {},
        "errors": None,
    }
    properties = {
        "computeType": "AmlCompute",
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "createdOn": NOW,
        "modifiedOn": NOW,
        "description": "",
        "isAttachedCompute": False,
        "resourceId": None,
        "computeLocation": LOCATION,
        "properties": known,
    }
    entity = {"id": f"{SCOPE}/computes/{name}", "name": name, "location": LOCATION, "tags": None}
    state.computes[name] = {**entity, "properties": properties}
    return state.computes[name]


def get_compute(state: State, call: Call) -> object:
    """Answer with a cluster, 404 where there is none."""
    if call["name"] not in state.computes:
        raise Refusal(404, f"there is no compute {call['name']}", "ComputeNotFound")
    return state.computes[call["name"]]


def list_computes(state: State, _: Call) -> object:
    """Answer with all; without `nextLink`, even an empty one, for the SDK follows it."""
    return {"value": list(state.computes.values())}


def put_compute(state: State, call: Call) -> object:
    """Create or change a cluster; it is ready at once."""
    check("compute", state, call["name"])
    body = call.body
    entity = store_compute(state, call["name"], body["properties"]["properties"])
    operation = f"{call.url}/operations/{call['name']}"
    return Answer(entity, 201, {"Azure-AsyncOperation": operation})


def get_operation(_: State, __: Call) -> object:
    """Answer that it is done."""
    return {"status": "Succeeded"}


def add_datastore(state: State, name: str) -> None:
    """Store a blob datastore."""
    state.datastores[name] = {
        "name": name,
        "dataStoreType": "AzureBlob",
        "hasBeenValidated": True,
        "tags": {},
        "azureStorageSection": {
            "accountName": "loop",
            "containerName": name,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "credentialType": "None",
            "credential": "",
            "isSas": False,
            "sasToken": None,
            "accountKey": None,
            "areWorkspaceManagedIdentitiesAllowed": False,
        },
    }


def list_keys(_: State, __: Call) -> object:
    """Answer with the key of the storage account, which the SDK asks for to upload a build context."""
    return {"userStorageKey": base64.b64encode(b"the key of the account").decode()}


def get_default_datastore(state: State, _: Call) -> object:
    """Answer with the datastore that every workspace has."""
    return state.datastores[DEFAULT_DATASTORE]


def get_datastore(state: State, call: Call) -> object:
    """Answer with a datastore, 404 where there is none."""
    if call["name"] not in state.datastores:
        raise Refusal(404, f"Could not find datastore: {call['name']}", "UserError")
    return state.datastores[call["name"]]


def list_datastores(state: State, _: Call) -> object:
    """Answer with all."""
    return {"value": list(state.datastores.values())}


ROUTES = (
    route("GET", "/", get_workspace),
    route("GET", "/metadata/endpoints", access.get_clouds),
    *(route("GET", path, answer) for path, answer in access.PATHS.items()),
    route("POST", "/listKeys", list_keys),
    route("GET", "/discovery/{id}", discover),
    route("GET", "(/rp/workspaces)?/computes/{name}", get_compute),
    route("GET", "(/rp/workspaces)?/computes", list_computes),
    route("PUT", "/computes/{name}", put_compute),
    route("GET", "/operations/{name}", get_operation),
    route("GET", "/datastore/v1.0/default", get_default_datastore),
    route("GET", "/datastore/v1.0/datastores", list_datastores),
    route("GET", "/datastore/v1.0/datastores/{name}", get_datastore),
)
