"""A run in Azure ML → the same events that a local run makes, until it is over."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml.sdk import Sdk, doing, without_secrets
from aml_pipeline.errors import AzureError
from aml_pipeline.events import Event, MetricLogged, RunEnded, RunStarted, State, StepEnded, StepStarted, StepTicked

Tell = Callable[[Event], None]
# How a status of Azure ML is called here. Success is Finished for a pipeline and Completed for a script's run.
_ENDS: Mapping[str, State] = {
    "Finished": "done",
    "Completed": "done",
    "Failed": "failed",
    "Canceled": "interrupted",
    "Cancelled": "interrupted",
    "Bypassed": "not run",
}
_RUNNING = frozenset({"Running", "Finalizing"})
_POLL_SECONDS = (1.0, 2.0, 3.0, 5.0)
# How often a service that is gone for a while is asked again before the waiting ends.
_PATIENCE = 5
# The names of a step's log, the newest images' first.
_LOGS = ("user_logs/std_log.txt", "azureml-logs/70_driver_log.txt")
_TAIL_LINES = 20


@dataclass(slots=True)
class _Watch:
    tell: Tell
    log: Callable[[str], str]
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, State] = field(default_factory=dict)

    def look(self, step: str, run: Sdk, status: str) -> None:
        """Tell what is new about a step."""
        now = time.time()
        if status in _RUNNING | _ENDS.keys() and step not in self.begun:
            self.begun[step] = now
            self.tell(StepStarted(now, step, "in Azure ML", run.id, self.log(step)))
        if status in _ENDS and step not in self.ended:
            self.ended[step] = state = _state(run, status)
            self._finish(step, run, state)
        elif status in _RUNNING:
            self.tell(StepTicked(step, now - self.begun[step]))

    def _finish(self, step: str, run: Sdk, state: State) -> None:
        log = self.log(step)
        _save_log(run, log)
        for name, value in run.get_metrics().items():
            self.tell(MetricLogged(time.time(), step, name, _kind(value), value))
        message, tail = (_message(run), _tail(log)) if state == "failed" else ("", ())
        seconds = time.time() - self.begun[step]
        self.tell(StepEnded(time.time(), step, state, "", seconds, message=message, tail=tail))


def wait(
    run: Sdk, steps: Sequence[str], tell: Tell, log: Callable[[str], str], pause: Callable[[float], None] = time.sleep
) -> State:
    """Wait until a ``PipelineRun`` is over; tell what happens. ``log`` gives the file for the log of a step.

    Interrupting it leaves the run alone. Raises AzureError when Azure ML stays unreachable.
    """
    started, watch, waited = time.time(), _Watch(tell, log), 0
    tell(RunStarted(started, tuple(steps)))
    while True:
        status = _asked(lambda: _round(run, watch), pause)
        if status in _ENDS:
            break
        pause(_POLL_SECONDS[min(waited, len(_POLL_SECONDS) - 1)])
        waited += 1
    for name in steps:
        if name not in watch.ended:
            tell(StepEnded(time.time(), name, "not run", "the run ended before it"))
    outcome = _ENDS[status]
    tell(RunEnded(time.time(), outcome, time.time() - started))
    return outcome


def _round(run: Sdk, watch: _Watch) -> str:
    """Look once at the run and at each of its steps; return the run's status."""
    status = str(run.get_status())
    for step in run.get_steps() if hasattr(run, "get_steps") else ():
        watch.look(step.name, step, str(step.get_status()))
    return status


def _asked(ask: Callable[[], str], pause: Callable[[float], None]) -> str:
    """Ask, and ask again for a while when the service does not answer: a wait of hours outlives that."""
    for attempt in range(_PATIENCE):
        try:
            with doing("asking Azure ML about the run"):
                return ask()
        except AzureError:
            if attempt == _PATIENCE - 1:
                raise
            pause(_POLL_SECONDS[-1])
    raise AssertionError  # the loop returns or raises


def _state(run: Sdk, status: str) -> State:
    if _ENDS[status] == "done" and str(run.get_properties().get("azureml.isreused", "")).lower() == "true":
        return "up to date"
    return _ENDS[status]


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else "row" if isinstance(value, dict) else "scalar"


def _message(run: Sdk) -> str:
    """Return why a step failed, as Azure ML says; it does not always."""
    error = (run.get_details().get("error") or {}).get("error") or {}
    said = " ".join(str(error.get("message", "")).split())
    return without_secrets(said) or "Azure ML gives no reason; its log may."


def _save_log(run: Sdk, place: str) -> None:
    """Save what a step printed; a step that never got a node has printed nothing."""
    with contextlib.suppress(Exception):  # the SDK raises bare Exception; a log that cannot be had fails no run
        names = run.get_file_names()
        name = next((one for one in _LOGS if one in names), None)
        if name:
            run.download_file(name, output_file_path=place)


def _tail(log: str) -> tuple[str, ...]:
    if not os.path.exists(log):
        return ()
    with open(log, encoding="utf-8", errors="replace") as stream:
        return tuple(stream.read().splitlines()[-_TAIL_LINES:])
