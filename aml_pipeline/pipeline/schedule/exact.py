"""Cron → recurrence, if a schedule of Azure ML SDK v1 can express exactly the same; else the part that it cannot.

Every cron without restricted months and days of the month is exact: v1 combines hours and minutes as cron does, and
both use local time. So the frequencies minute and hour, which count elapsed time, are never needed.
"""

from __future__ import annotations

from datetime import datetime
from itertools import product

from aml_pipeline.pipeline.schedule.cron import Cron, CronError, Field
from aml_pipeline.pipeline.schedule.recurrence import LAST_SAFE_DAY, WEEK_DAYS, Recurrence

_MOST_SPLIT = 4
_YEAR = 2000  # the first month to count from; long past, as Azure ML allows


def recurrence_of(cron: Cron) -> Recurrence:
    """Return the recurrence that fires whenever ``cron`` does. Raises CronError, with the nearest form as its cure."""
    rhythm = _rhythm(cron)
    if rhythm == "both":
        raise _both_days(cron)
    return _by_month(cron) if rhythm == "monthly" else _by_day(cron, rhythm)


def _rhythm(cron: Cron) -> str:
    """Return what selects the days: ``daily`` (nothing), ``weekly``, ``monthly``, or ``both``."""
    full = (cron.day.is_full, cron.week_day.is_full)
    if all(full) or (cron.days_either and any(full)):
        return "daily"
    return "weekly" if cron.day.is_full else "monthly" if cron.week_day.is_full else "both"


def _by_day(cron: Cron, rhythm: str) -> Recurrence:
    if not cron.month.is_full:
        message = f'a {rhythm} schedule of Azure ML v1 cannot be limited to the months "{cron.month.text}".'
        raise _lossy(cron.month, message, _nearest(_text(cron, month="*")))
    if rhythm == "daily":
        return Recurrence("day", hours=cron.hour.values, minutes=cron.minute.values)
    days = sorted((value - 1) % 7 for value in cron.week_day.values)
    names = tuple(WEEK_DAYS[day] for day in days)
    return Recurrence("week", hours=cron.hour.values, minutes=cron.minute.values, week_days=names)


def _by_month(cron: Cron) -> Recurrence:
    days, months, interval = cron.day.values, cron.month.values, _interval(cron.month.values)
    if len(days) > 1:
        message = f'a schedule of Azure ML v1 fires on one day of the month, so it cannot express "{cron.day.text}".'
        raise _lossy(cron.day, message, _every_few_days(cron) or _split(cron))
    if days[0] > LAST_SAFE_DAY:
        message = (
            f"not every month has a day {days[0]}, and it is not known whether Azure ML v1 then does what cron does."
        )
        raise _lossy(cron.day, message, _split(cron))
    if interval is None:
        message = (
            f'a schedule of Azure ML v1 cannot be limited to the months "{cron.month.text}", which are unevenly spaced.'
        )
        raise _lossy(cron.month, message, _split(cron))
    if len(cron.times) > 1:
        field = cron.hour if len(cron.hour.values) > 1 else cron.minute
        message = f'a monthly schedule of Azure ML v1 fires once a day, so it cannot express "{field.text}".'
        raise _lossy(field, message, _split(cron))
    return Recurrence("month", interval, start=datetime.combine(_first_day(months[0], days[0]), cron.times[0]))


def _first_day(month: int, day: int) -> datetime:
    return datetime(_YEAR, month, day)  # noqa: DTZ001 - by the clock on the wall


def _interval(months: tuple[int, ...]) -> int | None:
    """Return the number of months between each of ``months`` and the next; None if that varies."""
    gaps = {(after - before - 1) % 12 + 1 for before, after in zip(months, [*months[1:], months[0]], strict=True)}
    return gaps.pop() if len(gaps) == 1 else None


def _both_days(cron: Cron) -> CronError:
    rule = "on days that match either" if cron.days_either else "on days that match both"
    message = (
        f'a schedule of Azure ML v1 cannot combine days of the month ("{cron.day.text}") with days of the week '
        f'("{cron.week_day.text}"); this cron fires {rule}.'
    )
    return _lossy(cron.day, message, _nearest(_text(cron, day="*", month="*")))


def _lossy(field: Field, message: str, cure: str) -> CronError:
    return CronError(message, cure, field.span)


def _text(cron: Cron, **changed: str) -> str:
    names = ("minute", "hour", "day", "month", "week_day")
    return " ".join(changed.get(name, getattr(cron, name).text) for name in names)


def _nearest(text: str) -> str:
    return f"The nearest supported schedule: `{text}`."


def _every_few_days(cron: Cron) -> str:
    """Return the intended recurrence if the days are ``*/2``; empty otherwise."""
    step = cron.day.text.removeprefix("*/")
    if not step.isdecimal() or not cron.month.is_full:
        return ""
    lists = f"hours: {list(cron.hour.values)}, minutes: {list(cron.minute.values)}"
    first = f"2026-01-01T{cron.times[0]:%H:%M:%S}"
    form = f"recurrence: {{frequency: day, interval: {int(step)}, {lists}, start_time: {first}}}"
    return f"The nearest supported schedule, which continues across the end of a month: `{form}`."


def _split(cron: Cron) -> str:
    """Return the equivalent schedules, if they are few; else the nearest single one."""
    days = sorted({min(value, LAST_SAFE_DAY) for value in cron.day.values})
    even = _interval(cron.month.values) is not None
    months = [cron.month.text] if even else [str(value) for value in cron.month.values]
    parts = [f"{time.minute} {time.hour} {day} {month} *" for month, day, time in product(months, days, cron.times)]
    if len(parts) == 1 or len(parts) > _MOST_SPLIT or max(cron.day.values) > LAST_SAFE_DAY:
        return _nearest(parts[0] if even else f"{cron.times[0].minute} {cron.times[0].hour} {days[0]} * *")
    return f"Use one schedule for each: {', '.join(f'`{part}`' for part in parts)}."
