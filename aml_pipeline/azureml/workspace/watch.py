"""A run in Azure ML → the same events as those of a local run, until it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.calls import doing
from aml_pipeline.azureml.workspace.ending import ENDS, End
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.azureml.workspace.watched import StepRun, Watched
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.plain import number
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
Row = Mapping[str, Any]
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


class Outcome(NamedTuple):
    """How a run ended; ``message`` says why, if no failed step did."""

    state: State
    message: str = ""


@dataclass(slots=True)
class _Watch:
    run: Watched
    steps: list[str]
    tell: Tell
    log: Callable[[str], str]
    pause: Pause
    begun: dict[str, float] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # running, by this process
    ended: dict[str, State] = field(default_factory=dict)
    recorded: Counter[tuple[str, str]] = field(default_factory=Counter)  # values of metrics, by step and name
    unfinished: dict[str, str] = field(default_factory=dict)  # known to Azure ML, with their statuses
    waits_for: str = "it to start"
    started: float = field(default_factory=time.time)

    def remember(self, past: Iterable[Row]) -> None:
        """Take over the events that an earlier wait recorded."""
        for row in past:
            kind, step, moment = row.get("event"), str(row.get("step")), number(row.get("time")) or self.started
            if kind == "RunStarted":
                self.started = moment
            elif kind == "StepStarted":
                self.begun[step] = moment
            elif kind == "StepEnded":
                self.ended[step] = row["state"]
            elif kind == "MetricLogged":
                self.recorded[step, str(row.get("name"))] += 1

    def look(self) -> str:
        """Query the run and each of its steps once; emit what is new, and return the run's status."""
        status, known = self.ask(lambda: self.run.look([*self.ended]))
        self.steps += [step.name for step in known if step.name not in self.steps]
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
            self.begin(step, time.time())
            self.seen.add(step.name)
            self.tell(StepTicked(step.name, time.time() - self.begun[step.name]))

    def begin(self, step: StepRun, moment: float) -> None:
        """Emit once that a step runs, since ``moment``."""
        if step.name not in self.begun:
            self.begun[step.name] = moment
            self.say(StepStarted(moment, step.name, "in Azure ML", step.id, self.log(step.name)))

    def finish(self, step: StepRun, end: End) -> None:
        """Emit how a step ended, and what it logged that is not recorded yet."""
        name, now = step.name, time.time()
        if end.state in {"done", "failed"}:
            self.begin(step, end.span.begun or now)
        self.ended[name] = end.state
        for metric in end.metrics:
            if self.recorded[name, metric.name]:
                self.recorded[name, metric.name] -= 1
            else:
                moment = min(now, metric.time or now)
                self.say(MetricLogged(moment, name, metric.name, metric.kind, metric.value, metric.at))
        seconds = end.span.seconds if name in self.begun else 0.0
        if seconds is None and name in self.seen:
            seconds = now - self.begun[name]
        self.say(StepEnded(now, name, end.state, "", seconds, message=end.message, tail=end.tail))

    def end(self, status: str) -> Outcome:
        """Emit that the run has ended, and what became of steps whose end is unknown."""
        for name in self.steps:
            if name not in self.ended:
                why = (
                    "Azure ML does not report how it ended"
                    if name in self.unfinished
                    else "the run ended before it started"
                )
                self.tell(StepEnded(time.time(), name, "not run", why))
        state, whole, now = ENDS[status], self.ask(self.run.whole), time.time()
        seconds = whole.span.seconds
        self.tell(RunEnded(now, state, now - self.started if seconds is None else seconds))
        unexplained = state == "failed" and "failed" not in self.ended.values()
        return Outcome(state, whole.message if unexplained else "")

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


def wait(  # noqa: PLR0913, PLR0917 - what is watched, for whom, and since when
    run: Watched,
    steps: Sequence[str],
    tell: Tell,
    log: Callable[[str], str],
    pause: Pause = time.sleep,
    past: Sequence[Row] = (),
) -> Outcome:
    """Wait until a run ends, and emit what happens to ``steps`` and to others that it turns out to have.

    ``log`` returns the log file of a step; ``past`` are the events of an earlier wait, which are not emitted again.
    Interrupting it does not affect the run. Raises AzureError when Azure ML stays unreachable.
    """
    watch = _Watch(run, [*steps], tell, log, pause)
    watch.remember(past)
    if not past:
        tell(RunStarted(watch.started, tuple(steps)))
    with waiting.reminding(lambda: f"waiting for {watch.waits_for}"):
        status = _until_over(watch)
    return watch.end(status)


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
