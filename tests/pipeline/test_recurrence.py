"""Cron → recurrence: the same times over two years in five zones, or refused with the nearest form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.pipeline.schedule import cron as crons
from aml_pipeline.pipeline.schedule import exact, timetable
from aml_pipeline.pipeline.schedule.cron import Cron, CronError
from aml_pipeline.pipeline.schedule.recurrence import WEEK_DAYS, Recurrence
from aml_pipeline.pipeline.schedule.timetable import Firing
from tests import v1
from tests.pipeline.test_cron import FIRST, TEXTS, sparse_texts

UTC = timezone.utc
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
NOW = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
END = NOW + timedelta(days=731)
HALF = date(2027, 4, 20)  # by then each clock that changes has done so both ways

ACCEPTED = """\
0 2 * * *|30 2 * * *|59 23 * * *|0 0 * * *|@daily|@midnight|@weekly|@monthly|@yearly|@annually|0 * * * *
15 */2 * * *|*/30 */8 * * *|*/30 8-16/4 * * 1-5|0 */6 * * *|0 */5 * * *|7 */7 * * *|0 9-17/4 * * *|5-20/5 3 * * *
0 2 * * 1|0 2 * * mon|0 2 * * 0|0 2 * * 7|0 2 * * sun|0 2 * * 1-5|0 2 * * MON,WED,FRI|0 2 * * 6,0|0 2 * * 5-7
30 1,2,3 * * *|0 2,14 * * 1|0 3 */1 * *|0 3 1-31 * *|0 3 1-31 * 1|0 3 15 * 0-6|0 3 * * */1|0 3 * */1 *|0 3 * 1-12 *
0 3 * jan-dec 2|0 3 1 * *|0 3 15 * *|0 3 28 * *|30 2 28 * *|0 0 1 1 *|0 6 4 jul *|0 3 1 */3 *|0 3 1 */2 *
0 3 1 */6 *|0 3 5 2,8 *|0 3 5 3,6,9,12 *|0 3 5 1,5,9 *|30 2 1 */4 *|0 1 * * *|30 1 * * *|45 1 * * *|0 2 * * 0,6
15 2 * * sun|59 1 * * *|0 3 * * *|1 3 * * sun|30 0 * * *|29 2 * * tue|31 1 25 10 *|45 2 28 3 *|2-4 2 * * *
*/20 2 * * *
""".replace("\n", "|").strip("|").split("|")  # fmt: skip
DENSE = ["*/30 * * * *", "@hourly", "0,30 9-17 * * mon-fri", "*/15 8-18 * * 1-5", "*/5 1-3 * * *", "* 2 * * sun"]


@pytest.fixture(scope="module", params=ZONES)
def zone(request: pytest.FixtureRequest) -> ZoneInfo:
    return ZoneInfo(str(request.param))


def test_there_are_sixty() -> None:
    assert len(set(ACCEPTED)) >= 60


def until(walls: Iterable[datetime], end: date) -> list[datetime]:
    return list(takewhile(lambda wall: wall.date() < end, walls))


def end_of(text: str) -> date:
    """Return until when a cron is followed: for two years, or for half a year if it repeats within a week."""
    days_and_months = crons.MACROS.get(text, text).split()[2:4]
    return HALF if days_and_months == ["*", "*"] else END.date()


@cache
def walls_of(text: str) -> list[datetime]:
    """Return what another program finds by a clock that never changes."""
    start = datetime.combine(FIRST, time()) - timedelta(minutes=1)
    return until(CronSim(crons.MACROS.get(text, text), start), end_of(text))


@pytest.mark.parametrize("text", ACCEPTED + DENSE)
def test_a_recurrence_fires_when_its_cron_does_by_the_clock_on_the_wall(text: str) -> None:
    cron = crons.parse(text)
    assert walls_of(text)
    assert until(exact.recurrence_of(cron).walls(FIRST), end_of(text)) == walls_of(text)
    assert until(cron.walls(FIRST), end_of(text)) == walls_of(text)


@cache
def change_days(zone: ZoneInfo) -> dict[date, list[datetime]]:
    """Return the days on which the clock of ``zone`` changes, each with all its minutes."""
    found = {}
    for number in range((END - NOW).days):
        day = datetime.combine(FIRST + timedelta(days=number), time(), zone)
        begin, end = (one.astimezone(UTC) for one in (day, day + timedelta(days=1)))
        if end - begin != timedelta(days=1):
            found[day.date()] = [begin + timedelta(minutes=one) for one in range((end - begin) // timedelta(minutes=1))]
    return found


@cache
def instants(zone: ZoneInfo) -> dict[datetime, list[datetime]]:
    """Return when each minute that the clock shows on those days is."""
    seen: dict[datetime, list[datetime]] = {}
    for instant in (one for minutes in change_days(zone).values() for one in minutes):
        seen.setdefault(instant.astimezone(zone).replace(tzinfo=None, fold=0), []).append(instant)
    return seen


@cache
def firings(text: str, zone: ZoneInfo) -> list[Firing]:
    recurrence = exact.recurrence_of(crons.parse(text))
    after = datetime.combine(FIRST, time(), zone) - timedelta(minutes=1)
    end = end_of(text)
    return list(takewhile(lambda one: one.wall.date() < end, timetable.firings(recurrence, zone, after)))


def test_there_are_changes_of_the_clock(zone: ZoneInfo) -> None:
    lengths = {len(minutes) for minutes in change_days(zone).values()}
    expected = {"Australia/Lord_Howe": {1410, 1470}, "Asia/Kolkata": set(), "UTC": set()}
    assert lengths == expected.get(zone.key, {1380, 1500})
    assert len(change_days(zone)) == (4 if lengths else 0)


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_recurrence_fires_when_another_program_says(text: str, zone: ZoneInfo) -> None:
    """On all days without a change of the clock; on those with one, that program is wrong where it is half an hour."""
    start = datetime.combine(FIRST, time(), zone) - timedelta(minutes=1)
    local = CronSim(crons.MACROS.get(text, text), start)
    end = end_of(text)
    found = [one for one in takewhile(lambda one: one.date() < end, local) if one.date() not in change_days(zone)]
    ours = [one for one in firings(text, zone) if one.wall.date() not in change_days(zone)]
    assert [one.instant for one in ours] == [one.astimezone(UTC) for one in found]
    assert {one.kind for one in ours} == {"once"}


@pytest.mark.parametrize("text", ACCEPTED + DENSE)
def test_where_the_clock_changes_what_is_skipped_and_what_comes_twice_is_told(text: str, zone: ZoneInfo) -> None:
    """Held against every minute of those days."""
    ours = [one for one in firings(text, zone) if one.wall.date() in change_days(zone)]
    seen = instants(zone)
    kinds = {0: "missing", 1: "once", 2: "first of two"}
    expected = [
        (wall, min(seen.get(wall, []), default=None), kinds[len(seen.get(wall, []))])
        for wall in walls_of(text)
        if wall.date() in change_days(zone)
    ]
    assert [(one.wall, one.instant, one.kind) for one in ours] == expected


LOSSY = [
    ("0 2 1-7 * 1", "1-7", 'of the month ("1-7") with days of the week ("1"); this cron fires on days that match',
     "The nearest supported schedule: `0 2 * * 1`."),
    ("0 2 */2 * 1", "*/2", "fires on days that match both", "`0 2 * * 1`"),
    ("0 2 1 6 1", "1", "match either", "`0 2 * * 1`"),
    ("0 2 * 6-8 *", "6-8", 'a daily schedule of Azure ML v1 cannot be limited to the months "6-8".', "`0 2 * * *`"),
    ("0 2 * 1 *", "1", "a daily schedule", "`0 2 * * *`"),
    ("0 2 * */3 1", "*/3", "a weekly schedule of Azure ML v1 cannot be limited to the months", "`0 2 * * 1`"),
    ("0 2 1 1,2 *", "1,2", 'the months "1,2", which are unevenly spaced',
     "one schedule for each: `0 2 1 1 *`, `0 2 1 2 *`."),
    ("0 2 1 1-7 *", "1-7", "which are unevenly spaced", "The nearest supported schedule: `0 2 1 * *`."),
    ("0 2 1 */5 *", "*/5", "which are unevenly spaced", "`0 2 1 1 *`, `0 2 1 6 *`, `0 2 1 11 *`."),
    ("0 2 1,15 * *", "1,15", 'fires on one day of the month, so it cannot express "1,15".',
     "`0 2 1 * *`, `0 2 15 * *`."),
    ("0 2,14 1,15 * *", "1,15", "one day of the month", "`0 2 1 * *`, `0 14 1 * *`, `0 2 15 * *`, `0 14 15 * *`."),
    ("0 2 1-7 * *", "1-7", "one day of the month", "The nearest supported schedule: `0 2 1 * *`."),
    ("0 2 */2 * *", "*/2", "one day of the month",
     "`recurrence: {frequency: day, interval: 2, hours: [2], minutes: [0], start_time: 2026-01-01T02:00:00}`."),
    ("0 2 */2 6 *", "*/2", "one day of the month", "The nearest supported schedule: `0 2 1 6 *`."),
    ("0 2 29 * *", "29", "not every month has a day 29, and it is not known whether Azure ML v1", "`0 2 28 * *`"),
    ("0 2 30 * *", "30", "a day 30", "`0 2 28 * *`"),
    ("0 2 31 * *", "31", "a day 31", "`0 2 28 * *`"),
    ("0 2 31 1,7 *", "31", "a day 31", "`0 2 28 1,7 *`"),
    ("0 2 29 2 *", "29", "a day 29", "`0 2 28 2 *`"),
    ("0 2 1,31 * *", "1,31", "one day of the month", "`0 2 1 * *`."),
    ("0 2,14 1 * *", "2,14", 'a monthly schedule of Azure ML v1 fires once a day, so it cannot express "2,14".',
     "Use one schedule for each: `0 2 1 * *`, `0 14 1 * *`."),
    ("0,30 2 1 * *", "0,30", "fires once a day", "`0 2 1 * *`, `30 2 1 * *`."),
    ("*/10 2 1 * *", "*/10", "fires once a day", "The nearest supported schedule: `0 2 1 * *`."),
    ("0 * 1 */3 *", "*", "fires once a day", "`0 0 1 */3 *`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part", "message", "cure"), LOSSY)
def test_what_azure_ml_cannot_say_is_named_with_the_nearest_form(text: str, part: str, message: str, cure: str) -> None:
    with pytest.raises(CronError) as caught:
        exact.recurrence_of(crons.parse(text))
    found = caught.value
    assert message in found.message
    assert cure in found.cure
    assert text[found.span.start : found.span.start + found.span.length] == part


def _sayable(cron: Cron) -> bool:
    """Whether a recurrence could fire so, found without regard to the fields: by the days of eight years alone."""
    days = [day for number in range(8 * 365) if cron.fires_on(day := FIRST + timedelta(days=number))]
    week_days = {day.weekday() for day in days}
    every = [day for number in range(8 * 365) if (day := FIRST + timedelta(days=number)).weekday() in week_days]
    if days == every:
        return True
    months = [day.year * 12 + day.month for day in days]
    gaps = {after - before for before, after in pairwise(months)}
    same = {day.day for day in days}
    return len(same) == 1 and min(same) <= 28 and len(gaps) == 1 and len(cron.times) == 1


@settings(derandomize=True, database=None)
@given(st.one_of(sparse_texts(), TEXTS))
def test_a_cron_is_accepted_exactly_where_a_recurrence_says_the_same(text: str) -> None:
    try:
        cron = crons.parse(text)
    except CronError:
        return
    try:
        recurrence = exact.recurrence_of(cron)
    except CronError as error:
        assert not _sayable(cron)
        _check_cure(cron, error.cure)
        return
    end = FIRST + timedelta(days=40 if len(cron.times) > 50 else 1500)
    assert until(recurrence.walls(FIRST), end) == until(cron.walls(FIRST), end)


def _check_cure(cron: Cron, cure: str) -> None:
    """What a cure names is exact; schedules of their own fire together as the one did."""
    forms = re.findall(r"`([^`{]+)`", cure)
    read = [exact.recurrence_of(crons.parse(form)) for form in forms]
    assert forms or "recurrence: {" in cure
    if "of its own" in cure:
        end = FIRST + timedelta(days=800)
        together = sorted(wall for one in read for wall in until(one.walls(FIRST), end))
        assert together == until(cron.walls(FIRST), end)


def _recurrence(frequency: str, interval: int, start: str, **lists: tuple[object, ...]) -> Recurrence:
    return Recurrence(frequency, interval, start=datetime.fromisoformat(start), **lists)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (_recurrence("day", 3, "2026-10-02T05:00", hours=(5,), minutes=(0,)), "10-02 10-05 10-08 10-11"),
        (_recurrence("day", 3, "2026-10-02T06:00", hours=(5,), minutes=(0,)), "10-05 10-08 10-11 10-14"),
        (_recurrence("day", 2, "2020-01-01T05:00", hours=(5,), minutes=(0,)), "10-02 10-04 10-06 10-08"),
        (_recurrence("week", 2, "2026-09-28T05:00", hours=(5,), minutes=(0,), week_days=("monday",)),
         "10-12 10-26 11-09"),
        (_recurrence("week", 2, "2026-10-01T05:00", hours=(5,), minutes=(0,), week_days=("tuesday", "friday")),
         "10-02 10-13 10-16 10-27"),
        (_recurrence("month", 2, "2026-05-17T05:00"), "11-17 01-17 03-17"),
        (_recurrence("month", 1, "2027-01-17T05:00"), "01-17 02-17 03-17"),
        (_recurrence("month", 12, "2026-10-01T05:00"), "10-01 10-01"),
    ],
)  # fmt: skip
def test_an_interval_is_counted_from_the_start(recurrence: Recurrence, expected: str) -> None:
    days = [f"{wall:%m-%d}" for wall, _ in zip(recurrence.walls(FIRST), expected.split(), strict=False)]
    assert " ".join(days) == expected


@pytest.mark.parametrize(
    ("recurrence", "words"),
    [
        (Recurrence("day", hours=(2,), minutes=(0,)), "daily at 02:00"),
        (Recurrence("day", hours=(2, 14), minutes=(0, 30)), "daily at 02:00, 02:30, 14:00 and 14:30"),
        (Recurrence("day", hours=tuple(range(24)), minutes=(0,)), "daily, 24 times from 00:00 to 23:00"),
        (Recurrence("week", hours=(2,), minutes=(0,), week_days=("monday", "friday")),
         "weekly on monday and friday at 02:00"),
        (_recurrence("week", 2, "2026-10-05T02:00", hours=(2,), minutes=(0,), week_days=("monday",)),
         "every 2 weeks on monday at 02:00"),
        (_recurrence("month", 1, "2026-10-05T02:00"), "monthly on day 5 at 02:00"),
        (_recurrence("month", 3, "2026-10-05T02:00"), "every 3 months on day 5 at 02:00"),
        (_recurrence("minute", 90, "2026-10-05T02:00"), "every 90 minutes from 2026-10-05 02:00"),
        (_recurrence("hour", 1, "2026-10-05T02:00"), "every hour from 2026-10-05 02:00"),
    ],
)  # fmt: skip
def test_in_words(recurrence: Recurrence, words: str) -> None:
    assert recurrence.in_words() == words


def test_what_is_sent_is_taken_by_the_sdk() -> None:
    schedule = v1.module("azureml.pipeline.core.schedule")
    for text in ACCEPTED:
        recurrence = exact.recurrence_of(crons.parse(text))
        start = timetable.start_time(recurrence, recurrence, ZoneInfo("Europe/Paris"), NOW)
        data = recurrence.starting(start).as_data()
        sent = schedule.ScheduleRecurrence(**data, time_zone=schedule.TimeZone.RomanceStandardTime)
        sent.validate()
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:00", sent.start_time)
    with pytest.raises(ValueError, match="hours"):
        schedule.ScheduleRecurrence("Month", 1, hours=[2], minutes=[0]).validate()


@settings(derandomize=True, database=None)
@given(
    st.sampled_from(["day", "week", "month", "minute", "hour"]),
    st.integers(1, 40),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 28)),  # noqa: DTZ001 - by the clock on the wall
    st.sampled_from(ZONES),
)
def test_counted_from_one_of_its_own_times_it_fires_as_before(
    frequency: str, interval: int, start: datetime, name: str
) -> None:
    start = start.replace(second=0, microsecond=0, day=min(start.day, 28), fold=0)
    lists: dict[str, tuple[object, ...]] = {}
    if frequency in {"day", "week"}:
        lists = {"hours": (start.hour,), "minutes": (start.minute,)}
    if frequency == "week":
        lists["week_days"] = (WEEK_DAYS[start.weekday()],)
    recurrence, zone = _recurrence(frequency, interval, start.isoformat(), **lists), ZoneInfo(name)
    anew = recurrence.starting(timetable.start_time(recurrence, recurrence, zone, NOW))
    assert anew.start
    later = anew.start.replace(tzinfo=zone) + timedelta(minutes=1)
    before, after = timetable.firings(recurrence, zone, later), timetable.firings(anew, zone, later)
    assert [next(before) for _ in range(5)] == [next(after) for _ in range(5)]
