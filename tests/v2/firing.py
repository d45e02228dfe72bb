"""When a trigger fires by the words of v2's documentation: counted day by day, knowing nothing of this package."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def zone(trigger: Mapping[str, Any]) -> ZoneInfo:
    """Return the time zone of a trigger, of which v2 knows the name in Windows."""
    from tzlocal.windows_tz import win_tz

    return ZoneInfo(win_tz[trigger["timeZone"]])


def walls(trigger: Mapping[str, Any], after: datetime) -> Iterator[datetime]:
    """Yield what the clock on the wall shows when a trigger fires, after ``after``."""
    start = datetime.fromisoformat(trigger["startTime"])
    assert start < datetime(2030, 1, 1)  # noqa: DTZ001 - by the clock on the wall
    if trigger["triggerType"] == "Cron":
        minute, hour, day, month, _ = trigger["expression"].split()
        assert (day, month) == ("*", "*"), "v2 passes over other values"
        assert not set(minute + hour) - set("0123456789,*")
        yield from CronSim(trigger["expression"], max(start, after))
        return
    found = _elapsed(trigger, start) if trigger["frequency"] in {"minute", "hour"} else _by_days(trigger, start)
    yield from (wall for wall in found if wall > after)


def _elapsed(trigger: Mapping[str, Any], start: datetime) -> Iterator[datetime]:
    assert trigger["schedule"] == {"hours": [], "minutes": []}  # the client wants one, and makes it of nothing
    here, utc = zone(trigger), ZoneInfo("UTC")
    step = timedelta(**{f"{trigger['frequency']}s": trigger["interval"]})
    begin = start.replace(tzinfo=here).astimezone(utc)
    for number in count():
        yield (begin + number * step).astimezone(here).replace(tzinfo=None)


def _by_days(trigger: Mapping[str, Any], start: datetime) -> Iterator[datetime]:
    pattern = trigger["schedule"]
    times = [(hour, minute) for hour in sorted(pattern["hours"]) for minute in sorted(pattern["minutes"])]
    for number in range(20_000):
        day = datetime.combine(start.date(), datetime.min.time()) + timedelta(days=number)
        if _fires_on(trigger, start, day):
            found = (day.replace(hour=hour, minute=minute) for hour, minute in times)
            yield from (wall for wall in found if wall >= start)


def _fires_on(trigger: Mapping[str, Any], start: datetime, day: datetime) -> bool:
    pattern, interval = trigger["schedule"], trigger["interval"]
    if trigger["frequency"] == "day":
        return bool((day.date() - start.date()).days % interval == 0)
    if trigger["frequency"] == "month":
        months = (day.year - start.year) * 12 + day.month - start.month
        return months % interval == 0 and bool(day.day in pattern["monthDays"])
    weeks = (day.date() - start.date() + timedelta(days=start.weekday())).days // 7
    return weeks % interval == 0 and bool(_DAYS[day.weekday()] in pattern["weekDays"])
