"""Events → the directory of a run, as they happen. ``record`` reads it, and documents its files."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aml_pipeline.core import durability, files
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.plain import number
from aml_pipeline.runs import contents, locks, metrics
from aml_pipeline.runs.events import Event, OutputWritten, RunEnded, StepTicked, as_data
from aml_pipeline.runs.record import EVENTS, RUN, SHORT, RunRecord, dirty_files, log_of, moment_of, variants

_LONG = frozenset({"plan", "steps", "distributions", "parts", "git"})
_OF_A_VARIANT = ("name", "declared", "variant", "title")
# What a list of runs shows of a step, and what decides which texts and records are kept.
_OF_A_STEP = ("state", "seconds", "metrics", "extremes", "key", "made_by")


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
        self._pending: list[Mapping[str, Any]] = []
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
        said = header()  # it takes a while, and may be interrupted: a folder without it would be an unreadable run
        os.makedirs(os.path.join(self.folder, "steps"))
        self._header = {"run": self.run, "state": "running", **said}
        self._write()
        place = os.path.join(self.folder, EVENTS)
        self._events = files.open_regular(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for row in self._pending:
            self._append(self._events, row)

    def close(self) -> None:
        """Stop writing, though the run may not have ended: ``continued`` goes on with its record."""
        descriptor, self._events = self._events, None
        if descriptor is not None:
            os.close(descriptor)

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
        row = as_data(event)
        self._count(row)
        if self._header is None or self._events is None:
            self._pending.append(row)
            return
        try:
            self._append(self._events, row)
        finally:
            if isinstance(event, RunEnded):
                self._finish(row)

    def _finish(self, end: Mapping[str, Any]) -> None:
        """Write how the run ended beside its events."""
        self.close()
        self._header = {**(self._header or {}), "state": end["state"], "seconds": end["seconds"], "steps": self._steps}
        self._write()
        self._put(SHORT, _shortened(self._header))
        if self._durable:
            state = os.path.dirname(os.path.dirname(self.folder))
            durability.settle(os.path.join(state, contents.FOLDER), state)
            durability.settle(self.folder, state)

    def _count(self, row: Mapping[str, Any]) -> None:
        kind, step = row.get("event"), str(row.get("step"))
        if kind == "StepStarted":
            self._steps.pop(step, None)  # from an unsuccessful attempt
        elif kind == "StepEnded":
            ending = {key: value for key, value in row.items() if key not in {"event", "step", "time"}}
            self._steps.setdefault(step, {}).update(ending)
        elif kind == "MetricLogged":
            self._measure(self._steps.setdefault(step, {}), str(row.get("name")), row.get("value"))

    @staticmethod
    def _measure(step: dict[str, Any], metric: str, value: object) -> None:
        """Take a value as the last of a metric, and into its range once there are two."""
        before = number(step.setdefault("metrics", {}).get(metric))
        step["metrics"][metric] = metrics.summary(value)
        now = number(value)
        if before is not None and now is not None:
            ranges = step.setdefault("extremes", {})
            lowest, highest = ranges.get(metric, (before, before))
            ranges[metric] = [min(lowest, now), max(highest, now)]

    def go_on(self, record: RunRecord) -> list[Mapping[str, Any]]:
        """Go on with the record of a run; return the events that it has.

        Raises MachineError while another process does.
        """
        place = os.path.join(self.folder, EVENTS)
        self._events = files.open_regular(place, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        if not locks.is_alone(self._events):
            what = f"Another process is waiting for this run and writes its record, {self.run}"
            raise MachineError(f"{what}. Watch the run there, or stop that process first.")
        _drop_torn_end(place, self._events)
        self._header, past = dict(record.header), list(record.events())
        for row in past:
            self._count(row)
        if past and past[-1].get("event") == "RunEnded":  # killed before it wrote the rest
            self._finish(past[-1])
        return past

    def metrics(self, step: str) -> dict[str, Any]:
        """Return the last value of each metric that ``step`` logged, shortened by ``metrics.summary``."""
        return dict(self._steps.get(step, {}).get("metrics", {}))

    @staticmethod
    def _append(descriptor: int, row: Mapping[str, Any]) -> None:
        line = f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n".encode("utf-8", "replace")
        written = os.write(descriptor, line)
        if written < len(line):  # the disk is full: no line is better than a torn one
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
            os.write(descriptor, line)  # says so

    def _write(self) -> None:
        self._put(RUN, self._header)

    def _put(self, name: str, data: object) -> None:
        text = json.dumps(data, ensure_ascii=False)
        files.write(os.path.join(self.folder, name), text.encode("utf-8", "replace") + b"\n")


@contextlib.contextmanager
def continued(record: RunRecord) -> Iterator[tuple[Recorder, list[Mapping[str, Any]]]]:
    """Go on with the record of a run that has not ended; yield its recorder, and the events that it has.

    Raises MachineError while another process does.
    """
    recorder = Recorder(os.path.dirname(record.folder), record.id)
    try:
        yield recorder, recorder.go_on(record)
    finally:
        recorder.close()


def _drop_torn_end(place: str, descriptor: int) -> None:
    """Remove the beginning of an event that a kill left without its end."""
    size = os.fstat(descriptor).st_size
    if size and not (events := files.read(place)).endswith(b"\n"):
        os.ftruncate(descriptor, events.rfind(b"\n") + 1)


def _shortened(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return a header in its own form, without what is long."""
    short = {key: value for key, value in header.items() if key not in _LONG}
    plan = header.get("plan")
    if isinstance(plan, dict):
        steps = [{key: row.get(key) for key in _OF_A_VARIANT} for row in variants(header).values()]
        short["plan"] = {"parameters": plan.get("parameters", {}), **({"steps": steps} if steps else {})}
    git = header.get("git")
    short["git"] = {"commit": git.get("commit"), "dirty": dirty_files(git)} if isinstance(git, dict) else None
    rows = header.get("steps", {})
    short["steps"] = {step: {key: row[key] for key in _OF_A_STEP if key in row} for step, row in rows.items()}
    return short
