"""Events → the directory of a run, as they happen. ``record`` reads it, and documents its files."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from aml_pipeline.core import durability, files
from aml_pipeline.runs import contents, metrics
from aml_pipeline.runs.events import (
    Event,
    MetricLogged,
    OutputWritten,
    RunEnded,
    StepEnded,
    StepStarted,
    StepTicked,
    as_data,
)
from aml_pipeline.runs.record import EVENTS, RUN, SHORT, log_of, moment_of

_LONG = frozenset({"plan", "steps", "distributions", "parts", "git"})
# What a list of runs shows of a step, and what decides which texts and records are kept.
_OF_A_STEP = ("state", "metrics", "key", "made_by")


def new_id() -> str:
    """Return the id of a new run: its local time, and some digits to make it unique."""
    now = time.time()
    return f"{moment_of(now)}-{int(now * 1000) % 1000:03}-{os.urandom(2).hex()}"


class Recorder:
    """Writes the directory of one run, from the first event after ``open`` on.

    ``durable``: once the run has ended, a power cut destroys neither the record nor the texts that it refers to.
    """

    def __init__(self, runs: str, run: str, *, durable: bool = False) -> None:
        self._durable = durable
        self.run = run
        self.folder = os.path.join(runs, run)
        self._pending: list[Event] = []
        self._header: dict[str, Any] | None = None
        self._steps: dict[str, dict[str, Any]] = {}
        self._events: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a directory: a step has run."""
        return self._header is not None

    def open(self, header: Callable[[], Mapping[str, Any]]) -> None:
        """Create the directory, once; ``header`` returns JSON data on what is run."""
        if self._header is not None:
            return
        os.makedirs(os.path.join(self.folder, "steps"))
        self._header = {"run": self.run, "state": "running", **header()}
        self._write()
        self._events = os.open(os.path.join(self.folder, EVENTS), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for event in self._pending:
            self._append(self._events, event)

    def log(self, step: str, rank: int = 0) -> str:
        """Return the path of the log of a step's process of rank ``rank``, whose folder exists."""
        return log_of(self.folder, step, rank)

    def leavings(self, step: str) -> str:
        """Return the folder for what a step leaves in its working folder."""
        return os.path.join(self.folder, "steps", step)

    def __call__(self, event: Event) -> None:
        """Record an event; before ``open`` it is stored for later."""
        if isinstance(event, (OutputWritten, StepTicked)):
            return
        self._count(event)
        if self._header is None or self._events is None:
            self._pending.append(event)
            return
        if not isinstance(event, RunEnded):
            self._append(self._events, event)
            return
        descriptor, self._events = self._events, None
        try:
            self._append(descriptor, event)
        finally:
            os.close(descriptor)
            self._header |= {"state": event.state, "seconds": event.seconds, "steps": self._steps}
            self._write()
            self._put(SHORT, _shortened(self._header))
            if self._durable:
                state = os.path.dirname(os.path.dirname(self.folder))
                durability.settle(os.path.join(state, contents.FOLDER), state)
                durability.settle(self.folder, state)

    def _count(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._steps.pop(event.step, None)  # from an unsuccessful attempt
        elif isinstance(event, StepEnded):
            row = {key: value for key, value in as_data(event).items() if key not in {"event", "step", "time"}}
            self._steps.setdefault(event.step, {}).update(row)
        elif isinstance(event, MetricLogged):
            self._steps.setdefault(event.step, {}).setdefault("metrics", {})[event.name] = metrics.summary(event.value)

    def metrics(self, step: str) -> dict[str, Any]:
        """Return the last value of each metric that ``step`` logged, shortened by ``metrics.summary``."""
        return dict(self._steps.get(step, {}).get("metrics", {}))

    @staticmethod
    def _append(descriptor: int, event: Event) -> None:
        line = f"{json.dumps(as_data(event), ensure_ascii=False, allow_nan=False)}\n".encode("utf-8", "replace")
        written = os.write(descriptor, line)
        if written < len(line):  # the disk is full: no line is better than a torn one
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
            os.write(descriptor, line)  # says so

    def _write(self) -> None:
        self._put(RUN, self._header)

    def _put(self, name: str, data: object) -> None:
        text = json.dumps(data, ensure_ascii=False)
        files.write(os.path.join(self.folder, name), text.encode("utf-8", "replace") + b"\n")


def _shortened(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return a header in its own form, without what is long."""
    short = {key: value for key, value in header.items() if key not in _LONG}
    plan = header.get("plan")
    if isinstance(plan, dict):
        short["plan"] = {"parameters": plan.get("parameters", {})}
    rows = header.get("steps", {})
    short["steps"] = {step: {key: row[key] for key in _OF_A_STEP if key in row} for step, row in rows.items()}
    return short
