"""Assets: environments, code, components, data; and the storage that the files of code are uploaded to."""

from collections.abc import Iterable
from dataclasses import replace

from tests.loopback.state import Entity
from tests.loopback.wire import Answer, Call, Refusal

from .state import State
from .wire import BLOBS, XML, entity, listed, missing, route

Stored = dict[tuple[str, str], Entity]


def _stored(state: State, kind: str) -> Stored:
    found: Stored = getattr(state, kind)
    return found


def _seen(state: State, kind: str, name: str, version: str) -> Entity:
    properties = {"provisioningState": "Succeeded", **_stored(state, kind)[name, version]["properties"]}
    place = f"{name}/versions/{version}"
    return entity(kind, place, properties, state.created(f"{kind}/{place}"))


def get_version(state: State, call: Call) -> object:
    """Answer with a version of an asset, 404 where there is none."""
    kind, name, version = call["kind"], call["name"], call["version"]
    if version == "azureml_default":  # what the client asks for where it is given no version of a component
        version = next(reversed(_versions(state, kind, name)), version)
    if (name, version) not in _stored(state, kind):
        raise missing(f"{kind}/{name}/versions/{version}")
    return _seen(state, kind, name, version)


def _versions(state: State, kind: str, name: str) -> list[str]:
    """Return the versions of an asset, the newest last."""
    return [version for known, version in _stored(state, kind) if known == name]


def get_asset(state: State, call: Call) -> Entity:
    """Answer with an asset without a version: which is the latest, and what the next would be called."""
    versions = _versions(state, call["kind"], call["name"])
    if not versions:
        raise missing(f"{call['kind']}/{call['name']}")
    following = str(len(versions) + 1)
    place = f"{call['kind']}/{call['name']}"
    properties = {"latestVersion": versions[-1], "nextVersion": following, "isArchived": place in state.archived}
    return entity(call["kind"], call["name"], properties, state.created(place))


def list_assets(state: State, call: Call) -> object:
    """Answer with the components that have a name of their own, each once."""
    names = dict.fromkeys(name for name, _ in _stored(state, call["kind"]) if name != "azureml_anonymous")
    shown = [get_asset(state, replace(call, names={**call.names, "name": name})) for name in names]
    return listed(_viewed(call, shown))


def put_asset(state: State, call: Call) -> object:
    """Archive all versions of an asset, or bring them back."""
    place = f"{call['kind']}/{call['name']}"
    if call.body["properties"].get("isArchived"):
        state.archived.add(place)
    else:
        state.archived.discard(place)
    return get_asset(state, call)


def _viewed(call: Call, shown: Iterable[Entity]) -> list[Entity]:
    """Return what the query wants to see: without a word, what is not archived."""
    wanted = {"All": (False, True), "ArchivedOnly": (True,)}.get(call.request.query.get("listViewType", ""), (False,))
    return [thing for thing in shown if bool(thing["properties"].get("isArchived")) in wanted]


def list_versions(state: State, call: Call) -> object:
    """Answer with the versions of an asset, newest first; or with the code that has a digest."""
    kind, name, query = call["kind"], call["name"], call.request.query
    if "hash" in query:
        return listed(_seen(state, kind, *one) for one in _with_digest(state, query["hash"], query["hashVersion"]))
    shown = _viewed(call, (_seen(state, kind, name, version) for version in reversed(_versions(state, kind, name))))
    return listed(shown[: int(query["$top"])] if "$top" in query else shown)


def _with_digest(state: State, digest: str, version: str) -> list[tuple[str, str]]:
    """Return the code with a digest, whatever its name: the client asks by a new name each time."""
    told = {code: body["properties"].get("properties") or {} for code, body in state.codes.items()}
    wanted = (digest, version)
    return [code for code, one in told.items() if (one.get("hash_sha256"), str(one.get("hash_version"))) == wanted]


