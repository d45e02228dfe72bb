"""Schedules in a file: what is told of them, with its place, and the command that shows their next runs."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aml_pipeline.cli.commands import schedules as command
from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.loader import Loaded
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.schedule import exact, timetable
from aml_pipeline.pipeline.schedule.cron import parse
from aml_pipeline.pipeline.schedule.recurrence import Recurrence
from tests import v1
from tests.work import grows_in_step

HEAD = """\
name: example
parameters: {epochs: 2, rate: 0.10}
steps:
  train: {script: train.py, arguments: {--epochs: "${{ parameters.epochs }}", --rate: "${{ parameters.rate }}"}}
"""
UTC = timezone.utc
ROOT = Path(__file__).parents[2]


def load(text: str, profile: str | None = None) -> Loaded:
    return loader.load((HEAD + text).encode(), "p.yaml", profile=profile)


def told(text: str, profile: str | None = None) -> list[str]:
    found = load(text, profile).problems
    return problems.as_text(found, {}).splitlines() if found else []


def plan(text: str, profile: str | None = None) -> Plan:
    loaded = load(text, profile)
    assert problems.errors(loaded.problems) == []
    assert loaded.plan
    return loaded.plan


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ('"0 25 * * *"', "7:14 2"),
        ("'0 25 * * *'", "7:14 2"),
        ("0 25 * * *", "7:13 2"),
        ('  "0 2 * * 8"  # sunday', "7:22 1"),
        ("&a 0 25 * * *", "7:11 13"),  # as the next two, the whole: the text does not begin there
        ('"@nightly"', "7:12 8"),
        ('"0 \\x325 * * *"', "7:11 15"),
        ("|-\n      0 25 * * *", "7:11 1"),
    ],
)
def test_a_mistake_is_told_at_its_field(value: str, place: str) -> None:
    (problem,) = load(f"schedules:\n  nightly:\n    cron: {value}\n").problems
    assert problem.code == "bad-cron"
    assert problem.position
    assert f"{problem.position.line}:{problem.position.column} {problem.position.width}" == place


def test_the_caret_stands_under_the_field() -> None:
    loaded = load('schedules:\n  nightly:\n    cron: "0 25 * * *"\n')
    assert problems.as_text(loaded.problems, {"p.yaml": loaded.text}).splitlines() == [
        "p.yaml:7:14: hour 25 does not exist: the range is 0 to 23. Write a value in that range. [bad-cron]",
        '   7 |     cron: "0 25 * * *"',
        "     |              ^~",
    ]


@pytest.mark.parametrize("profile", [None, "quick"])
def test_schedules_of_profiles_are_checked_too_each_in_its_own_place(profile: str | None) -> None:
    text = """\
schedules:
  nightly: {cron: 0 25 * * *, time_zone: Mars}
profiles:
  quick:
    schedules:
      nightly: {cron: 0 2 * 6 *}
      other: {cron: 0 2 * * *, time_zone: EST}
