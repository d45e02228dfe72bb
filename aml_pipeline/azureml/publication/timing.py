"""When a schedule fires, in terms that two schedules of the same meaning share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aml_pipeline.pipeline.schedule.recurrence import WEEK_DAYS

_MOST_SHOWN = 3
_ELAPSED = frozenset({"Minute", "Hour"})
_DAYS = {"Day": 1, "Week": len(WEEK_DAYS)}


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, in the terms of ``ScheduleRecurrence``.

    ``at`` is the part of its start that matters: for a monthly run day and time, such as ``day 1 at 02:00``.
    ``cron`` is a cron of v2 that cannot be expressed otherwise.
    """

    frequency: str
    interval: int
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    week_days: tuple[str, ...]
    time_zone: str
    at: str = ""
    cron: str = ""

    def __str__(self) -> str:
        """Return it as a short text."""
        if self.cron:
            return f'cron "{self.cron}", {self.time_zone}'
        noun = self.frequency.lower()
        every = noun if self.interval == 1 else f"{self.interval} {noun}s"
        days = f" on {', '.join(self.week_days).lower()}" if self.week_days else ""
        start = f" {'on' if self.frequency == 'Month' else 'from'} {self.at}" if self.at else ""
        times = [f"{hour:02}:{minute:02}" for hour in self.hours for minute in self.minutes]
        shown = f" at {', '.join(times[:_MOST_SHOWN])}{', …' if len(times) > _MOST_SHOWN else ''}" if times else ""
        return f"every {every}{days}{start}{shown}, {self.time_zone}"


def same_start(timing: Timing, one: str, other: str) -> bool:
    """Whether a schedule of v1 surely fires at the same times from two starts, such as ``2026-12-01T02:00``.

    Weeks from different days count as different: it is unknown whether Azure ML's week begins on Sunday or Monday.
    """
    if one == other or (timing.interval == 1 and timing.frequency not in _ELAPSED):
        return True
    try:
        first, second = (dt.date.fromisoformat(start[:10]) for start in (one, other))
    except ValueError:
        return False
    if timing.frequency == "Month":
        return (12 * (first.year - second.year) + first.month - second.month) % timing.interval == 0
    days = _DAYS.get(timing.frequency)
    return days is not None and (first - second).days % (days * timing.interval) == 0


def of_trigger(trigger: Mapping[str, Any]) -> Timing:
    """Return when a trigger of v2 fires; its keys are those of the YAML.

    A cron and a recurrence that fire at the same times are equal. The start counts only where it decides when the
    schedule fires: for intervals above 1, and if no time of the day is given.
    """
    zone, start = str(trigger.get("time_zone") or "UTC"), str(trigger.get("start_time") or "")[:16].replace("T", " ")
    if trigger.get("expression"):
        return _of_cron(str(trigger["expression"]), zone)
    frequency, interval = str(trigger["frequency"]).capitalize(), int(trigger.get("interval") or 1)
    pattern = trigger.get("schedule") or {}
    hours, minutes = _numbers(pattern.get("hours")), _numbers(pattern.get("minutes"))
    if not hours or frequency in _ELAPSED:
        return Timing(frequency, interval, (), (), (), zone, start)
    if frequency == "Month":
        times = ", ".join(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)
        at = f"day {', '.join(map(str, _numbers(pattern.get('month_days'))))} at {times}"
        return Timing(frequency, interval, (), (), (), zone, at if interval == 1 else f"{at} from {start[:7]}")
    given = {str(day).lower() for day in pattern.get("week_days") or ()}
    days = tuple(day.capitalize() for day in WEEK_DAYS if day in given)
    return _simplest(Timing(frequency, interval, hours, minutes, days, zone, "" if interval == 1 else start))


def _simplest(timing: Timing) -> Timing:
    """Return it as daily if it is weekly on all days."""
    is_daily = timing.frequency == "Week" and timing.interval == 1 and len(timing.week_days) == len(WEEK_DAYS)
    return replace(timing, frequency="Day", week_days=()) if is_daily else timing


def _of_cron(expression: str, zone: str) -> Timing:
    """Return when a cron fires, if it is like those of an export: numbers and ``*``, and any day of any month."""
    try:
        minutes, hours, day, month, week_day = expression.split()
        chosen = {number % 7 for number in _field(week_day, 7)}
        times = _field(hours, 24), _field(minutes, 60)
    except ValueError:
        return Timing("", 1, (), (), (), zone, cron=expression)
    if (day, month) != ("*", "*"):
        return Timing("", 1, (), (), (), zone, cron=expression)
    days = tuple(name.capitalize() for number, name in enumerate(WEEK_DAYS, 1) if number % 7 in chosen)
    return _simplest(Timing("Week", 1, *times, days, zone))


def _field(text: str, size: int) -> tuple[int, ...]:
    return tuple(range(size)) if text == "*" else _numbers(text.split(","))


def _numbers(values: Iterable[Any] | None) -> tuple[int, ...]:
    return tuple(sorted(int(value) for value in values or ()))