def put_version(state: State, call: Call) -> object:
    """Store a version of an asset; what an environment holds stays as it is."""
    kind, name, version, body = call["kind"], call["name"], call["version"], call.body
    before = _stored(state, kind).get((name, version))
    if before is not None and _fixed(before) != _fixed(body):
        raise Refusal(409, f"{kind}/{name}/versions/{version} exists, and what it holds cannot be changed.")
    if kind == "components":
        _refuse(state, body)
    _stored(state, kind)[name, version] = body
    return Answer(_seen(state, kind, name, version), 200 if before else 201)


def _fixed(body: Entity) -> Entity:
    """Return what of an asset cannot be changed; the client sends nothing and null for the same."""
    changing = ("description", "tags", "properties", "isArchived", "stage")
    return {key: value for key, value in body["properties"].items() if key not in changing and value is not None}


def _refuse(state: State, body: Entity) -> None:
    spec = body["properties"]["componentSpec"]
    for key, kind in (("code", "codes"), ("environment", "environments")):
        given = spec.get(key)
        elsewhere = given is None or given.startswith("azureml://registries/")
        if not elsewhere and versioned(given, kind) not in _stored(state, kind):
            raise Refusal(400, f"The {key} {given} of component {spec.get('name')} was not found.")
    for node, settings in (spec.get("jobs") or {}).items():
        if versioned(str(settings.get("componentId")), "components") not in state.components:
            raise Refusal(400, f"The component of node {node} of {spec.get('name')} was not found.")


def versioned(asset: str, kind: str) -> tuple[str, str]:
    """Return the name and version in the id of an asset of a kind."""
    name, _, version = asset.partition(f"/{kind}/")[2].partition("/versions/")
    return name, version


def start_upload(state: State, call: Call) -> object:
    """Answer with a new container, which nobody else has."""
    place = f"{call.url}{BLOBS}{state.new_id()}"
    credential = {"credentialType": "SAS", "sasUri": f"{place}?sv=2026-01-05&sr=c&sig=c2VjcmV0"}
    reference = {"blobUri": place, "storageAccountArmId": "", "credential": credential}
    upload = {"pendingUploadId": state.new_id(), "pendingUploadType": "TemporaryBlobReference"}
    return {**upload, "blobReferenceForConsumption": reference}


def head_blob(state: State, call: Call) -> object:
    """Answer whether there is a file."""
    if call["path"] not in state.blobs:
        raise missing(call["path"])
    return Answer(b"", 200, XML)


def put_blob(state: State, call: Call) -> object:
    """Store a file, or take what is said of one."""
    kind = call.request.query.get("comp")
    if kind not in (None, "metadata"):
        raise NotImplementedError(f"a file that is sent in parts: {call.request}")
    if kind is None:
        state.blobs[call["path"]] = call.request.body
    return Answer(b"", 201 if kind is None else 200, XML)


def files(state: State, code: tuple[str, str]) -> dict[str, bytes]:
    """Return the files of code: path → bytes."""
    prefix = state.codes[code]["properties"]["codeUri"].partition(BLOBS)[2] + "/"
    return {path.removeprefix(prefix): held for path, held in state.blobs.items() if path.startswith(prefix)}


KIND = "/(?P<kind>environments|components|codes|data)"

ROUTES = (
    route("GET", f"{KIND}/{{name}}/versions/{{version}}", get_version),
    route("PUT", f"{KIND}/{{name}}/versions/{{version}}", put_version),
    route("GET", f"{KIND}/{{name}}/versions", list_versions),
    route("GET", f"{KIND}/{{name}}", get_asset),
    route("PUT", "/(?P<kind>components)/{name}", put_asset),
    route("GET", "/(?P<kind>components)", list_assets),
    route("POST", "/codes/{name}/versions/{version}/startPendingUpload", start_upload),
    route("HEAD", f"{BLOBS}{{path:path}}", head_blob),
    route("PUT", f"{BLOBS}{{path:path}}", put_blob),
)
