"""A run as Azure ML lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in Azure ML; ``started`` in seconds since 1970, ``status`` in Azure ML's terms.

    ``schedule`` is the name of the schedule that began it, if one did; ``endpoint`` that of the endpoint, if the run
    was begun by a call of it; ``parameters`` are the values that Azure ML lists with the run.
    """

    run: str
    status: str
    started: float | None
    profile: str | None
    commit: str | None
    portal: str
    schedule: str | None = None
    endpoint: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
