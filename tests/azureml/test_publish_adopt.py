"""``publish --adopt ENDPOINT``: the real command line takes over what the real SDK made, for all its callers."""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aml_pipeline.azureml.publication import as_text
from aml_pipeline.azureml.workspace import waiting
from tests.azureml.meeting import Gate
from tests.azureml.test_publish import ID, publish, scheduled, state, writes
from tests.azureml.test_publishing_at_once import a_pair, matters, require_agreement
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing

if TYPE_CHECKING:
    from tests.loopback.state import Sdk

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
ENDPOINT = "Lesson EP"
ABOUT = "Called by Data Factory.\nAsk Ann."
TAKEN = "taken over, made without aml-pipeline"


@pytest.fixture(name="lesson")
def _made_by_hand(lesson: Lesson) -> Lesson:
    scheduled(lesson)
    by_hand(lesson)
    return lesson


def by_hand(lesson: Lesson, endpoint: str = ENDPOINT, **schedule: Any) -> Sdk:  # noqa: ANN401 - the SDK's
    """Publish the lesson as people do with the SDK alone, with an endpoint and a schedule; return the workspace."""
    from azureml.pipeline.core import PipelineEndpoint, Schedule, ScheduleRecurrence
    from azureml.pipeline.core.schedule import TimeZone

    from aml_pipeline import azureml, load
    from tests.loopback.client import connect

    workspace = connect(lesson.service, lesson.root)
    made = azureml.compile(load(lesson.root / "pipeline.yaml"), workspace).publish("by-hand", "Old.", "7")
    there = PipelineEndpoint.publish(workspace, endpoint, ABOUT, made)
    recurrence = ScheduleRecurrence(
        "Day", 1, "2024-07-11T01:59:00", TimeZone.RomanceStandardTime, hours=[2], minutes=[0]
    )
    given = {"name": "Every Night", "description": "Nightly.\nDo not touch.", **schedule}
    where = {"pipeline_id": made.id} if given.pop("of_pipeline", False) else {"pipeline_endpoint_id": there.id}
    experiment = given.pop("experiment_name", "lesson")
    create = Schedule.create if "pipeline_id" in where else Schedule.create_for_pipeline_endpoint
    create(workspace, recurrence=recurrence, experiment_name=experiment, pipeline_parameters={"epochs": "10"},
           **where, **given)  # fmt: skip
    lesson.service.forget()
    return workspace


def origin(lesson: Lesson, **more: object) -> None:
    """Let the file say what it was imported from."""
    state = lesson.service.state
    (endpoint,) = [one for one in state.endpoints.values() if one["Name"] == ENDPOINT]
    imported_from(lesson, endpoint=ENDPOINT, id=endpoint["Id"], **more)


def imported_from(lesson: Lesson, **known: object) -> None:
    file = lesson.root / "pipeline.yaml"
    file.write_text(f"x-imported-from: {json.dumps(known)}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")


def imported(lesson: Lesson) -> None:
    """Let the file say so too that it is the same as the published pipeline, as an import that found this does."""
    from aml_pipeline import load
    from aml_pipeline.azureml.v1.publish import content
    from tests.loopback.client import connect

    digest = content(load(lesson.root / "pipeline.yaml"), connect(lesson.service, lesson.root))
    (pipeline,), (schedule,) = lesson.service.state.pipelines, lesson.service.schedules
    origin(lesson, pipeline=pipeline, digest=digest, schedules={"nightly": schedule})


def told(lesson: Lesson, capsys: Capture, *words: str, said: str = "") -> list[str]:
    """Publish, and return what is reported of the endpoint, the pipeline and schedules."""
    lines = publish(lesson, capsys, *words, said=said)
    return [line for line in lines if " environment " not in line]


def refused(lesson: Lesson, capsys: Capture, *words: str, status: int = 4) -> str:
    """Publish, and return why it is refused; nothing was written."""
    lesson.service.forget()
    done = lesson.here(capsys, "publish", *words)
    assert (done.status, done.out, lesson.service.writes()) == (status, "", []), done.err
    return done.err