"""
    assert [re.sub(r": .*\[", " ", one) for one in told(text, profile)] == [
        "p.yaml:6:21 bad-cron]",
        "p.yaml:6:42 unknown-zone]",
        "p.yaml:10:29 lossy-cron]",
        "p.yaml:11:43 unknown-zone]",
    ]


def test_a_long_line_of_schedules_costs_no_more_than_its_problems() -> None:
    def problems(count: int) -> int:
        rows = (f"  s{n}: {{cron: '0 99 * * {n}', time_zone: Europe/P{n}}}\n" for n in range(count))
        return len(load("schedules:\n" + "".join(rows)).problems)

    assert problems(2000) == 4000
    assert grows_in_step(problems, 100)


RECURRENCES = [
    ("{frequency: day}", [": neither `hours` nor `start_time` says when the schedule fires. Add `hours: [2]`.",
                          ": neither `minutes` nor `start_time` says when the schedule fires. Add `minutes: [0]`."]),
    ("{frequency: day, hours: [2]}", [": neither `minutes` nor"]),
    ("{frequency: week, hours: [2], minutes: [0]}",
     [": neither `week_days` nor `start_time` says when the schedule fires."]),
    ("{frequency: day, hours: [24, 2, -1], minutes: [0]}",
     [":42: 24 is not a valid value of hours: the range is 0 to 23.", ":49: -1 is not a valid value of hours"]),
    ("{frequency: day, hours: [2], minutes: [60]}", ["60 is not a valid value of minutes: the range is 0 to 59."]),
    ("{frequency: day, hours: [], minutes: []}", ["`hours` is empty.", "`minutes` is empty."]),
    ("{frequency: week, hours: [2], minutes: [0], week_days: []}", ["`week_days` is empty. Write it like [monday]."]),
    ("{frequency: week, hours: [2], minutes: [0], week_days: [Mon, foo]}",
     ['"Mon" is not a day of the week. Write "monday".',
      '"foo" is not a day of the week. Known: friday, monday']),
    ("{frequency: day, hours: [2], minutes: [0], week_days: [monday]}",
     ["`week_days` requires frequency week, but the frequency is day. Delete it"]),
    ("{frequency: month, hours: [2], start_time: 2026-12-01T02:00:00}", ["`hours` requires frequency day or week,"]),
    ("{frequency: minute, minutes: [2], start_time: 2026-12-01T02:00:00}", ["`minutes` requires frequency"]),
    ("{frequency: month}", [": a schedule for every month needs a start time. Add `start_time: 2026-12-01T02:00:00`."]),
    ("{frequency: hour, interval: 6}", [": a schedule for every 6 hours needs a start time."]),
    ("{frequency: day, interval: 2, hours: [2], minutes: [0]}", [": a schedule for every 2 days needs a start time."]),
    ("{frequency: month, start_time: 2026-12-31T02:00:00}",
     ["it is not known what Azure ML does on day 31 in months without that day. Start on a day from 1 to 28."]),
    ("{frequency: hour, start_time: tomorrow}", ['"tomorrow" is not a valid start time.']),
    ("{frequency: hour, start_time: 2026-12-01}", ['"2026-12-01" is not a valid start time']),
    ("{frequency: hour, start_time: 2026-02-30T02:00:00}", ['"2026-02-30T02:00:00" is not a valid start time']),
    ("{frequency: hour, start_time: 2026-12-01T02:00:00Z}", ["no offset, in local time of `time_zone`"]),
    ("{frequency: hour, start_time: 2026-12-01T02:00:30}", ["whole minutes"]),
    ("{frequency: hour, interval: 99999999999, start_time: 2026-12-01T02:00:00}", ["99999999999 is too large"]),
    ("{frequency: week, interval: 2, week_days: [sunday, monday], start_time: 2026-12-01T02:00:00}",
     ["it is not known whether Azure ML's week begins on sunday."]),
    ("{frequency: week, interval: 2, week_days: [monday], start_time: 2026-12-06T02:00:00}", ["begins on sunday"]),
    ("{frequency: day, hours: [2], minutes: [0]}", []),
    ("{frequency: day, start_time: 2026-12-01 02:00}", []),
    ("{frequency: week, start_time: 2026-12-01T02:00:00}", []),
    ("{frequency: week, interval: 2, week_days: [sunday], start_time: 2026-12-06T02:00:00}", []),
    ("{frequency: week, week_days: [sunday, monday], start_time: 2026-12-01T02:00:00}", []),
    ("{frequency: month, interval: 3, start_time: 2026-12-28T02:00:00}", []),
    ("{frequency: minute, interval: 90, start_time: 2026-12-01T02:00:00}", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RECURRENCES)
def test_what_is_told_of_a_recurrence(text: str, expected: list[str]) -> None:
    found = told(f"schedules:\n  a:\n    recurrence: {text}\n")
    assert len(found) == len(expected), found
    assert all(
        words in line and line.endswith("[bad-recurrence]") for words, line in zip(expected, found, strict=True)
    ), found


@pytest.mark.parametrize(("text", "expected"), RECURRENCES)
def test_the_sdk_takes_what_is_accepted(text: str, expected: list[str]) -> None:
    sdk = v1.module("azureml.pipeline.core.schedule")
    if expected:
        return
    one = plan(f"schedules:\n  a:\n    recurrence: {text}\n").schedules["a"]
    sdk.ScheduleRecurrence(**one.recurrence.as_data(), time_zone=sdk.TimeZone.UTC).validate()


def test_what_a_recurrence_leaves_out_is_that_of_its_start() -> None:
    text = "schedules: {a: {recurrence: {frequency: week, hours: [3, 2, 3], start_time: 2026-12-02T05:45:00}}}"
    found = plan(text).schedules["a"].recurrence
    assert (found.hours, found.minutes, found.week_days) == ((2, 3), (45,), ("wednesday",))
    assert found.as_data() == {
        "frequency": "Week", "interval": 1, "hours": [2, 3], "minutes": [45], "week_days": ["Wednesday"],
        "start_time": "2026-12-02T05:45:00",
    }  # fmt: skip


def test_the_plan_holds_schedules_understood() -> None:
    text = """\
