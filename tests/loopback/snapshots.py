"""Snapshots: the tree of a folder, with the digest of each file; the bytes too, in a service that has a storage."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from .state import SCOPE, Entity, State
from .wire import Answer, Call, Refusal, route

EMPTY = "00000000-0000-0000-0000-000000000000"
ROOT = {"name": "", "hash": None, "type": "Directory", "timestamp": None, "sasUrl": None, "absoluteUrl": None}
CONTAINER = "snapshots"


def get_latest(_: State, __: Call) -> object:
    """Answer that nothing was uploaded before, so that the SDK sends a whole tree."""
    return {"id": EMPTY, "root": {**ROOT, "children": {}, "sizeBytes": 0, "sizeSet": False}}


def get_blobs(state: State, call: Call) -> object:
    """Answer with the addresses to upload files to; with none where there is no storage, so that only the tree comes.

    The SDK sends bytes to https://ACCOUNT.blob.core.windows.net only.
    """
    if state.storage is None:
        return {"fileNodes": []}
    folder = state.new_id()
    names = call.body["FileNames"]
    return {"fileNodes": [{"fullName": name, "blobUri": _address(f"{folder}/{name}")} for name in names]}


def _address(path: str) -> str:
    from tests.loopback_v2.certificate import STORAGE  # needs cryptography

    from .storage import SAS

    return f"https://{STORAGE}/{CONTAINER}/{quote(path)}?{SAS}"


def post_snapshot(state: State, call: Call) -> object:
    """Store a tree, and where the bytes of its files are: those that did not change are in its parent."""
    entity = call.body
    known = state.snapshots.get(entity["ParentSnapshotId"], {}).get("Places", {})
    new = {one["FullName"]: one["BlobUri"] for one in entity["FileRevisionList"]["FileNodes"]}
    places = {path: new.get(path) or known.get(path) for path in files(entity)}
    state.snapshots[call["id"]] = {**entity, "Places": places}
    return {"id": call["id"], "root": entity["DirTreeNode"]}


def files(snapshot: Entity) -> dict[str, str]:
    """Return the files of a snapshot: path → digest."""
    return dict(_files(snapshot["DirTreeNode"], ""))


def _files(node: Entity, path: str) -> Iterator[tuple[str, str]]:
    for name, child in node["children"].items():
        inner = f"{path}{name}"
        if child["type"] == "Directory":
            yield from _files(child, f"{inner}/")
        else:
            yield inner, child["hash"]


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip file with such files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            archive.writestr(path, data)
    return made.getvalue()


def post_zip(state: State, call: Call) -> object:
    """Answer with the address of a snapshot's zip file, or with where to ask for it later."""
    _need_zip(state, call["id"])
    if state.late_zips > 0:
        location = f"{call.url}/content/v2.0{SCOPE}/snapshots/zips/{call['id']}"
        return Answer(json.dumps({"location": location}).encode(), 202)
    return _zip_of(state, call)


def get_zip(state: State, call: Call) -> object:
    """Answer with the address of a zip file; to ask lets a late one become ready."""
    state.late_zips -= 1
    return Answer(json.dumps({}).encode(), 202) if state.late_zips > 0 else _zip_of(state, call)


def _zip_of(state: State, call: Call) -> Entity:
    known = call["id"]
    if state.storage is None:
        return {"zipSasUri": f"{call.url}/zips/{known}.zip?sig=c2VjcmV0"}
    from .storage import put

    put(state.storage, f"{CONTAINER}/zips/{known}.zip", state.zips[known], {})
    return {"zipSasUri": _address(f"zips/{known}.zip")}


def _need_zip(state: State, known: str) -> None:
    """Make the zip file of a snapshot, unless a test gave it."""
    if known in state.zips:
        return
    if known not in state.snapshots or state.storage is None:
        raise Refusal(404, f"Snapshot {known} was not found", "NotFound")
    places = state.snapshots[known]["Places"]
    state.zips[known] = zipped({path: _bytes(state, place) for path, place in places.items()})


def _bytes(state: State, place: str) -> bytes:
    path = place.partition(f"/{CONTAINER}/")[2].partition("?")[0]
    return bytes(state.storage.blobs[f"{CONTAINER}/{unquote(path)}"].data)


def download_zip(state: State, call: Call) -> object:
    """Answer with a zip file, in a service without a storage."""
    return Answer(state.zips[call["id"]])


ROUTES = (
    route("GET", "/content/v1.0/snapshots/latest/metadata", get_latest),
    route("POST", "/content/v2.0/snapshots/getblob", get_blobs),
    route("POST", "/content/v2.0/snapshots/{id}/zip", post_zip),
    route("GET", "/content/v2.0/snapshots/zips/{id}", get_zip),
    route("GET", r"/zips/{id}\.zip", download_zip),
    route("POST", "/content/v2.0/snapshots/{id}", post_snapshot),
)
