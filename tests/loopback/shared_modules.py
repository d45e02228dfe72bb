"""Modules that are published by themselves, under a name and with versions, for steps of any pipeline."""

from .pipelines import BASE, found, post_module, stamped, with_interface
from .state import Entity, State
from .wire import Call, Refusal, route


def post_shared(state: State, call: Call) -> object:
    """Store a module without versions."""
    entity = stamped(state, {**call.body, "Versions": [], "DefaultVersion": None})
    state.shared_modules[entity["Id"]] = entity
    return entity


def get_shared(state: State, call: Call) -> object:
    """Answer with a module and its versions."""
    return found(state.shared_modules, call["id"], "module")


def put_shared(state: State, call: Call) -> object:
    """Change a module: its default version, say."""
    state.shared_modules[call["id"]] = {**found(state.shared_modules, call["id"], "module"), **call.body}
    return state.shared_modules[call["id"]]


def find_shared(state: State, call: Call) -> object:
    """Answer with the module that has a name."""
    for one in state.shared_modules.values():
        if one["Name"] == call.request.query.get("name"):
            return one
    raise Refusal(404, "there is no such module", "NotFound")


def post_version(state: State, call: Call) -> object:
    """Store a version: it is a module as any step has one."""
    module = found(state.shared_modules, call.body["AmlModuleId"], "module")
    made = post_module(state, call)
    made["ModuleVersionId"] = made["Id"]
    module["Versions"].append({"ModuleVersionId": made["Id"], "Version": call.body["Version"]})
    return _version(state, made)


def get_version(state: State, call: Call) -> object:
    """Answer with a version."""
    return _version(state, found(state.modules, call["id"], "version of a module"))


def _version(state: State, entity: Entity) -> Entity:
    owner = found(state.shared_modules, entity["AmlModuleId"], "module")
    return {**with_interface(entity), "ModuleId": owner["Id"], "Version": entity["Version"]}


ROUTES = (
    route("POST", f"{BASE}/AzureMLModules", post_shared),
    route("GET", f"{BASE}/AzureMLModules/Name", find_shared),
    route("GET", f"{BASE}/AzureMLModules/{{id}}", get_shared),
    route("PUT", f"{BASE}/AzureMLModules/{{id}}", put_shared),
    route("POST", f"{BASE}/AzureMLModuleVersions", post_version),
    route("GET", f"{BASE}/AzureMLModuleVersions/{{id}}", get_version),
)
