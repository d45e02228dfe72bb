"""The move from v1 to v2 as docs/how-to/v1-to-v2.md has it: each scheduled time comes once, by one service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from tests.azureml.test_publish import ID
from tests.conftest import ROOT
from tests.loopback.lesson import FILES, Lesson, a_lesson
from tests.loopback.published import ACTIVE
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.v2 import firing

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
UTC = timezone.utc
Firings = Counter[tuple[str, datetime]]
SCHEDULES = """
schedules:
  nightly: {cron: "30 2 * * mon-fri", time_zone: Europe/Paris, parameters: {epochs: 10}}
  often: {recurrence: {frequency: hour, interval: 5, start_time: "2026-01-05T08:00:00"}}
  fortnightly:
    recurrence: {frequency: week, interval: 2, week_days: [monday, thursday], hours: [6], minutes: [0],
                 start_time: "2027-01-04T06:00:00"}
    time_zone: America/New_York
  sundays: {cron: "0 4 * * sun"}  # paused long before the move
"""
BEGIN, END = datetime(2027, 1, 11, 9, tzinfo=UTC), datetime(2027, 2, 8, 9, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of January 2027."""
    return datetime(2027, 1, day, hour, minute, tzinfo=UTC)


class Both:
    """The two services of one workspace, the project, and what fires as time goes on."""

    def __init__(self, v1: Lesson, v2: LessonV2, capsys: Capture) -> None:
        self.v1, self.v2, self.now, self.fired, self._capsys = v1, v2, BEGIN, Firings(), capsys
        v2.service.state.of_v1 = v1.service.state.schedules

    def run(self, *words: str, status: int = 0) -> str:
        """Run a command line with the SDK that it names; return all that it prints."""
        lesson = self.v2 if "v2" in words else self.v1
        done = lesson.here(self._capsys, *words)
        assert done.status == status, done.err
        return done.out + done.err

    def wait(self, until: datetime) -> None:
        """Let the time pass, and what is active fire."""
        for key, trigger in [*self._of_v1(), *self._of_v2()]:
            self.fired.update((key, instant) for instant in _instants(trigger, self.now, until))
        self.now = until

    def _of_v1(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for schedule in self.v1.service.schedules.values():
            if schedule["EntityStatus"] in ACTIVE:
                yield schedule["Name"].partition(".")[2], _as_trigger(schedule["Recurrence"])

    def _of_v2(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for schedule in self.v2.service.schedules.values():
            properties = schedule["properties"]
            if properties["isEnabled"]:
                yield properties["tags"]["aml-pipeline-schedule"], properties["trigger"]


def _as_trigger(recurrence: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recurrence of v1 in the terms of v2, which are the same."""
    pattern = recurrence.get("Schedule") or {}
    week_days = [day.lower() for day in pattern.get("WeekDays") or ()]
    return {
        "triggerType": "Recurrence",
        "frequency": recurrence["Frequency"].lower(),
        "interval": recurrence["Interval"],
        "startTime": recurrence["StartTime"],
        "timeZone": recurrence["TimeZone"],
        "schedule": {"hours": pattern.get("Hours") or [], "minutes": pattern.get("Minutes") or []}
        | ({"weekDays": week_days} if week_days else {}),
    }


def _instants(trigger: Mapping[str, Any], after: datetime, until: datetime) -> list[datetime]:
    here = firing.zone(trigger)
    walls = firing.walls(trigger, after.astimezone(here).replace(tzinfo=None))
    instants = (wall.replace(tzinfo=here).astimezone(UTC) for wall in walls)
    return list(takewhile(lambda instant: instant <= until, instants))


def expected(until: datetime) -> Firings:
    """Return when each schedule is to fire, each time once."""
    hours = [BEGIN + timedelta(hours=number) for number in range(1, (END - BEGIN) // timedelta(hours=1) + 1)]
    nights = [hour for hour in hours if hour.hour == 1 and hour.weekday() < 5]  # Paris is an hour ahead in winter
    often = [hour for hour in hours if (hour - datetime(2026, 1, 5, 8, tzinfo=UTC)) % timedelta(hours=5) == timedelta()]
    fortnights = [at(18, 11), at(21, 11), datetime(2027, 2, 1, 11, tzinfo=UTC), datetime(2027, 2, 4, 11, tzinfo=UTC)]
    instants = [
        *(("nightly", hour + timedelta(minutes=30)) for hour in nights),
        *(("often", hour) for hour in often),
        *(("fortnightly", hour) for hour in fortnights),
    ]
    return Firings(row for row in instants if row[1] <= until)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Iterator[Both]:
    with a_lesson(tmp_path, monkeypatch) as v1, a_lesson_v2(tmp_path, monkeypatch) as v2:
        v1.write({**FILES, ".aml-pipeline-origin": f"{ID}\n"})
        file = v1.root / "pipeline.yaml"
        file.write_text(file.read_text(encoding="utf-8") + SCHEDULES, encoding="utf-8")
        from tests.loopback.client import connect

        azureml.publish(load(str(file)), connect(v1.service, v1.root), now=BEGIN)
        both = Both(v1, v2, capsys)
        assert "until `aml-pipeline resume sundays --sdk v1`" in both.run("pause", "sundays", "--sdk", "v1")
        yield both


def test_there_and_back_again_without_a_gap_or_a_double_run(both: Both) -> None:
    both.wait(at(20, 12))
    foreseen = both.run("publish", "--sdk", "v2", "--dry-run")
    assert foreseen.count("of SDK v1 is active too: both fire.") == 3
    assert "Paused in SDK v1, but new and active in v2: lesson.sundays. " in foreseen
    pausing = both.run("pause", "--sdk", "v1")
    assert "schedule lesson.sundays      was not active" in pausing
    back = re.findall(r"3 schedules paused until `aml-pipeline (resume [\w ]*) --sdk v1`", pausing)[0].split()
    assert sorted(back[1:]) == ["fortnightly", "nightly", "often"]
    both.wait(at(20, 12, 5))
    both.v2.service.fail("/schedules/lesson_often$", 403, method="PUT")
    both.run("publish", "--sdk", "v2", status=4)  # one schedule is there; it does not fire before the next call
    assert "both fire" not in both.run("publish", "--sdk", "v2")
    both.run("pause", "sundays", "--sdk", "v2")
    both.wait(at(25, 12))
    both.run("publish", "--sdk", "v1")  # a job somewhere that still does this
    both.run("publish", "--sdk", "v2")
    both.wait(at(29, 12))
    assert "3 schedules paused until `aml-pipeline resume " in both.run("pause", "--sdk", "v2")
    assert "3 schedules resumed" in both.run(*back, "--sdk", "v1")
    both.wait(at(30, 12))
    assert both.fired == expected(until=both.now)
    # And what the lines about both are for: with both, each time comes twice.
    assert both.run(*back, "--sdk", "v2").count("of SDK v1 is active too: both fire.") == 3
    both.wait(END)
    both.run("pause", "--sdk", "v1")
    both.run("pause", "--sdk", "v2")
    assert both.fired == expected(until=END) + (expected(until=END) - expected(until=at(30, 12)))
    the_day_as_documented(both)


def the_day_as_documented(both: Both) -> None:
    """Run the commands of docs/how-to/v1-to-v2.md on its example, in the same workspace."""
    page = (ROOT / "docs" / "how-to" / "v1-to-v2.md").read_text(encoding="utf-8")
    file = page.partition("```text\npipeline.yaml:\n")[2].partition("```")[0]
    both.v1.write({"pipeline.yaml": file, **dict.fromkeys(("prepare.py", "show.py", "tell.py"), "")})
    both.run("publish", "--sdk", "v1")
    for block in re.findall(r"```console\n(\$ aml-pipeline .*?--sdk v1\n.*?)```", page, re.DOTALL):
        for command, printed in re.findall(r"\$ aml-pipeline (.*)\n((?:[^$].*\n)*)", block):
            assert plain(both.run(*command.split())) == plain(printed), command


def plain(text: str) -> str:
    """Return a text without digests and addresses."""
    return re.sub(r"(?<=version )\w+|https:\S+|(?<=\S)  +", " ", text)
