"""Events → the directory of a run, and back. One format, whoever ran it.

runs/ID/run.json          what the run was of; at its end also how each step ended
runs/ID/events.jsonl      every event, one a line, as it happened
runs/ID/steps/STEP.log    what the step printed
runs/ID/steps/STEP/       what it left in outputs/ and logs/ of its folder
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline import files
from aml_pipeline.events import (
    Event,
    MetricLogged,
    OutputWritten,
    RunEnded,
    StepEnded,
    StepStarted,
    StepTicked,
    as_data,
)

_LOG = ".log"


def new_id() -> str:
    """Return the id of a new run: its local time, and some digits so that two never meet."""
    now = time.time()
    return (
        f"{time.strftime('%Y-%m-%dT%H-%M-%S', time.localtime(now))}-{int(now * 1000) % 1000:03}-{os.urandom(2).hex()}"
    )


class Recorder:
    """Writes the directory of one run, from the first event after ``open`` on."""

    def __init__(self, runs: str, run: str) -> None:
        self.run = run
        self.folder = os.path.join(runs, run)
        self._pending: list[Event] = []
        self._header: dict[str, Any] | None = None
        self._steps: dict[str, dict[str, Any]] = {}
        self._events: int | None = None

    def open(self, header: Callable[[], Mapping[str, Any]]) -> None:
        """Make the directory, once; ``header`` gives JSON data on what this run is of."""
        if self._header is not None:
            return
        os.makedirs(os.path.join(self.folder, "steps"))
        self._header = {"run": self.run, "state": "running", **header()}
        self._write()
        self._events = os.open(os.path.join(self.folder, "events.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for event in self._pending:
            self._append(self._events, event)

    def log(self, step: str) -> str:
        """Return the path of a step's log; its folder is there."""
        return _log(self.folder, step)

    def leavings(self, step: str) -> str:
        """Return the folder for what a step leaves in the folder that it works in."""
        return os.path.join(self.folder, "steps", step)

    def __call__(self, event: Event) -> None:
        """Record an event; before ``open`` it is kept for then."""
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

    def _count(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._steps.pop(event.step, None)  # of an attempt that came to nothing
        elif isinstance(event, StepEnded):
            row = {key: value for key, value in as_data(event).items() if key not in {"event", "step", "time"}}
            self._steps.setdefault(event.step, {}).update(row)
        elif isinstance(event, MetricLogged):
            self._steps.setdefault(event.step, {}).setdefault("metrics", {})[event.name] = event.value

    def metrics(self, step: str) -> dict[str, Any]:
        """Return the last value of each metric that ``step`` logged."""
        return dict(self._steps.get(step, {}).get("metrics", {}))

    @staticmethod
    def _append(descriptor: int, event: Event) -> None:
        line = f"{json.dumps(as_data(event), ensure_ascii=False, allow_nan=False)}\n".encode("utf-8", "replace")
        written = os.write(descriptor, line)
        if written < len(line):  # the disk is full: no line is better than a torn one
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
            os.write(descriptor, line)  # says so

    def _write(self) -> None:
        text = json.dumps(self._header, ensure_ascii=False)
        files.write(os.path.join(self.folder, "run.json"), text.encode("utf-8", "replace") + b"\n")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A recorded run: ``header`` is run.json; a run that was killed is still ``running`` there."""

    run: str
    folder: str
    header: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """How it ended; "unreadable" when its record is damaged."""
        return str(self.header.get("state", "unreadable"))

    def log(self, step: str) -> str:
        """Return the path of a step's log."""
        return _log(self.folder, step)

    @property
    def logged_steps(self) -> list[str]:
        """The steps that ran a process, by the time of their logs."""
        folder = os.path.join(self.folder, "steps")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        logs = [name.removesuffix(_LOG) for name in names if name.endswith(_LOG)]
        return sorted(logs, key=lambda name: os.stat(self.log(name)).st_mtime_ns)


def _log(folder: str, step: str) -> str:
    return os.path.join(folder, "steps", step + _LOG)


def records(runs: str) -> list[RunRecord]:
    """Return the runs in the folder ``runs``, the oldest first."""
    names = sorted(os.listdir(runs)) if os.path.isdir(runs) else []
    return [RunRecord(name, os.path.join(runs, name), _header(os.path.join(runs, name))) for name in names]


def _header(folder: str) -> dict[str, Any]:
    try:
        data = json.loads(files.read(os.path.join(folder, "run.json")))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
