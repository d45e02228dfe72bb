"""What takes Azure a while: the answer names an operation, which the client asks for until it is over."""

from tests.loopback.state import LOCATION, SUBSCRIPTION, Entity
from tests.loopback.wire import Answer, Call

from .state import State
from .wire import missing, route

OPERATIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/{LOCATION}"
SOON = {"x-ms-retry-after-ms": "1"}  # else the client sleeps for 5 or 30 seconds between two looks


def begun(state: State, call: Call, name: str, shown: Entity, status: int) -> Answer:
    """Answer to a write that is over at the next look; ``name`` is what a test may say that it fails."""
    operation = state.new_id()
    state.operations[operation] = state.script.unready.get(name)
    place = f"{call.url}{OPERATIONS}/mfeOperationsStatus/{operation}"
    return Answer(shown, status, {"Azure-AsyncOperation": place, "x-ms-async-operation-timeout": "PT1H", **SOON})


def removed(state: State, call: Call) -> Answer:
    """Answer to a removal that is over at the next look."""
    operation = state.new_id()
    state.operations[operation] = None
    return Answer(None, 202, {"Location": f"{call.url}{OPERATIONS}/mfeOperationResults/{operation}", **SOON})


def get_status(state: State, call: Call) -> object:
    """Answer how a write went."""
    name = _known(state, call)
    error = state.operations[name]
    status = "Succeeded" if error is None else "Failed"
    said = {} if error is None else {"error": {"code": "UserError", "message": error, "details": []}}
    return {"id": call.request.path, "name": name, "status": status, **said}


def get_result(state: State, call: Call) -> object:
    """Answer that a removal is over."""
    _known(state, call)
    return Answer(None, 200)


def _known(state: State, call: Call) -> str:
    if call["operation"] not in state.operations:
        raise missing(f"Operation {call['operation']}")
    return call["operation"]


ROUTES = (
    route("GET", f"{OPERATIONS}/mfeOperationsStatus/{{operation}}", get_status),
    route("GET", f"{OPERATIONS}/mfeOperationResults/{{operation}}", get_result),
)
