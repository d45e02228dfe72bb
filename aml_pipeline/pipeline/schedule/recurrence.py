"""Recurrence: what a schedule of Azure ML SDK v1 can express, as data, and when it fires.

The rules are those of ``ScheduleRecurrence.validate`` in ``azureml.pipeline.core.schedule``: hours and minutes require
days or weeks, days of the week require weeks; all hours are combined with all minutes. Everything else is counted from
``start_time``: minutes and hours as elapsed time, months from its day and time. How Azure ML itself counts across a
clock change has not been measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Literal

from aml_pipeline.core.wording import listed

Frequency = Literal["minute", "hour", "day", "week", "month"]
WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_SAFE_DAY = 28  # the last day that every month has

_ELAPSED = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When a schedule fires. Days and weeks have ``hours`` and ``minutes``, weeks have ``week_days``, in order.

    ``start`` is the local time from which intervals are counted: required if the frequency is minute, hour or month, or
    if the interval is above 1. Monthly runs take their day and time from ``start``.
    """

    frequency: Frequency
    interval: int = 1
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[str, ...] = ()
    start: datetime | None = None

    @property
    def is_elapsed(self) -> bool:
        """Whether it fires after fixed amounts of elapsed time, independent of the local time."""
        return self.frequency in _ELAPSED

    @property
    def times(self) -> tuple[time, ...]:
        """The times of a day at which it fires, in order; none if it counts elapsed time."""
        if self.frequency == "month":
            return (self._begin.time(),)
        return tuple(time(hour, minute) for hour in self.hours for minute in self.minutes)

    @property
    def _begin(self) -> datetime:
        assert self.start is not None  # noqa: S101 - as the class says
        return self.start

    def starting(self, start: datetime | None) -> Recurrence:
        """Return the same recurrence, counted from ``start``: one of its own times, so that it fires as before."""
        return replace(self, start=start)

    def as_data(self) -> dict[str, Any]:
        """Return the arguments of ``ScheduleRecurrence`` by name, in its spelling, without the time zone."""
        data: dict[str, Any] = {"frequency": self.frequency.capitalize(), "interval": self.interval}
        if self.hours:
            data |= {"hours": list(self.hours), "minutes": list(self.minutes)}
        if self.week_days:
            data["week_days"] = [week_day.capitalize() for week_day in self.week_days]
        if self.start:
            data["start_time"] = self.start.isoformat(timespec="seconds")
        return data

    def walls(self, first: date) -> Iterator[datetime]:
        """Yield the local times at which it fires, from the day ``first`` on, in order.

        For days, weeks and months; minutes and hours have ``instants``.
        """
        times = self.times
        walls = (datetime.combine(day, time) for day in self._days(first) for time in times)
        return (wall for wall in walls if self.start is None or wall >= self.start)

    def _days(self, first: date) -> Iterator[date]:
        if self.frequency == "month":
            return self._days_of_months(first)
        begin = self.start.date() if self.start else first
        if self.frequency == "week":
            begin -= timedelta(days=begin.weekday())
        unit = 7 if self.frequency == "week" else 1
        step = unit * self.interval
        passed = max(0, first.toordinal() - begin.toordinal()) // step
        chosen = [WEEK_DAYS.index(week_day) for week_day in self.week_days] or [0]
        last = date.max.toordinal() - unit
        starts = range(begin.toordinal() + passed * step, last, step)
        days = (date.fromordinal(start + offset) for start in starts for offset in chosen)
        return (day for day in days if day >= first)

    def _days_of_months(self, first: date) -> Iterator[date]:
        begin = self._begin.year * 12 + self._begin.month - 1
        passed = max(0, first.year * 12 + first.month - 1 - begin) // self.interval
        months = range(begin + passed * self.interval, date.max.year * 12, self.interval)
        days = (date(month // 12, month % 12 + 1, self._begin.day) for month in months)
        return (day for day in days if day >= first)

    def instants(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield when it fires after ``after``, in UTC, if it counts minutes or hours from ``start`` in ``zone``."""
        begin = self._begin.replace(tzinfo=zone).astimezone(timezone.utc)
        step = _ELAPSED[self.frequency] * self.interval
        number = max(0, (after - begin) // step + 1)
        while True:
            yield begin + number * step
            number += 1

    def in_words(self) -> str:
        """Return it in words: ``daily at 02:00``, ``weekly on monday and friday at 02:00``."""
        rhythm = f"every {self.interval} {self.frequency}s" if self.interval > 1 else _EVERY[self.frequency]
        if self.is_elapsed:
            return f"{rhythm} from {self._begin:%Y-%m-%d %H:%M}"
        if self.frequency == "month":
            rhythm += f" on day {self._begin.day}"
        elif self.week_days:
            rhythm += f" on {listed(self.week_days)}"
        times = [f"{time:%H:%M}" for time in self.times]
        if len(times) > _MOST_SHOWN:
            return f"{rhythm}, {len(times)} times from {times[0]} to {times[-1]}"
        return f"{rhythm} at {listed(times)}"


_EVERY = {"minute": "every minute", "hour": "every hour", "day": "daily", "week": "weekly", "month": "monthly"}
_MOST_SHOWN = 4
