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
    from aml_pipeline.pipeline.spec.schedule import Recurrence as RecurrenceSpec

_LONGEST_INTERVAL = 100_000
_EXAMPLE = "2026-12-01T02:00:00"


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem: the keys that lead to it from the recurrence (none: the whole), and the cure."""

    at: tuple[str | int, ...]
    message: str
    cure: str


def faults(recurrence: RecurrenceSpec) -> list[Fault]:
    """Return the problems of ``one``."""
    faults_of_times = [
        *_number_faults("hours", recurrence.hours, 23),
        *_number_faults("minutes", recurrence.minutes, 59),
    ]
    faults_of_times += [*_week_day_faults(recurrence), *_start_faults(recurrence)]
    if recurrence.interval > _LONGEST_INTERVAL:
        faults_of_times.append(Fault(("interval",), f"an interval of {recurrence.interval} is too large.", "Lower it."))
    return faults_of_times or list(_together(recurrence))


def read(recurrence: RecurrenceSpec) -> Recurrence:
    """Return ``one``, which must be without faults: missing hours, minutes and days are those of the start."""
    start = _start(recurrence.start_time)
    if recurrence.frequency not in {"day", "week"}:
        return Recurrence(recurrence.frequency, recurrence.interval, start=start)
    hours = recurrence.hours or (_begin(start).hour,)
    minutes = recurrence.minutes or (_begin(start).minute,)
    days: tuple[str, ...] = ()
    if recurrence.frequency == "week":
        days = recurrence.week_days or (WEEK_DAYS[_begin(start).weekday()],)
    in_order = tuple(sorted(set(days), key=WEEK_DAYS.index))
    return Recurrence(recurrence.frequency, recurrence.interval, _sorted(hours), _sorted(minutes), in_order, start)


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


def _week_day_faults(recurrence: RecurrenceSpec) -> Iterator[Fault]:
    if recurrence.week_days is not None and not recurrence.week_days:
        yield Fault(("week_days",), "`week_days` is empty.", "Write it like [monday].")
    for index, name in enumerate(recurrence.week_days or ()):
        if name not in WEEK_DAYS:
            near = next((day for day in WEEK_DAYS if day[:3] == name.lower()[:3]), None)
            cure = f'Write "{near}".' if near else suggest(name, WEEK_DAYS)
            yield Fault(("week_days", index), f'"{name[:40]}" is not a day of the week.', cure)


def _start_faults(recurrence: RecurrenceSpec) -> Iterator[Fault]:
    try:
        start = _start(recurrence.start_time)
    except ValueError:
        message = f'"{str(recurrence.start_time)[:40]}" is not a valid start time.'
        cure = f"Write it like {_EXAMPLE}: whole minutes, no offset, in local time of `time_zone`."
        yield Fault(("start_time",), message, cure)
        return
    if recurrence.frequency == "month" and start and start.day > LAST_SAFE_DAY:
        message = f"it is not known what Azure ML does on day {start.day} in months without that day."
        yield Fault(("start_time",), message, f"Start on a day from 1 to {LAST_SAFE_DAY}.")


def _together(recurrence: RecurrenceSpec) -> Iterator[Fault]:
    """Yield problems of keys in combination: what ``ScheduleRecurrence.validate`` refuses, and what is missing."""
    fitting = {"hours": ("day", "week"), "minutes": ("day", "week"), "week_days": ("week",)}
    for key, frequencies in fitting.items():
        if getattr(recurrence, key) is not None and recurrence.frequency not in frequencies:
            message = (
                f"`{key}` requires frequency {' or '.join(frequencies)}, but the frequency is {recurrence.frequency}."
            )
            yield Fault((key,), message, f"Delete it, and set the time of the first run with `start_time: {_EXAMPLE}`.")
    if recurrence.start_time is None:
        yield from _unsaid(recurrence)
    elif recurrence.frequency == "week" and recurrence.interval > 1:
        yield from _unsure_week(recurrence)


def _unsaid(recurrence: RecurrenceSpec) -> Iterator[Fault]:
    if recurrence.frequency in {"minute", "hour", "month"} or recurrence.interval > 1:
        every = (
            f"every {recurrence.interval} {recurrence.frequency}s"
            if recurrence.interval > 1
            else f"every {recurrence.frequency}"
        )
        yield Fault((), f"a schedule for {every} needs a start time.", f"Add `start_time: {_EXAMPLE}`.")
        return
    for key, example in (("hours", "[2]"), ("minutes", "[0]"), ("week_days", "[monday]")):
        if getattr(recurrence, key) is None and (key != "week_days" or recurrence.frequency == "week"):
            yield Fault(
                (), f"neither `{key}` nor `start_time` says when the schedule fires.", f"Add `{key}: {example}`."
            )


def _unsure_week(declared: RecurrenceSpec) -> Iterator[Fault]:
    """It is unknown whether Azure ML's week begins on Sunday or Monday; allow what does not depend on it."""
    recurrence = read(declared)
    days = {*recurrence.week_days, WEEK_DAYS[_begin(recurrence.start).weekday()]}
    if "sunday" in days and len(days) > 1:
        message = "every few weeks on sunday and other days: it is not known whether Azure ML's week begins on sunday."
        yield Fault((), message, "Give sunday a schedule of its own, and start each schedule on one of its days.")
