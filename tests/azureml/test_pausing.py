"""``pause`` and ``resume``: what a person would do in the portal, by a command."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.publication import Actual, Change, Mark, Schedule, Whose, paused, resumed
from aml_pipeline.core.errors import UsageError
from tests.azureml.test_publish import scheduled
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Iterator[Lesson]:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        scheduled(lesson)
        done = lesson.here(capsys, "publish")
        assert done.status == 0, done.err
        yield lesson


@pytest.fixture
def lesson_v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        scheduled(lesson)
        lesson.replace("pipeline.yaml", "compute:", "sdk: v2\ncompute:")
        done = lesson.here(capsys, "publish")
        assert done.status == 0, done.err
        yield lesson


def test_what_is_paused_stays_paused_until_it_is_resumed(lesson: Lesson, capsys: Capture) -> None:
    (before,) = copy.deepcopy(list(lesson.service.schedules.values()))
    assert lesson.here(capsys, "pause").out.splitlines() == [
        "  - schedule lesson.nightly  paused",
        "1 schedule paused until `aml-pipeline resume nightly`, whoever publishes.",
    ]
    assert list(lesson.service.schedules.values()) == [{**before, "EntityStatus": "Disabled"}]
    assert "paused by someone; stays paused" in lesson.here(capsys, "publish").out
    assert lesson.here(capsys, "pause", "nightly").out.splitlines()[-1] == "Nothing to pause."
    assert lesson.here(capsys, "resume").out.splitlines() == [
        "  ~ schedule lesson.nightly  resumed",
        "1 schedule resumed.",
    ]
    assert list(lesson.service.schedules.values()) == [{**before, "EntityStatus": "Active"}]


def test_so_does_v2(lesson_v2: LessonV2, capsys: Capture) -> None:
    (before,) = copy.deepcopy(list(lesson_v2.service.schedules.values()))
    assert "1 schedule paused" in lesson_v2.here(capsys, "pause", "nightly").out
    properties = {**before["properties"], "isEnabled": False}
    assert stored(lesson_v2) == properties
    assert "paused by someone; stays paused" in lesson_v2.here(capsys, "publish").out
    assert "1 schedule resumed" in lesson_v2.here(capsys, "resume").out
    assert stored(lesson_v2) == before["properties"]
    assert "Azure ML is up to date with the file." in lesson_v2.here(capsys, "publish").out


def test_a_pause_stays_if_publish_had_disabled_the_schedule_before(lesson: Lesson, capsys: Capture) -> None:
    (schedule,) = lesson.service.schedules.values()
    submission = schedule["PipelineSubmissionInfo"]
    description = submission["Description"]
    submission["Description"] += " disabled"  # by publish; then a person enabled it
    assert "1 schedule paused" in lesson.here(capsys, "pause").out
    (schedule,) = lesson.service.schedules.values()
    assert schedule["PipelineSubmissionInfo"]["Description"] == description
    assert "paused by someone; stays paused" in lesson.here(capsys, "publish").out
    assert "1 schedule resumed" in lesson.here(capsys, "resume").out


def test_so_it_does_on_v2(lesson_v2: LessonV2, capsys: Capture) -> None:
    before = copy.deepcopy(stored(lesson_v2)["tags"])
    stored(lesson_v2)["tags"]["aml-pipeline-disabled"] = "true"
    assert "1 schedule paused" in lesson_v2.here(capsys, "pause").out
    assert stored(lesson_v2)["tags"] == before
    assert "paused by someone; stays paused" in lesson_v2.here(capsys, "publish").out
    assert "1 schedule resumed" in lesson_v2.here(capsys, "resume").out


def stored(lesson: LessonV2) -> dict[str, Any]:
    (schedule,) = lesson.service.schedules.values()
    properties: dict[str, Any] = schedule["properties"]
    return properties


def test_a_file_that_v1_no_longer_takes_can_be_paused_there(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: serverless\nsdk: v2")
    lesson.replace("pipeline.yaml", "  nightly:", "  morning:")
    assert lesson.here(capsys, "publish", "--sdk", "v1").status == 2
    assert "1 schedule paused" in lesson.here(capsys, "pause", "--sdk", "v1").out


def test_the_way_back_has_the_options_that_were_given(lesson_v2: LessonV2, capsys: Capture) -> None:
    text = (lesson_v2.root / "pipeline.yaml").read_text(encoding="utf-8")
    lesson_v2.write({"my lesson.yaml": f"{text}profiles: {{big: {{parameters: {{}}}}}}\n"})
    options = ("-f", "my lesson.yaml", "--profile", "big", "--sdk", "v2")
    assert lesson_v2.here(capsys, "publish", *options).status == 0
    way = "resume nightly -f 'my lesson.yaml' --profile big --sdk v2"
    assert f"paused until `aml-pipeline {way}`, whoever" in lesson_v2.here(capsys, "pause", *options).out
    assert "1 schedule resumed" in lesson_v2.here(capsys, *shlex.split(way)).out


def test_an_error_in_the_file_says_that_nothing_was_done(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "name: lesson", "name: les son")
    for words in (("pause",), ("resume",), ("schedules", "--remote"), ("publish", "--version", "previous")):
        assert lesson.here(capsys, *words).err.endswith("1 error; nothing was done.\n")


def test_a_file_with_errors_can_be_paused_if_it_is_certain_what_is_meant(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "name: lesson", "name: lesson\nworkspace: a/b")
    assert lesson.here(capsys, "pause").status == 2
    lesson.replace("pipeline.yaml", "\nworkspace: a/b", "")
    lesson.replace("pipeline.yaml", "script: train.py", "script: trian.py")
    done = lesson.here(capsys, "pause")
    assert "pipeline.yaml has 1 error; pause reads only names from it.\n" in done.err
    assert "1 schedule paused" in done.out
    assert lesson.here(capsys, "resume").status == 2


def test_only_what_is_published_can_be_paused(lesson: Lesson, capsys: Capture) -> None:
    done = lesson.here(capsys, "pause", "nihgtly")
    assert (done.status, done.err) == (2, 'No schedule "nihgtly" of lesson is published. Did you mean "nightly"?\n')
    text = (lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
    lesson.write({"other.yaml": text.replace("name: lesson", "name: other", 1)})
    done = lesson.here(capsys, "pause", "-f", "other.yaml")
    assert (done.status, done.out) == (0, "No schedules of other are published.\n")


def test_a_failure_is_an_error_of_azure_and_the_next_call_does_the_rest(lesson_v2: LessonV2, capsys: Capture) -> None:
    lesson_v2.service.fail("/schedules/lesson_nightly$", 403, method="PUT")
    done = lesson_v2.here(capsys, "pause")
    assert (done.status, done.err.partition(". ")[0]) == (4, "Pausing schedule lesson.nightly failed")
    assert "1 schedule paused" in lesson_v2.here(capsys, "pause").out


WHOSE = Whose("p", ("here",))


def schedule(key: str, number: int, *, active: bool = True, disabled: bool = False, origin: str = "here") -> Schedule:
    mark = Mark("p", key, "0", disabled, origin)
    return Schedule(str(number), f"p.{key}", mark, active, None, None, None, None, str(number))


def summary(changes: list[Change]) -> list[tuple[str, ...]]:
    return [(change.action, change.id, *change.details) for change in changes]


def test_of_several_the_newest_that_someone_paused_is_resumed() -> None:
    there = Actual((), None, (schedule("a", 2, active=False), schedule("a", 1, active=False)))
    assert summary(resumed(WHOSE, there)) == [("update", "2", "resumed")]
    there = Actual((), None, (schedule("a", 1, active=False), schedule("a", 2)))
    assert summary(resumed(WHOSE, there)) == [("unchanged", "2", "was active")]
    assert summary(paused(WHOSE, there)) == [("disable", "2", "paused")]


def test_of_a_schedule_of_v2_and_its_copy_the_own_one_is_resumed() -> None:
    there = Actual((), None, (schedule("a", 1, active=False), schedule("a", 2, active=False)))
    assert summary(resumed(WHOSE, there, ids=["1"])) == [("update", "1", "resumed")]
    assert summary(resumed(WHOSE, there, ids=["3"])) == [("update", "2", "resumed")]


def test_what_publish_disabled_stays_disabled_and_what_is_of_others_is_not_touched() -> None:
    there = Actual((), None, (schedule("a", 1, active=False, disabled=True), schedule("b", 2, origin="there")))
    assert summary(resumed(WHOSE, there)) == [
        ("unchanged", "1", "disabled by publish: no longer in the file, or replaced")
    ]
    assert summary(paused(WHOSE, there)) == [("unchanged", "1", "was not active")]
    with pytest.raises(UsageError, match='No schedule "b" of p is published'):
        paused(WHOSE, there, ["b"])
