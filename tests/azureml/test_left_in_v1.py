"""What v2 says of the schedules of SDK v1 in the same workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import aml_pipeline
from aml_pipeline import azureml
from aml_pipeline.azureml.left_in_v1 import firing_too
from aml_pipeline.azureml.publication import Change
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet
BEGINS = [Change("update", "schedule", "lesson.nightly", key="nightly", fires=True)]


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        lesson.write({".aml-pipeline-origin": "id-0123456789abcdef\n"})
        lesson.replace(
            "pipeline.yaml", "steps:\n", "schedules: {nightly: {cron: 0 2 * * *}, often: {cron: 0 * * * *}}\nsteps:\n"
        )
        yield lesson


def of_v1(key: str, status: str = "Active", origin: str = "id-0123456789abcdef:pipeline.yaml") -> dict[str, Any]:
    description = f"Text.\naml-pipeline:lesson#{key} 0123 @{origin}"
    return {"Name": f"lesson.{key}", "EntityStatus": status, "PipelineSubmissionInfo": {"Description": description}}


def said(lesson: LessonV2, changes: list[Change]) -> list[str]:
    plan = aml_pipeline.load(lesson.root / "pipeline.yaml")
    return list(firing_too(plan, azureml.connect(str(lesson.root), sdk="v2"), changes))


def test_only_the_active_schedule_of_the_same_name_and_project_fires_too(lesson: LessonV2) -> None:
    others = of_v1("often"), of_v1("nightly", "Disabled"), of_v1("nightly", origin="another:pipeline.yaml")
    foreign = {"Name": "else", "EntityStatus": "0", "PipelineSubmissionInfo": None}
    lesson.service.state.of_v1 = {str(number): each for number, each in enumerate([*others, foreign])}
    assert said(lesson, BEGINS) == []
    lesson.service.state.of_v1["ours"] = of_v1("nightly")
    assert said(lesson, BEGINS) == [
        (
            "Schedule lesson.nightly of SDK v1 is active too: both fire. "
            "To pause that one: `aml-pipeline pause nightly --sdk v1`."
        )
    ]


def test_a_new_schedule_fires_though_that_of_v1_was_paused(lesson: LessonV2) -> None:
    create = [Change("create", "schedule", f"lesson.{key}", key=key, fires=True) for key in ("nightly", "often")]
    v1 = lesson.service.state.of_v1
    v1["1"] = of_v1("nightly", "Disabled")
    v1["1"]["PipelineSubmissionInfo"]["Description"] += " disabled"  # by publish, not by a person
    assert said(lesson, create) == []
    v1["2"] = of_v1("nightly", "Disabled")
    assert said(lesson, BEGINS) == []  # it is not new
    (line,) = said(lesson, create)
    assert line == (
        "Paused in SDK v1, but new and active in v2: lesson.nightly. "
        "To pause here too what was paused before the move: `aml-pipeline pause nightly --sdk v2`."
    )
    v1["3"] = of_v1("often", "Disabled")
    assert ": lesson.nightly, lesson.often. To pause" in said(lesson, create)[0]
    v1["4"] = of_v1("nightly")
    assert [line.partition(".")[0] for line in said(lesson, create)] == [
        "Schedule lesson",
        "Paused in SDK v1, but new and active in v2: lesson",
    ]
    assert "lesson.nightly" not in said(lesson, create)[1]


def test_one_that_the_file_no_longer_has_is_still_active(lesson: LessonV2) -> None:
    lesson.service.state.of_v1 = {"ours": of_v1("weekly")}
    assert said(lesson, BEGINS) == [
        "Schedule lesson.weekly of SDK v1 is still active. To pause that one: `aml-pipeline pause weekly --sdk v1`."
    ]


def test_one_that_was_imported_and_not_taken_over_fires_too(lesson: LessonV2) -> None:
    by_hand = {"Id": "s", "Name": "Every Night", "EntityStatus": "Active", "PipelineSubmissionInfo": None}
    lesson.service.state.of_v1 = {"s": by_hand}
    assert said(lesson, BEGINS) == []
    known = "x-imported-from: {endpoint: Lesson EP, id: e, schedules: {nightly: s}}\nsteps:\n"
    lesson.replace("pipeline.yaml", "steps:\n", known)
    assert said(lesson, BEGINS) == [
        (
            "Schedule Every Night of SDK v1, which was imported as nightly, is active too: both fire. To pause that "
            "one: `aml-pipeline publish --sdk v1 --adopt 'Lesson EP'`, then `aml-pipeline pause nightly --sdk v1`; or "
            "disable it in the portal."
        )
    ]
    lesson.replace("pipeline.yaml", "endpoint: Lesson EP, id: e, ", "")  # there may be none, or several
    in_the_portal = (
        "Schedule Every Night of SDK v1, which was imported as nightly, is active too: both fire. To pause that one: "
        "disable it in the portal."
    )
    assert said(lesson, BEGINS) == [in_the_portal]
    by_hand.update({**of_v1("nightly", origin="another:pipeline.yaml"), "Name": "Every Night"})
    assert said(lesson, BEGINS) == [in_the_portal]
    by_hand["EntityStatus"] = "Disabled"
    assert said(lesson, BEGINS) == []


def test_nothing_is_asked_when_no_schedule_begins_to_fire(lesson: LessonV2) -> None:
    assert said(lesson, [replace(BEGINS[0], action="unchanged"), replace(BEGINS[0], fires=False)]) == []
    assert lesson.service.asked("GET", "/Schedules") == []


@pytest.mark.parametrize(("status", "expected"), [(404, []), (410, []), (403, ["Schedules of SDK v1 would fire too"])])
def test_a_refusal_is_no_error(lesson: LessonV2, status: int, expected: list[str]) -> None:
    lesson.service.fail("/pipelines/v1.0/Schedules", status)
    assert [line.partition(",")[0] for line in said(lesson, BEGINS)] == expected
