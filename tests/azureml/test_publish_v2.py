"""`publish` and `schedules --remote` by SDK v2: azure-ai-ml as it is, against a loopback service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.publication import Actual, Change
from aml_pipeline.azureml.v2 import published
from aml_pipeline.core.errors import AzureError
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet


class Published(LessonV2):
    """The project with a schedule, and what it publishes, by function call."""

    client: Any = None
    monkeypatch: pytest.MonkeyPatch

    def publish(self, *, dry_run: bool = False, adopt: bool = False) -> list[Change]:
        """Publish the file as it is now."""
        self.service.forget()
        return azureml.publish(load(str(self.root / "pipeline.yaml")), self.client, dry_run=dry_run, adopt=adopt)

    def change(self, old: str, new: str, file: str = "pipeline.yaml") -> None:
        """Replace a text in a file, which must have it."""
        text = (self.root / file).read_text(encoding="utf-8")
        assert old in text
        (self.root / file).write_text(text.replace(old, new), encoding="utf-8")

    def schedule(self, name: str = "lesson_nightly") -> dict[str, Any]:
        """Return what a schedule is now."""
        properties: dict[str, Any] = self.service.state.schedules[name]["properties"]
        return properties

    @property
    def versions(self) -> list[str]:
        """The versions of the component, the oldest first."""
        return [version for name, version in self.service.components if name == "lesson"]


def said(changes: list[Change]) -> list[str]:
    """Return changes as lines."""
    return [" ".join([change.action, change.kind, change.name, *change.details]) for change in changes]


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    with a_lesson_v2(tmp_path, monkeypatch) as plain:
        lesson = Published(plain.root, plain.service, monkeypatch)
        lesson.change("steps:\n", f"{NIGHTLY}\nsteps:\n")
        lesson.monkeypatch = monkeypatch
        lesson.client = azureml.connect(str(lesson.root), sdk="v2")
        yield lesson


NIGHTLY = "schedules:\n  nightly: {cron: 0 2 * * *, parameters: {epochs: 7}}\n"


def test_the_first_publish_creates_component_and_schedule(lesson: Published) -> None:
    created = said(lesson.publish(dry_run=True))
    assert lesson.service.writes() == []
    assert said(lesson.publish()) == created
    (version,) = lesson.versions
    assert created[1:] == [
        f"create published pipeline lesson version {version[:12]}",
        "create schedule lesson.nightly every day at 02:00, UTC",
    ]
    component = lesson.service.components["lesson", version]["properties"]
    origin = component["tags"]["aml-pipeline-origin"]
    mark = {"aml-pipeline": "lesson", "aml-pipeline-origin": origin}
    assert component["tags"] == {**mark, "aml-pipeline-digest": version}
    assert list(component["componentSpec"]["jobs"]) == ["prepare", "train"]
    schedule = lesson.schedule()
    digest = schedule["tags"].pop("aml-pipeline-digest")
    assert len(digest) == len(version)
    assert schedule["tags"] == {**mark, "aml-pipeline-schedule": "nightly"}
    assert (schedule["isEnabled"], schedule["displayName"]) == (True, "lesson.nightly")
    assert schedule["trigger"] == {
        "triggerType": "Cron", "expression": "0 2 * * *", "startTime": "2024-01-01 00:00:00", "timeZone": "UTC",
    }  # fmt: skip
    job = schedule["action"]["jobDefinition"]
    assert job["componentId"].endswith(f"/workspaces/loopback/components/lesson/versions/{version}")
    assert (job["experimentName"], job["tags"]) == ("lesson", {"pipeline": "lesson"})
    assert {name: given["value"] for name, given in job["inputs"].items()} == {"epochs": "7"}
    assert job["settings"]["force_rerun"]


def test_publishing_again_writes_nothing(lesson: Published) -> None:
    lesson.publish()
    assert {change.action for change in lesson.publish()} == {"unchanged"}
    assert lesson.service.writes() == []
    asked = [request for request in lesson.service.requests if not request.route.startswith("/metadata")]
    assert len(asked) == 5  # environment, cluster, schedules, versions of the component, endpoints


def test_the_job_of_a_schedule_runs_the_component(lesson: Published) -> None:
    lesson.publish()
    run = lesson.service.fire("lesson_nightly")
    assert run is not None
    assert set(lesson.service.state.runs[run].children) <= {"prepare", "train"}


def test_a_changed_step_is_another_version(lesson: Published) -> None:
    lesson.publish()
    lesson.change("train", "train well", "steps/train.py")
    changes = said(lesson.publish())
    old, new = lesson.versions
    assert changes == [
        f"create published pipeline lesson version {new[:12]}",
        f"update schedule lesson.nightly version {old[:12]} → {new[:12]}",
    ]
    assert lesson.schedule()["action"]["jobDefinition"]["componentId"].endswith(new)
    assert {change.action for change in lesson.publish()} == {"unchanged"}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("0 2 * * *", "30 3 * * 1", "every day at 02:00, UTC → every week on monday at 03:30, UTC"),
        ("{epochs: 7}", "{epochs: 8}", "parameter epochs: 7 → 8"),
        (", parameters: {epochs: 7}", "", "parameter epochs: 7 → –"),
        ("{cron: ", "{reuse: true, cron: ", "reuse: false → true"),
        ("experiment: lesson", "experiment: another", "experiment: lesson → another"),
        ("{cron: ", "{time_zone: Europe/Paris, cron: ", "02:00, UTC → every day at 02:00, Romance Standard Time"),
    ],
)
def test_a_changed_schedule_is_changed_in_place(lesson: Published, old: str, new: str, why: str) -> None:
    lesson.publish()
    lesson.change(old, new)
    changes = [line for line in said(lesson.publish()) if line.startswith("update")]
    assert [line for line in changes if line.endswith(why)] == changes != []
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_a_schedule_that_leaves_the_file_is_disabled_and_comes_back(lesson: Published) -> None:
    lesson.publish()
    lesson.change(NIGHTLY, "")
    assert said(lesson.publish())[1:] == ["disable schedule lesson.nightly no longer in the file"]
    schedule = lesson.schedule()
    assert (schedule["isEnabled"], schedule["tags"]["aml-pipeline-disabled"]) == (False, "true")
    assert {change.action for change in lesson.publish()} == {"unchanged"}
    lesson.change("steps:\n", f"{NIGHTLY}\nsteps:\n")
    assert said(lesson.publish())[1:] == ["update schedule lesson.nightly enabled again"]
    assert (lesson.schedule()["isEnabled"], "aml-pipeline-disabled" in lesson.schedule()["tags"]) == (True, False)


def test_a_pause_and_what_a_person_wrote_stay(lesson: Published) -> None:
    lesson.publish()
    lesson.schedule()["isEnabled"] = False
    lesson.schedule()["tags"]["cost"] = "42"
    lesson.schedule()["description"] = "Ask Ada."
    assert said(lesson.publish())[1:] == ["unchanged schedule lesson.nightly paused by someone; stays paused"]
    lesson.change("{epochs: 7}", "{epochs: 8}")
    (changed,) = said(lesson.publish())[1:]
    assert changed == "update schedule lesson.nightly parameter epochs: 7 → 8 paused by someone; stays paused"
    schedule = lesson.schedule()
    assert (schedule["isEnabled"], schedule["tags"]["cost"], schedule["description"]) == (False, "42", "Ask Ada.")
    assert schedule["action"]["jobDefinition"]["inputs"]["epochs"]["value"] == "8"


def test_a_pause_while_publishing_stays(lesson: Published) -> None:
    lesson.publish()
    lesson.change("{epochs: 7}", "{epochs: 8}")
    look = published.look

    def look_and_pause(client: object, component: str, endpoint: str) -> Actual:
        actual = look(client, component, endpoint)
        lesson.schedule()["isEnabled"] = False
        return actual

    lesson.monkeypatch.setattr(published, "look", look_and_pause)
    lesson.publish()
    assert lesson.schedule()["isEnabled"] is False


def test_what_a_person_enabled_is_ours_again(lesson: Published) -> None:
    lesson.publish()
    lesson.change(NIGHTLY, "")
    lesson.publish()
    lesson.schedule()["isEnabled"] = True
    lesson.change("steps:\n", f"{NIGHTLY}\nsteps:\n")
    assert said(lesson.publish())[1:] == ["update schedule lesson.nightly enabled by someone"]
    assert "aml-pipeline-disabled" not in lesson.schedule()["tags"]


def test_things_of_others_are_refused_before_anything_is_written(lesson: Published) -> None:
    lesson.publish()
    schedule = lesson.schedule()
    mark = dict(schedule["tags"])
    schedule["tags"].clear()
    with pytest.raises(AzureError, match="has a schedule lesson_nightly that was not created by publishing lesson"):
        lesson.publish()
    assert lesson.service.writes() == []
    schedule["tags"].update({**mark, "aml-pipeline-origin": "github.com/her/project:pipeline.yaml"})
    with pytest.raises(AzureError, match=r"was published by another project, github\.com/her/project"):
        lesson.publish()
    assert lesson.service.writes() == []
    taken = "taken over from github.com/her/project:pipeline.yaml"
    assert said(lesson.publish(adopt=True))[1:] == [f"update schedule lesson.nightly {taken}"]
    assert lesson.schedule()["tags"] == mark


def test_a_component_of_another_project_is_taken_over_with_its_tags(lesson: Published) -> None:
    lesson.publish()
    (version,) = lesson.versions
    component = lesson.service.components["lesson", version]["properties"]
    component["tags"] = {**component["tags"], "aml-pipeline-origin": "github.com/her/project:pipeline.yaml", "a": "b"}
    with pytest.raises(AzureError, match="Component lesson was published by another project"):
        lesson.publish()
    assert said(lesson.publish(adopt=True))[0].endswith("taken over from github.com/her/project:pipeline.yaml")
    tags = lesson.service.components["lesson", version]["properties"]["tags"]
    assert (tags["a"], tags["aml-pipeline-origin"].startswith("id-")) == ("b", True)
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_a_component_that_is_not_ours_is_not_given_a_version(lesson: Published) -> None:
    spec = {"type": "pipeline", "jobs": {}}
    lesson.service.components["lesson", "1"] = {"properties": {"componentSpec": spec, "tags": {}}}
    with pytest.raises(AzureError, match="has a component lesson that was not created by publishing lesson"):
        lesson.publish()
    assert lesson.versions == ["1"]
