"""A run in Azure ML → the same events as those of a local run, until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.calls import doing
from aml_pipeline.azureml.workspace.ending import ENDS, End
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.core.errors import AzureError
from aml_pipeline.runs.events import (
    Event,
    MetricLogged,
    RunEnded,
    RunStarted,
    State,
    StepEnded,
    StepStarted,
    StepTicked,
)

Tell = Callable[[Event], None]
Pause = Callable[[float], None]
Answer = TypeVar("Answer")

_RUNNING = frozenset({"Running", "Finalizing"})
POLL_SECONDS: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)
# A service that does not answer is retried after these pauses for this long; one that refuses, a few times, because a
# new run may not be known everywhere yet.
AGAIN_SECONDS: tuple[float, ...] = (5.0, 10.0, 20.0)
PATIENCE_SECONDS = 600.0
_TRIES = 4
# The status of a step may arrive after that of its run.
_LAST_LOOKS = 3


class StepRun(NamedTuple):
    """A started step: its name in the file, its id and status in Azure ML, and its SDK object."""

    name: str
    id: str
    status: str
    run: Any


class Watched(Protocol):
    """A run seen through one of the SDKs. Each call may query the service and raise what that SDK raises."""

    @property
    def extra(self) -> str:
        """What installs the SDK."""
        ...

    def look(self, without: Sequence[str]) -> tuple[str, list[StepRun]]:
        """Return the status of the run, and its started steps except those called ``without``."""
        ...

    def end(self, step: StepRun, log: str) -> End:
        """Return how an ended step ended; save its log in the file ``log``."""
        ...

    def message(self) -> str:
        """Return why the run failed, if Azure ML says so."""
        ...


class Outcome(NamedTuple):
    """How a run ended; ``message`` says why, if no failed step did."""

    state: State
    message: str = ""


@dataclass(slots=True)
class _Watch:
    run: Watched
    steps: Sequence[str]
    tell: Tell
    log: Callable[[str], str]
    pause: Pause
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, State] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)  # known to Azure ML, with their statuses
    waits_for: str = "it to start"
    started: float = field(default_factory=time.time)

    def look(self) -> str:
        """Query the run and each of its steps once; emit what is new, and return the run's status."""
        status, step_runs = self.ask(lambda: self.run.look([*self.ended]))
        known = [step for step in step_runs if step.name in self.steps]
        for step in known:
            self.step(step)
        self.unfinished = {step.name: step.status for step in known if step.name not in self.ended}
        shown = [f"{name} ({its_status})" for name, its_status in self.unfinished.items()]
        self.waits_for = ", ".join(shown) or f"its next step ({status})"
        return status

    def step(self, step: StepRun) -> None:
        """Emit what is new about a step. A step that Azure ML reuses never ran."""
        if step.status in ENDS:
            self.finish(step, self.ask(lambda: self.run.end(step, self.log(step.name))))
        elif step.status in _RUNNING:
            self.begin(step)
            self.tell(StepTicked(step.name, time.time() - self.begun[step.name]))

    def begin(self, step: StepRun) -> None:
        """Emit once that a step runs."""
        if step.name not in self.begun:
            self.begun[step.name] = time.time()
            self.say(StepStarted(self.begun[step.name], step.name, "in Azure ML", step.id, self.log(step.name)))

    def finish(self, step: StepRun, end: End) -> None:
        """Emit how a step ended, and what it logged."""
        if end.state in {"done", "failed"}:
            self.begin(step)
        name, now = step.name, time.time()
        self.ended[name] = end.state
        for metric, kind, value in end.metrics:
            self.say(MetricLogged(now, name, metric, kind, value))
        seconds = end.seconds if end.seconds is not None and name in self.begun else now - self.begun.get(name, now)
        self.say(StepEnded(now, name, end.state, "", seconds, message=end.message, tail=end.tail))

    def say(self, event: Event) -> None:
        """Emit an event and note that something was printed."""
        waiting.spoken()
        self.tell(event)

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Query, with retries if the service does not answer, so that a long wait survives. Raises AzureError."""
        failed: float | None = None
        for tries, seconds in enumerate(_growing(AGAIN_SECONDS), start=1):
            try:
                with doing("asking Azure ML about the run", self.run.extra):
                    return question()
            except AzureError as error:
                failed = failed or time.monotonic()
                if time.monotonic() - failed >= PATIENCE_SECONDS if may_pass(error) else tries >= _TRIES:
                    raise
            waiting.say(f"Azure ML does not answer properly; retrying in {seconds:.0f} s")
            self.pause(seconds)
        raise AssertionError  # pauses never end


def wait(
    run: Watched, steps: Sequence[str], tell: Tell, log: Callable[[str], str], pause: Pause = time.sleep
) -> Outcome:
    """Wait until a run of ``steps`` ends, and emit what happens. ``log`` returns the log file of a step.

    Interrupting it does not affect the run. Raises AzureError when Azure ML stays unreachable.
    """
    watch = _Watch(run, steps, tell, log, pause)
    tell(RunStarted(watch.started, tuple(steps)))
    with waiting.reminding(lambda: f"waiting for {watch.waits_for}"):
        status = _until_over(watch)
    for name in steps:
        if name not in watch.ended:
            why = (
                "Azure ML does not report how it ended"
                if name in watch.unfinished
                else "the run ended before it started"
            )
            tell(StepEnded(time.time(), name, "not run", why))
    state = ENDS[status]
    tell(RunEnded(time.time(), state, time.time() - watch.started))
    unexplained = state == "failed" and "failed" not in watch.ended.values()
    return Outcome(state, watch.ask(run.message) if unexplained else "")


def _until_over(watch: _Watch) -> str:
    """Poll until the run has ended, and a few times more while a step has not; return the run's status."""
    last_looks = 0
    for seconds in _growing(POLL_SECONDS):
        status = watch.look()
        last_looks += status in ENDS
        if status in ENDS and (not watch.unfinished or last_looks > _LAST_LOOKS):
            return status
        watch.pause(seconds)
    raise AssertionError  # pauses never end


def _growing(seconds: Sequence[float]) -> Iterator[float]:
    """Yield each pause, and the last one forever."""
    yield from seconds
    while True:
        yield seconds[-1]
