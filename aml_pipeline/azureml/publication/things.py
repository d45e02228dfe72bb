"""What a workspace has of a pipeline, what it should have, and the changes to make: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aml_pipeline.azureml.publication.marks import Whose

Action = Literal["create", "update", "replace", "disable", "unchanged"]
Kind = Literal["data", "environment", "compute target", "published pipeline", "endpoint", "schedule"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A published pipeline; ``created`` sorts by time."""

    id: str
    description: str
    active: bool
    created: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pipeline endpoint: its pipelines by version, and the default version."""

    id: str
    description: str
    default: str | None
    versions: Mapping[str, str]
    active: bool = True

    @property
    def pipeline(self) -> str | None:
        """The id of the default pipeline."""
        return self.versions.get(self.default or "")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, in the terms of ``ScheduleRecurrence``.

    ``at`` is the part of its start that matters for a monthly run: day and time, such as ``day 1 at 02:00``.
    """

    frequency: str
    interval: int
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    week_days: tuple[str, ...]
    time_zone: str
    at: str = ""

    def __str__(self) -> str:
        """Return it as a short text."""
        noun = self.frequency.lower()
        every = noun if self.interval == 1 else f"{self.interval} {noun}s"
        days = f" on {', '.join(self.week_days).lower()}" if self.week_days else ""
        times = [f"{hour:02}:{minute:02}" for hour in self.hours for minute in self.minutes]
        shown = f" at {', '.join(times[:3])}{', …' if len(times) > 3 else ''}" if times else ""  # noqa: PLR2004
        return f"every {every}{days}{f' on {self.at}' if self.at else ''}{shown}, {self.time_zone}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule in a workspace; None is what is not visible."""

    id: str
    name: str
    description: str
    active: bool
    endpoint: str | None
    experiment: str | None
    timing: Timing | None
    parameters: Mapping[str, str] | None
    created: str


@dataclass(frozen=True, slots=True)
class WantedSchedule:
    """A schedule as it should be; ``digest`` is that of its whole declaration in the file."""

    key: str
    name: str
    experiment: str
    timing: Timing
    parameters: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Actual:
    """What a workspace has: all pipelines and schedules, and the endpoint of the wanted name."""

    pipelines: tuple[Pipeline, ...]
    endpoint: Endpoint | None
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What it should have; ``digest`` is that of the pipeline's whole content."""

    whose: Whose
    name: str
    digest: str
    schedules: tuple[WantedSchedule, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A change, or why a thing stays as it is: ``id`` is that of the existing thing, ``details`` say what differs.

    ``only_mark``: only the owner changes. Afterwards, posting to ``address`` starts a run, and ``page`` is its page in
    the portal, if any.
    """

    action: Action
    kind: Kind
    name: str
    details: tuple[str, ...] = ()
    id: str = ""
    key: str = ""
    address: str = ""
    page: str = ""
    only_mark: bool = False


def identity(name: str, profile: str | None) -> str:
    """Return the owner of the things of a pipeline with a profile."""
    return f"{name}/{profile}" if profile else name


def endpoint_name(name: str, profile: str | None) -> str:
    """Return the name of the endpoint of a pipeline with a profile."""
    return f"{name}-{profile}" if profile else name
