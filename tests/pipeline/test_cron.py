"""Cron: what is understood, what is refused and with which cure, held against an independent reading of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.pipeline.schedule import cron as crons
from aml_pipeline.pipeline.schedule.cron import CronError

FIRST = date(2026, 10, 1)
LAST_YEAR = 2070  # it gives up where nothing fires for fifty years
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _value(field: int) -> st.SearchStrategy[str]:
    low, high = _RANGES[field]
    numbers = st.integers(low, high).map(str)
    names = {3: crons._MONTHS, 4: crons._DAYS}.get(field)
    return st.one_of(numbers, st.sampled_from(names), st.sampled_from(names).map(str.upper)) if names else numbers


@st.composite
def _part(draw: st.DrawFn, field: int) -> str:
    low, high = _RANGES[field]
    form = draw(st.sampled_from(["value", "value", "range", "every", "all"]))
    if form == "value":
        return draw(_value(field))
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, max(1, (last - first) if form == "range" else high - low - 1)))
    allowed = f"{first}-{last}" if form == "range" else "*"
    is_stepped = form == "every" or (form == "range" and last > first and draw(st.booleans()))  # it reads 3-3/1 as 3-59
    return f"{allowed}/{step}" if is_stepped else allowed


def _field(number: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(_part(number), min_size=1, max_size=3).map(",".join))


TEXTS = st.tuples(*map(_field, range(5))).map(" ".join)


@st.composite
def sparse_texts(draw: st.DrawFn) -> str:
    """Crons of few times a day, whose days are what matters."""
    minute, hour = draw(st.sampled_from(["0", "30", "0,30"])), draw(st.sampled_from(["2", "2", "2,14", "23"]))
    return f"{minute} {hour} {' '.join(draw(_field(number)) for number in (2, 3, 4))}"


def oracle(text: str, first: date, count: int) -> list[datetime]:
    """Return the next times that another program finds, by a clock that never changes."""
    start = datetime.combine(first, time()) - timedelta(minutes=1)
    return [one for one in islice(CronSim(text, start), count) if one.year < LAST_YEAR]


@settings(derandomize=True, database=None)
@given(st.one_of(TEXTS, sparse_texts()))
def test_a_cron_fires_when_another_program_says(text: str) -> None:
    try:
        cron = crons.parse(text)
    except CronError as error:
        assert "never fire" in error.message  # noqa: PT017 - all else that is drawn is right
        return
    found = [one for one in islice(cron.walls(FIRST), 100) if one.year < LAST_YEAR]
    assert found == oracle(text, FIRST, 100)


@pytest.mark.parametrize(("name", "text"), crons.MACROS.items())
def test_names_stand_for_fields(name: str, text: str) -> None:
    assert list(islice(crons.parse(name.upper()).walls(FIRST), 20)) == oracle(text, FIRST, 20)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 0 13 * 5", {2, 9, 13, 16, 23, 30}),  # either
        ("0 0 */13 * 5", set()),  # both: neither 1, 14 nor 27 is a friday
        ("0 0 13 * */5", set()),  # both: 13 is a tuesday
        ("0 0 1-31 * 5", set(range(1, 32))),  # either, and the first allows all
        ("0 0 * * 5", {2, 9, 16, 23, 30}),
        ("0 0 * * 5-7", {2, 3, 4, 9, 10, 11, 16, 17, 18, 23, 24, 25, 30, 31}),
    ],
)
def test_two_fields_of_days(text: str, days: set[int]) -> None:
    october = [FIRST + timedelta(days=one) for one in range(31)]
    assert {day.day for day in october if crons.parse(text).fires_on(day)} == days


_QUARTZ = ": `?`, `L`, `W` and `#` exist only in Quartz."
_FIVE = "expected five fields (minute, hour, day of the month, month, day of the week), but "
_LIKE = 'Write it like "0 2 * * *" (every night at two). Inside `{}` it needs quotes, or a comma would end it.'
_KNOWN = "Write @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or five fields such as `0 2 * * *`."
WRONG = [
    ("0 25 * * *", "25", "hour 25 does not exist: the range is 0 to 23.", "Write a value in that range."),
    ("0 24 * * *", "24", "hour 24 does not exist: the range is 0 to 23.", "Write 0."),
    ("60 2 * * *", "60", "minute 60 does not exist: the range is 0 to 59.", "Write 0."),
    ("0 2 0 * *", "0", "day of the month 0 does not exist: the range is 1 to 31.", "Write a value in that range."),
    ("0 2 * 13 *", "13", "month 13 does not exist: the range is 1 to 12.", "Write a value in that range."),
    ("0 2 * * 8", "8", "day of the week 8 does not exist: the range is 0 to 7.", "Write a value in that range."),
    ("0,5,61 2 * * *", "61", "minute 61 does not exist: the range is 0 to 59.", "Write a value in that range."),
    ("x 2 * * *", "x", '"x" is not a valid minute.', "Write a number from 0 to 59, or `*`."),
    ("0 2 * janv *", "janv", '"janv" is not a valid month.', "Write a number from 1 to 12 or jan to dec, or `*`."),
    (
        "0 2 * * monday",
        "monday",
        '"monday" is not a valid day of the week.',
        "Write a number from 0 to 7 or sun to sat, or `*`.",
    ),
    ("0 2 -1 * *", "-1", "a day of the month is missing.", "Write a number from 1 to 31, or `*`."),
    ("0, 2 * * *", " ", "a minute is missing.", "Write a number from 0 to 59, or `*`."),
    ("0 22-2 * * *", "22-2", 'the range "22-2" runs backwards, which cron does not allow.', "Write `22-23,0-2`."),
    (
        "0 2 * * fri-mon",
        "fri-mon",
        'the range "fri-mon" runs backwards, which cron does not allow.',
        "Write `5-6,0-1`.",
    ),
    ("0 2 * * sat-sun", "sat-sun", 'the range "sat-sun" runs backwards, which cron does not allow.', "Write `6,0`."),
    (
        "5/15 * * * *",
        "5/15",
        '"5/15" has a step but no range, which cron implementations interpret differently.',
        "Write `5-59/15`.",
    ),
    ("*/0 * * * *", "*/0", '"0" is not a valid step.', "Write a number of at least 1 after the `/`."),
    ("*/x * * * *", "*/x", '"x" is not a valid step.', "Write a number of at least 1 after the `/`."),
    (
        "*/90 * * * *",
        "*/90",
        "a step of 90 is larger than the range, so only the first minute would match.",
        "Write that single value, or a smaller step.",
    ),
    (
        "0 */24 * * *",
        "*/24",
        "a step of 24 is larger than the range, so only the first hour would match.",
        "Write that single value, or a smaller step.",
    ),
    ("0 2 ? * 1", "?", '"?" is not a valid day of the month' + _QUARTZ, "Write numbers from 1 to 31, or `*`."),
    ("0 2 L * *", "L", '"L" is not a valid day of the month' + _QUARTZ, "Write numbers from 1 to 31, or `*`."),
    ("0 2 15W * *", "15W", '"15W" is not a valid day of the month' + _QUARTZ, "Write numbers from 1 to 31, or `*`."),
    ("0 2 * * 5L", "5L", '"5L" is not a valid day of the week' + _QUARTZ, "Write numbers from 0 to 7, or `*`."),
    (
        "0 2 * * fri#2",
        "fri#2",
        '"fri#2" is not a valid day of the week' + _QUARTZ,
        "Write numbers from 0 to 7, or `*`.",
    ),
    (
        "0 2 31 4,6 *",
        "31",
        'no month of "4,6" has a day 31, so this schedule would never fire.',
        "Write a day that exists in that month.",
    ),
    (
        "0 2 30 feb *",
        "30",
        'no month of "feb" has a day 30, so this schedule would never fire.',
        "Write a day that exists in that month.",
    ),
    ("0 2 * *", "0 2 * *", _FIVE + '"0 2 * *" has 4 fields.', _LIKE),
    ("nightly", "nightly", _FIVE + '"nightly" has 1 field.', _LIKE),
    ("0 0 2 * * *", "0 0 2 * * *", _FIVE + '"0 0 2 * * *" has 6 fields.', "Remove the seconds: `0 2 * * *`."),
    ("@nightly", "@nightly", '"@nightly" is not a valid cron expression.', _KNOWN),
    ("@reboot", "@reboot", '"@reboot" is not a valid cron expression. Azure ML has no startup event.', _KNOWN),
    (
        "0 2 * * 1" + "1" * 50,
        "1" * 51,
        f'"{"1" * 40}…" is not a valid day of the week.',
        "Write a number from 0 to 7 or sun to sat, or `*`.",
    ),
]


@pytest.mark.parametrize(("text", "part", "message", "cure"), WRONG)
def test_what_is_wrong_with_a_cron(text: str, part: str, message: str, cure: str) -> None:
    with pytest.raises(CronError) as caught:
        crons.parse(text)
    found = caught.value
    assert (found.message, found.cure) == (message, cure)
    assert text[found.span.start : found.span.start + found.span.length] == part
    assert len(found.message) + len(found.cure) < 300


@settings(derandomize=True, database=None)
@given(st.text(alphabet="0123456789*/,-@LW#? \tmonjax", max_size=30))
def test_any_text_is_a_cron_or_is_refused_within_itself(text: str) -> None:
    try:
        assert crons.parse(text).times
    except CronError as error:
        assert 0 <= error.span.start <= error.span.start + error.span.length <= len(text)  # noqa: PT017


def test_what_is_read_as_usual() -> None:
    same = [("0 2 * * 7", "0 2 * * sun"), ("0 2 * JAN-mar *", "0 2 * 1-3 *"), (" 0\t2  * * * ", "0 2 * * *")]
    for one, other in same:
        walls = [list(islice(crons.parse(text).walls(FIRST), 50)) for text in (one, other)]
        assert walls[0] == walls[1]
    assert next(crons.parse("0 2 29 2 *").walls(FIRST)) == datetime.combine(date(2028, 2, 29), time(2))
