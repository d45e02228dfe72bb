"""Environments: a definition under a name and a version."""

from .rules import check
from .state import Entity, State
from .wire import Call, Refusal, route


def latest(state: State, name: str) -> str | None:
    """Return the version that was registered last under a name."""
    versions = [version for known, version in state.environments if known == name]
    return versions[-1] if versions else None


def get_environment(state: State, call: Call) -> object:
    """Answer with a version, the latest where none is asked for, 404 where there is none."""
    version = call.names.get("version") or latest(state, call["name"])
    found = state.environments.get((call["name"], version or ""))
    if found is None:
        raise Refusal(404, f"No environment exists for name: {call['name']}, version: {version}", "NotFound")
    return found


def put_environment(state: State, call: Call) -> object:
    """Store a definition; without a version it gets the next whole number, as Azure counts them."""
    check("environment", state, call["name"])
    version = call.names.get("version") or str(1 + sum(known == call["name"] for known, _ in state.environments))
    definition = _as_answered({**call.body, "Name": call["name"], "Version": version})
    state.environments[call["name"], version] = definition
    return definition


def _as_answered(body: Entity) -> Entity:
    """Return what was put with names that begin in lower case, as the answer has them."""
    return {name[:1].lower() + name[1:]: value for name, value in body.items()}


ROUTES = (
    route("GET", "/environment/v1.0/environments/{name}/versions/{version}", get_environment),
    route("GET", "/environment/v1.0/environments/{name}", get_environment),
    route("PUT", "/environment/v1.0/environments/{name}/versions/{version}", put_environment),
    route("PUT", "/environment/v1.0/environments/{name}", put_environment),
)
