"""Datasets: registered under a name with versions, or saved without one."""

from .state import NOW, Entity, State
from .wire import Call, Refusal, route

FLOW = """\
paths:
- pattern: azureml://datastores/{datastore}/paths/{path}
metadata:
  infer_column_types: 'False'
type: uri_folder
"""


def add_dataset(state: State, name: str, datastore: str, path: str) -> Entity:
    """Store one version more of a registered file dataset."""
    saved = add_saved(state, f"{datastore}/{path}")
    versions = state.datasets.setdefault(name, [])
    known = versions[0]["datasetId"] if versions else state.new_id()
    latest = {
        "datasetId": known,
        "versionId": str(len(versions) + 1),
        "savedDatasetId": saved,
        "dataflow": "{}",
        "properties": {},
        "createdTime": NOW,
        "dataPath": {"datastoreName": datastore, "relativePath": path},
    }
    entity = {"datasetId": known, "name": name, "datasetType": "file", "isVisible": True, "tags": {}, "latest": latest}
    versions.append({**entity, "createdTime": NOW, "defaultCompute": None})
    return versions[-1]


def add_saved(state: State, flow: str) -> str:
    """Store a dataset that has no name; return its id."""
    for known, saved in state.saved_datasets.items():
        if saved["flow"] == flow:
            return known
    new = state.new_id()
    state.saved_datasets[new] = {"flow": flow}
    return new


def find_dataset(state: State, call: Call) -> object:
    """Answer with a registered dataset by its name, 404 where there is none."""
    versions = state.datasets.get(call["name"])
    wanted = call.request.query.get("versionId")
    found = [one for one in versions or () if wanted in (None, "", "latest", one["latest"]["versionId"])]
    if not found:
        raise Refusal(404, f"Dataset with name {call['name']} is not found.", "NotFound")
    return found[-1]


def get_dataset(state: State, call: Call) -> object:
    """Answer with a registered dataset by its id."""
    found = [one[-1] for one in state.datasets.values() if one[-1]["datasetId"] == call["id"]]
    if not found:
        raise Refusal(404, f"Dataset with id {call['id']} is not found.", "NotFound")
    return found[0]


def post_saved(state: State, call: Call) -> object:
    """Store a dataset without a name; the same content keeps its id."""
    new = add_saved(state, str(call.body.get("dataflowJson")))
    state.saved_datasets[new].update(call.body)
    return {**state.saved_datasets[new], "id": new}


def get_saved(state: State, call: Call) -> object:
    """Answer with a dataset without a name."""
    if call["id"] not in state.saved_datasets:
        raise Refusal(404, f"Saved dataset with id {call['id']} is not found.", "NotFound")
    saved = state.saved_datasets[call["id"]]
    return {"datasetType": "file", "properties": {}, **saved, "dataflowJson": _flow(saved), "id": call["id"]}


def find_registered(state: State, call: Call) -> object:
    """Answer with the registered datasets whose content is a saved one: none or one."""
    versions = (one for versions in state.datasets.values() for one in versions)
    return {"value": [one for one in versions if one["latest"]["savedDatasetId"] == call["id"]]}


def get_version(state: State, call: Call) -> object:
    """Answer with the data flow of a saved dataset."""
    flow = _flow(state.saved_datasets[call["id"]])
    return {"dataVersion": {"dataId": call["id"]}, "entityMetadata": {}, "legacyDataflow": flow}


def _flow(saved: Entity) -> str:
    datastore, _, path = saved["flow"].partition("/")
    return str(saved.get("dataflowJson") or FLOW.format(datastore=datastore, path=path))


def get_asset(_: State, call: Call) -> object:
    """Answer that there is no data asset of v2 either, where the SDK looks when it finds no dataset."""
    raise Refusal(404, f"there is no data asset {call['name']}", "NotFound")


def post_source(state: State, call: Call) -> object:
    """Store a path on a datastore, which a `DataPath` becomes."""
    body = call.body
    place = {"RelativePath": body.get("PathOnDataStore"), "AmlDataStoreName": body["DataStoreName"]}
    location = {"DataReference": {"Type": "1", "AzureBlobReference": place}}
    made = {**body, "Id": state.new_id(), "CreatedDate": NOW, "EntityStatus": "0", "DataLocation": location}
    state.data_sources[made["Id"]] = made
    return made


def find_source(state: State, call: Call) -> object:
    """Answer with the path that has a fingerprint; 404 means that the SDK has to make it."""
    for source in state.data_sources.values():
        if source.get("IdentifierHash") == call["hash"]:
            return source
    raise Refusal(404, f"there is no data source with the hash {call['hash']}", "NotFound")


def get_source(state: State, call: Call) -> object:
    """Answer with a path on a datastore."""
    if call["id"] not in state.data_sources:
        raise Refusal(404, f"there is no data source {call['id']}", "NotFound")
    return state.data_sources[call["id"]]


ROUTES = (
    route("POST", "/pipelines/v1.0/DataSources", post_source),
    route("GET", "/pipelines/v1.0/DataSources/Hash/{hash}", find_source),
    route("GET", "/pipelines/v1.0/DataSources/{id}", get_source),
    route("GET", "/dataset/v1.0/datasets/query/name={name}", find_dataset),
    route("GET", "/dataset/v1.0/datasets/query/savedDatasetId={id}", find_registered),
    route("GET", "/dataset/v1.0/datasets/{id}", get_dataset),
    route("POST", "/dataset/v1.0/saveddatasets", post_saved),
    route("GET", "/dataset/v1.0/saveddatasets/{id}", get_saved),
    route("GET", "/data/v1.0/dataversion/unregistered-{id}/versions/1", get_version),
    route("GET", "/data/v1.0/dataversion/{name}/versions/{version}", get_asset),
)
