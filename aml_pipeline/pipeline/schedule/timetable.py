"""The next times of a schedule, in the local time of its zone and in UTC; the current time is passed in.

A local time that the clock skips when it goes forward has no instant here, since nobody promises one. A time that
occurs twice when the clock goes back is the first of the two. What Azure ML does in either case has not been measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Literal, Protocol

from aml_pipeline.core.errors import MachineError
from aml_pipeline.pipeline.schedule.recurrence import Recurrence

Kind = Literal["once", "missing", "first of two", "second of two"]


class Pattern(Protocol):
    """A schedule in local time: a cron, or a recurrence of days, weeks or months."""

    def walls(self, first: date) -> Iterator[datetime]:
        """Yield the local times at which it fires, from the day ``first`` on, in order."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One time: the local time, the instant in UTC (None if it is skipped), and which of two it is."""

    wall: datetime
    instant: datetime | None
    kind: Kind


def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name. Raises MachineError when the system has no data of it."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        message = f"This machine has no data for time zone {name}. Install it: `pip install tzdata`."
        raise MachineError(message) from None


def exists(wall: datetime, zone: tzinfo) -> bool:
    """Whether the clock of ``zone`` ever shows ``wall``."""
    return _wall(_instant(wall, zone), zone) == wall


def firings(pattern: Pattern, zone: tzinfo, now: datetime) -> Iterator[Firing]:
    """Yield when ``pattern`` fires in ``zone`` after ``now`` (an aware time), in order."""
    if isinstance(pattern, Recurrence) and pattern.is_elapsed:
        return (_at(instant, zone) for instant in pattern.instants(now.astimezone(timezone.utc), zone))
    here = _wall(now, zone)
    known = (_firing(wall, zone) for wall in pattern.walls(here.date()))
    return (firing for firing in known if (firing.instant > now if firing.instant else firing.wall > here))


def start_time(pattern: Pattern, recurrence: Recurrence, zone: tzinfo, now: datetime) -> datetime:
    """Return the ``start_time`` to send for a schedule that fires as ``pattern`` says, at or before one of its times.

    Without one, Azure ML starts a run at once. If days or weeks are counted (an interval above 1), it is the declared
    one. Otherwise it is the next local time that occurs exactly once, and for days and weeks the minute before:
    according to the docstring of ``ScheduleRecurrence``, a start that matches their hours and minutes runs nothing yet.
    """
    if recurrence.frequency not in {"day", "week"}:
        return next(firing.wall for firing in firings(pattern, zone, now) if firing.kind == "once")
    if recurrence.interval > 1 and recurrence.start:
        earlier = recurrence.start - timedelta(minutes=1)
        return earlier if earlier.date() == recurrence.start.date() else recurrence.start
    walls = (firing.wall - timedelta(minutes=1) for firing in firings(pattern, zone, now) if firing.kind == "once")
    return next(wall for wall in walls if _firing(wall, zone).kind == "once")


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant(wall: datetime, zone: tzinfo, fold: int = 0) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)


def _firing(wall: datetime, zone: tzinfo) -> Firing:
    if not exists(wall, zone):
        return Firing(wall, None, "missing")
    first = _instant(wall, zone)
    return Firing(wall, first, "once" if _instant(wall, zone, 1) == first else "first of two")


def _at(instant: datetime, zone: tzinfo) -> Firing:
    one = _firing(_wall(instant, zone), zone)
    return Firing(one.wall, instant, "second of two" if one.instant != instant else one.kind)
