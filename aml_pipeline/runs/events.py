"""The events of a run, as they happen: one format for showing and recording them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

State = Literal["done", "up to date", "failed", "not run", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run began with these steps, in order."""

    time: float
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step's process is about to start; ``key`` is the key of everything that it is made from.

    ``changes`` are all changes that make it run; the reason is the first of them.
    """

    time: float
    step: str
    reason: str
    attempt: str
    log: str
    key: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputWritten:
    """A step wrote text to its log."""

    step: str
    text: str


@dataclass(frozen=True, slots=True)
class StepTicked:
    """A step is still running, ``seconds`` after its start."""

    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class MetricLogged:
    """A step logged a metric: ``kind`` is scalar, list, row or table, ``value`` JSON data.

    ``at`` is the step that MLflow or Azure ML's SDK logged with it, if any: the x value of a curve.
    """

    time: float
    step: str
    name: str
    kind: str
    value: Any
    at: float | None = None


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step has ended after ``seconds``, if known. ``message`` describes a failure, ``tail`` ends its log.

    ``remark`` is worth a line although the step ended well.

    ``outputs`` are the folders of its outputs; ``contents`` the digest, the number of files and the bytes of each.
    ``made_by`` is the run that made a reused result, ``key`` that of everything that the step is made from.
    """

    time: float
    step: str
    state: State
    reason: str
    seconds: float | None = 0.0
    exit_status: int | None = None
    message: str = ""
    tail: tuple[str, ...] = ()
    outputs: Mapping[str, str] | None = None
    contents: Mapping[str, tuple[str, int, int]] | None = None
    made_by: str | None = None
    key: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has ended: ``done``, ``failed`` or ``interrupted``."""

    time: float
    state: State
    seconds: float


Event = RunStarted | StepStarted | OutputWritten | StepTicked | MetricLogged | StepEnded | RunEnded


def as_data(event: Event) -> dict[str, Any]:
    """Return an event as JSON data; ``event`` is its kind."""
    return {"event": type(event).__name__, **{field.name: getattr(event, field.name) for field in fields(event)}}
