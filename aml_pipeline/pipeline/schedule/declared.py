"""The ``recurrence:`` of a file → a recurrence, or its problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aml_pipeline.core.problems import suggest
from aml_pipeline.pipeline.schedule.recurrence import LAST_SAFE_DAY, WEEK_DAYS, Recurrence

if TYPE_CHECKING:
    from aml_pipeline.pipeline.spec import models

_LONGEST_INTERVAL = 100_000
_EXAMPLE = "2026-12-01T02:00:00"


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem: the keys that lead to it from the recurrence (none: the whole), and the cure."""

    at: tuple[str | int, ...]
    message: str
    cure: str


def faults(one: models.Recurrence) -> list[Fault]:
    """Return the problems of ``one``."""
    found = [*_number_faults("hours", one.hours, 23), *_number_faults("minutes", one.minutes, 59)]
    found += [*_week_day_faults(one), *_start_faults(one)]
    if one.interval > _LONGEST_INTERVAL:
        found.append(Fault(("interval",), f"an interval of {one.interval} is too large.", "Lower it."))
    return found or list(_together(one))


def read(one: models.Recurrence) -> Recurrence:
    """Return ``one``, which must be without faults: missing hours, minutes and days are those of the start."""
    start = _start(one.start_time)
    if one.frequency not in {"day", "week"}:
        return Recurrence(one.frequency, one.interval, start=start)
    hours = one.hours or (_begin(start).hour,)
    minutes = one.minutes or (_begin(start).minute,)
    days: tuple[str, ...] = ()
    if one.frequency == "week":
        days = one.week_days or (WEEK_DAYS[_begin(start).weekday()],)
    in_order = tuple(sorted(set(days), key=WEEK_DAYS.index))
    return Recurrence(one.frequency, one.interval, _sorted(hours), _sorted(minutes), in_order, start)


def _sorted(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))


def _begin(start: datetime | None) -> datetime:
    assert start is not None  # noqa: S101 - else something would be missing
    return start


def _start(text: str | None) -> datetime | None:
    """Return ``text`` as a local time. Raises ValueError."""
    if text is None:
        return None
    if not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:00)?", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _number_faults(key: str, values: Sequence[int] | None, last: int) -> Iterator[Fault]:
    if values is not None and not values:
        yield Fault((key,), f"`{key}` is empty.", f"Write it like [0], or delete it and give `start_time: {_EXAMPLE}`.")
    for index, value in enumerate(values or ()):
        if not 0 <= value <= last:
            message = f"{value} is not a valid value of {key}: the range is 0 to {last}."
            yield Fault((key, index), message, "Write a value in that range.")


def _week_day_faults(one: models.Recurrence) -> Iterator[Fault]:
    if one.week_days is not None and not one.week_days:
        yield Fault(("week_days",), "`week_days` is empty.", "Write it like [monday].")
    for index, name in enumerate(one.week_days or ()):
        if name not in WEEK_DAYS:
            near = next((day for day in WEEK_DAYS if day[:3] == name.lower()[:3]), None)
            cure = f'Write "{near}".' if near else suggest(name, WEEK_DAYS)
            yield Fault(("week_days", index), f'"{name[:40]}" is not a day of the week.', cure)


def _start_faults(one: models.Recurrence) -> Iterator[Fault]:
    try:
        start = _start(one.start_time)
    except ValueError:
        message = f'"{str(one.start_time)[:40]}" is not a valid start time.'
        cure = f"Write it like {_EXAMPLE}: whole minutes, no offset, in local time of `time_zone`."
        yield Fault(("start_time",), message, cure)
        return
    if one.frequency == "month" and start and start.day > LAST_SAFE_DAY:
        message = f"it is not known what Azure ML does on day {start.day} in months without that day."
        yield Fault(("start_time",), message, f"Start on a day from 1 to {LAST_SAFE_DAY}.")


def _together(one: models.Recurrence) -> Iterator[Fault]:
    """Yield problems of keys in combination: what ``ScheduleRecurrence.validate`` refuses, and what is missing."""
    fitting = {"hours": ("day", "week"), "minutes": ("day", "week"), "week_days": ("week",)}
    for key, frequencies in fitting.items():
        if getattr(one, key) is not None and one.frequency not in frequencies:
            message = f"`{key}` requires frequency {' or '.join(frequencies)}, but the frequency is {one.frequency}."
            yield Fault((key,), message, f"Delete it, and set the time of the first run with `start_time: {_EXAMPLE}`.")
    if one.start_time is None:
        yield from _unsaid(one)
    elif one.frequency == "week" and one.interval > 1:
        yield from _unsure_week(one)


def _unsaid(one: models.Recurrence) -> Iterator[Fault]:
    if one.frequency in {"minute", "hour", "month"} or one.interval > 1:
        every = f"every {one.interval} {one.frequency}s" if one.interval > 1 else f"every {one.frequency}"
        yield Fault((), f"a schedule for {every} needs a start time.", f"Add `start_time: {_EXAMPLE}`.")
        return
    for key, example in (("hours", "[2]"), ("minutes", "[0]"), ("week_days", "[monday]")):
        if getattr(one, key) is None and (key != "week_days" or one.frequency == "week"):
            yield Fault(
                (), f"neither `{key}` nor `start_time` says when the schedule fires.", f"Add `{key}: {example}`."
            )


def _unsure_week(one: models.Recurrence) -> Iterator[Fault]:
    """It is unknown whether Azure ML's week begins on Sunday or Monday; allow what does not depend on it."""
    recurrence = read(one)
    days = {*recurrence.week_days, WEEK_DAYS[_begin(recurrence.start).weekday()]}
    if "sunday" in days and len(days) > 1:
        message = "every few weeks on sunday and other days: it is not known whether Azure ML's week begins on sunday."
        yield Fault((), message, "Give sunday a schedule of its own, and start each schedule on one of its days.")
