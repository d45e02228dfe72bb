"""`wait` takes up a run again, whoever began it, and its record gets what it lacks: by either SDK, on loopback."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import aml_pipeline
from aml_pipeline import azureml
from aml_pipeline.azureml import following, sdks
from aml_pipeline.azureml.v1.watched import Watched
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.azureml.workspace.watched import About
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.runs import submitted
from aml_pipeline.runs.events import Event, MetricLogged, StepStarted
from aml_pipeline.runs.record import EVENTS, RunRecord
from aml_pipeline.runs.recorder import Recorder, continued
from tests.azureml.side import Either
from tests.azureml.test_watch import Run
from tests.conftest import Project
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2
from tests.patience import until

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lesson(either: Either) -> Either:
    return either


def rows(record: Path) -> list[tuple[object, ...]]:
    """Return the events of a record, without times."""
    events = map(json.loads, (record / EVENTS).read_text(encoding="utf-8").splitlines())
    kept = ("event", "step", "state", "name", "value")
    return [tuple(event.get(key) for key in kept) for event in events]


def test_a_run_that_was_not_waited_for_is_taken_up(lesson: Either, capsys: Capture) -> None:
    lesson.service.prints("train", "hello, AccountKey=abc\n")
    assert lesson.here(capsys, *lesson.submit, "--param", "epochs=5").status == 0
    (run,) = lesson.service.sent
    done = lesson.here(capsys, "wait")
    assert done.status == 0, done.err
    assert [line.split()[:2] for line in done.out.splitlines()] == [["prepare", "done"], ["train", "done"]]
    record = lesson.record()
    assert (record["state"], record["parameters"]) == ("done", {"epochs": "5"})
    assert {step: row["state"] for step, row in record["steps"].items()} == {"prepare": "done", "train": "done"}
    assert lesson.here(capsys, "logs", "train").out == "hello, AccountKey=***\n"
    requests = len(lesson.service.requests)
    again = lesson.here(capsys, "wait", run)
    assert (again.status, again.out, again.err) == (0, f"run {run} has ended: done\n", "")
    assert len(lesson.service.requests) == requests


def test_a_run_that_failed_long_ago(lesson: Either, capsys: Capture) -> None:
    lesson.service.fails("prepare", "no such file", "last line\n")
    lesson.here(capsys, *lesson.submit)
    first = lesson.here(capsys, "wait", lesson.runs()[0].name)
    second = lesson.here(capsys, "wait")
    assert (first.status, second.status) == (1, 1)
    (run,) = lesson.service.sent
    assert second.out == f"run {run} has ended: failed\n"
    log = f".aml_pipeline/lesson/runs/{lesson.runs()[0].name}/steps/prepare.log"
    assert second.err == f"    last line\nprepare: Azure ML says: no such file Log: {log}\n"
    assert first.err.endswith(second.err)
    assert lesson.record()["steps"]["prepare"]["tail"] == ["last line"]
    assert lesson.record()["steps"]["train"]["state"] == "not run"


def _events(lesson: Either) -> list[Path]:
    """Return the files by the folders of runs alone: elsewhere in the state folders come and go."""
    return [run / EVENTS for run in lesson.runs()]


def test_a_wait_that_was_killed_is_taken_up(lesson: Either, capsys: Capture) -> None:
    lesson.service.stays("prepare")
    process = lesson.start_azure(*lesson.submit, "--wait")
    until(lambda: any(events.exists() and "StepStarted" in events.read_text() for events in _events(lesson)))
    process.kill()
    process.communicate()
    fails = isinstance(lesson, LessonV2)  # once with either end
    if isinstance(lesson, LessonV2):
        lesson.service.state.script.stays.clear()
        lesson.service.fails("prepare", "too late")
    else:
        lesson.service.state.following[lesson.service.sent[0]].holds = False
    done = lesson.here(capsys, "wait")
    assert done.status == fails, done.err
    assert ("prepare: Azure ML says: too late Log: .aml_pipeline/lesson/runs/" in done.err) is fails
    events = [row[:3] for row in rows(lesson.runs()[-1])]
    assert len(events) == len(set(events)) == (5 if fails else 6)
    assert events[-1] == ("RunEnded", None, "failed" if fails else "done")
    assert lesson.record()["state"] == events[-1][2]


def connected(lesson: Either) -> Any:  # noqa: ANN401 - the SDK's
    if isinstance(lesson, LessonV2):
        return azureml.connect(str(lesson.root), sdk="v2")
    from tests.loopback.client import LoopbackAuth

    return azureml.connect(str(lesson.root), LoopbackAuth(lesson.url))


def test_a_run_without_a_record_gets_one(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit, "--param", "epochs=7")
    (run,) = lesson.service.sent
    shutil.rmtree(lesson.root / ".aml_pipeline")  # a colleague submitted it
    done = lesson.here(capsys, "wait", run, *lesson.submit[1:])
    assert done.status == 0, done.err
    assert [line.split()[:2] for line in done.out.splitlines()] == [["prepare", "done"], ["train", "done"]]
    record = lesson.record()
    assert (record["state"], record["pipeline"], record["azureml"]["run"]) == ("done", "lesson", run)
    assert record["azureml"]["portal"].startswith("http")
    assert record["parameters"] == {"epochs": "7"}
    assert record["azureml"]["sdk"] == ("v2" if isinstance(lesson, LessonV2) else "v1")
    assert "prepare" in (lesson.root / lesson.cli("report").stdout.split()[-1]).read_text(encoding="utf-8")
    assert "done" in lesson.cli("runs").stdout
    assert lesson.here(capsys, "wait", run).out == f"run {run} has ended: done\n"


def test_a_recorded_run_needs_no_file_that_can_be_read(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit)
    (run,) = lesson.service.sent
    lesson.replace("pipeline.yaml", "steps:", "steps: [")
    done = lesson.here(capsys, "wait", run)
    assert done.status == 0, done.err
    assert [line.split()[:2] for line in done.out.splitlines()] == [["prepare", "done"], ["train", "done"]]
    assert lesson.record()["state"] == "done"


def test_a_run_of_another_pipeline_is_refused(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit)
    (run,) = lesson.service.sent
    shutil.rmtree(lesson.root / ".aml_pipeline")
    lesson.replace("pipeline.yaml", "name: lesson", "name: letters")
    done = lesson.here(capsys, "wait", run, *lesson.submit[1:])
    what = f'Run {run} is one of pipeline "lesson", not of "letters". Name the file of that pipeline with -f.\n'
    assert (done.status, done.err) == (2, what)
    assert lesson.runs() == []


def test_a_run_that_azure_does_not_have(lesson: Either, capsys: Capture) -> None:
    done = lesson.here(capsys, "wait", "nothing", *lesson.submit[1:])
    assert done.status == 4
    assert done.err.startswith("Looking up run nothing failed.")
    assert lesson.runs() == []


def test_two_waits_at_once(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit)
    (folder,) = lesson.runs()
    with continued(RunRecord(folder.name, str(folder))):
        done = lesson.here(capsys, "wait")
    what = f"Another process is waiting for this run and writes its record, {folder.name}."
    assert (done.status, done.err) == (6, f"{what} Watch the run there, or stop that process first.\n")
    assert lesson.here(capsys, "wait").status == 0


def test_from_python(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit)
    plan, workspace = aml_pipeline.load(lesson.root / "pipeline.yaml"), connected(lesson)
    (run,) = lesson.service.sent
    events: list[Event] = []
    assert azureml.wait(plan, workspace, run, on_event=events.append, pause=lambda _: None) == ("done", "")
    assert [event.step for event in events if isinstance(event, StepStarted)] == ["prepare", "train"]
    assert azureml.wait(plan, workspace, run, on_event=events.clear) == ("done", "")  # type: ignore[arg-type] # not called
    lesson.replace("pipeline.yaml", "name: lesson", "name: letters")
    shutil.rmtree(lesson.root / ".aml_pipeline")
    with pytest.raises(UsageError, match='one of pipeline "lesson"'):
        azureml.wait(aml_pipeline.load(lesson.root / "pipeline.yaml"), workspace, run)


# The record, whenever a wait is stopped: no SDK is needed.

METRICS = {"loss": [2.0, 1.0, 1.0], "row": {"a": 1}}
FILES = {"user_logs/std_log.txt": "hello\n"}
TIMES = {"startTimeUtc": "2026-11-24T10:00:00.5Z", "endTimeUtc": "2026-11-24T11:00:01Z"}


def a_run() -> Watched:
    first = Run("first", "Running", "Finished", metrics=METRICS, files=FILES, times=TIMES)
    second = Run("second", "Queued", "Queued", "Failed", error="boom", files=FILES)
    return Watched(Run("all", "Running", "Running", "Running", "Failed", steps=[first, second], times=TIMES))


def a_record(folder: Path, name: str) -> RunRecord:
    recorder = Recorder(str(folder), name)
    about = {"run": "r", "steps": ["first", "second", "third"]}
    recorder.open(lambda: {"azureml": about, "state": "submitted", "started": 1.0})
    recorder.close()
    return RunRecord(name, recorder.folder)


def follow(record: RunRecord, on_event: Callable[[Event], None] = lambda _: None) -> str:
    return following.follow(RunRecord(record.id, record.folder), a_run(), on_event, lambda _: None).state


@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
def test_wherever_a_wait_stops_the_next_one_does_the_rest(tmp_path: Path, *, torn: bool) -> None:
    whole = a_record(tmp_path, "whole")
    assert follow(whole) == "failed"
    wanted = rows(Path(whole.folder))
    assert [row[0] for row in wanted].count("MetricLogged") == 4
    for place in range(len(wanted)):
        record = a_record(tmp_path, f"stopped-{place}")
        events = Path(record.folder, EVENTS)
        lines = Path(whole.folder, EVENTS).read_bytes().splitlines(keepends=True)
        events.write_bytes(b"".join(lines[:place]) + (lines[place][:20] if torn else b""))
        assert follow(record) == "failed"
        assert sorted(map(repr, rows(Path(record.folder)))) == sorted(map(repr, wanted))
        assert record.states == whole.states == {"first": "done", "second": "failed", "third": "not run"}
        assert record.metrics == whole.metrics
        assert record.damaged() == []
        assert follow(record) == "failed"
        assert len(rows(Path(record.folder))) == len(wanted)


def test_a_wait_that_was_killed_before_it_wrote_the_end(tmp_path: Path) -> None:
    record = a_record(tmp_path, "r")
    before = Path(record.folder, "run.json").read_bytes()
    follow(record)
    Path(record.folder, "run.json").write_bytes(before)
    Path(record.folder, "short.json").unlink()
    nothing: Any = None  # it is not asked
    assert following.follow(RunRecord("r", record.folder), nothing, lambda _: None) == ("failed", "")
    assert (record.seconds, record.states["first"]) == (3600.5, "done")


def test_steps_that_ended_are_not_asked_for_again(tmp_path: Path) -> None:
    record = a_record(tmp_path, "r")

    def stop(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "second":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(record, stop)
    log = Path(record.log("first"))
    log.write_text("kept\n", encoding="utf-8")
    follow(record)
    assert log.read_text(encoding="utf-8") == "kept\n"


def test_a_step_that_runs_is_shown_again_but_recorded_once(tmp_path: Path) -> None:
    record = a_record(tmp_path, "r")

    def stop(event: Event) -> None:
        if isinstance(event, MetricLogged):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(record, stop)
    shown: list[Event] = []
    follow(record, shown.append)
    assert [event.step for event in shown if isinstance(event, StepStarted)] == ["first", "second"]
    assert [row[1] for row in rows(Path(record.folder)) if row[0] == "StepStarted"] == ["first", "second"]


def test_two_who_find_no_record_make_one(monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    project.write({"pipeline.yaml": "name: small\nsteps: {one: {script: one.py}}\n", "one.py": "print(1)\n"})
    about = About("lesson", "https://portal", 5.0, {"pipeline": "small"}, {}, {}, "small.nightly")
    seen = SimpleNamespace(about=lambda: about, extra="azureml")
    monkeypatch.setattr(following, "watched", lambda *_: seen)
    monkeypatch.setattr(sdks, "names_of", lambda _: Names("s", "g", "w"))
    monkeypatch.setattr(sdks, "of", lambda _: "v2")
    plan = aml_pipeline.load(project.root / "pipeline.yaml")
    with_id, answers = submitted.with_id, iter([False])
    first, _ = following.taken_up(plan, None, "run", "first")
    # The second looks before the first has recorded it.
    monkeypatch.setattr(submitted, "with_id", lambda *words: with_id(*words) if next(answers, True) else None)
    assert following.taken_up(plan, None, "run", "second")[0].id == first.id
    assert (first.started, first.parameters, first.state) == (5.0, {}, "submitted")


@pytest.mark.parametrize(
    ("tags", "properties", "error"),
    [
        ({"pipeline": "small"}, {}, ""),
        ({"pipeline": "other"}, {"azureml.endpointname": "calls"}, 'one of pipeline "other", not of "small"'),
        ({"who": "me"}, {}, "nor by something that small published, so it is not recorded"),
    ],
)
def test_whose_runs_are_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str], properties: dict[str, str], error: str
) -> None:
    text = "name: small\npublish: {endpoint: calls}\nsteps: {one: {script: one.py}}\n"
    project.write({"pipeline.yaml": text, "one.py": "print(1)\n"})
    seen = SimpleNamespace(about=lambda: About("lesson", "", None, tags, properties, {}, None), extra="azureml")
    monkeypatch.setattr(following, "watched", lambda *_: seen)
    monkeypatch.setattr(sdks, "names_of", lambda _: Names("s", "g", "w"))
    monkeypatch.setattr(sdks, "of", lambda _: "v2")
    plan = aml_pipeline.load(project.root / "pipeline.yaml")
    with pytest.raises(UsageError, match=error) if error else nullcontext():
        following.taken_up(plan, None, "run", "wait")
    assert len(aml_pipeline.history(project.root / "pipeline.yaml")) == (not error)


ENDPOINT = "profiles: {night: {publish: {endpoint: called}}}\n"


def test_a_run_of_something_published_is_recorded_only_by_the_pipeline_that_published_it(
    lesson: Either, capsys: Capture
) -> None:
    profile: tuple[str, ...] = ()
    if isinstance(lesson, LessonV2):
        lesson.replace("pipeline.yaml", "parameters:\n", f"{ENDPOINT}\nparameters:\n")
        profile = ("--profile", "night")
    published = lesson.here(capsys, "publish", *lesson.submit[1:], *profile)
    assert published.status == 0, published.err
    run = lesson.service.call("called" if profile else "lesson")
    lesson.replace("pipeline.yaml", "name: lesson", "name: letters")
    done = lesson.here(capsys, "wait", run, *lesson.submit[1:])
    what = f"Run {run} was begun neither by `aml-pipeline submit` nor by something that letters published"
    cure = f"so it is not recorded. Read its logs: `aml-pipeline logs --remote {run}`."
    assert (done.status, done.err) == (2, f"{what}, {cure}\n")
    assert lesson.runs() == []
    lesson.replace("pipeline.yaml", "name: letters", "name: lesson")
    done = lesson.here(capsys, "wait", run, *lesson.submit[1:])
    assert done.status == 0, done.err
    assert (lesson.record()["azureml"]["run"], lesson.record()["state"]) == (run, "done")


def test_times_are_those_of_azure_where_nobody_watched(tmp_path: Path) -> None:
    record = a_record(tmp_path, "r")
    run = Run("all", "Finished", steps=[Run("first", "Finished", times=TIMES)], times=TIMES)
    following.follow(record, Watched(run), lambda _: None)
    begun = next(event["time"] for event in record.events() if event["event"] == "StepStarted")
    assert begun == 1795514400.5
    assert record.seconds == 3600.5


def test_where_locks_do_not_work_a_wait_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(fcntl, "flock", refuse)
    record = a_record(tmp_path, "r")
    with continued(record):
        assert follow(record) == "failed"


def test_a_second_wait_is_refused(tmp_path: Path) -> None:
    record = a_record(tmp_path, "r")
    with continued(record), pytest.raises(MachineError, match="writes its record, r"):
        follow(record)