def ids(lesson: Lesson) -> tuple[list[str], list[str]]:
    """Return the ids of the endpoints and schedules."""
    return [*lesson.service.state.endpoints], [*lesson.service.schedules]


def firing(lesson: Lesson) -> list[dict[str, Any]]:
    return [one for one in lesson.service.schedules.values() if one["EntityStatus"] in {"0", "Active"}]


def test_right_after_an_import_nothing_changes_but_marks_and_names(lesson: Lesson, capsys: Capture) -> None:
    imported(lesson)
    before, known = json.dumps(firing(lesson)[0]["Recurrence"]), ids(lesson)
    pending = [
        f"~ endpoint {ENDPOINT} {TAKEN}",
        "= published pipeline lesson version D",
        f"= endpoint {ENDPOINT} default version 0",
        f"~ schedule lesson.nightly {TAKEN}; name: Every Night → lesson.nightly",
    ]
    assert publish(lesson, capsys, "--adopt", ENDPOINT, "--dry-run")[:-1] == pending
    assert lesson.service.writes() == []
    assert publish(lesson, capsys, "--adopt", ENDPOINT)[:-1] == pending
    assert writes(lesson) == ["PUT PipelineEndpoints/ID", "PUT Schedules/ID"]
    assert (ids(lesson), len(lesson.service.state.pipelines)) == (known, 1)
    (endpoint,), (schedule,) = lesson.service.state.endpoints.values(), firing(lesson)
    assert endpoint["Name"] == ENDPOINT
    assert endpoint["Description"].startswith(f"{ABOUT}\naml-pipeline:lesson 0 @")
    assert schedule["PipelineSubmissionInfo"]["Description"].startswith("Nightly.\nDo not touch.\naml-pipeline:")
    assert json.dumps(schedule["Recurrence"]) == before
    for words in ([], ["--adopt", ENDPOINT]):
        assert publish(lesson, capsys, *words) == [
            "= published pipeline lesson version D",
            f"= endpoint {ENDPOINT} default version 0",
            "= schedule lesson.nightly",
            "Azure ML is up to date with the file.",
        ]


