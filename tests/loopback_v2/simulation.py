"""How runs go on: each time somebody asks for a job, each of its nodes that has begun moves on by one state."""

import re
from collections.abc import Iterator

from tests.loopback.state import Entity

from .state import ENDED, Run, State

_BOUND = re.compile(r"\$\{\{parent\.jobs\.(\w+)\.outputs\.")
_STEP = 30  # seconds between two looks
_NEXT = {"Queued": "Running", "Running": "Completed"}
FAILED_CHILD = "Pipeline has some failed steps. See child run or execution logs for more details."


def begin(state: State, job: str, properties: Entity, nodes: Entity) -> None:
    """Let there be a run of a job that was put; nothing of it has begun."""
    run = Run(job, properties.get("displayName") or job, created=state.now)
    for node, settings in nodes.items():
        compute = compute_of(settings, properties)
        after = frozenset(_names(settings.get("inputs"))) & set(nodes)
        run.children[node] = Run(state.new_id(), node, created=state.now, parent=job, after=after, target=compute)
    state.runs[job] = run


def compute_of(node: Entity, properties: Entity) -> str:
    """Return the compute of a node: its own, else that of the job."""
    default = (properties.get("settings") or {}).get("default_compute")
    return str(node.get("computeId") or properties.get("computeId") or default).rpartition("/")[2]


def _names(settings: object) -> Iterator[str]:
    """Yield the nodes that the inputs of a node are bound to."""
    if isinstance(settings, dict):
        for value in settings.values():
            yield from _names(value)
    elif isinstance(settings, str):
        yield from _BOUND.findall(settings)


def tick(state: State, job: str) -> None:
    """Somebody asked for a job: it moves on."""
    run = state.runs[job]
    if run.status in ENDED:
        return
    state.seconds += _STEP
    if job in state.script.cancelled:
        cancel(state, job)
        return
    _start(state, run)
    begun = [child for child in run.children.values() if child.status in _NEXT]
    for child in begun:
        _move(state, child)
    failed = [one for one in run.children.values() if one.status == "Failed"]
    if failed and not _goes_on(state, job):
        _stop(state, run)
    else:
        _begin(state, run)
    if not any(child.status in _NEXT for child in run.children.values()):
        _end(state, run, "Failed" if failed else "Completed", FAILED_CHILD if failed else None)


def _start(state: State, run: Run) -> None:
    if run.started is None:
        run.status, run.started = "Running", state.now


def _goes_on(state: State, job: str) -> bool:
    """Whether what does not need a node that failed runs all the same; Azure's default."""
    settings = state.jobs[job]["properties"].get("settings") or {}
    return bool(settings.get("continue_on_step_failure", True))


def _move(state: State, child: Run) -> None:
    script = state.script
    following = _NEXT[child.status]
    if following == "Running":
        _start(state, child)
    elif child.name in script.stays:
        return
    elif child.name in script.errors:
        _end(state, child, "Failed", script.errors[child.name])
    else:
        _end(state, child, following)


def _begin(state: State, run: Run) -> None:
    """Let the nodes begin that come after nothing unfinished; one whose result is taken from elsewhere is done."""
    while ready := [child for child in run.children.values() if _is_ready(run, child)]:
        for child in ready:
            child.status, child.created = "Queued", state.now
            state.runs[child.id] = child
            if child.name in state.script.reused:
                child.reuses = state.new_id()
                _start(state, child)
                _end(state, child, "Completed")


def _is_ready(run: Run, child: Run) -> bool:
    return child.status == "NotStarted" and all(run.children[one].status == "Completed" for one in child.after)


def _end(state: State, run: Run, status: str, error: str | None = None) -> None:
    run.status, run.ended, run.error = status, state.now, error


def _stop(state: State, run: Run) -> None:
    for child in run.children.values():
        if child.status in _NEXT:
            _end(state, child, "Canceled")


def cancel(state: State, job: str) -> None:
    """Cancel a job and what of it runs; one that has ended stays as it is."""
    run = state.runs[job]
    if run.status not in ENDED:
        _stop(state, run)
        _end(state, run, "Canceled")
