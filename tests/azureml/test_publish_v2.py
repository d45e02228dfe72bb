"""`publish` and `schedules --remote` by SDK v2: azure-ai-ml as it is, against a loopback service."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.publication import Actual, Change, Mark
from aml_pipeline.azureml.v2 import marks, published
from aml_pipeline.azureml.v2.export import yaml_text
from aml_pipeline.core.errors import AzureError, UsageError
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
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
        """Replace a text in a file, which must have it once."""
        self.replace(file, old, new)

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


def test_a_mark_is_read_as_it_was_written_and_tags_of_others_stay() -> None:
    mark = Mark("lesson/quick", "nightly", "0" * 32, disabled=True, origin="github.com/me/project:pipeline.yaml")
    for each in (mark, replace(mark, disabled=False), replace(mark, schedule=None, origin="")):
        assert marks.mark_of(marks.tags(each)) == each
        theirs = {"team": "vision", "aml-pipeline-note": "mine"}
        assert marks.marked({**theirs, **marks.tags(mark)}, each) == {**theirs, **marks.tags(each)}
    assert [marks.mark_of(given) for given in (None, {}, {"aml-pipeline": "lesson"})] == [None] * 3


SCOPE = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        (f"/{SCOPE}/components/lesson/versions/1a", "lesson:1a"),
        (f"azureml:/{SCOPE}/components/lesson/versions/1a", "lesson:1a"),
        ("azureml:lesson:1a", "lesson:1a"),
        ("lesson:1a", "lesson:1a"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_component_is_recognised_in_each_form(reference: str | None, meant: str) -> None:
    assert published.component_in(reference) == meant


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        (f"/{SCOPE}/data/images/versions/3", "azureml:images:3"),
        (f"azureml:/{SCOPE}/data/images/versions/3", "azureml:images:3"),
        ("azureml:images:3", "azureml:images:3"),
        ("azureml://datastores/raw/paths/images/", "azureml://datastores/raw/paths/images/"),
        (f"azureml://{SCOPE}/datastores/raw/paths/images/", "azureml://datastores/raw/paths/images/"),
        (f"azureml:/{SCOPE}/data/datastores/versions/3", "azureml:datastores:3"),
        ("azureml://locations/here/workspaces/w/data/images/versions/3", "azureml:images:3"),
        (
            f"azureml://{SCOPE}/datastores/raw/paths/data/set/versions/3",
            "azureml://datastores/raw/paths/data/set/versions/3",
        ),
        ("azureml://datastores/raw/paths/data/set/versions/3", "azureml://datastores/raw/paths/data/set/versions/3"),
        ("azureml://datastores/a/paths/datastores/b/paths/c", "azureml://datastores/a/paths/datastores/b/paths/c"),
        ("https://example.com/iris.csv", "https://example.com/iris.csv"),
        ("https://example.com/data/a/versions/2", "https://example.com/data/a/versions/2"),
    ],
)
def test_data_is_recognised_in_each_form(uri: str, meant: str) -> None:
    assert published.place(uri) == meant


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


def test_how_files_are_written_is_not_part_of_the_version(lesson: Published) -> None:
    lesson.publish()
    lesson.monkeypatch.setattr(yaml_text, "SCHEMAS", "https://schemas.example")
    lesson.monkeypatch.setattr(yaml_text, "_WIDTH", 10)
    lesson.monkeypatch.setattr(yaml_text, "_spaced", lambda body: f"# another form\n{body}")
    assert {change.action for change in lesson.publish()} == {"unchanged"}


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


CHANGES = (
    ("0 2 * * *", "30 3 * * 1", "every day at 02:00, UTC → every week on monday at 03:30, UTC"),
    ("{epochs: 7}", "{epochs: 8}", "parameter epochs: 7 → 8"),
    ("{cron: ", "{reuse: true, cron: ", "reuse: false → true"),
    ("experiment: lesson", "experiment: another", "experiment: lesson → another"),
    ("cron: ", "time_zone: Europe/Paris, cron: ", "02:00, UTC → every day at 02:00, Romance Standard Time"),
    (", parameters: {epochs: 7}", "", "parameter epochs: 7 → –"),
)


def test_a_changed_schedule_is_changed_in_place(lesson: Published) -> None:
    lesson.publish()
    text = (lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
    for old, new, why in CHANGES:
        lesson.change(old, new)
        (changed,) = [line for line in said(lesson.publish(dry_run=True)) if line.startswith("update")]
        assert changed.startswith("update schedule lesson.nightly ")
        assert changed.endswith(why)
        lesson.write({"pipeline.yaml": text})
    for old, new, _ in CHANGES[:-1]:
        lesson.change(old, new)
    lesson.publish()
    assert lesson.schedule()["trigger"]["expression"] == "30 3 * * 1"
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_every_kind_of_value_is_read_as_it_was_sent(lesson: Published) -> None:
    values = {
        "a": "012",
        "b": "0.10",
        "c": "0.5",
        "d": "'1e-3'",
        "e": "true",
        "f": "'a b ü \"'",
        "g": "-3",
        "h": "1e30",
    }
    declared = "".join(f"  {name}: {value}\n" for name, value in values.items())
    options = "".join(f"      --{name}: ${{{{ parameters.{name} }}}}\n" for name in values)
    given = ", ".join(f"{name}: {value}" for name, value in values.items())
    lesson.change("  epochs: 2\n", f"  epochs: 2\n{declared}")
    lesson.change("      --epochs:", f"{options}      --epochs:")
    lesson.change("{epochs: 7}", f"{{epochs: 7, {given}}}")
    lesson.publish()
    plan = load(str(lesson.root / "pipeline.yaml"))
    sent = lesson.schedule()["action"]["jobDefinition"]["inputs"]
    assert {name: each["value"] for name, each in sent.items()} == plan.schedules["nightly"].parameters
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_profiles_do_not_disturb_each_other(lesson: Published) -> None:
    lesson.publish()
    lesson.change("steps:\n", "profiles:\n  quick: {parameters: {epochs: 1}}\n\nsteps:\n")
    plan = load(str(lesson.root / "pipeline.yaml"), profile="quick")
    heard: list[str] = []
    with azureml.heard_by(heard.append):
        azureml.publish(plan, lesson.client)
    (line,) = heard
    assert line.startswith("lesson-quick.nightly does not replace lesson.nightly, which is also active: each fires. ")
    assert {name for name, _ in lesson.service.components} == {"lesson", "lesson_quick", "azureml_anonymous"}
    job = lesson.schedule("lesson-quick_nightly")["action"]["jobDefinition"]
    assert job["tags"] == {"pipeline": "lesson", "profile": "quick"}
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


def test_a_copy_that_a_person_made_of_a_schedule_is_disabled(lesson: Published) -> None:
    lesson.publish()
    lesson.service.state.schedules["copy"] = deepcopy(lesson.service.state.schedules["lesson_nightly"])
    lesson.schedule()["isEnabled"] = False
    lesson.change("{epochs: 7}", "{epochs: 8}")
    assert said(lesson.publish())[1:] == [
        "update schedule lesson.nightly parameter epochs: 7 → 8 paused by someone; stays paused",
        "disable schedule lesson.nightly another schedule of this name stays",
    ]
    assert [lesson.schedule(name)["isEnabled"] for name in ("lesson_nightly", "copy")] == [False, False]


def test_a_schedule_that_is_deleted_while_it_is_changed_is_an_error(lesson: Published) -> None:
    lesson.publish()
    lesson.change("{epochs: 7}", "{epochs: 8}")
    look = published.look

    def look_and_delete(client: object, component: str, endpoint: str) -> Actual:
        actual = look(client, component, endpoint)
        lesson.service.state.schedules.clear()
        return actual

    with lesson.monkeypatch.context() as patch:
        patch.setattr(published, "look", look_and_delete)
        with pytest.raises(AzureError, match=r"Publishing schedule lesson.nightly failed\. Azure ML cannot find it\."):
            lesson.publish()
    assert said(lesson.publish())[1:] == ["create schedule lesson.nightly every day at 02:00, UTC"]


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


def test_everything_of_another_project_is_taken_over(called: Published) -> None:
    called.publish()
    (version,) = called.versions
    component = called.service.components["lesson", version]["properties"]
    endpoint, schedule = called.service.endpoints["lesson-runs"], called.schedule()
    for thing in (component, endpoint, schedule):
        thing["tags"] = {**thing["tags"], "aml-pipeline-origin": "github.com/her/project:pipeline.yaml", "a": "b"}
    with pytest.raises(AzureError, match="Component lesson was published by another project"):
        called.publish()
    assert called.service.writes() == []
    changes = said(called.publish(adopt=True))
    assert [line.endswith("taken over from github.com/her/project:pipeline.yaml") for line in changes] == [True] * 3
    tags = [
        called.service.components["lesson", version]["properties"]["tags"],
        called.service.endpoints["lesson-runs"]["tags"],
        called.schedule()["tags"],
    ]
    assert [(each["a"], each["aml-pipeline-origin"].startswith("id-")) for each in tags] == [("b", True)] * 3
    assert {change.action for change in called.publish()} == {"unchanged"}


def test_an_archived_component_runs_all_the_same(lesson: Published) -> None:
    lesson.publish()
    (version,) = lesson.versions
    lesson.service.components["lesson", version]["properties"]["isArchived"] = True
    (component, schedule) = said(lesson.publish())
    assert component.endswith(f"version {version[:12]} archived by someone; stays archived, and runs all the same")
    assert (schedule, lesson.service.writes()) == ("unchanged schedule lesson.nightly", [])


def test_the_latest_version_in_a_registry_is_not_looked_up(lesson: Published) -> None:
    lesson.change("{name: training, conda_file: conda.yml}", "{registered: sklearn-1.5, registry: azureml}")
    heard: list[str] = []
    with azureml.heard_by(heard.append):
        lesson.publish()
    assert heard[0] == (
        "Environment sklearn-1.5 of registry azureml has no version, so publish does not notice a newer one. "
        "To pin it, add `version:`."
    )
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_a_component_that_is_not_ours_is_not_given_a_version(lesson: Published) -> None:
    spec = {"type": "pipeline", "jobs": {}}
    lesson.service.components["lesson", "1"] = {"properties": {"componentSpec": spec, "tags": {}}}
    with pytest.raises(AzureError, match="has a component lesson that was not created by publishing lesson"):
        lesson.publish()
    assert lesson.versions == ["1"]


# The batch endpoint.


@pytest.fixture
def called(lesson: Published) -> Published:
    """Return the project with a batch endpoint."""
    lesson.change("schedules:\n", "publish: {endpoint: lesson-runs}\n\nschedules:\n")
    return lesson


def test_an_endpoint_runs_the_version_by_default(called: Published) -> None:
    changes = called.publish()
    (version,) = called.versions
    name = f"v{version[:12]}"
    assert said(changes)[1:] == [
        f"create published pipeline lesson version {version[:12]}",
        "create endpoint lesson-runs",
        f"create deployment {name} version {version[:12]}",
        f"update endpoint lesson-runs default: none → {version[:12]}",
        "create schedule lesson.nightly every day at 02:00, UTC",
    ]
    endpoint = called.service.endpoints["lesson-runs"]
    assert endpoint["properties"]["defaults"] == {"deploymentName": name}
    assert endpoint["tags"]["aml-pipeline"] == "lesson"
    deployment = called.service.deployments["lesson-runs", name]
    configuration = deployment["properties"]["deploymentConfiguration"]
    assert configuration["componentId"]["assetId"].endswith(f"/components/lesson/versions/{version}")
    settings = {"default_compute": "cpu-cluster", "continue_on_step_failure": False, "force_rerun": True}
    assert configuration["settings"] == settings
    assert deployment["tags"]["aml-pipeline-digest"] == version
    (address,) = [change.address for change in changes if change.address]
    assert address == f"{called.service.url}/batchEndpoints/lesson-runs/jobs"
    assert {change.action for change in called.publish()} == {"unchanged"}
    assert called.service.writes() == []


def test_the_default_moves_and_old_deployments_are_deleted(called: Published) -> None:
    for number in range(6):
        called.change("train'", f"train {number}'" if number else "train 0'", "steps/train.py")
        changes = said(called.publish())
        called.change(f"train {number}'", "train'", "steps/train.py")
    names = [name for _, name in called.service.deployments]
    assert names == [f"v{version[:12]}" for version in called.versions[1:]]
    first = called.versions[0][:12]
    assert changes[-1] == f"delete deployment v{first} version {first}: the last 5 deployments stay"
    assert called.service.endpoints["lesson-runs"]["properties"]["defaults"] == {"deploymentName": names[-1]}


def test_what_a_person_added_to_the_endpoint_stays(called: Published) -> None:
    called.publish()
    endpoint = called.service.endpoints["lesson-runs"]
    endpoint["tags"]["cost"] = "42"
    endpoint["properties"]["description"] = "Ask Ada."
    called.change("train", "train well", "steps/train.py")
    called.publish()
    endpoint = called.service.endpoints["lesson-runs"]
    assert (endpoint["tags"]["cost"], endpoint["properties"]["description"]) == ("42", "Ask Ada.")
    assert endpoint["location"]


def test_what_the_endpoint_may_reuse_is_sent(called: Published) -> None:
    called.publish()
    called.change("{endpoint: lesson-runs}", "{endpoint: lesson-runs, reuse: true}")
    called.publish()
    old, new = called.service.deployments.values()
    forced = [each["properties"]["deploymentConfiguration"]["settings"]["force_rerun"] for each in (old, new)]
    assert forced == [True, False]


def test_an_endpoint_that_leaves_the_file_stays(called: Published) -> None:
    called.publish()
    called.change("publish: {endpoint: lesson-runs}\n", "")
    (version,) = called.versions
    stays = f"unchanged endpoint lesson-runs not in the file; stays, with default {version[:12]}"
    assert stays in said(called.publish())
    assert called.service.writes() == []


def test_an_endpoint_of_others_is_refused(called: Published) -> None:
    called.service.endpoints["lesson-runs"] = {"location": "here", "properties": {"authMode": "AADToken"}}
    with pytest.raises(AzureError, match="has a batch endpoint lesson-runs that was not created by publishing lesson"):
        called.publish()
    assert called.service.writes() == []


def test_an_endpoint_name_that_another_workspace_has(called: Published) -> None:
    called.service.state.taken.add("lesson-runs")
    heard: list[str] = []
    with azureml.heard_by(heard.append), pytest.raises(AzureError, match="lesson-runs is already in use"):
        called.publish()
    assert heard[-1].startswith("Done before the failure: environment training, published pipeline lesson.")


# Going back.


def test_going_back_and_forth(called: Published) -> None:
    called.publish()
    called.change("train", "train well", "steps/train.py")
    called.publish()
    old, new = called.versions
    plan = load(str(called.root / "pipeline.yaml"))
    called.service.forget()
    pending = said(azureml.go_back(plan, called.client, "previous", dry_run=True))
    assert called.service.writes() == []
    assert (
        said(azureml.go_back(plan, called.client, "previous"))
        == pending
        == [
            f"update endpoint lesson-runs default: {new[:12]} → {old[:12]}",
            f"update schedule lesson.nightly version {new[:12]} → {old[:12]}",
        ]
    )
    job = called.schedule()["action"]["jobDefinition"]
    assert (job["componentId"].endswith(old), job["inputs"]["epochs"]["value"]) == (True, "7")
    assert called.service.endpoints["lesson-runs"]["properties"]["defaults"]["deploymentName"] == f"v{old[:12]}"
    assert {change.action for change in azureml.go_back(plan, called.client, old[:6])} == {"unchanged"}
    assert [line for line in said(called.publish()) if line.startswith("update")] == [
        f"update endpoint lesson-runs default: {old[:12]} → {new[:12]}",
        f"update schedule lesson.nightly version {old[:12]} → {new[:12]}",
    ]


def test_going_back_keeps_a_pause(lesson: Published) -> None:
    lesson.publish()
    lesson.change("train", "train well", "steps/train.py")
    lesson.publish()
    lesson.service.pause("lesson_nightly")
    azureml.go_back(load(str(lesson.root / "pipeline.yaml")), lesson.client, "previous")
    schedule = lesson.schedule()
    assert schedule["action"]["jobDefinition"]["componentId"].endswith(lesson.versions[0])
    assert (schedule["isEnabled"], "aml-pipeline-disabled" in schedule["tags"]) == (False, False)


def test_a_version_that_does_not_fit_what_a_schedule_sets_is_refused(lesson: Published) -> None:
    lesson.publish()
    lesson.change("steps:\n", "datasets:\n  images: {registered: images}\n\nsteps:\n")
    lesson.change("--out: ${{ outputs.data }}", "--images: ${{ datasets.images }}\n      --out: ${{ outputs.data }}")
    lesson.service.add_data("images", "1")
    lesson.publish()
    old, new = lesson.versions
    plan = load(str(lesson.root / "pipeline.yaml"))
    with pytest.raises(UsageError, match=f"Version {old[:12]} of lesson has no input images, which schedule "):
        azureml.go_back(plan, lesson.client, "previous")
    lesson.change("      --images: ${{ datasets.images }}\n", "")
    lesson.publish()
    with pytest.raises(UsageError, match=f"Version {new[:12]} of lesson needs the input images, which schedule "):
        azureml.go_back(plan, lesson.client, new)
    assert {change.action for change in lesson.publish()} == {"unchanged"}


# What a person added to a schedule.


def test_what_a_person_added_to_the_job_of_a_schedule_stays(lesson: Published) -> None:
    lesson.publish()
    job = lesson.schedule()["action"]["jobDefinition"]
    theirs: dict[str, Any] = {
        "notificationSetting": {"emails": ["ada@example.com"]},
        "identity": {"identityType": "UserIdentity"},
        "properties": {"cost": "42"},
    }
    job.update(theirs)
    lesson.schedule()["properties"] = {"asked": "Ada"}
    lesson.change("{epochs: 7}", "{epochs: 8}")
    lesson.publish()
    schedule = lesson.schedule()
    job = schedule["action"]["jobDefinition"]
    assert {key: job[key] for key in theirs} == theirs
    assert (job["inputs"]["epochs"]["value"], schedule["properties"]) == ("8", {"asked": "Ada"})
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_a_schedule_that_was_made_to_run_a_job_runs_the_component_again(lesson: Published) -> None:
    lesson.publish()
    job = lesson.schedule()["action"]["jobDefinition"]
    del job["componentId"]
    job["sourceJobId"] = f"/{SCOPE}/jobs/hers"
    assert [change.action for change in lesson.publish()] == ["unchanged", "update"]
    job = lesson.schedule()["action"]["jobDefinition"]
    assert ("sourceJobId" in job, "componentId" in job) == (False, True)
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_an_end_that_a_person_set_stays_and_is_shown(lesson: Published, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.publish()
    lesson.schedule()["trigger"]["endTime"] = "2025-01-01 00:00:00"
    stays = "ends 2025-01-01 00:00:00, set by someone; stays"
    assert said(lesson.publish())[1:] == [f"unchanged schedule lesson.nightly {stays}"]
    lesson.change("0 2 * * *", "0 3 * * *")
    (changed,) = said(lesson.publish())[1:]
    assert changed == f"update schedule lesson.nightly every day at 02:00, UTC → every day at 03:00, UTC {stays}"
    trigger = lesson.schedule()["trigger"]
    assert (trigger["expression"], trigger["endTime"]) == ("0 3 * * *", "2025-01-01 00:00:00")
    assert stays in lesson.here(capsys, "schedules", "--remote", "--sdk", "v2").out


def test_a_description_leaves_with_that_of_the_file(called: Published) -> None:
    called.change("experiment: lesson\n", "experiment: lesson\ndescription: Learns.\n")
    called.publish()
    endpoint = called.service.endpoints["lesson-runs"]["properties"]
    assert (called.schedule()["description"], endpoint["description"]) == ("Learns.", "Learns.")
    called.change("description: Learns.\n", "")
    called.publish()
    endpoint = called.service.endpoints["lesson-runs"]["properties"]
    assert [thing.get("description") for thing in (called.schedule(), endpoint)] == [None, None]
    assert called.schedule()["action"]["jobDefinition"].get("description") is None
    called.change("experiment: lesson\n", "experiment: lesson\ndescription: Learns well.\n")
    called.publish()
    assert called.service.endpoints["lesson-runs"]["properties"]["description"] == "Learns well."
    assert {change.action for change in called.publish()} == {"unchanged"}


def test_a_schedule_of_others_may_have_anything(lesson: Published) -> None:
    lesson.publish()
    hers = copy.deepcopy(lesson.service.schedules["lesson_nightly"])
    hers["properties"]["tags"] = {}
    hers["properties"]["action"]["jobDefinition"]["inputs"] = {"data": None}
    lesson.service.schedules["hers"] = hers
    assert {change.action for change in lesson.publish()} == {"unchanged"}


def test_writes_are_looked_after_as_often_as_the_sdk_does(called: Published) -> None:
    """The raw clients would wait 30 s between two looks."""
    from azure.ai.ml.constants._common import LROConfigurations

    called.publish()
    intervals: list[object] = []
    raw = called.client.schedules.service_client, called.client.batch_endpoints._batch_operation
    for operations in raw:
        begin = operations.begin_create_or_update

        def noted(*words: object, begin: Any = begin, **options: object) -> Any:  # noqa: ANN401 - the SDK's
            intervals.append(options.get("polling_interval"))
            return begin(*words, **options)

        called.monkeypatch.setattr(operations, "begin_create_or_update", noted)
    called.change("train", "train well", "steps/train.py")
    called.publish()
    assert intervals == [LROConfigurations.POLL_INTERVAL] * 2


def test_the_client_of_the_caller_is_left_as_it_was(lesson: Published) -> None:
    lesson.client._operation_config._show_progress = False
    lesson.publish()
    assert lesson.client._operation_config._show_progress is False


def test_schedules_are_listed_though_an_environment_is_gone(
    lesson: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson.publish()
    lesson.change("{name: training, conda_file: conda.yml}", "{registered: gone}")
    lesson.change("parameters: {epochs: 7}}", "parameters: {epochs: 7}}\n  weekly: {cron: 0 3 * * 1}")
    listed = lesson.here(capsys, "schedules", "--remote", "--sdk", "v2")
    (version,) = lesson.versions
    compared = f"not compared with the file; runs version {version[:12]}"
    assert [re.split(" {2,}", line) for line in listed.out.splitlines()] == [
        ["lesson.nightly", "active", "every day at 02:00, UTC", compared],
        ["lesson.weekly", "not published", "every week on monday at 03:00, UTC"],
    ]
    assert "The schedules cannot be compared with the file: " in listed.err
    assert listed.status == 0


def test_long_names_are_published_or_refused_offline(lesson: Published, capsys: pytest.CaptureFixture[str]) -> None:
    name, profile = "p" * 80, "q" * 84
    lesson.change("name: lesson\n", f"name: {name}\n")
    lesson.change("nightly:", f"{'n' * 89}:")
    lesson.change("steps:\n", f"profiles:\n  {profile}: {{parameters: {{epochs: 1}}}}\n\nsteps:\n")
    plan = load(str(lesson.root / "pipeline.yaml"), profile=profile)
    azureml.publish(plan, lesson.client)
    assert list(map(len, lesson.service.schedules)) == [255]
    lesson.change("n" * 89, "n" * 90)
    lesson.service.forget()
    done = lesson.here(capsys, "publish", "--sdk", "v2", "--profile", profile)
    assert (done.status, lesson.service.requests) == (2, [])
    assert "the name of this schedule in Azure ML v2 has 256 characters; 255 are allowed." in done.err


# The settings of a version.


def test_going_back_takes_the_settings_and_outputs_of_the_version(called: Published) -> None:
    called.change("schedules:\n", 'outputs: {data: "${{ steps.prepare.outputs.data }}"}\n\nschedules:\n')
    called.change("compute: cpu-cluster", "compute: serverless")
    called.publish()
    before = copy.deepcopy(called.schedule()["action"]["jobDefinition"])
    (old,) = called.versions
    deployment = called.service.deployments["lesson-runs", f"v{old[:12]}"]
    settings = copy.deepcopy(deployment["properties"]["deploymentConfiguration"]["settings"])
    assert (list(before["outputs"]), settings["default_compute"]) == (["data"], "serverless")
    called.change("compute: serverless", "compute: cpu-cluster")
    called.change('outputs: {data: "${{ steps.prepare.outputs.data }}"}\n', "")
    called.change("{cron: ", "{reuse: true, cron: ")
    called.publish()
    assert called.schedule()["action"]["jobDefinition"]["outputs"] == {}
    del called.service.deployments["lesson-runs", f"v{old[:12]}"]

    azureml.go_back(load(str(called.root / "pipeline.yaml")), called.client, old)
    job = called.schedule()["action"]["jobDefinition"]
    kept = {**before["settings"], "force_rerun": False}  # the schedule's own
    assert (job["componentId"], job["outputs"], job["settings"]) == (before["componentId"], before["outputs"], kept)
    deployment = called.service.deployments["lesson-runs", f"v{old[:12]}"]
    assert deployment["properties"]["deploymentConfiguration"]["settings"] == settings
    called.publish()
    job = called.schedule()["action"]["jobDefinition"]
    assert (job["outputs"], "serverless" in job["settings"]["default_compute"]) == ({}, False)
    assert {change.action for change in called.publish()} == {"unchanged"}


def test_a_failure_while_going_back_names_the_version(lesson: Published, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.change("schedules:\n", "publish: {endpoint: lesson-runs}\n\nschedules:\n")
    lesson.publish()
    lesson.change("train", "train well", "steps/train.py")
    lesson.publish()
    lesson.service.fail("/schedules/lesson_nightly", 403, method="PUT")
    done = lesson.here(capsys, "publish", "--sdk", "v2", "--version", "previous")
    rest = f"`aml-pipeline publish --version {lesson.versions[0][:12]}` will do the rest."
    assert f"Done before the failure: endpoint lesson-runs. {rest}" in done.err


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ((), "`aml-pipeline publish` will do the rest."),
        (("--version", "0123"), "`aml-pipeline publish --version 0123` will do the rest."),
        (
            ("--version", "previous"),
            "`aml-pipeline publish --version VERSION` will do the rest: name the version, not `previous`.",
        ),
    ],
)
def test_an_interrupt_names_the_command_that_was_given(
    lesson: Published, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], rest: str
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    lesson.monkeypatch.setattr(azureml, "go_back", interrupt)
    lesson.monkeypatch.setattr(azureml, "publish", interrupt)
    done = lesson.here(capsys, "publish", "--sdk", "v2", *words)
    assert done.err.splitlines()[-1] == f"Stopped. Completed changes stay; {rest}"


# Data and latest versions.


@pytest.fixture
def reading(lesson: Published) -> Published:
    """Return the project with a step that reads registered data, another in a schedule."""
    lesson.service.add_data("images", "1")
    lesson.service.add_data("others", "5")
    lesson.service.add_environment("shared", "1")
    lesson.change("steps:\n", "datasets:\n  images: {registered: images}\n\nsteps:\n")
    lesson.change("--out: ${{ outputs.data }}", "--out: ${{ outputs.data }}\n      --images: ${{ datasets.images }}")
    lesson.change("parameters: {epochs: 7}", "datasets: {images: azureml:others@latest}")
    lesson.change("name: training, conda_file: conda.yml", "registered: shared")
    return lesson


def inputs(lesson: Published) -> dict[str, str]:
    given = lesson.schedule()["action"]["jobDefinition"]["inputs"]
    return {name: one.get("value") or published.place(one["uri"]) for name, one in given.items()}


def test_latest_versions_are_those_of_the_moment(reading: Published) -> None:
    reading.publish()
    (version,) = reading.versions
    spec = reading.service.components["lesson", version]["properties"]["componentSpec"]
    assert spec["inputs"]["images"] == {"type": "uri_folder"}
    assert inputs(reading) == {"images": "azureml:others:5"}
    assert {change.action for change in reading.publish()} == {"unchanged"}

    reading.service.add_data("others", "6")
    reading.service.add_data("images", "2")
    assert said(reading.publish())[1:] == [
        "update schedule lesson.nightly parameter images: azureml:others:5 → azureml:others:6"
    ]
    assert (reading.versions, inputs(reading)) == ([version], {"images": "azureml:others:6"})

    reading.service.add_environment("shared", "2")
    reading.publish()
    *_, latest = reading.versions
    assert latest != version
    node = reading.service.components["lesson", latest]["properties"]["componentSpec"]["jobs"]["train"]
    name, number = node["componentId"].split("/components/")[1].split("/versions/")
    environment = reading.service.components[name, number]["properties"]["componentSpec"]["environment"]
    assert environment.endswith("/environments/shared/versions/2")


def test_a_schedule_that_names_no_data_reads_that_of_the_pipeline(reading: Published) -> None:
    reading.change("datasets: {images: azureml:others@latest}", "parameters: {epochs: 7}")
    reading.publish()
    assert inputs(reading) == {"images": "azureml:images:1", "epochs": "7"}


def test_who_calls_the_endpoint_must_name_the_data(reading: Published) -> None:
    reading.change("schedules:\n", "publish: {endpoint: lesson-runs}\n\nschedules:\n")
    (body,) = [change.body for change in reading.publish() if change.body]
    uri = "azureml://locations/westeurope/workspaces/loopback/data/images/versions/1"
    assert json.loads(body) == {"properties": {"InputData": {"images": {"JobInputType": "UriFolder", "Uri": uri}}}}

    reading.change("train", "train well", "steps/train.py")
    reading.publish()
    plan = load(str(reading.root / "pipeline.yaml"))
    assert [change.body for change in azureml.go_back(plan, reading.client, "previous") if change.body] == [body]
    reading.change("steps:\n", "  more: {registered: images}\n\nsteps:\n")
    reading.change("      --images:", "      --more: ${{ datasets.more }}\n      --images:")
    reading.change("registered: images}\n\n  more", "registered: images}\n  more")
    plan = load(str(reading.root / "pipeline.yaml"))
    (again,) = [change.body for change in azureml.go_back(plan, reading.client, reading.versions[1]) if change.body]
    assert again == body, "the version has no input more"


def test_data_that_the_workspace_lacks(reading: Published) -> None:
    reading.change("azureml:others@latest", "azureml:others:9")
    with pytest.raises(AzureError, match="has no dataset others, version 9, which the file calls images"):
        reading.publish()
    assert reading.service.writes() == []


# The commands.


def test_the_commands(called: Published, capsys: pytest.CaptureFixture[str]) -> None:
    publish = ("publish", "--sdk", "v2")
    pending = called.here(capsys, *publish, "--dry-run", "--exit-code")
    assert (pending.status, pending.out.splitlines()[-1]) == (5, "6 changes pending; nothing was changed.")
    done = called.here(capsys, *publish)
    assert done.status == 0
    studio = "https://ml.azure.com"
    scope = f"subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
    assert done.out.splitlines()[-3:] == [
        "6 changes made.",
        f"endpoint  {called.service.url}/batchEndpoints/lesson-runs/jobs",
        f"page      {studio}/schedule/lesson_nightly/details/overview?wsid=/{scope}/workspaces/{WORKSPACE}",
    ]
    again = called.here(capsys, *publish, "--exit-code")
    assert (again.status, again.out.splitlines()[3]) == (0, "Azure ML is up to date with the file.")

    called.change("train", "train well", "steps/train.py")
    called.here(capsys, *publish)
    old, new = called.versions
    back = called.here(capsys, *publish, "--version", "previous", "--format", "json")
    rows = [(row["action"], row["kind"], row["details"]) for row in json.loads(back.out)]
    assert rows == [
        ("update", "endpoint", [f"default: {new[:12]} → {old[:12]}"]),
        ("update", "schedule", [f"version {new[:12]} → {old[:12]}"]),
    ]
    listed = called.here(capsys, "schedules", "--remote", "--sdk", "v2")
    compared = f"version {old[:12]} → {new[:12]}; runs version {old[:12]}"
    assert listed.out == f"lesson.nightly  active  every day at 02:00, UTC  {compared}\n"
    assert called.here(capsys, *publish, "--version", "x").status == 2
    refused = called.here(capsys, "schedules", "--sdk", "v2")
    assert refused.err == "--sdk needs --remote here: without it, nothing in Azure ML is looked at.\n"


def test_a_failure_says_what_was_done_and_the_next_publish_does_the_rest(
    lesson: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson.service.fail("/schedules/lesson_nightly", 403, method="PUT")
    done = lesson.here(capsys, "publish", "--sdk", "v2")
    assert (done.status, done.out) == (4, "")
    before, refused = done.err.splitlines()[-2:]
    assert before == (
        "Done before the failure: environment training, published pipeline lesson. "
        "`aml-pipeline publish` will do the rest."
    )
    assert refused.startswith(
        "Publishing schedule lesson.nightly failed. You are not allowed to do that in this workspace. Ask its owner "
    )
    lesson.service.forgive()
    assert [change.action for change in lesson.publish()] == ["unchanged", "create"]


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("lesson_nightly", "update schedule lesson.nightly its last change failed"),
        ("lesson-runs", "update endpoint lesson-runs default: none → "),
        ("v", "create deployment v"),
    ],
)
def test_what_azure_ml_took_but_could_not_make_is_made_again(called: Published, name: str, again: str) -> None:
    if name == "v":
        name = next(change.name for change in called.publish(dry_run=True) if change.kind == "deployment")
    called.service.fails_to_make(name, "the region is full")
    with pytest.raises(AzureError, match="the region is full"):
        called.publish()
    assert [line for line in said(called.publish(dry_run=True)) if line.startswith(again)] != []
    called.service.state.script.unready.clear()
    called.publish()
    assert {change.action for change in called.publish()} == {"unchanged"}


def test_a_file_that_v2_cannot_run_is_refused_offline(lesson: Published, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.change("parameters: {epochs: 7}", """parameters: {epochs: "it's"}""")
    lesson.change("epochs: 2", "epochs: some")
    lesson.service.forget()
    done = lesson.here(capsys, "publish", "--sdk", "v2")
    assert (done.status, "[export-value]" in done.err, lesson.service.requests) == (2, True, [])