def test_an_import_is_adopted_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with a_lesson(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        lesson.service.unlock("AccountKey", KEY)
        lesson.service.store_snapshots(storage)
        scheduled(lesson)
        by_hand(lesson)
        done = lesson.here(capsys, "import", "v1", "--endpoint", ENDPOINT, "made")
        assert (done.status, done.out.splitlines()[-1]) == (0, "identical to the original"), done
        lesson.write({"made/.aml-pipeline-origin": f"{ID}\n"})
        words = ("-f", "made/pipeline.yaml")
        assert "This pipeline was imported from endpoint Lesson EP, " in refused(lesson, capsys, *words)
        pending = [
            f"~ endpoint {ENDPOINT} {TAKEN}",
            "= published pipeline lesson-ep version D",
            f"= endpoint {ENDPOINT} default version 0",
            f"~ schedule lesson-ep.every-night {TAKEN}; name: Every Night → lesson-ep.every-night",
        ]
        for more in (["--dry-run"], []):
            assert publish(lesson, capsys, *words, "--adopt", ENDPOINT, *more)[:-1] == pending
        assert writes(lesson) == ["PUT PipelineEndpoints/ID", "PUT Schedules/ID"]
        assert publish(lesson, capsys, *words)[-1] == "Azure ML is up to date with the file."
        (script,) = (lesson.root / "made").rglob("train.py")
        script.write_text("print('trained')\n")
        changed = [line for line in publish(lesson, capsys, *words) if line[0] in "+~"]
        assert changed == ["+ published pipeline lesson-ep version D", f"~ endpoint {ENDPOINT} default: D → D"]


def test_a_new_version_takes_its_place_and_the_old_one_comes_back(lesson: Lesson, capsys: Capture) -> None:
    (old,), known = lesson.service.state.pipelines, ids(lesson)
    assert told(lesson, capsys, "--adopt", ENDPOINT)[:3] == [
        f"~ endpoint {ENDPOINT} {TAKEN}",
        "+ published pipeline lesson version D",
        f"~ endpoint {ENDPOINT} default: created by someone else → D",
    ]
    assert ids(lesson) == known
    lesson.replace("steps/train.py", "'train'", "'trained'")
    assert told(lesson, capsys)[1] == f"~ endpoint {ENDPOINT} default: D → D"
    assert publish(lesson, capsys, "--version", "previous")
    assert publish(lesson, capsys, "--version", "previous")
    (endpoint,) = lesson.service.state.endpoints.values()
    versions = {one["Version"]: one["PipelineId"] for one in endpoint["PipelineVersionList"]}
    assert versions[endpoint["DefaultVersion"]] == old
    assert firing(lesson)[0]["PipelineEndpointId"] == endpoint["Id"]
    assert told(lesson, capsys)[1].startswith(f"~ endpoint {ENDPOINT} default: created by someone else → D")


def test_plain_publish_takes_nothing_and_says_what_would(lesson: Lesson, capsys: Capture) -> None:
    """It would make a second endpoint, whose schedules fire too."""
    (schedule,) = lesson.service.schedules
    origin(lesson)
    why = f"This pipeline was imported from endpoint {ENDPOINT}, which has no mark of aml-pipeline. "
    cure = "To take it over: `aml-pipeline publish --adopt 'Lesson EP'`. To publish another endpoint beside it, "
    assert refused(lesson, capsys) == (
        f"{why}1 schedule runs endpoint {ENDPOINT}: Every Night ({schedule}). {cure}so that both fire, "
        "delete `x-imported-from` from the file.\n"
    )
    refused(lesson, capsys, "--dry-run")
    refused(lesson, capsys, "--adopt")  # without a name it is for what another project published
    lesson.service.schedules.clear()  # only other programs call it
    assert refused(lesson, capsys) == f"{why}{cure}delete `x-imported-from` from the file.\n"


def test_what_was_imported_without_its_endpoint_does_not_fire_twice(lesson: Lesson, capsys: Capture) -> None:
    """A published pipeline need not be the default of just one endpoint; nor is a schedule always of that endpoint."""
    (pipeline,), (old,) = lesson.service.state.pipelines, lesson.service.schedules.values()
    del old["PipelineEndpointId"]
    lesson.service.state.endpoints.clear()
    old["PipelineId"] = pipeline
    imported_from(lesson, pipeline=pipeline, schedules={"nightly": old["Id"]})
    why = (
        f"This pipeline was imported with a schedule that still fires: Every Night ({old['Id']}). Disable it in the "
        "portal, and publish again. To let both fire, delete `x-imported-from` from the file.\n"
    )
    assert refused(lesson, capsys) == why
    old["EntityStatus"] = "Disabled"
    publish(lesson, capsys)
    assert [one["Name"] for one in firing(lesson)] == ["lesson.nightly"]
    assert publish(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_an_endpoint_with_the_name_of_the_pipeline_does_not_hide_the_one_that_is_ours(
    lesson: Lesson, capsys: Capture
) -> None:
    from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline

    from tests.loopback.client import connect

    publish(lesson, capsys, "--adopt", ENDPOINT)
    (known,) = lesson.service.state.endpoints
    workspace = connect(lesson.service, lesson.root)
    pipeline = PublishedPipeline.get(workspace, next(iter(lesson.service.state.pipelines)))
    theirs = PipelineEndpoint.publish(workspace, "lesson", "Ann's", pipeline)
    assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."
    assert refused(lesson, capsys, "--adopt", "lesson", status=2).startswith(f"The workspace has endpoint {ENDPOINT} ")
    lesson.replace("steps/train.py", "'train'", "'trained'")
    assert told(lesson, capsys)[1] == f"~ endpoint {ENDPOINT} default: D → D"
    assert publish(lesson, capsys, "--version", "previous")[0] == f"~ endpoint {ENDPOINT} default: D → D"
    assert lesson.service.state.endpoints[theirs.id]["Description"] == "Ann's"
    assert firing(lesson)[0]["PipelineEndpointId"] == known


@pytest.mark.more
def test_after_an_adoption_schedules_that_others_add_are_left_alone(lesson: Lesson, capsys: Capture) -> None:
    from azureml.pipeline.core import Schedule, ScheduleRecurrence

    from tests.loopback.client import connect

    publish(lesson, capsys, "--adopt", ENDPOINT)
    (endpoint,) = lesson.service.state.endpoints
    recurrence = ScheduleRecurrence("Hour", 6, "2024-07-11T01:00:00")
    workspace = connect(lesson.service, lesson.root)
    add = Schedule.create_for_pipeline_endpoint
    theirs = add(workspace, "theirs", endpoint, "lesson", recurrence, "Ann's").id
    before = json.dumps(lesson.service.schedules[theirs])
    said = (
        f"Schedule theirs ({theirs}) of endpoint {ENDPOINT} is not in the file and stays. Disable it in the portal, or "
        "add it to the file and run `aml-pipeline publish --adopt 'Lesson EP'`.\n"
    )
    for words in ([], ["--adopt", ENDPOINT]):
        assert told(lesson, capsys, *words, said=said)[-1] == "Azure ML is up to date with the file."
        assert lesson.service.writes() == []
    lesson.service.schedules[theirs]["Name"] = "lesson.nightly"  # it fires beside ours, which has this name
    assert told(lesson, capsys, said=said.replace("theirs (", "lesson.nightly ("))
    lesson.service.schedules[theirs]["Name"] = "theirs"
    assert json.dumps(lesson.service.schedules[theirs]) == before


def test_a_paused_schedule_does_not_swallow_a_new_one(lesson: Lesson, capsys: Capture) -> None:
    (old,) = lesson.service.schedules.values()
    old["EntityStatus"] = "Disabled"
    before = json.dumps(old)
    assert told(lesson, capsys, "--adopt", ENDPOINT)[3].startswith("+ schedule lesson.nightly every day at 02:00")
    assert [one["Name"] for one in firing(lesson)] == ["lesson.nightly"]
    assert json.dumps(lesson.service.schedules[old["Id"]]) == before


@pytest.mark.more
def test_a_paused_schedule_of_the_same_name_is_taken_and_stays_paused(lesson: Lesson, capsys: Capture) -> None:
    (old,) = lesson.service.schedules.values()
    old.update(EntityStatus="Disabled", Name="nightly")
    assert told(lesson, capsys, "--adopt", ENDPOINT)[3] == (
        f"~ schedule lesson.nightly {TAKEN}; name: nightly → lesson.nightly; paused by someone; stays paused"
    )
    assert firing(lesson) == []
    assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."


@pytest.mark.more
@pytest.mark.parametrize("given", [{"of_pipeline": True}, {"experiment_name": "other", "name": "nightly"}])
def test_what_sdk_v1_cannot_change_is_replaced_without_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, given: dict[str, Any]
) -> None:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        scheduled(lesson)
        by_hand(lesson, **given)
        (old,) = lesson.service.schedules
        assert told(lesson, capsys, "--adopt", ENDPOINT)[3].startswith("-/+ schedule lesson.nightly ")
        assert writes(lesson)[-3:] == ["PUT Schedules/ID", "POST Schedules/Create", "PUT Schedules/ID"]
        (new,) = firing(lesson)
        assert new["Id"] != old
        assert new["PipelineEndpointId"] in lesson.service.state.endpoints
        assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_times_that_are_those_of_a_start_stay_as_they_are(lesson: Lesson, capsys: Capture) -> None:
    """A recurrence without hours fires at the time of its start; one of every few hours counts from it."""
    (old,) = lesson.service.schedules.values()
    old["Name"], old["Recurrence"]["Schedule"], old["Recurrence"]["StartTime"] = "nightly", None, "2024-07-11T02:00:00"
    renamed = f"~ schedule lesson.nightly {TAKEN}; name: nightly → lesson.nightly"
    assert told(lesson, capsys, "--adopt", ENDPOINT, "--dry-run")[3] == renamed
    old["Recurrence"].update(Frequency="Hour", Interval=6, StartTime="2024-07-11T01:00:00")
    every = "recurrence: {frequency: hour, interval: 6, start_time: '2024-07-11T01:00:00'}"
    lesson.replace("pipeline.yaml", 'cron: "0 2 * * *"', every)
    assert told(lesson, capsys, "--adopt", ENDPOINT, "--dry-run")[3] == renamed
    lesson.replace("pipeline.yaml", "T01:00", "T03:00")
    start = "start: 2024-07-11T01:00 → 2024-07-11T03:00"
    assert told(lesson, capsys, "--adopt", ENDPOINT)[3] == f"{renamed}; {start}"
    assert int(firing(lesson)[0]["Recurrence"]["StartTime"][11:13]) % 6 in {2, 3}  # in winter and summer
    assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_a_description_that_does_not_fit_is_said_to_be_shortened(lesson: Lesson, capsys: Capture) -> None:
    (endpoint,), (schedule,) = lesson.service.state.endpoints.values(), lesson.service.schedules.values()
    endpoint["Description"] = schedule["PipelineSubmissionInfo"]["Description"] = "long " * 60
    lines = told(lesson, capsys, "--adopt", ENDPOINT, "--dry-run")
    assert lines[0] == f"~ endpoint {ENDPOINT} {TAKEN}; description shortened"
    assert lines[3].endswith("lesson.nightly; description shortened")
    assert told(lesson, capsys, "--adopt", ENDPOINT)[:-1] == lines[:-1]


REFUSED = {
    ("--adopt", "Lesson_EP"): 'The workspace has no pipeline endpoint "Lesson_EP". Did you mean "Lesson EP"?',
    ("--adopt=nothing",): 'The workspace has no pipeline endpoint "nothing".',
    ("--adopt", ENDPOINT, "--sdk", "v2"): "With SDK v2, publish cannot take over endpoint Lesson EP: pipeline ",
    ("--adopt", ENDPOINT, "--version", "previous"): "--adopt and --version cannot be combined. ",
    ("x",): 'Unexpected operand "x"',
}


def test_what_cannot_be_taken_is_refused(lesson: Lesson, capsys: Capture) -> None:
    for words, message in REFUSED.items():
        assert refused(lesson, capsys, *words, status=2).startswith(message)


@pytest.mark.more
def test_an_endpoint_is_found_by_its_id_too(lesson: Lesson, capsys: Capture) -> None:
    (known,) = lesson.service.state.endpoints
    assert told(lesson, capsys, "--adopt", known, "--dry-run")[0] == f"~ endpoint {ENDPOINT} {TAKEN}"


@pytest.mark.more
def test_one_pipeline_has_one_endpoint(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    assert refused(lesson, capsys, "--adopt", ENDPOINT, status=2) == (
        "The workspace has endpoint lesson too, so lesson cannot take over Lesson EP. Rename the pipeline in the file "
        "(`name:`).\n"
    )
    lesson.replace("pipeline.yaml", "name: lesson", "name: other")
    assert refused(lesson, capsys, "--adopt", "lesson", status=2) == (
        "Endpoint lesson was created by publishing lesson: publish that pipeline.\n"
    )


@pytest.mark.more
def test_an_archived_endpoint_is_not_ours_any_more(lesson: Lesson, capsys: Capture) -> None:
    """The SDK archives by renaming; publish makes another one, as it always did."""
    from azureml.pipeline.core import PipelineEndpoint

    from tests.loopback.client import connect

    publish(lesson, capsys, "--adopt", ENDPOINT)
    PipelineEndpoint.get(connect(lesson.service, lesson.root), name=ENDPOINT).archive()
    (known,) = lesson.service.state.endpoints
    why = "is archived. Reactivate it with SDK v1: `PipelineEndpoint.get("
    assert why in refused(lesson, capsys, "--adopt", known, status=2)
    assert "+ endpoint lesson" in told(lesson, capsys)


@pytest.mark.parametrize(
    ("given", "every"),
    [
        ({"experiment_name": "other", "name": "nightly"}, 4),
        pytest.param({}, 1, marks=pytest.mark.more),
        pytest.param({"experiment_name": "other", "name": "nightly"}, 1, marks=pytest.mark.more),
        pytest.param({"of_pipeline": True}, 1, marks=pytest.mark.more),
    ],
    ids=["replaced", "in place, anywhere", "replaced, anywhere", "of a pipeline, anywhere"],
)
def test_stopped_anywhere_the_next_adoption_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, given: dict[str, Any], every: int
) -> None:
    with a_lesson(tmp_path / "undisturbed", monkeypatch) as lesson:
        scheduled(lesson)
        by_hand(lesson, **given)
        publish(lesson, capsys, "--adopt", ENDPOINT)
        places, wanted = len(lesson.service.writes()), state(lesson)
    assert places >= 5
    for place in range(1, places, every):
        with a_lesson(tmp_path / str(place), monkeypatch) as lesson:
            scheduled(lesson)
            by_hand(lesson, **given)
            lesson.service.stop_after_writes(place)
            assert lesson.here(capsys, "publish", "--adopt", ENDPOINT).status == 4
            lesson.service.faults.writes_left = None
            lesson.service.forgive()
            assert firing(lesson), place
            _require_no_damage(lesson, capsys)
            publish(lesson, capsys, "--adopt", ENDPOINT)
            assert state(lesson) == wanted, place
            assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def _require_no_damage(lesson: Lesson, capsys: Capture) -> None:
    """Publish without ``--adopt`` in between: it makes no second endpoint, and no schedule that fires beside one."""
    lesson.here(capsys, "publish")
    assert len(lesson.service.state.endpoints) == 1
    assert len(firing(lesson)) == 1


@pytest.mark.more
@pytest.mark.parametrize("route", ["/PipelineEndpoints/", "/Schedules/"])
def test_an_answer_that_gets_lost_is_looked_for(lesson: Lesson, capsys: Capture, route: str) -> None:
    lesson.service.lose(route, 503, method="PUT", times=1000)  # the SDK asks again
    done = lesson.here(capsys, "publish", "--adopt", ENDPOINT)
    assert done.status == 0, done.err
    assert done.err.startswith("Azure ML did not confirm that ")
    lesson.service.faults.ordered.clear()
    assert told(lesson, capsys)[-1] == "Azure ML is up to date with the file."


def test_of_a_replacement_whose_answer_gets_lost_the_old_one_is_disabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        scheduled(lesson)
        by_hand(lesson, of_pipeline=True)
        (old,) = lesson.service.schedules
        lesson.service.lose("/Schedules/Create", 503)
        said = "Azure ML did not confirm that schedule lesson.nightly was published, but it was.\n"
        publish(lesson, capsys, "--adopt", ENDPOINT, said=said)
        (new,) = firing(lesson)
        assert new["Id"] != old
        assert len(lesson.service.schedules) == 2


def adopt(lesson: Lesson) -> list[str]:
    """Take over as another process would, from nothing but files; return what is reported."""
    from aml_pipeline import azureml, load
    from tests.loopback.client import connect

    workspace = connect(lesson.service, lesson.root)
    with waiting.heard_by(lambda _: None):
        return as_text(azureml.publish(load(lesson.root / "pipeline.yaml"), workspace, adopt=ENDPOINT)).splitlines()


@pytest.mark.more
@pytest.mark.parametrize("given", [{}, {"of_pipeline": True}])
def test_two_that_adopt_at_once_leave_one_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    for place in itertools.count(1):
        with a_pair(tmp_path / str(place), monkeypatch) as pair:
            by_hand(pair.first, **given)
            gate = Gate(place, None, functools.partial(adopt, pair.second), matters)  # type: ignore[arg-type]
            with pair.first.service.meeting(gate):
                adopt(pair.first)
                gate.finish()
            assert len(pair.first.service.state.endpoints) == 1
            assert [one["Name"] for one in firing(pair.first)] == ["lesson.nightly"], place
            require_agreement(pair.first)
        if gate.counts[0] < place:
            break
    assert place > 4, "it was never held up where it matters"
