"""A run in Azure ML → the same events that a local run makes, until it is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from aml_pipeline.azureml import finished, waiting
from aml_pipeline.azureml.finished import ENDS
from aml_pipeline.azureml.sdk import FAULT, Sdk, doing, seems_unreachable, status_of
from aml_pipeline.errors import AzureError
from aml_pipeline.events import Event, MetricLogged, RunEnded, RunStarted, State, StepEnded, StepStarted, StepTicked

Tell = Callable[[Event], None]
Pause = Callable[[float], None]
Answer = TypeVar("Answer")

_RUNNING = frozenset({"Running", "Finalizing"})
POLL_SECONDS: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)
# A service that does not answer is asked again after these pauses, for so long; one that refuses, a few times: it may
# not know a new run everywhere yet.
AGAIN_SECONDS: tuple[float, ...] = (5.0, 10.0, 20.0)
PATIENCE_SECONDS = 600.0
_TRIES = 4
_PASSING = frozenset({408, 429})
# The status of a step may come after that of its run.
_LAST_LOOKS = 3


class Outcome(NamedTuple):
    """How a run ended; ``message`` tells why, where no step that failed has told it."""

    state: State
    message: str = ""


@dataclass(slots=True)
class _Watch:
    steps: Sequence[str]
    tell: Tell
    log: Callable[[str], str]
    pause: Pause
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, State] = field(default_factory=dict)
    waits_for: str = "it to begin"
    started: float = field(default_factory=time.time)
    told: float = field(default_factory=time.monotonic)

    def look(self, run: Sdk) -> str:
        """Look once at the run and at each of its steps; tell what is new, and return the run's status."""
        status, found = self.ask(lambda: _statuses(run, self.steps, self.ended))
        for name, step, its_status in found:
            self.step(name, step, its_status)
        unfinished = [f"{name} ({its_status})" for name, _, its_status in found if name not in self.ended]
        self.waits_for = ", ".join(unfinished) or f"its next step ({status})"
        return status

    def step(self, name: str, run: Sdk, status: str) -> None:
        """Tell what is new about a step. One that Azure ML reuses never ran."""
        if status in ENDS:
            self.finish(name, self.ask(lambda: finished.read(run, status, self.log(name))), run)
        elif status in _RUNNING:
            self.begin(name, run)
            self.tell(StepTicked(name, time.time() - self.begun[name]))

    def begin(self, name: str, run: Sdk) -> None:
        """Tell that a step runs, once."""
        if name not in self.begun:
            self.begun[name] = time.time()
            self.say(StepStarted(self.begun[name], name, "in Azure ML", run.id, self.log(name)))

    def finish(self, name: str, end: finished.End, run: Sdk) -> None:
        """Tell how a step ended, and what it logged."""
        if end.state in {"done", "failed"}:
            self.begin(name, run)
        self.ended[name] = end.state
        now = time.time()
        for metric, kind, value in end.metrics:
            self.say(MetricLogged(now, name, metric, kind, value))
        seconds = now - self.begun.get(name, now)
        self.say(StepEnded(now, name, end.state, "", seconds, message=end.message, tail=end.tail))

    def say(self, event: Event) -> None:
        """Tell an event that is seen on every screen."""
        self.told = time.monotonic()
        self.tell(event)

    def rest(self, seconds: float) -> None:
        """Pause; tell what is being waited for when there was nothing to tell for a while."""
        if time.monotonic() - self.told >= waiting.SILENCE_SECONDS:
            self.told = time.monotonic()
            waiting.say(f"still waiting for {self.waits_for} ({time.time() - self.started:.0f} s)")
        self.pause(seconds)

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Ask, and again when the service does not answer: a wait of hours outlives that. Raises AzureError at last."""
        failed: float | None = None
        for tries, seconds in enumerate(_growing(AGAIN_SECONDS), start=1):
            try:
                with doing("asking Azure ML about the run"):
                    return question()
            except AzureError as error:
                failed = failed or time.monotonic()
                if time.monotonic() - failed >= PATIENCE_SECONDS if _may_pass(error) else tries >= _TRIES:
                    raise
            waiting.say(f"Azure ML does not answer as it should; asking again in {seconds:.0f} s")
            self.told = time.monotonic()
            self.pause(seconds)
        raise AssertionError  # pauses never end


def wait(run: Sdk, steps: Sequence[str], tell: Tell, log: Callable[[str], str], pause: Pause = time.sleep) -> Outcome:
    """Wait until a run of ``steps`` is over; tell what happens. ``log`` gives the file for the log of a step.

    Interrupting it leaves the run alone. Raises AzureError when Azure ML stays unreachable.
    """
    watch = _Watch(steps, tell, log, pause)
    tell(RunStarted(watch.started, tuple(steps)))
    for seconds in _growing(POLL_SECONDS):
        status = watch.look(run)
        if status in ENDS:
            break
        watch.rest(seconds)
    _last_looks(run, watch)
    for name in steps:
        if name not in watch.ended:
            tell(StepEnded(time.time(), name, "not run", "the run ended before it"))
    state = ENDS[status]
    tell(RunEnded(time.time(), state, time.time() - watch.started))
    unexplained = state == "failed" and "failed" not in watch.ended.values()
    return Outcome(state, watch.ask(lambda: finished.message(run)) if unexplained else "")


def _last_looks(run: Sdk, watch: _Watch) -> None:
    for _ in range(_LAST_LOOKS):
        if watch.begun.keys() <= watch.ended.keys():
            return
        watch.pause(POLL_SECONDS[-1])
        watch.look(run)


def _growing(seconds: Sequence[float]) -> Iterator[float]:
    """Give each pause, and the last one for ever."""
    yield from seconds
    while True:
        yield seconds[-1]


def _statuses(run: Sdk, steps: Sequence[str], ended: Mapping[str, State]) -> tuple[str, list[tuple[str, Sdk, str]]]:
    """Return the run's status, and name, run and status of each step that has begun and was not over before."""
    status = str(run.get_status())
    if not hasattr(run, "get_steps"):  # the run of a script is that of its one step
        return status, [(name, run, status) for name in steps if name not in ended]
    found = [one for one in run.get_steps() if one.name not in ended]
    return status, [(one.name, one, str(one.get_status())) for one in found]


def _may_pass(error: AzureError) -> bool:
    status = status_of(error)
    return status >= FAULT or status in _PASSING if status else seems_unreachable(error)
