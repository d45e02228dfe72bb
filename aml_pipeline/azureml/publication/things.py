"""What a workspace has of a pipeline, what it should have, and what is to be done: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aml_pipeline.azureml.publication.marks import Whose

Action = Literal["create", "update", "replace", "disable", "unchanged"]
Kind = Literal["environment", "compute target", "published pipeline", "endpoint", "schedule"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A published pipeline; ``created`` sorts by time."""

    id: str
    description: str
    active: bool
    created: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pipeline endpoint: its pipelines by their versions, and the version that runs unless one is named."""

    id: str
    description: str
    default: str | None
    versions: Mapping[str, str]
    active: bool = True

    @property
    def pipeline(self) -> str | None:
        """The id of the pipeline that it runs."""
        return self.versions.get(self.default or "")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, in the words of ``ScheduleRecurrence``.

    Of its start only what tells when a month's run is: ``at`` is its day and time, such as ``day 1 at 02:00``.
    """

    frequency: str
    interval: int
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    week_days: tuple[str, ...]
    time_zone: str
    at: str = ""

    def __str__(self) -> str:
        """Return it in a few words."""
        noun = self.frequency.lower()
        every = noun if self.interval == 1 else f"{self.interval} {noun}s"
        days = f" on {', '.join(self.week_days).lower()}" if self.week_days else ""
        times = [f"{hour:02}:{minute:02}" for hour in self.hours for minute in self.minutes]
        shown = f" at {', '.join(times[:3])}{', …' if len(times) > 3 else ''}" if times else ""  # noqa: PLR2004
        return f"every {every}{days}{f' on {self.at}' if self.at else ''}{shown}, {self.time_zone}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as a workspace has it; None is what cannot be seen."""

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
    """A schedule as it should be; ``digest`` is that of all that the file says of it."""

    key: str
    name: str
    experiment: str
    timing: Timing
    parameters: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a workspace has: all pipelines and schedules, the endpoint of the name that is wanted."""

    pipelines: tuple[Pipeline, ...]
    endpoint: Endpoint | None
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What it should have; ``digest`` is that of all that makes the pipeline."""

    whose: Whose
    name: str
    digest: str
    schedules: tuple[WantedSchedule, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do, or to leave: ``id`` is that of what is there, ``details`` tell what differs, or why not.

    ``only_mark``: nothing but whose it is. Once it is done, a run is started by posting to ``address``, and ``page``
    shows it in the portal, if it has one.
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
    """Return whose things are those of a pipeline with a profile."""
    return f"{name}/{profile}" if profile else name


def endpoint_name(name: str, profile: str | None) -> str:
    """Return the name of the endpoint of a pipeline with a profile."""
    return f"{name}-{profile}" if profile else name