schedules:
  nightly: {cron: 0 2 * * *, time_zone: Europe/Paris, parameters: {epochs: 010, rate: 1e-3}}
profiles:
  quick: {schedules: {hourly: {cron: "@hourly"}}}
publish: {reuse: true}
"""
    nightly = plan(text).schedules["nightly"]
    assert nightly.cron == parse("0 2 * * *")
    assert nightly.recurrence == Recurrence("day", hours=(2,), minutes=(0,))
    assert (nightly.time_zone, nightly.windows_zone) == ("Europe/Paris", "Romance Standard Time")
    assert nightly.parameters == {"epochs": "010", "rate": "1e-3"}
    assert list(plan(text, "quick").schedules) == ["nightly", "hourly"]
    assert plan(text).reuse
    assert json.loads(json.dumps(plan(text).as_data()))["schedules"]["nightly"] == {
        "cron": "0 2 * * *",
        "recurrence": None,
        "time_zone": "Europe/Paris",
        "parameters": {"epochs": "010", "rate": "1e-3"},
    }


REUSED = "schedules: {nightly: {cron: 0 2 * * *}}\npublish: {reuse: true}\n"


def test_what_a_schedule_of_reused_results_really_does_is_told() -> None:
    (line,) = told(REUSED)
    assert line.startswith('p.yaml:6:18: warning: runs started by "nightly" find every step unchanged, reuse the ')
    assert line.endswith("set `allow_reuse: false` in each step that must always run. [reused-schedule]")


@pytest.mark.parametrize(
    "text",
    [
        REUSED.replace("true", "false"),
        "publish: {reuse: true}\n",
        REUSED + "allow_reuse: false\n",
        REUSED.replace("sched", "  watch: {script: train.py, allow_reuse: false}\nsched"),
        "schedules: {nightly: {cron: 0 2 * * *}}\n",
        "schedules: {nightly: {cron: 0 2 * * *, reuse: false}}\npublish: {reuse: true}\n",
    ],
)
def test_and_where_it_does_something_nothing_is_told(text: str) -> None:
    assert told(text) == []


def test_a_schedule_may_differ_in_reuse() -> None:
    text = """\
schedules:
  nightly: {cron: 0 2 * * *, reuse: true}
  weekly: {cron: 0 2 * * 0}
publish: {endpoint: training}
profiles:
  test: {publish: {reuse: true}}
