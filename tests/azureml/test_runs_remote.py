"""``runs --remote``: what Azure ML has of a pipeline, by either SDK, asked of the loopback services."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from tests.azureml.side import Either
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.state import Run

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


NIGHTLY = "profiles:\n  night: {parameters: {epochs: 9}}\nschedules:\n  nightly: {cron: 0 2 * * *}\n"


@pytest.fixture
def lesson(either: Either) -> Either:
    either.replace("pipeline.yaml", "parameters:\n", f"{NIGHTLY}\nparameters:\n")
    return either


def listed(lesson: Either, capsys: Capture, *words: str) -> list[dict[str, object]]:
    """Return the runs that `runs --remote` prints, oldest first."""
    lesson.service.forget()
    done = lesson.here(capsys, "runs", "--remote", "--format", "json", *lesson.submit[1:], *words)
    assert done.status == 0, done.err
    assert lesson.service.writes() == []
    return list(reversed(json.loads(done.out)))


def test_the_runs_of_a_pipeline_are_listed_and_those_of_others_are_not(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit, "--profile", "night", "--tag", "who=me")
    lesson.replace("pipeline.yaml", "name: lesson", "name: letters")
    lesson.here(capsys, *lesson.submit)
    lesson.replace("pipeline.yaml", "name: letters", "name: lesson")
    lesson.here(capsys, *lesson.submit)
    first, _, second = lesson.service.sent
    lesson.here(capsys, "wait", second)
    runs = {str(run["run"]): run for run in listed(lesson, capsys)}
    assert set(runs) == {first, second}
    assert runs[second]["status"] == "Completed"
    assert (runs[first]["profile"], runs[second]["profile"]) == ("night", None)
    assert all(run["started"] and f"/runs/{name}" in str(run["portal"]) for name, run in runs.items())
    done = lesson.here(capsys, "runs", "--remote", *lesson.submit[1:])
    assert sorted(line.split()[0] for line in done.out.splitlines()[1:3]) == sorted([first, second])
    for line in done.out.splitlines():
        if line.startswith(second):
            assert " Completed " in line
    assert listed(lesson, capsys, "--profile", "night")


def test_remote_runs_stand_in_the_table_of_runs(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit, "--param", "epochs=7")
    lesson.here(capsys, *lesson.submit)
    older, newer = lesson.service.sent
    lesson.here(capsys, "wait", older)
    lesson.here(capsys, "runs", "--note", older[:-2] if isinstance(lesson, LessonV2) else older, "seven")
    words = ("--columns", "run,state,epochs,note", "--sort", "-epochs")
    done = lesson.here(capsys, "runs", "--remote", *words, *lesson.submit[1:])
    assert done.status == 0, done.err
    rows = [line.split() for line in done.out.splitlines()[1:3]]
    assert rows[0] == [older, "Completed", "7", "seven"]
    assert rows[1][0] == newer
    assert rows[1][2:] != ["-", "-"], "the service or the record here says the parameters"
    refused = lesson.here(capsys, "runs", "--remote", "--where", "epoch > 5", *lesson.submit[1:])
    assert (refused.status, refused.err.splitlines()[0]) == (
        2,
        '--where: Unknown column "epoch". Did you mean "epochs"?',
    )


def test_an_experiment_that_is_not_there_is_not_made(lesson: Either, capsys: Capture) -> None:
    assert listed(lesson, capsys) == []
    done = lesson.here(capsys, "runs", "--remote", *lesson.submit[1:])
    assert done.out == "Azure ML has no runs of lesson. Start one with `aml-pipeline submit`.\n"
    assert lesson.service.writes() == []


def test_runs_that_a_schedule_began_are_listed_and_can_be_waited_for(lesson: Either, capsys: Capture) -> None:
    published = lesson.here(capsys, "publish", *lesson.submit[1:])
    assert published.status == 0, published.err
    name = "lesson_nightly" if isinstance(lesson, LessonV2) else "lesson.nightly"
    run = lesson.service.fire(name)
    assert run is not None
    lesson.here(capsys, *lesson.submit)
    both = listed(lesson, capsys)
    assert sorted(str(row["schedule"]) for row in both) == ["None", name]
    assert len(lesson.service.requests) == (2 if isinstance(lesson, LessonV2) else 10), lesson.service.requests
    columns = ("--columns", "run,schedule", "--where", "schedule")
    text = lesson.here(capsys, "runs", "--remote", *columns, *lesson.submit[1:]).out
    assert text.splitlines()[1].split() == [run, name]
    done = lesson.here(capsys, "wait", run, *lesson.submit[1:])
    assert done.status == 0, done.err
    record = lesson.record()
    assert (record["azureml"]["run"], record["state"]) == (run, "done")
    assert list(record["steps"]) == ["prepare", "train"]
    here = lesson.here(capsys, "runs", "--columns", "schedule", "--where", "schedule").out
    assert here.splitlines()[1].split() == [name]


def test_runs_that_a_call_of_the_endpoint_began_are_listed(lesson: Either, capsys: Capture) -> None:
    endpoint = "lesson"
    if isinstance(lesson, LessonV2):
        lesson.replace("pipeline.yaml", "name: lesson", "name: lesson\npublish: {endpoint: lesson}")
    published = lesson.here(capsys, "publish", *lesson.submit[1:])
    assert published.status == 0, published.err
    run = lesson.service.call(endpoint)
    (row,) = listed(lesson, capsys)
    assert (row["run"], row["endpoint"], row["schedule"]) == (run, endpoint, None)
    heading, line, *_ = lesson.here(capsys, "runs", "--remote", *lesson.submit[1:]).out.splitlines()
    assert (heading.split()[-1], line.split()[-1]) == ("endpoint", endpoint)


def test_many_runs_are_on_several_pages_without_those_that_are_archived_or_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        lesson.here(capsys, *lesson.submit)
        (first,) = lesson.service.sent
        job = lesson.service.jobs[first]["properties"]
        for number in range(25):
            add_job(lesson, f"again-{number}", job)
        add_job(lesson, "archived", {**job, "isArchived": True})
        add_job(lesson, "other", {**job, "tags": {"pipeline": "other"}})
        add_job(lesson, "strange", {"jobType": "Strange", "tags": {"pipeline": "strange"}, "unknown": [1]})
        add_job(lesson, "untagged", {"jobType": "Command", "experimentName": "lesson"})
        runs = [str(row["run"]) for row in listed(lesson, capsys)]
        assert sorted(runs) == sorted([first, *(f"again-{number}" for number in range(25))])
        assert len(lesson.service.requests) == 4


def add_job(lesson: LessonV2, name: str, properties: dict[str, object]) -> None:
    """Let there be a job that nothing is known to have begun."""
    lesson.service.state.jobs[name] = {"properties": properties}
    lesson.service.state.runs[name] = Run(name, name)


def test_the_client_of_jobs_is_the_one_that_is_known() -> None:
    """It is not public: a new azure-ai-ml may be without it; then look at ``azureml/v2/history.py``."""
    pytest.importorskip("azure.ai.ml")
    from azure.ai.ml import operations

    source = inspect.getsource(operations.JobOperations)
    assert "self.service_client_01_2024_preview_arm.jobs.list(" in source
