"""Schedules: put, asked for, listed, removed; and the jobs that they begin."""

import re
from copy import deepcopy
from datetime import timedelta

from tests.loopback.published import BASE
from tests.loopback.state import Entity
from tests.loopback.wire import Answer, Call, Refusal

from . import jobs, operations
from .state import BEGINNING, State
from .wire import entity, listed, missing, route

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
CRON_FIELDS = 5


def put_schedule(state: State, call: Call) -> object:
    """Take a schedule, or all that it is now in place of what it was."""
    name, body = call["name"], call.body
    _refuse(state, name, body["properties"])
    status = 200 if name in state.schedules else 201
    state.schedules[name] = body
    state.created(f"schedules/{name}")
    return operations.begun(state, call, name, _seen(state, name), status)


def _refuse(state: State, name: str, properties: Entity) -> None:
    if not NAME.fullmatch(name):
        raise Refusal(400, f"The schedule name {name} must match {NAME.pattern}.")
    trigger = properties.get("trigger") or {}
    if trigger.get("triggerType") not in ("Cron", "Recurrence"):
        raise Refusal(400, "The Trigger field is required.")
    if trigger["triggerType"] == "Cron" and len(str(trigger.get("expression")).split()) != CRON_FIELDS:
        raise Refusal(400, f"The cron expression {trigger.get('expression')} is invalid.")
    action = properties.get("action") or {}
    if action.get("actionType") == "CreateJob":
        jobs.refuse(state, action["jobDefinition"])


def _seen(state: State, name: str) -> Entity:
    defaults: Entity = {"isEnabled": True, "tags": {}, "properties": {}}
    given = {key: value for key, value in state.schedules[name]["properties"].items() if value is not None}
    provisioning = "Failed" if name in state.script.unready else "Succeeded"
    properties = {**defaults, **given, "provisioningState": provisioning}
    return entity("schedules", name, properties, state.created(f"schedules/{name}"))


def get_schedule(state: State, call: Call) -> object:
    """Answer with a schedule, 404 where there is none."""
    return _seen(state, _found(state, call))


def _found(state: State, call: Call) -> str:
    if call["name"] not in state.schedules:
        raise missing(f"Schedule {call['name']}")
    return call["name"]


def list_schedules(state: State, call: Call) -> object:
    """Answer with the schedules: those that are enabled, unless the query says otherwise."""
    wanted = call.request.query.get("listViewType", "EnabledOnly")
    shown = [_seen(state, name) for name in state.schedules]
    if wanted != "All":
        shown = [schedule for schedule in shown if schedule["properties"]["isEnabled"] == (wanted == "EnabledOnly")]
    return listed(shown)


def list_schedules_of_v1(state: State, call: Call) -> object:
    """Answer as to SDK v1 with all schedules of v1."""
    assert call.request.query["activeOnly"] == "false"
    return list(state.of_v1.values())


def delete_schedule(state: State, call: Call) -> object:
    """Remove a schedule; one that is enabled stays."""
    if call["name"] not in state.schedules:
        return Answer(None, 204)
    if _seen(state, call["name"])["properties"]["isEnabled"]:
        raise Refusal(409, f"Schedule {call['name']} is enabled. Disable it before you delete it.")
    del state.schedules[call["name"]]
    return operations.removed(state, call)


def trigger_schedule(state: State, call: Call) -> object:
    """Begin the job of a schedule now, enabled or not."""
    return {"submissionId": begin(state, _found(state, call)), "scheduleActionType": "CreateJob"}


def fire(state: State, name: str) -> str | None:
    """Let the time of a schedule come: return the job that it begins, nothing where it is disabled."""
    return begin(state, name) if _seen(state, name)["properties"]["isEnabled"] else None


def begin(state: State, name: str) -> str:
    """Begin a job as a schedule defines it."""
    job = deepcopy(state.schedules[name]["properties"]["action"]["jobDefinition"])
    at = BEGINNING + timedelta(seconds=state.seconds)
    job["displayName"] = f"{name}-{at:%Y%m%dT%H%M%SZ}"
    number = len(state.fired)
    run = f"{name.lower()}-{number}"
    state.fired[run] = name
    jobs.begin(state, run, {"properties": job})
    return run


ROUTES = (
    route("PUT", "/schedules/{name}", put_schedule),
    route("GET", "/schedules/{name}", get_schedule),
    route("GET", "/schedules", list_schedules),
    route("GET", f"{BASE}/Schedules", list_schedules_of_v1),
    route("DELETE", "/schedules/{name}", delete_schedule),
    route("POST", "/schedules/{name}/trigger", trigger_schedule),
)
