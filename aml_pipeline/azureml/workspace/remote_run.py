"""A run as Azure ML lists it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in Azure ML; ``started`` in seconds since 1970, ``status`` in Azure ML's terms.

    ``schedule`` is the name of the schedule that began it, if one did; ``endpoint`` that of the endpoint, if the run
    was begun by a call of it.
    """

    run: str
    status: str
    started: float | None
    profile: str | None
    commit: str | None
    portal: str
    schedule: str | None = None
    endpoint: str | None = None
