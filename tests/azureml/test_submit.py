"""`submit` and `cancel`: the real command line and the real SDK, against a loopback service."""

from __future__ import annotations

import errno
import importlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline.core.errors import PipelineError
from aml_pipeline.runs.recorder import Recorder
from tests.conftest import Project
from tests.loopback.lesson import FILES, Lesson, goes_on
from tests.loopback.script import Script, Step
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback.wire import Request
from tests.patience import PATIENCE, until
from tests.samples import in_turn

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


def routes(lesson: Lesson) -> list[str]:
    """Return what was written, without the ids."""
    return [f"{one.method} {re.sub('[0-9a-f-]{36}', 'ID', one.route)}" for one in lesson.service.writes()]


SUBMISSION = [
    "POST /pipelines/v1.0/PipelineRuns/Unsubmitted/CreationInfoWithGraph",
    "POST /pipelines/v1.0/PipelineRuns/Submit/ID",
]


def test_a_submitted_run_is_told_and_recorded(lesson: Lesson) -> None:
    done = lesson.azure("submit", "--param", "epochs=5")
    assert (done.status, done.err) == (0, "")
    (run,) = lesson.service.runs
    assert done.out.splitlines()[0] == f"run {run}"
    portal = done.out.splitlines()[1]
    assert portal.startswith(f"{lesson.url}/runs/{run}?wsid=/subscriptions/")
    record = lesson.record()
    where = {"workspace": f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}", "tags": {}, "steps": ["prepare", "train"]}
    assert record["azureml"] == {"run": run, "experiment": "lesson", "portal": portal, "sdk": "v1", **where}
    assert done.where == f"workspace {WORKSPACE} (resource group {GROUP}, subscription {SUBSCRIPTION})\n"
    assert record["state"] == "submitted"
    assert record["command"] == "aml-pipeline submit --param epochs=5"
    assert lesson.service.assignments_of(run) == {"epochs": "5"}
    assert "  submitted  " in lesson.cli("runs").stdout


def test_no_login_of_the_repositorys_address_is_sent(lesson: Lesson) -> None:
    for words in (
        ("init", "--quiet"),
        ("remote", "add", "origin", "https://somebody:SECRETPAT@git.example/o/p"),
        ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--allow-empty", "-m", "first"),
    ):
        subprocess.run(["git", "-C", str(lesson.root), *words], check=True)
    for command in (("submit",), ("submit", "prepare"), ("publish",)):
        assert lesson.azure(*command).status == 0
    sent = [json.dumps(one.body) for one in lesson.service.requests if one.body]
    assert not [body for body in sent if "SECRETPAT" in body]
    assert [body for body in sent if "https://git.example/o/p" in body]


def test_what_azure_ml_has_is_listed(lesson: Lesson) -> None:
    assert lesson.azure("runs", "--remote").out == (
        "Azure ML has no runs of lesson. Start one with `aml-pipeline submit`.\n"
    )
    lesson.azure("submit")
    (run,) = lesson.service.runs
    lesson.service.forget()
    listed = lesson.azure("runs", "--remote")
    assert (listed.status, listed.err) == (0, "")
    heading, row, *_ = listed.out.splitlines()
    assert heading.split()[:3] == ["run", "state", "age"]
    assert re.match(rf"{run}  NotStarted +\d+ \w+ ", row)
    (row,) = json.loads(lesson.azure("runs", "--remote", "--format", "json").out)
    assert (row["run"], row["status"]) == (run, "NotStarted")
    assert lesson.service.writes() == []


def test_waiting_shows_steps_and_metrics_and_records_them(lesson: Lesson) -> None:
    metrics = {"loss": [0.5, 0.25], "best": [1.0]}
    lesson.service.script = Script(steps={"train": Step(metrics=metrics, log="epoch 1\nepoch 2\n")})
    done = lesson.azure("submit", "--wait")
    assert done.status == 0
    rows = [re.sub(r"\d+\.\d s", "N s", row) for row in done.out.splitlines()[2:]]
    assert rows == ["prepare  done in N s", "train    done in N s  loss 0.25  best 1"]
    record = lesson.record()
    assert record["state"] == "done"
    assert {name: row["state"] for name, row in record["steps"].items()} == {"prepare": "done", "train": "done"}
    assert record["steps"]["train"]["metrics"] == {"loss": 0.25, "best": 1.0}
    assert lesson.cli("logs", "train").stdout == "epoch 1\nepoch 2\n"
    assert "  done  " in lesson.cli("runs").stdout