"""
    found, test = plan(text), plan(text, "test")
    assert [found.reuse_of(key) for key in found.schedules] == [True, False]
    assert [test.reuse_of(key) for key in test.schedules] == [True, True]
    assert (found.endpoint, test.endpoint) == ("training", "training"), "a profile keeps what it does not replace"
    assert found.schedules["nightly"].as_data()["reuse"] is True
    assert "reuse" not in found.schedules["weekly"].as_data(), "it marks schedules that were published before"


# What the command shows.

NOW = datetime(2027, 3, 26, 12, 0, tzinfo=UTC)


def shown(text: str, now: datetime = NOW) -> list[str]:
    return command.page(plan(text), now).splitlines()


def test_the_example_of_the_docs_is_what_is_shown() -> None:
    page = (ROOT / "docs" / "reference" / "schedules.md").read_text(encoding="utf-8")
    file = page.partition("```yaml\n")[2].partition("```")[0]
    loaded = loader.load(file.encode(), "p.yaml")
    assert loaded.plan
    assert f"$ aml-pipeline schedules\n{command.page(loaded.plan, NOW)}\n```" in page


def test_the_next_runs_across_a_change_of_the_clock() -> None:
    text = "schedules: {nightly: {cron: 30 2 * * *, time_zone: Europe/Paris, parameters: {epochs: 10}}}"
    assert shown(text) == [
        'nightly  cron "30 2 * * *", daily at 02:30, Europe/Paris',
        "  with epochs=10",
        "  Sat 2027-03-27 02:30  2027-03-27 01:30 UTC",
        "  Sun 2027-03-28 02:30  –                     skipped that day by the clock change",
        "  Mon 2027-03-29 02:30  2027-03-29 00:30 UTC",
        "  Tue 2027-03-30 02:30  2027-03-30 00:30 UTC",
        "  Wed 2027-03-31 02:30  2027-03-31 00:30 UTC",
        "",
        "Times computed from the file; Azure ML starts runs by its own clock.",
    ]
    assert shown(text, datetime(2027, 10, 30, 12, tzinfo=UTC))[2] == (
        "  Sun 2027-10-31 02:30  2027-10-31 00:30 UTC  occurs twice that day: the first one"
    )


def test_without_a_schedule_there_is_nothing_to_show() -> None:
    assert shown("") == ["example has no schedules. Add one under `schedules:`."]


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2027-10-30T23:59", ("00:00", "first of two")),
        ("2027-10-31T00:00", ("00:30", "first of two")),
        ("2027-10-31T00:45", ("02:00", "once")),  # the second pass of 02:30 is not meant, so 03:00 is next
        ("2027-10-31T01:15", ("02:00", "once")),
    ],
)
def test_in_the_hour_that_comes_twice(now: str, first: tuple[str, str]) -> None:
    zone = ZoneInfo("Europe/Paris")
    one = next(timetable.firings(parse("0,30 2-3 * * *"), zone, datetime.fromisoformat(now).replace(tzinfo=UTC)))
    assert one.instant
    assert (f"{one.instant:%H:%M}", one.kind) == first


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2027-03-28T00:59", ("2027-03-28T02:30", "missing")),
        ("2027-03-28T01:00", ("2027-03-29T02:30", "once")),  # the clock shows 03:00
        ("2027-03-28T01:45", ("2027-03-29T02:30", "once")),
    ],
)
def test_in_the_hour_that_is_skipped(now: str, first: tuple[str, str]) -> None:
    zone = ZoneInfo("Europe/Paris")
    one = next(timetable.firings(parse("30 2 * * *"), zone, datetime.fromisoformat(now).replace(tzinfo=UTC)))
    assert (one.wall.isoformat(timespec="minutes"), one.kind) == first


def test_what_fires_at_the_present_moment_is_over() -> None:
    for pattern in (parse("0 2 * * *"), Recurrence("hour", 24, start=datetime(2027, 1, 1, 2))):  # noqa: DTZ001
        now = datetime(2027, 1, 5, 2, 0, tzinfo=UTC)
        after = timetable.firings(pattern, UTC, now)
        assert next(after).instant == now + timedelta(days=1)
        assert next(timetable.firings(pattern, UTC, now - timedelta(seconds=1))).instant == now


def test_elapsed_time_goes_on_across_a_change_of_the_clock() -> None:
    every = "{frequency: hour, interval: 12, start_time: 2027-03-01T02:00}"
    text = f"schedules: {{a: {{recurrence: {every}, time_zone: Europe/Paris}}}}"
    assert shown(text, datetime(2027, 3, 27, 0, tzinfo=UTC))[:4] == [
        "a  every 12 hours from 2027-03-01 02:00, Europe/Paris",
        "  Sat 2027-03-27 02:00  2027-03-27 01:00 UTC",
        "  Sat 2027-03-27 14:00  2027-03-27 13:00 UTC",
        "  Sun 2027-03-28 03:00  2027-03-28 01:00 UTC",
    ]
    minutes = Recurrence("minute", 30, start=datetime(2027, 10, 31, 0, 0))  # noqa: DTZ001
    found = timetable.firings(minutes, ZoneInfo("Europe/Paris"), datetime(2027, 10, 30, 23, 45, tzinfo=UTC))
    assert [next(found).kind for _ in range(6)] == ["first of two"] * 2 + ["second of two"] * 2 + ["once"] * 2


def test_what_is_sent_starts_the_minute_before_a_time_that_the_clock_shows_once() -> None:
    zone = ZoneInfo("Europe/Paris")
    cron = parse("30 2 * * *")
    daily = exact.recurrence_of(cron)
    for now, start in (
        (datetime(2027, 3, 27, 12, tzinfo=UTC), "2027-03-29T02:29:00"),
        (datetime(2027, 10, 30, 12, tzinfo=UTC), "2027-11-01T02:29:00"),
    ):
        assert timetable.start_time(cron, daily, zone, now).isoformat() == start
