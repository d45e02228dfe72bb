"""Snapshots: the tree of a folder, with the digest of each file. The bytes themselves never arrive: see `get_blobs`."""

from collections.abc import Iterator

from .state import Entity, State
from .wire import Call, route

EMPTY = "00000000-0000-0000-0000-000000000000"
ROOT = {"name": "", "hash": None, "type": "Directory", "timestamp": None, "sasUrl": None, "absoluteUrl": None}


def get_latest(_: State, __: Call) -> object:
    """Answer that nothing was uploaded before, so that the SDK sends a whole tree."""
    return {"id": EMPTY, "root": {**ROOT, "children": {}, "sizeBytes": 0, "sizeSet": False}}


def get_blobs(_: State, __: Call) -> object:
    """Answer with no address to upload to: the SDK would send bytes to https://ACCOUNT.blob.core.windows.net only."""
    return {"fileNodes": []}


def post_snapshot(state: State, call: Call) -> object:
    """Store a tree."""
    state.snapshots[call["id"]] = call.body
    return {"id": call["id"], "root": call.body["DirTreeNode"]}


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


ROUTES = (
    route("GET", "/content/v1.0/snapshots/latest/metadata", get_latest),
    route("POST", "/content/v2.0/snapshots/getblob", get_blobs),
    route("POST", "/content/v2.0/snapshots/{id}", post_snapshot),
)