def test_a_failed_step_without_a_reason(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.script = Script(steps={"train": Step(fails=True)})
    done = lesson.here(capsys, "submit", "--wait", patience=PATIENCE)
    assert done.status == 1
    assert "train: Azure ML gives no reason. Log: " in done.err.splitlines()[-1]


def test_stopping_while_it_is_sent(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/computes/cpu", 503, times=1000)  # the SDK asks again, for ten seconds
    process = lesson.start_azure("submit", environ={"LOOPBACK_SLEEP": "60"})
    until(lambda: lesson.service.asked("GET", "/computes/cpu-cluster"))
    process.send_signal(signal.SIGINT)
    done = lesson.end(process)
    assert (done.status, done.out) == (-signal.SIGINT, "")
    assert done.err == (
        "Stopped while the run was being submitted. If it started nevertheless, the portal shows it in experiment "
        "lesson.\n"
    )
    assert lesson.runs() == []
    lesson.service.faults.ordered.clear()
    assert lesson.here(capsys, "submit").status == 0


@pytest.mark.parametrize(
    ("number", "step", "route"),
    [(signal.SIGINT, (), "/PipelineRuns/Submit/"), (signal.SIGTERM, ("prepare",), "/snapshotrun")],
)
def test_stopping_while_the_run_itself_is_sent_leaves_one_that_cancel_knows(
    lesson: Lesson, capsys: Capture, number: signal.Signals, step: tuple[str, ...], route: str
) -> None:
    lesson.service.script = Script(holds=True)
    stopped = threading.Event()

    def hold(request: Request) -> None:
        if route in request.route and not stopped.is_set():
            process.send_signal(number)
            stopped.wait(PATIENCE)

    with lesson.service.meeting(hold):
        process = lesson.start_azure("submit", *step)
        done = lesson.end(process)
        stopped.set()
    assert (done.status, done.out) == (-number, "")
    run = lesson.record()["azureml"]["run"]
    lost = f"If run {run} did start, stop it with `aml-pipeline cancel {run}`."
    assert done.err == f"Stopped while the run was being submitted. {lost}\n"
    until(lambda: run in lesson.service.state.runs)
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {run}\n"
    assert lesson.service.state.cancelled == {run}


def test_an_sdk_that_makes_runs_in_another_way_still_sends(
    lesson: Lesson, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id of a run is noted by a private part of the SDK, as long as it has that."""
    module = importlib.import_module("aml_pipeline.azureml.v1.submit")
    noted = module._noted
    monkeypatch.setattr(module, "_noted", lambda _: noted(object()))
    assert lesson.here(capsys, "submit").status == 0
    (run,) = lesson.service.runs
    assert lesson.record()["azureml"]["run"] == run


def test_stopping_while_a_run_is_looked_for_leaves_one_that_cancel_knows(lesson: Lesson) -> None:
    lesson.service.script = Script(holds=True)
    lesson.service.lose("/PipelineRuns/Submit/", 503, times=10)
    lesson.service.fail("/PipelineRuns/[0-9a-f-]{36}$", 503, times=1000)
    process = lesson.start_azure("submit", environ={"LOOPBACK_SLEEP": "60"})
    until(lambda: any(re.search("/PipelineRuns/[0-9a-f-]{36}$", one.route) for one in lesson.service.requests))
    process.send_signal(signal.SIGINT)
    done = lesson.end(process)
    run = lesson.record()["azureml"]["run"]
    assert done.status == -signal.SIGINT
    assert done.err.endswith(f" If run {run} did start, stop it with `aml-pipeline cancel {run}`.\n")
    assert done.err.count("\n") == 1


@pytest.fixture
def again(lesson: Lesson, capsys: Capture) -> Iterator[None]:
    """See that a second try finds nothing half made."""
    yield
    lesson.service.faults.ordered.clear()
    assert lesson.runs() == []
    before = len(lesson.service.runs)
    done = lesson.here(capsys, "submit", "--wait")
    assert (done.status, len(lesson.service.runs)) == (0, before + 1)
    assert len(lesson.service.environments) == 1
    assert len(lesson.service.modules) == 2
    assert not list(lesson.root.glob(".aml_pipeline/**/*.tmp"))


FAULTS = {
    401: "You are not logged in to Azure ML, or the login has expired. Log in: `az login`; ",
    403: "You are not allowed to do that in this workspace. Ask its owner for the role AzureML Data Scientist, ",
    429: "Azure ML is throttling requests; wait a few minutes, and try again.",
    500: "Azure ML had an internal error (HTTP 500). Try again in a while.",
    503: "Azure ML had an internal error (HTTP 503). Try again in a while.",
}
OF_THE_SDK = re.compile(r"invalid status|Client Error|Server Error|ConnectionPool|Error occurred|possible reason")
# Routes, and what was being done. The last ones leave things behind.
PLACES = {
    "^/$": "Connecting to workspace loopback failed.",
    "/computes/cpu": "Looking up compute target cpu-cluster failed.",
    "/history/v1.0/experiments": "Submitting the pipeline failed.",
    "/content/v1.0/": "Submitting the pipeline failed.",
    "/pipelines/v1.0/DataTypes": "Compiling the pipeline failed.",
    "/environment/.*": "Looking up environment training failed.",
    "/pipelines/v1.0/Modules$": "Submitting the pipeline failed.",
    "/pipelines/v1.0/PipelineRuns/Unsubmitted": "Submitting the pipeline failed.",
    "/pipelines/v1.0/PipelineRuns/Submit": "Submitting the pipeline failed.",
}


@pytest.mark.usefixtures("again")
@pytest.mark.parametrize(("place", "statuses"), in_turn(PLACES, [*FAULTS], 2))
def test_a_refusal_is_one_line(lesson: Lesson, capsys: Capture, place: str, statuses: list[int]) -> None:
    for status in statuses:
        lesson.service.faults.ordered.clear()
        lesson.service.fail(place, status, times=1000)
        done = lesson.here(capsys, "submit")
        assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
        assert done.err.startswith(f"{PLACES[place]} {FAULTS[status]}")
        assert not OF_THE_SDK.search(done.err)


@pytest.mark.parametrize("words", [("submit", "--sdk", "v1"), ("publish",), ("plan", "--remote")], ids=" ".join)
def test_serverless_compute_is_refused_before_anything_is_asked(
    lesson: Lesson, capsys: Capture, words: tuple[str, ...]
) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: serverless")
    done = lesson.here(capsys, *words)
    assert done.status == 2
    assert "pipeline.yaml:3:10: serverless compute exists only in Azure ML v2" in done.err
    assert lesson.service.requests == []


def test_a_missing_datastore_is_told_in_our_words(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace(
        "pipeline.yaml", "${{ outputs.data }}", '"${{ outputs.data }}"\n    outputs: {data: {datastore: big}}'
    )
    told = "Workspace loopback has no datastore big. Check its name in the portal.\n"
    assert lesson.here(capsys, "submit").err == told


@pytest.mark.parametrize("status", [401, 403, 500])
def test_addresses_that_are_refused_are_told_in_our_words(lesson: Lesson, capsys: Capture, status: int) -> None:
    lesson.service.fail("/discovery", status, times=1000)
    said = lesson.here(capsys, "submit").err
    assert FAULTS[status] in said
    assert not OF_THE_SDK.search(said)


@pytest.mark.usefixtures("again")
def test_a_refusal_in_a_process_of_its_own(lesson: Lesson) -> None:
    lesson.service.fail("/pipelines/v1.0/PipelineRuns/Submit", 403, times=1000)
    done = lesson.azure("submit", "--wait")
    assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
    assert done.err.startswith(f"Submitting the pipeline failed. {FAULTS[403]}")


@pytest.mark.usefixtures("again")
def test_a_workspace_that_is_not_there(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("^/$", 404, times=1000)
    done = lesson.here(capsys, "submit")
    assert (done.status, done.err.count("\n")) == (4, 1)
    assert done.err.startswith(
        "Connecting to workspace loopback failed. Azure ML cannot find it. Check the names that you gave "
    )


@pytest.mark.usefixtures("again")
def test_nobody_answers(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with monkeypatch.context() as patch:
            patch.setattr(lesson, "url", f"http://127.0.0.1:{free.getsockname()[1]}")
            done = lesson.azure("submit", "--wait")
    assert (done.status, done.out) == (4, "")
    assert done.err == (
        "Connecting to workspace loopback failed. Azure ML cannot be reached. Check the network and HTTPS_PROXY, "
        "then try again.\n"
    )


@pytest.mark.usefixtures("again")
def test_a_service_that_dies_after_each_write(lesson: Lesson, capsys: Capture) -> None:
    while len(lesson.service.writes()) < 7 or not lesson.service.asked("POST", "CreationInfoWithGraph"):
        lesson.service.stop_after_writes(1)
        done = lesson.here(capsys, "submit")
        assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
        said = " Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again."
        (_, _, lost) = done.err.partition(said)
        assert lost == "\n" or lesson.service.asked("POST", "CreationInfoWithGraph"), done.err
    assert re.fullmatch(r" If run (\S+) did start, stop it with `aml-pipeline cancel \1`.\n", lost)
    (record,) = lesson.runs()
    shutil.rmtree(record)
    lesson.service.faults.writes_left = None
    lesson.service.drop("/PipelineRuns/Submit/")
    assert "Submitting the pipeline failed. Azure ML cannot be reached." in lesson.here(capsys, "submit").err


LOST = {"dropped": 0, "fault": 503}


@pytest.mark.parametrize("status", LOST.values(), ids=LOST)
@pytest.mark.parametrize("step", [[], ["prepare"]], ids=["pipeline", "step"])
def test_a_run_whose_answer_got_lost_is_found(lesson: Lesson, capsys: Capture, step: list[str], status: int) -> None:
    lesson.service.script = Script(holds=True)
    lesson.service.lose("/PipelineRuns/Submit/|/snapshotrun", status, times=10)
    done = lesson.here(capsys, "submit", *step)
    assert done.status == 0
    (run,) = [run for run, one in lesson.service.state.runs.items() if one["parentRunId"] is None]
    assert done.err == f"Azure ML did not confirm the submission, but run {run} has started.\n"
    assert done.out.startswith(f"run {run}\nhttp")
    assert lesson.service.state.runs[run]["tags"]["pipeline"] == "lesson"
    assert lesson.record()["azureml"]["run"] == run
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {run}\n"
    assert lesson.service.state.cancelled == {run}


@pytest.mark.parametrize("step", [[], ["prepare"]], ids=["pipeline", "step"])
def test_a_run_of_which_nobody_can_tell_is_recorded(lesson: Lesson, capsys: Capture, step: list[str]) -> None:
    lesson.service.script = Script(holds=True)
    lesson.service.lose("/PipelineRuns/Submit/|/snapshotrun", 0, times=10)
    lesson.service.fail("/PipelineRuns/[0-9a-f-]{36}$|/history/v1.0/runs/", 500, times=1000)
    done = lesson.here(capsys, "submit", *step)
    (run,) = [run for run, one in lesson.service.state.runs.items() if one["parentRunId"] is None]
    assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
    assert done.err.endswith(f" If run {run} did start, stop it with `aml-pipeline cancel {run}`.\n")
    assert (lesson.record()["azureml"]["run"], lesson.record()["state"]) == (run, "submitted")
    assert run in lesson.cli("runs").stdout
    lesson.service.faults.ordered.clear()
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {run}\n"


def test_a_run_that_was_refused_is_not_looked_for(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/PipelineRuns/", 401, first=2, times=1000)
    done = lesson.here(capsys, "submit")
    assert (done.status, lesson.runs(), "cancel" in done.err) == (4, [], False)
    assert done.err.startswith(f"Submitting the pipeline failed. {FAULTS[401]}")


def test_a_run_that_began_and_could_not_be_tagged_is_told(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/history/.*runs/", 403, method="PATCH", times=1000)
    done = lesson.here(capsys, "submit")
    (run,) = lesson.service.runs
    assert done.status == 0
    assert done.err.splitlines()[0] == f"Azure ML did not confirm the submission, but run {run} has started."
    assert done.err.splitlines()[1].startswith(
        f"Tagging run {run} failed. You are not allowed to do that in this workspace."
    )
    assert done.err.endswith(" So `aml-pipeline runs --remote` does not list the run.\n")
    assert lesson.record()["azureml"]["run"] == run


def test_a_step_of_which_nothing_was_sent_is_no_lost_run(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.drop("/content/|/history/", times=10**6)
    done = lesson.here(capsys, "submit", "prepare")
    assert (done.status, lesson.runs(), "cancel" in done.err) == (4, [], False)


def test_a_wait_outlives_a_service_that_is_gone_for_a_while(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/pipelines/v1.0/PipelineRuns/[0-9a-f-]+$", 503, times=2)
    lesson.service.drop("StatusCode", first=2)
    done = lesson.here(capsys, "submit", "--wait", patience=PATIENCE)
    assert done.status == 0
    assert lesson.record()["state"] == "done"


def test_a_wait_ends_when_nobody_answers_for_long(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.fail("/pipelines/v1.0/PipelineRuns/[0-9a-f-]+$", 500, times=10**6)
    done = lesson.here(capsys, "submit", "--wait")
    (run,) = lesson.service.runs
    assert done.status == 4
    assert done.err.splitlines()[-2] == goes_on(run)
    assert done.err.splitlines()[-1].startswith("Asking Azure ML about the run failed. Azure ML had an internal error")
    assert lesson.record()["state"] == "submitted"


def test_what_takes_long_is_told(lesson: Lesson) -> None:
    lesson.service.fail("/computes/cpu", 500, times=1000)  # the SDK asks again, for two seconds
    done = lesson.azure("submit", environ={"LOOPBACK_SILENCE": "0.5", "LOOPBACK_SLEEP": "60"})
    assert done.status == 4
    *told, failed = done.err.splitlines()
    told = [line for line in told if "looking" in line]  # before, the SDK is imported
    assert len(told) >= 2
    assert all(re.fullmatch(r"still looking up compute target cpu-cluster \(\d+ s\)", line) for line in told)
    assert failed.startswith("Looking up compute target cpu-cluster failed.")


def test_one_step_alone(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.script = Script(steps={"prepare.py": Step(metrics={"images": [7.0]}, log="hello\n")})
    done = lesson.azure("submit", "prepare", "--wait")
    assert done.status == 0
    assert re.fullmatch(r"run lesson_\d+_\w+", done.out.splitlines()[0])
    assert re.fullmatch(r"prepare  done in \d+\.\d s  images 7", done.out.splitlines()[2])
    assert lesson.record()["steps"]["prepare"]["metrics"] == {"images": 7.0}
    assert lesson.cli("logs", "prepare").stdout == "hello\n"
    (sent,) = lesson.service.asked("POST", "/snapshotrun")
    assert sent.body["Configuration"]["script"] == "prepare.py"
    lesson.service.script = Script(steps={"prepare.py": Step(fails=True, error="no space")})
    done = lesson.here(capsys, "submit", "prepare", "--wait")
    assert done.status == 1
    assert "prepare: Azure ML says: no space Log: " in done.err


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("train", 'step "train" reads data of step "prepare", so it cannot run alone. Submit the pipeline: '),
        ("trian", 'Unknown step "trian". Did you mean "train"?'),
    ],
)
def test_a_step_that_cannot_run_alone(lesson: Lesson, capsys: Capture, step: str, told: str) -> None:
    done = lesson.here(capsys, "submit", step)
    assert (done.status, done.out) == (2, "")
    assert told in done.err
    assert lesson.here(capsys, "submit", step, "--dry-run").err == done.err
    assert lesson.service.requests == []


def test_cancelling(lesson: Lesson, capsys: Capture) -> None:
    done = lesson.here(capsys, "cancel")
    assert (done.status, done.err) == (
        2,
        "No run of lesson was submitted from this folder. Name a run; `aml-pipeline runs --remote` lists them.\n",
    )
    lesson.service.script = Script(holds=True)
    for _ in range(2):
        assert lesson.here(capsys, "submit").status == 0
    first, last = lesson.service.runs
    assert lesson.azure("cancel").out == f"asked Azure ML to stop run {last}\n"
    assert lesson.service.state.cancelled == {last}
    assert lesson.here(capsys, "cancel", lesson.record(0)["run"]).status == 0
    assert lesson.service.state.cancelled == {first, last}
    assert [one.route.rpartition("/")[2] for one in lesson.service.writes() if one.method == "DELETE"] == [
        "Execution"
    ] * 2
    records = [run.name for run in lesson.runs()]
    assert lesson.here(capsys, "cancel", records[0][-4:]).out == f"run {first} has ended: Canceled\n"
    done = lesson.here(capsys, "cancel", "20")
    assert done.err == f'"20" matches 2 runs: {records[1]}, {records[0]}. Give more of its id.\n'
    done = lesson.here(capsys, "cancel", "other")
    assert done.status == 4
    assert done.err.startswith("Cancelling run other failed. Azure ML cannot find it.")


def test_cancelling_takes_the_pipeline_that_is_named_and_any_id(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.script = Script(holds=True)
    lesson.write({"other.yaml": (lesson.root / "pipeline.yaml").read_text().replace("name: lesson", "name: other")})
    for words in (["-f", "other.yaml"], []):
        assert lesson.here(capsys, "submit", *words).status == 0
    other, last = lesson.service.runs
    assert lesson.here(capsys, "cancel", "-f", "other.yaml").out == f"asked Azure ML to stop run {other}\n"
    for record in (lesson.root / ".aml_pipeline").rglob("run.json"):
        record.unlink()
    assert lesson.here(capsys, "cancel", last).out == f"asked Azure ML to stop run {last}\n"
    assert lesson.service.state.cancelled == {other, last}


def test_cleaning_keeps_what_may_still_go_on_in_azure(lesson: Lesson, capsys: Capture) -> None:
    for _ in range(2):
        assert lesson.here(capsys, "submit").status == 0
    kept = lesson.cli("clean", "--runs", "0").stdout.splitlines()[-1]
    assert kept == "Kept 2 run records: 2 that may still run in Azure ML."
    assert len(lesson.runs()) == 2
    first = lesson.runs()[0]
    old = first.rename(first.with_name("2020-01-02T03-04-05-678-ab12"))  # over long ago
    (old / "run.json").write_text((old / "run.json").read_text().replace(first.name, old.name))
    lesson.cli("clean", "--runs", "0")
    assert not old.exists()
    assert len(lesson.runs()) == 1
    lesson.cli("clean", "--all")
    assert lesson.runs() == []


def test_cancelling_a_step_that_runs_alone(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.script = Script(holds=True)
    lesson.here(capsys, "submit", "prepare")
    run = lesson.record()["azureml"]["run"]
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {run}\n"
    assert lesson.service.state.cancelled == {run}


def test_cancelling_what_is_over_or_refused(lesson: Lesson, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit", "--wait").status == 0
    run = lesson.record()["azureml"]["run"]
    lesson.service.forget()
    assert lesson.here(capsys, "cancel").out == f"run {run} has ended: Finished\n"
    assert lesson.service.writes() == []
    lesson.service.script = Script(holds=True)
    lesson.here(capsys, "submit")
    lesson.service.fail("/Execution", 403, times=1000)
    done = lesson.here(capsys, "cancel")
    assert (done.status, done.out) == (4, "")
    assert re.match(r"Cancelling run [0-9a-f-]+ failed\. You are not allowed to do that in this workspace\.", done.err)
    lesson.service.faults.ordered.clear()
    assert lesson.here(capsys, "cancel").status == 0


def test_a_run_that_cannot_be_recorded_is_told_all_the_same(lesson: Lesson, capsys: Capture) -> None:
    place = lesson.root / ".aml_pipeline" / "lesson" / "runs"
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    done = lesson.here(capsys, "submit")
    (run,) = lesson.service.runs
    assert done.status == 6
    assert done.out.startswith(f"run {run}\nhttp")
    assert f"{goes_on(run)}\n" in done.err


def test_a_run_is_recorded_though_nobody_reads_of_it(lesson: Lesson) -> None:
    process = lesson.start_azure("submit")
    process.stdout.close()
    assert process.wait() == 141
    assert [lesson.record()["azureml"]["run"]] == list(lesson.service.runs)


def test_a_disk_that_is_full_while_waiting(lesson: Lesson, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Recorder, "_append", staticmethod(full))
    done = lesson.here(capsys, "submit", "--wait")
    (run,) = lesson.service.runs
    assert done.status == 6
    assert done.err.splitlines()[-2] == goes_on(run)
    assert done.err.splitlines()[-1].startswith("The disk is full")


@pytest.mark.parametrize("state", ["Failed", "Deleting"])
def test_a_cluster_that_is_no_good_is_refused(lesson: Lesson, capsys: Capture, state: str) -> None:
    (cluster,) = lesson.service.state.computes.values()
    cluster["properties"]["provisioningState"] = state
    done = lesson.here(capsys, "submit")
    assert done.status == 4
    assert f"Compute target cpu-cluster cannot be used: it is {state.lower()}." in done.err
    assert lesson.service.writes() == []


def test_a_sdk_without_pipelines_is_told_before_anything_is_made(
    lesson: Lesson, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("azureml.pipeline")]:
        monkeypatch.setitem(sys.modules, name, None)
    done = lesson.here(capsys, "submit")
    assert done.status == 6
    assert "The SDK of Azure ML is not installed for " in done.err
    assert lesson.service.writes() == []


def test_the_library_refuses_what_the_command_line_refuses(lesson: Lesson) -> None:
    from aml_pipeline import azureml, load
    from tests.loopback.client import connect

    workspace = connect(lesson.service, lesson.root)
    plan = load(lesson.root / "pipeline.yaml")
    run = azureml.submit(plan, workspace)
    assert [one.run for one in azureml.runs(plan, workspace)] == [run.id]
    lesson.replace("pipeline.yaml", "    steps:\n".strip(" "), "datasets: {images: {local: data}}\nsteps:\n")
    lesson.replace("pipeline.yaml", "--epochs:", "--images: ${{ datasets.images }}\n      --epochs:")
    lesson.service.forget()
    with pytest.raises(PipelineError, match='dataset "images" exists only on this machine'):
        azureml.submit(load(lesson.root / "pipeline.yaml"), workspace)
    assert lesson.service.requests == []


def test_the_same_again_and_elsewhere_sends_nothing_new(lesson: Lesson, tmp_path: Path) -> None:
    assert lesson.azure("submit").status == 0
    assert [one.route for one in lesson.service.writes() if one.method == "PUT"] != []
    lesson.service.forget()
    lesson.write({"conda.yml": "# a comment\ndependencies: [python=3.11, pip]\n"})
    assert lesson.azure("submit").status == 0
    assert routes(lesson)[:2] == SUBMISSION
    assert [one for one in routes(lesson)[2:] if not one.startswith("PATCH /history/")] == []
    lesson.service.forget()
    elsewhere = lesson.clone(tmp_path / "another" / "clone")
    assert elsewhere.azure("submit").status == 0
    assert routes(lesson)[:2] == SUBMISSION
    assert [one for one in routes(lesson)[2:] if not one.startswith("PATCH /history/")] == []


def test_one_byte_makes_one_module_and_one_snapshot(lesson: Lesson, tmp_path: Path, capsys: Capture) -> None:
    lesson.here(capsys, "submit")
    for place in (lesson, lesson.clone(tmp_path / "clone")):
        place.replace("steps/train.py", "train", "trail" if place is lesson else "trait")
        lesson.service.forget()
        assert place.here(capsys, "submit").status == 0
        sent = [one for one in routes(lesson) if not one.startswith("PATCH /history/")]
        assert sent == ["POST /content/v2.0/snapshots/ID", "POST /pipelines/v1.0/Modules", *SUBMISSION]


def test_a_package_makes_a_new_version_and_a_comment_does_not(lesson: Lesson, capsys: Capture) -> None:
    for text, versions in [("", 1), ("# a comment\n", 1), ("channels: [conda-forge]\n", 2)]:
        lesson.write({"conda.yml": f"{text}dependencies: [python=3.11, pip]\n"})
        assert lesson.here(capsys, "submit").status == 0
        assert len(lesson.service.environments) == versions


SECRETS = {
    "AccountKey": "c2VjcmV0LWtleQ==",
    "SharedAccessSignature": "sv=2026&sig=c2lnbmF0dXJl",
    "password": "hunter2-hunter2",
    "client_secret": "s3cr3t~value",
}


def test_no_secret_is_shown_or_kept(lesson: Lesson, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from aml_pipeline.core import masking
    from tests.loopback import client, faults, wire

    monkeypatch.setattr(masking, "_known", {"known-by-heart"})
    token = client.token()
    planted = "; ".join([*(f"{name}={value}" for name, value in SECRETS.items()), f"Bearer {token}", "known-by-heart"])
    body = wire.error_body(planted, "Fault")
    monkeypatch.setattr(faults, "error_body", lambda *_: body)
    printed = ""
    for place, status in [("^/$", 401), ("/computes/", 403), ("/environment/", 500), ("PipelineRuns/Submit", 400)]:
        lesson.service.fail(place, status, times=1000)
        done = lesson.here(capsys, "submit")
        assert (done.status, "***" in done.err) == (4, True), done.err
        printed += done.err
        lesson.service.faults.ordered.clear()
    train = Step(fails=True, error=planted, log=f"{planted}\n", metrics={"said": [planted]})
    lesson.service.script = Script(steps={"train": train})
    done = lesson.here(capsys, "submit", "--wait")
    printed += done.out + done.err
    kept = [one for one in lesson.root.rglob("*") if one.is_file() and one.suffix in {".json", ".jsonl", ".log"}]
    assert {one.name for one in kept} >= {"run.json", "events.jsonl", "train.log"}
    written = "".join(one.read_text(encoding="utf-8") for one in kept)
    for value in ["c2VjcmV0", "c2lnbmF0dXJl", "hunter2", "s3cr3t", token[:20], token[-40:], "by-heart"]:
        assert value not in printed
        assert value not in written


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["submit", "--help"],
        ["validate"],
        ["plan"],
        ["run"],
        ["submit", "--dry-run"],
        ["cancel"],
    ],
    ids=" ".join,
)
def test_what_needs_no_azure_imports_none_of_it(project: Project, words: list[str]) -> None:
    project.write({**FILES, "steps/prepare.py": "import sys\nopen(sys.argv[2] + '/x', 'w')\n", "steps/train.py": ""})
    command = [sys.executable, "-X", "importtime", "-m", "aml_pipeline", *words]
    done = subprocess.run(
        command,
        cwd=project.root,
        env=project.environ,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == (2 if words == ["cancel"] else 0), done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "aml_pipeline.cli" in loaded
    assert {name for name in loaded if name.split(".")[0] in {"azureml", "azure", "msrest", "msal"}} == set()


def test_the_largest_snapshot_that_is_let_through_is_taken(lesson: Lesson, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "script: prepare.py", "script: prepare.py\n    snapshot: [many/]")
    many = lesson.root / "steps" / "many"
    many.mkdir()
    for number in range(1998):
        (many / f"{number}.txt").touch()
    assert lesson.here(capsys, "submit").status == 0
    (many / "one more.txt").touch()
    done = lesson.here(capsys, "submit")
    assert (done.status, "has 0 MB in 2000 files, but the limit of Azure ML is 300 MB and 1999 files." in done.err) == (
        2,
        True,
    )


ABSENT = """
    name: absent
    compute: cpu-cluster
    environment: {name: training, conda_file: conda.yml}
    source_directory: steps

    datasets:
      here: {local: data, optional: true}
      there: {local: data, registered: images, optional: true}

    parameters:
      epochs: 2
      depth: 3
      width: 3
      colour: red

    steps:
      train:
        script: train.py
        arguments:
          --here: ["${{ datasets.here }}", "${{ parameters.depth }}", "${{ parameters.width }}"]
          --there: ["${{ datasets.there }}", "${{ parameters.colour }}"]
          --epochs: ${{ parameters.epochs }}
    """


def test_an_optional_dataset_that_azure_ml_lacks_takes_its_option_with_it_and_that_is_told(lesson: Lesson) -> None:
    lesson.write({"pipeline.yaml": ABSENT})
    given = ["width=4", "epochs=5", "colour=blue", "depth=4"]
    done = lesson.azure("submit", *(word for one in given for word in ("--param", one)))
    assert done.status == 0
    assert done.err.splitlines() == [
        'Azure ML has no dataset here, so --here of step "train" is omitted.',
        'Azure ML has no dataset there, so --there of step "train" is omitted.',
        'No step receives the parameter "depth", so it is not sent.',
        'No step receives the parameter "width", so it is not sent.',
        'No step receives the parameter "colour", so it is not sent.',
    ]
    (run,) = lesson.service.runs
    assert lesson.service.assignments_of(run) == {"epochs": "5"}
    shown = lesson.azure("submit", "--dry-run").out
    assert 'Azure ML has no dataset here, so --here of step "train" is omitted.\n' in shown
    assert "depth" not in shown
    lesson.service.add_dataset("images", "some/images")
    assert lesson.azure("submit", "train").err.splitlines() == done.err.splitlines()[:1]


def test_a_dataset_that_azure_ml_lacks_is_an_error_when_it_is_not_optional(lesson: Lesson) -> None:
    lesson.write({"pipeline.yaml": ABSENT.replace("images, optional: true", "images")})
    done = lesson.azure("submit")
    assert done.status == 4
    assert done.err.splitlines() == [
        "Workspace loopback has no dataset images, which the file calls there. Check its name in the portal.",
    ]
    assert lesson.service.writes() == []


DEFAULT_DATASTORE = {
    403: "Looking up the default datastore failed. You are not allowed to do that in this workspace. Ask its owner "
    "for the role ",
    404: "Workspace loopback has no default datastore for the outputs of steps. Set one in the portal, or "
    "give each output a `datastore:` under `outputs:`.\n",
    500: "Looking up the default datastore failed. Azure ML had an internal error (HTTP 500). Try again in a while.",
}


@pytest.mark.parametrize("status", DEFAULT_DATASTORE)
@pytest.mark.parametrize("words", [["submit"], ["publish"], ["plan", "--remote"]], ids=" ".join)
def test_a_default_datastore_that_is_refused_is_told_before_anything_is_made(
    lesson: Lesson, capsys: Capture, words: list[str], status: int
) -> None:
    lesson.service.fail("/datastore/v1.0/default", status, times=1000)
    done = lesson.here(capsys, *words)
    assert (done.status, done.err.startswith(DEFAULT_DATASTORE[status])) == (4, True), done.err
    assert lesson.service.writes() == []


def test_no_default_datastore_is_asked_for_where_each_output_names_one(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.add_datastore("own")
    lesson.replace("pipeline.yaml", "${{ outputs.data }}", "${{ outputs.data }}\n    outputs: {data: {datastore: own}}")
    lesson.service.fail("/datastore/v1.0/default", 403, times=1000)
    assert lesson.here(capsys, "submit").status == 0


def test_a_dataset_of_rows_is_refused_before_anything_is_made(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.add_dataset("images", "some/images")
    lesson.service.state.datasets["images"][-1]["datasetType"] = "tabular"
    lesson.replace(
        "pipeline.yaml", "    parameters:\n".strip(" "), "datasets: {d: {registered: images}}\nparameters:\n"
    )
    lesson.replace("pipeline.yaml", "--epochs:", "--images: ${{ datasets.d }}\n      --epochs:")
    told = (
        "Dataset images of workspace loopback, which the file calls d, is of type Tabular. It cannot be mounted or "
        "downloaded; a script gets it from `input_datasets` of its run. Write `type: table` if the script does that; "
        "else name a dataset of type File, or a `datastore:` and `path:`.\n"
    )
    for words in (["submit"], ["submit", "--force"], ["publish"], ["plan", "--remote"]):
        done = lesson.here(capsys, *words)
        assert (done.status, done.err) == (4, told)
    assert lesson.service.writes() == []


OF_LIBRARIES = re.compile(
    r"HTTPConnectionPool|Error occurred|for url|Operation returned|Connection aborted|\*\*\*|\{|_"
)


@pytest.mark.parametrize(
    ("route", "method", "status", "words", "meaning"),
    [
        ("/history/v1.0/experiments/lesson$", "*", 403, ["submit"], FAULTS[403]),
        ("/history/v1.0/experiments/lesson$", "POST", 0, ["submit"], "Azure ML cannot be reached."),
        ("/content/v2.0/snapshots/[0-9a-f-]{36}$", "*", 403, ["submit"], FAULTS[403]),
        ("/content/v2.0/snapshots/[0-9a-f-]{36}$", "*", 500, ["submit"], FAULTS[500]),
        ("/execution/", "*", 403, ["submit", "prepare"], FAULTS[403]),
        ("/execution/", "*", 503, ["submit", "prepare"], FAULTS[503]),
        ("/pipelines/v1.0/DataTypes", "*", 500, ["publish"], FAULTS[500]),
        ("/dataset/v1.0/datasets/", "*", 403, ["submit"], FAULTS[403]),
        ("/dataset/v1.0/saveddatasets", "*", 403, ["submit"], FAULTS[403]),
        ("/dataset/v1.0/datasets/", "*", 500, ["submit"], FAULTS[500]),
        ("/discovery/", "*", 404, ["submit"], "Azure ML cannot find it."),
        ("/discovery/", "*", 403, ["submit"], FAULTS[403]),
    ],
)
def test_no_words_of_a_library_are_told(  # noqa: PLR0913, PLR0917 - each says another thing of the fault
    lesson: Lesson, capsys: Capture, route: str, method: str, status: int, words: list[str], meaning: str
) -> None:
    _with_datasets(lesson)
    lesson.service.fail(route, status, method=method, times=1000)
    done = lesson.here(capsys, *words)
    assert (done.status, done.err.count("\n")) == (4, 1)
    assert re.match(rf"[\w -]+ failed\. {re.escape(meaning)}", done.err), done.err
    said = done.err.partition(" Azure ML says: ")[2]
    assert not OF_LIBRARIES.search(said), said


def _with_datasets(lesson: Lesson) -> None:
    """Let the first step, which may run alone, read a registered dataset and one that is a path on a datastore."""
    lesson.service.add_dataset("images", "some/images")
    lesson.service.add_datastore("own")
    datasets = "datasets: {a: {registered: images}, b: {datastore: own, path: x}}"
    lesson.replace("pipeline.yaml", "parameters:\n", f"{datasets}\nparameters:\n")
    lesson.replace("pipeline.yaml", "--out:", "--a: ${{ datasets.a }}\n      --b: ${{ datasets.b }}\n      --out:")


ABSENT_DATA = {
    ("/datastores/own", 404): "Workspace loopback has no datastore own. Check its name in the portal.\n",
    (
        "/dataversion/",
        403,
    ): "Azure ML did not list the files of dataset images (datasets.a). "
    "Try again in a while. If that does not help, register the dataset again.\n",
}


@pytest.mark.parametrize(("route", "status"), ABSENT_DATA)
def test_data_that_is_not_there_is_told_in_our_words(lesson: Lesson, capsys: Capture, route: str, status: int) -> None:
    _with_datasets(lesson)
    lesson.service.fail(route, status, times=1000)
    done = lesson.here(capsys, "submit")
    assert (done.status, done.err) == (4, ABSENT_DATA[route, status])
    assert lesson.service.writes() == []
