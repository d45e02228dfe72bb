"""``publish``: the real command line and the real SDK make a loopback workspace agree with the file."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.loopback.lesson import FILES, Driven, Lesson, a_lesson
from tests.loopback.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
SCHEDULES = """
schedules:
  nightly:
    cron: "0 2 * * *"
    time_zone: Europe/Paris
    parameters: {epochs: 10}
"""


@pytest.fixture(name="lesson")
def _scheduled(lesson: Lesson) -> Lesson:
    scheduled(lesson)
    return lesson


ID = "id-0123456789abcdef"
OURS = f"{ID}:pipeline.yaml"


def scheduled(lesson: Driven) -> None:
    lesson.write({**FILES, ".aml-pipeline-origin": f"{ID}\n"})
    file = lesson.root / "pipeline.yaml"
    file.write_text(file.read_text(encoding="utf-8") + SCHEDULES, encoding="utf-8")


def publish(lesson: Lesson, capsys: Capture, *words: str, status: int = 0, said: str = "") -> list[str]:
    """Publish; return what is told, without digests and versions, and without addresses."""
    lesson.service.forget()
    done = lesson.here(capsys, "publish", *words)
    assert (done.status, done.err) == (status, said), done.err
    lines = [line for line in done.out.splitlines() if not re.match(r"(page|endpoint) +https?://", line)]
    return [re.sub(r"\s+", " ", re.sub(r"[0-9a-f]{12,16}", "D", line)).strip() for line in lines]


def writes(lesson: Lesson) -> list[str]:
    """Return what was written of what is published."""
    shown = [f"{one.method} {one.route.partition('/v1.0/')[2]}" for one in lesson.service.writes()]
    return [re.sub(r"/[0-9a-f-]{36}", "/ID", one) for one in shown if re.match(r"\S+ (Pipelines|PipelineE|Sched)", one)]


def state(lesson: Lesson) -> dict[str, Any]:
    """Return what the workspace has published, without ids, in terms of content."""
    service = lesson.service.state
    versions = {known: one["Version"] for known, one in service.pipelines.items()}
    endpoints = {
        one["Name"]: versions[
            next(v["PipelineId"] for v in one["PipelineVersionList"] if v["Version"] == one["DefaultVersion"])
        ]
        for one in service.endpoints.values()
    }
    schedules = sorted(
        (one["Name"], one["EntityStatus"] in {"0", "Active"}, json.dumps(one["Recurrence"], sort_keys=True),
         json.dumps(one["PipelineSubmissionInfo"]["ParameterAssignments"]))
        for one in service.schedules.values()
    )  # fmt: skip
    active = sorted(one["Version"] for one in service.pipelines.values() if one["EntityStatus"] in {"0", "Active"})
    return {"pipelines": active, "endpoints": endpoints, "schedules": schedules}


FRESH = [
    "+ environment training version D",
    "+ published pipeline lesson version D",
    "+ endpoint lesson",
    "+ schedule lesson.nightly every day at 02:00, Romance Standard Time",
]
UNCHANGED = [
    "= published pipeline lesson version D",
    "= endpoint lesson default version 0",
    "= schedule lesson.nightly",
    "Azure ML is up to date with the file.",
]


def test_a_dry_run_and_then_the_thing_itself(lesson: Lesson, capsys: Capture) -> None:
    assert publish(lesson, capsys, "--dry-run") == [*FRESH, "4 changes pending; nothing was changed."]
    assert publish(lesson, capsys, "--dry-run", "--exit-code", status=5)
    assert lesson.service.writes() == []
    assert publish(lesson, capsys) == [*FRESH, "4 changes made."]
    assert writes(lesson) == ["POST Pipelines/Create", "POST PipelineEndpoints/Create", "POST Schedules/Create"]
    (schedule,) = lesson.service.schedules.values()
    assert schedule["Recurrence"]["StartTime"] is not None
    assert schedule["PipelineSubmissionInfo"]["ParameterAssignments"] == {"epochs": "10"}
    assert schedule["PipelineSubmissionInfo"]["Description"].startswith("aml-pipeline:lesson#nightly ")


def test_the_same_again_from_anywhere_writes_nothing(lesson: Lesson, tmp_path: Path, capsys: Capture) -> None:
    publish(lesson, capsys)
    clone = lesson.clone(tmp_path / "another" / "clone")
    for place in (lesson, lesson, clone):
        shutil.rmtree(place.root / ".aml_pipeline", ignore_errors=True)
        assert publish(place, capsys) == UNCHANGED
        assert lesson.service.writes() == []
        assert publish(place, capsys, "--dry-run", "--exit-code") == UNCHANGED
        assert lesson.service.writes() == []


def test_a_warning_is_said_once(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "parameters:\n", "datasets:\n  epochs: {registered: images}\nparameters:\n")
    lesson.replace("pipeline.yaml", "--epochs: ", "--images: ${{ datasets.epochs }}\n      --epochs: ")
    lesson.service.add_dataset("images", "images")
    done = lesson.here(capsys, "publish", "--dry-run")
    assert done.status == 0, done.err
    assert done.err.count("[same-name]") == 1, done.err


def test_a_process_of_its_own(lesson: Lesson) -> None:
    done = lesson.azure("publish", "--format", "json", "--exit-code")
    assert (done.status, done.err) == (5, "")
    rows = json.loads(done.out)
    assert [(row["action"], row["kind"]) for row in rows] == [
        ("create", "environment"),
        ("create", "published pipeline"),
        ("create", "endpoint"),
        ("create", "schedule"),
    ]


def test_a_changed_script_is_a_new_pipeline_and_the_schedule_follows(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    schedules = json.dumps(lesson.service.schedules)
    lesson.replace("steps/train.py", "'train'", "'trained'")
    assert publish(lesson, capsys) == [
        "+ published pipeline lesson version D",
        "~ endpoint lesson default: D → D",
        "= schedule lesson.nightly",
        "2 changes made.",
    ]
    assert writes(lesson) == ["POST Pipelines/Create", "PUT PipelineEndpoints/ID"]
    assert json.dumps(lesson.service.schedules) == schedules
    assert len(lesson.service.state.pipelines) == 2
    lesson.replace("steps/train.py", "'trained'", "'train'")  # and back: it is there already
    assert publish(lesson, capsys)[:2] == ["= published pipeline lesson version D", "~ endpoint lesson default: D → D"]
    assert writes(lesson) == ["PUT PipelineEndpoints/ID"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "0 2 * * *",
            "30 3 * * mon",
            "every day at 02:00, Romance Standard Time → every week on monday at 03:30, Romance",
        ),
        ("Europe/Paris", "UTC", "every day at 02:00, Romance Standard Time → every day at 02:00, UTC"),
        ("{epochs: 10}", "{epochs: 11}", "parameter epochs: 10 → 11"),
    ],
)
def test_a_changed_schedule_is_one_update(lesson: Lesson, capsys: Capture, old: str, new: str, told: str) -> None:
    publish(lesson, capsys)
    lesson.replace("pipeline.yaml", old, new)
    assert publish(lesson, capsys, "--dry-run")[2].startswith(f"~ schedule lesson.nightly {told}")
    publish(lesson, capsys)
    assert writes(lesson) == ["PUT Schedules/ID"]
    assert publish(lesson, capsys) == UNCHANGED


def test_a_schedule_that_the_file_no_longer_has_is_disabled_and_comes_back(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    before = state(lesson)
    text = (lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
    lesson.write({"pipeline.yaml": text.replace(SCHEDULES, "")})
    assert publish(lesson, capsys)[2] == "- schedule lesson.nightly no longer in the file"
    assert writes(lesson) == ["PUT Schedules/ID"]
    (schedule,) = lesson.service.schedules.values()
    assert schedule["EntityStatus"] == "Disabled"
    assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."
    lesson.write({"pipeline.yaml": text})
    assert publish(lesson, capsys)[2] == "~ schedule lesson.nightly enabled again"
    assert state(lesson) == before


def test_what_a_person_paused_stays_paused(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    (schedule,) = lesson.service.schedules.values()
    schedule["EntityStatus"] = "Disabled"
    assert publish(lesson, capsys)[2] == "= schedule lesson.nightly paused by someone; stays paused"
    assert lesson.service.writes() == []
    lesson.replace("pipeline.yaml", "{epochs: 10}", "{epochs: 11}")
    publish(lesson, capsys)
    (schedule,) = lesson.service.schedules.values()
    assert schedule["EntityStatus"] == "Disabled"
    assert schedule["PipelineSubmissionInfo"]["ParameterAssignments"] == {"epochs": "11"}


def test_what_was_changed_by_hand_is_shown_and_mended(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    before = state(lesson)
    (schedule,) = lesson.service.schedules.values()
    schedule["Name"] = "mine"
    schedule["Recurrence"]["Schedule"] = {"Hours": [5], "Minutes": [0], "WeekDays": None}
    schedule["PipelineSubmissionInfo"]["ParameterAssignments"] = {"epochs": "99"}
    assert publish(lesson, capsys, "--dry-run")[2] == (
        "~ schedule lesson.nightly name: mine → lesson.nightly; every day at 05:00, Romance Standard Time → "
        "every day at 02:00, Romance Standard Time; parameter epochs: 99 → 10"
    )
    publish(lesson, capsys)
    assert state(lesson) == before


def test_what_it_replaced_is_listed_as_active_for_a_while_and_its_replacement_stays(
    lesson: Lesson, capsys: Capture
) -> None:
    publish(lesson, capsys)
    (old,) = json.loads(json.dumps(list(lesson.service.schedules.values())))
    lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: other")
    lesson.service.state.outdated[old["Id"]] = old
    told = publish(lesson, capsys)
    assert [line for line in told if "schedule" in line] == ["-/+ schedule lesson.nightly experiment: lesson → other"]
    firing = [one for one in lesson.service.schedules.values() if one["EntityStatus"] in {"0", "Active"}]
    assert [one["PipelineSubmissionInfo"]["ExperimentName"] for one in firing] == ["other"]


def test_another_experiment_replaces_the_schedule(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: other")
    assert publish(lesson, capsys)[2] == "-/+ schedule lesson.nightly experiment: lesson → other"
    assert [one["EntityStatus"] for one in lesson.service.schedules.values()] == ["Disabled", "0"]
    assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_what_others_made_is_left_alone(lesson: Lesson, capsys: Capture) -> None:
    service = lesson.service.state
    publish(lesson, capsys)
    (pipeline,), (endpoint,), (schedule,) = (
        list(one.values()) for one in (service.pipelines, service.endpoints, service.schedules)
    )
    service.pipelines["p"] = {**pipeline, "Id": "p", "Description": "aml-pipeline:lesson"}
    service.endpoints["e"] = {**endpoint, "Id": "e", "Name": "lesson2", "Description": "aml-pipeline:lesson2 0"}
    info = {**schedule["PipelineSubmissionInfo"], "Description": "aml-pipeline:lesson/night#nightly abc"}
    service.schedules["s"] = {**schedule, "Id": "s", "Name": "lesson-night.nightly", "PipelineSubmissionInfo": info}
    odd = {**schedule["Recurrence"], "TimeZone": "Odd", "Interval": None}
    theirs = {"Id": "t", "Name": "theirs", "Recurrence": odd}
    service.schedules["t"] = {**schedule, **theirs, "PipelineSubmissionInfo": {**info, "Description": "nightly"}}
    others = json.dumps(
        [service.pipelines["p"], service.endpoints["e"], service.schedules["s"], service.schedules["t"]]
    )
    lesson.replace("steps/train.py", "'train'", "'trained'")
    lesson.replace("pipeline.yaml", "0 2 * * *", "0 3 * * *")
    left = (
        "Schedule theirs (t) of endpoint lesson is not in the file and stays. Disable it in the portal, or add it to "
        "the file and run `aml-pipeline publish --adopt lesson`.\n"
    )
    publish(lesson, capsys, said=left + _fires_too("lesson.nightly", "lesson-night.nightly"))
    now = json.dumps([service.pipelines["p"], service.endpoints["e"], service.schedules["s"], service.schedules["t"]])
    assert now == others


def test_an_endpoint_of_somebody_else_is_refused(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    (endpoint,) = lesson.service.state.endpoints.values()
    endpoint["Description"] = "mine"
    lesson.service.forget()
    done = lesson.here(capsys, "publish")
    assert (done.status, done.err) == (
        4,
        (
            "The workspace has a pipeline endpoint lesson that was not created by publishing lesson. "
            "To take it over: `aml-pipeline publish --adopt lesson`. Otherwise rename the pipeline in the file "
            "(`name:`).\n"
        ),
    )
    assert lesson.service.writes() == []


def test_two_that_published_at_once(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    service = lesson.service.state
    (first,) = service.pipelines.values()
    service.pipelines["z"] = {**first, "Id": "z", "CreatedDate": "2026-01-05T09:00:00.0000000+00:00"}
    (schedule,) = service.schedules.values()
    service.schedules["z"] = {**schedule, "Id": "z", "CreatedDate": "2026-01-05T09:00:00.0000000+00:00"}
    told = publish(lesson, capsys)
    assert told[2] == "- published pipeline lesson version D was published twice at the same time; the older one stays"
    assert told[4] == "- schedule lesson.nightly another schedule of this name stays"
    assert service.pipelines["z"]["EntityStatus"] not in {"0", "Active"}
    assert service.schedules["z"]["EntityStatus"] == "Disabled"
    assert publish(lesson, capsys) == UNCHANGED


def test_a_profile_has_things_of_its_own(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "schedules:", "profiles: {night: {parameters: {epochs: 3}}}\nschedules:")
    publish(lesson, capsys)
    before = json.dumps(lesson.service.schedules)
    twice = _fires_too("lesson-night.nightly", "lesson.nightly")
    publish(lesson, capsys, "--profile", "night", "--dry-run", said=twice)
    assert json.dumps(lesson.service.schedules) == before
    publish(lesson, capsys, "--profile", "night", said=twice)
    assert sorted(one["Name"] for one in lesson.service.state.endpoints.values()) == ["lesson", "lesson-night"]
    assert sorted(one["Name"] for one in lesson.service.schedules.values()) == [
        "lesson-night.nightly",
        "lesson.nightly",
    ]
    assert publish(lesson, capsys) == UNCHANGED  # what does not begin is not told again
    first, second = lesson.service.schedules.values()
    second["EntityStatus"] = "Disabled"
    assert publish(lesson, capsys) == UNCHANGED
    second["EntityStatus"], first["EntityStatus"] = "Active", "Disabled"
    assert publish(lesson, capsys)[2] == "= schedule lesson.nightly paused by someone; stays paused"
    first["EntityStatus"] = "Active"
    lesson.replace("pipeline.yaml", "  nightly:", "  weekly:")
    publish(lesson, capsys)  # what fires by another key is another schedule


def _fires_too(ours: str, other: str) -> str:
    return (
        f"{ours} does not replace {other}, which is also active: each fires. "
        "Pause the one that should not fire: `aml-pipeline pause`, with its --profile. It stays paused.\n"
    )


def test_the_addresses_of_what_is_published_start_it(lesson: Lesson, capsys: Capture) -> None:
    assert "http" not in lesson.here(capsys, "publish", "--dry-run").out
    assert all(one["address"] == one["page"] == "" for one in _rows(lesson, capsys, "--dry-run"))
    rows = {one["kind"]: one for one in _rows(lesson, capsys)}
    pipeline, endpoint = rows["published pipeline"], rows["endpoint"]
    assert rows["schedule"]["address"] == rows["schedule"]["page"] == ""
    service = lesson.service
    runs = f"{service.url}/pipelines/v1.0/PipelineRuns"
    assert pipeline["address"] == f"{runs}/PipelineSubmit/{pipeline['id']}"
    assert pipeline["page"].startswith(f"{service.url}/pipelines/{pipeline['id']}?wsid=/subscriptions/")
    assert endpoint["address"] == f"{runs}/PipelineEndpointSubmit/Id/{endpoint['id']}"
    assert endpoint["page"] == ""
    told = [f"page      {pipeline['page']}", f"endpoint  {endpoint['address']}"]
    assert lesson.here(capsys, "publish").out.splitlines()[-3:] == ["Azure ML is up to date with the file.", *told]
    done, version = lesson.here(capsys, "publish", "--version", "previous"), pipeline["details"][0].split()[1]
    assert (done.status, done.err) == (2, f"No version older than {version} was published. Published: {version}.\n")
    (row,) = _rows(lesson, capsys, "--version", pipeline["details"][0].removeprefix("version "))
    assert row["address"] == endpoint["address"]

    by_rest, by_sdk = _started_by_rest(endpoint["address"]), _started_by_sdk(lesson)
    for run in (by_rest, by_sdk):
        assert service.runs[run]
        assert service.assignments_of(run) == {"epochs": "5"}


def _rows(lesson: Lesson, capsys: Capture, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(lesson.here(capsys, "publish", "--format", "json", *words).out)
    return rows


def _started_by_rest(address: str) -> str:
    """Start it as docs/how-to/publishing.md says."""
    body = json.dumps({"ExperimentName": "lesson", "ParameterAssignments": {"epochs": "5"}}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer any"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(address, body, headers)) as answer:  # noqa: S310 - this machine's
        return str(json.load(answer)["Id"])


def _started_by_sdk(lesson: Lesson) -> str:
    from azureml.pipeline.core import PipelineEndpoint

    from tests.loopback.client import connect

    workspace = connect(lesson.service, lesson.root)
    return str(PipelineEndpoint.get(workspace, name="lesson").submit("lesson", {"epochs": "5"}).id)


def test_addresses_that_cannot_be_read_undo_nothing(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    lesson.service.fail("/PipelineEndpoints/(Id/)?[0-9a-f-]{36}$", 403, method="GET", times=1000)
    done = lesson.here(capsys, "publish")
    assert (done.status, done.out.splitlines()[-1]) == (0, "Azure ML is up to date with the file.")
    assert done.err.startswith("Looking up the addresses failed. You are not allowed to do that")


def test_going_back_to_an_earlier_version(lesson: Lesson, capsys: Capture) -> None:
    assert "lesson is not published yet." in lesson.here(capsys, "publish", "--version", "previous").err
    publish(lesson, capsys)
    first = state(lesson)["endpoints"]["lesson"]
    lesson.replace("steps/train.py", "'train'", "'trained'")
    publish(lesson, capsys)
    second = state(lesson)["endpoints"]["lesson"]
    assert publish(lesson, capsys, "--version", "previous", "--dry-run")[0] == "~ endpoint lesson default: D → D"
    assert lesson.service.writes() == []
    publish(lesson, capsys, "--version", "previous")
    assert state(lesson)["endpoints"]["lesson"] == first
    assert writes(lesson) == ["PUT PipelineEndpoints/ID"]
    publish(lesson, capsys, "--version", second[:8])
    assert state(lesson)["endpoints"]["lesson"] == second
    done = lesson.here(capsys, "publish", "--version", "abc")
    assert done.status == 2
    assert done.err == f'Unknown version "abc" of lesson. Published: {second[:12]}, {first[:12]}.\n'


def test_published_steps_run_afresh_unless_the_file_says_otherwise(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    assert [one["IsDeterministic"] for one in lesson.service.modules.values()] == [False, False]
    lesson.replace("pipeline.yaml", "schedules:", "publish: {reuse: true}\nschedules:")
    publish(lesson, capsys)
    assert sorted(one["IsDeterministic"] for one in lesson.service.modules.values()) == [False, False, True, True]


def test_a_newer_dataset_shows_as_a_change(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.add_dataset("images", "some/images")
    lesson.replace(
        "pipeline.yaml", "parameters:\n  epochs", "datasets: {images: {registered: images}}\nparameters:\n  epochs"
    )
    lesson.replace("pipeline.yaml", "--epochs:", "--images: ${{ datasets.images }}\n      --epochs:")
    publish(lesson, capsys)
    assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."
    lesson.service.add_dataset("images", "more/images")
    assert publish(lesson, capsys, "--dry-run")[0] == "+ published pipeline lesson version D"


@pytest.mark.parametrize(
    ("prepared", "every"),
    [(False, 3), *(pytest.param(prepared, 1, marks=pytest.mark.more) for prepared in (False, True))],
    ids=["from nothing", "from nothing, anywhere", "over an older one, anywhere"],
)
def test_stopped_anywhere_the_next_one_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, *, prepared: bool, every: int
) -> None:
    with a_lesson(tmp_path / "undisturbed", monkeypatch) as lesson:
        _prepare(lesson, capsys, prepared=prepared)
        publish(lesson, capsys)
        places, wanted = len(lesson.service.writes()), state(lesson)
    assert places >= 5
    for place in range(0, places, every):
        with a_lesson(tmp_path / str(place), monkeypatch) as lesson:
            _prepare(lesson, capsys, prepared=prepared)
            lesson.service.stop_after_writes(place)
            lesson.here(capsys, "publish")
            lesson.service.faults.writes_left = None
            lesson.service.forgive()
            shutil.rmtree(lesson.root / ".aml_pipeline", ignore_errors=True)
            publish(lesson, capsys)
            assert state(lesson) == wanted, place
            assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def _prepare(lesson: Lesson, capsys: Capture, *, prepared: bool) -> None:
    scheduled(lesson)
    if prepared:
        publish(lesson, capsys)
        lesson.replace("steps/train.py", "'train'", "'trained'")
        lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: other")
        lesson.replace("pipeline.yaml", "nightly:", "weekly:\n    cron: 0 5 * * sun\n  nightly:")
        lesson.service.forget()


@pytest.mark.parametrize(
    ("schedule", "starts"),
    [
        ('cron: "0 2 * * *", time_zone: Europe/Paris', "2026-03-30T01:59:00"),
        ('cron: "0 2 29 * *", time_zone: UTC', None),
        ('cron: "0 2 28 * *", time_zone: UTC', "2026-04-28T02:00:00"),
        ("recurrence: {frequency: hour, interval: 6, start_time: 2026-01-01T03:00:00}", "2026-03-29T03:00:00"),
        ("recurrence: {frequency: day, interval: 2, hours: [2], minutes: [0], start_time: 2026-01-01T00:00:00}",
         "2026-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_a_schedule_starts_before_its_next_time(lesson: Lesson, schedule: str, starts: str | None) -> None:
    import datetime as dt

    from aml_pipeline import azureml, load
    from aml_pipeline.core.errors import PipelineError
    from tests.loopback.client import connect

    file = lesson.root / "pipeline.yaml"
    lesson.write(
        {"pipeline.yaml": file.read_text(encoding="utf-8").replace(SCHEDULES, f"\nschedules: {{a: {{{schedule}}}}}\n")}
    )
    now = dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.timezone.utc)  # the night in which Paris has no 02:30
    if starts is None:
        with pytest.raises(PipelineError):
            load(file)
        return
    azureml.publish(load(file), connect(lesson.service, lesson.root), now=now)
    (made,) = lesson.service.schedules.values()
    assert made["Recurrence"]["StartTime"] == starts


def test_the_schedules_that_azure_ml_has(lesson: Lesson, capsys: Capture) -> None:
    def listed() -> list[str]:
        lesson.service.forget()
        done = lesson.here(capsys, "schedules", "--remote")
        assert (done.status, done.err, lesson.service.writes()) == (0, "", [])
        return done.out.splitlines()

    fires = "every day at 02:00, Romance Standard Time"
    assert listed() == [f"lesson.nightly  not published  {fires}"]
    publish(lesson, capsys)
    assert listed() == [f"lesson.nightly  active  {fires}  as the file says"]
    (schedule,) = lesson.service.schedules.values()
    schedule["PipelineSubmissionInfo"]["ParameterAssignments"] = {"epochs": "99"}
    assert listed() == [f"lesson.nightly  active  {fires}  parameter epochs: 99 → 10"]
    schedule["EntityStatus"] = "Disabled"
    lesson.replace("pipeline.yaml", "nightly:", "weekly:")
    assert listed() == [
        f"lesson.nightly  paused         {fires}  no longer in the file",
        f"lesson.weekly   not published  {fires}",
    ]
    rows = json.loads(lesson.here(capsys, "schedules", "--remote", "--format", "json").out)
    assert [(row["key"], row["state"], row["parameters"]) for row in rows] == [
        ("nightly", "paused", {"epochs": "99"}),
        ("weekly", "not published", None),
    ]


def test_a_schedule_that_lost_its_mark_is_refused(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    (schedule,) = lesson.service.schedules.values()
    schedule["PipelineSubmissionInfo"]["Description"] = "Ask Ann before touching"
    lesson.service.forget()
    done = lesson.here(capsys, "publish")
    assert (done.status, done.err) == (
        4,
        (
            "1 schedule runs endpoint lesson without the mark of aml-pipeline, which the file has too: lesson.nightly "
            f"({schedule['Id']}). To take over: `aml-pipeline publish --adopt lesson`. To replace: disable in the "
            "portal, and publish again.\n"
        ),
    )
    assert lesson.service.writes() == []
    schedule["EntityStatus"] = "Disabled"
    assert publish(lesson, capsys)[2].startswith("+ schedule lesson.nightly")


def test_a_cluster_and_an_environment_that_went_away_are_made_again(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: {name: new, vm_size: STANDARD_D2_V2}")
    publish(lesson, capsys)
    lesson.service.state.computes.pop("new")
    lesson.service.state.environments.clear()
    assert publish(lesson, capsys)[:2] == ["+ environment training version D", "+ compute target new STANDARD_D2_V2"]
    assert "new" in lesson.service.state.computes
    assert publish(lesson, capsys) == UNCHANGED


def test_a_pause_is_never_undone(lesson: Lesson, capsys: Capture) -> None:
    text = (lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
    publish(lesson, capsys)
    lesson.write({"pipeline.yaml": text.replace(SCHEDULES, "")})
    publish(lesson, capsys)
    (schedule,) = lesson.service.schedules.values()
    schedule["EntityStatus"] = "Active"  # a person enables what was put away
    lesson.write({"pipeline.yaml": text})
    assert publish(lesson, capsys)[2] == "~ schedule lesson.nightly enabled by someone"
    (schedule,) = lesson.service.schedules.values()
    schedule["EntityStatus"] = "Disabled"  # and pauses it later
    assert publish(lesson, capsys)[2] == "= schedule lesson.nightly paused by someone; stays paused"
    lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: other")
    told = "= schedule lesson.nightly paused by someone; stays paused; experiment: lesson → other"
    assert publish(lesson, capsys)[2] == told
    assert not [one for one in lesson.service.schedules.values() if one["EntityStatus"] in {"0", "Active"}]


def test_a_parameter_that_no_step_receives_is_not_set(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "epochs: 2", "epochs: 2\n  form: zip")
    lesson.replace(
        "pipeline.yaml",
        "parameters:\n  epochs: 2",
        "datasets: {here: {local: data, optional: true}}\nparameters:\n  epochs: 2",
    )
    lesson.replace(
        "pipeline.yaml", "--epochs:", "--here: ['${{ datasets.here }}', '${{ parameters.form }}']\n      --epochs:"
    )
    lesson.replace("pipeline.yaml", "{epochs: 10}", "{epochs: 10, form: tar}")
    done = lesson.here(capsys, "publish")
    assert done.status == 0
    assert 'No step receives the parameter "form", so schedule nightly does not set it.' in done.err
    (schedule,) = lesson.service.schedules.values()
    assert schedule["PipelineSubmissionInfo"]["ParameterAssignments"] == {"epochs": "10"}


@pytest.mark.parametrize("mistake", ["order", "executable", "comment", "unused parameter"])
def test_what_never_reaches_azure_changes_nothing(lesson: Lesson, capsys: Capture, mistake: str) -> None:
    publish(lesson, capsys)
    if mistake == "executable":
        (lesson.root / "steps" / "train.py").chmod(0o755)
    elif mistake == "comment":
        lesson.replace("pipeline.yaml", "schedules:", "# A comment.\nschedules:")
    elif mistake == "unused parameter":
        lesson.replace("pipeline.yaml", "epochs: 2", "depth: 3\n  epochs: 2")
    else:
        lesson.replace("pipeline.yaml", "name: lesson\n", "")
        file = lesson.root / "pipeline.yaml"
        file.write_text(file.read_text(encoding="utf-8") + "\nname: lesson\n", encoding="utf-8")
    assert publish(lesson, capsys) == UNCHANGED


def test_a_schedule_of_months_tells_its_day_and_what_was_moved_by_hand(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "0 2 * * *", "0 2 1 * *")
    assert publish(lesson, capsys)[3] == (
        "+ schedule lesson.nightly every month on day 1 at 02:00, Romance Standard Time"
    )
    assert publish(lesson, capsys) == UNCHANGED
    (schedule,) = lesson.service.schedules.values()
    schedule["Recurrence"]["StartTime"] = "2026-12-20T09:30:00"
    assert publish(lesson, capsys, "--dry-run")[2] == (
        "~ schedule lesson.nightly every month on day 20 at 09:30, Romance Standard Time → "
        "every month on day 1 at 02:00, Romance Standard Time"
    )


def test_what_was_done_before_a_failure_is_told(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/PipelineEndpoints/Create", 403, times=1000)
    done = lesson.here(capsys, "publish")
    assert done.status == 4
    assert done.err.splitlines()[0] == (
        "Done before the failure: environment training, published pipeline lesson. `aml-pipeline publish` will do "
        "the rest."
    )
    assert done.err.splitlines()[1].startswith("Publishing endpoint lesson failed. You are not allowed to do that")


def test_a_published_pipeline_that_a_person_disabled_stays_so(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    (pipeline,) = lesson.service.state.pipelines.values()
    pipeline["EntityStatus"] = "Disabled"
    version = pipeline["Version"][:12]
    said = (
        f"Published pipeline lesson, version {version}, is disabled, and publish does not enable it. Enable it "
        "with SDK v1: "
        f'`PublishedPipeline.get(workspace, "{pipeline["Id"]}").enable()`.\n'
    )
    for words in (["--dry-run"], []):
        assert publish(lesson, capsys, *words, said=said) == [
            "= published pipeline lesson version D; disabled by someone; stays disabled",
            *UNCHANGED[1:],
        ]
        assert lesson.service.writes() == []
    lesson.replace("steps/train.py", "'train'", "'trained'")  # what is new is published
    publish(lesson, capsys)
    lesson.replace("steps/train.py", "'trained'", "'train'")  # and what was disabled does not become the default
    assert publish(lesson, capsys, said=said)[1] == "= endpoint lesson default version 1"
    _enable(lesson, pipeline["Id"])
    assert publish(lesson, capsys)[1] == "~ endpoint lesson default: D → D"


def _enable(lesson: Lesson, pipeline: str) -> None:
    """Do as is told."""
    from azureml.pipeline.core import PublishedPipeline

    from tests.loopback.client import connect

    PublishedPipeline.get(connect(lesson.service, lesson.root), pipeline).enable()


WRITES = {
    "/Pipelines/Create": "pipeline lesson",
    "/PipelineEndpoints/Create": "endpoint lesson",
    "/Schedules/Create": "schedule lesson.nightly",
}


@pytest.mark.parametrize("route", WRITES)
@pytest.mark.parametrize("status", [0, 503])
def test_an_answer_that_gets_lost_is_looked_for(lesson: Lesson, capsys: Capture, route: str, status: int) -> None:
    lesson.service.lose(route, status)
    said = f"Azure ML did not confirm that {WRITES[route]} was published, but it was.\n"
    assert publish(lesson, capsys, said=said) == [*FRESH, "4 changes made."]
    assert [len(lesson.service.asked("POST", one)) for one in WRITES] == [1, 1, 1]
    assert publish(lesson, capsys) == UNCHANGED


@pytest.mark.parametrize("route", ["/PipelineEndpoints/", "/Schedules/"])
def test_an_answer_of_a_change_that_gets_lost_is_looked_for(lesson: Lesson, capsys: Capture, route: str) -> None:
    publish(lesson, capsys)
    lesson.replace("steps/train.py", "'train'", "'trained'")
    lesson.replace("pipeline.yaml", "0 2 * * *", "0 3 * * *")
    lesson.service.lose(route, 503, method="PUT", times=1000)  # the SDK asks again
    done = lesson.here(capsys, "publish")
    assert (done.status, done.err.startswith("Azure ML did not confirm that "), done.err.count("\n")) == (0, True, 1)
    lesson.service.faults.ordered.clear()
    assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_what_azure_ml_did_not_do_is_no_lost_answer(lesson: Lesson, capsys: Capture) -> None:
    for route, what in WRITES.items():
        lesson.service.fail(route, 503)
        done = lesson.here(capsys, "publish")
        assert done.status == 4
        assert done.err.splitlines()[-1].startswith(f"Publishing {what} failed. Azure ML had an internal error")
    publish(lesson, capsys)
    assert [len(one) for one in (lesson.service.state.pipelines, lesson.service.schedules)] == [1, 1]
