"""What holds of `submit` and `cancel` by either SDK: the real command line and SDK, against a loopback service."""

from __future__ import annotations

import re
import signal

import pytest

from tests.azureml.side import Either
from tests.loopback.lesson import goes_on
from tests.loopback.serving import quiet
from tests.patience import until

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lesson(either: Either) -> Either:
    return either


def test_a_dry_run_sends_nothing(lesson: Either, capsys: Capture) -> None:
    done = lesson.here(capsys, *lesson.submit, "--dry-run")
    assert (done.status, done.err, done.out.splitlines()[-1]) == (0, "", "Nothing was submitted.")
    assert lesson.service.requests == []
    assert lesson.runs() == []


def test_a_failed_step_is_told_with_its_reason_and_the_end_of_its_log(lesson: Either, capsys: Capture) -> None:
    lesson.service.fails("prepare", "no such file", "".join(f"line {number}\n" for number in range(30)))
    done = lesson.here(capsys, *lesson.submit, "--wait")
    assert done.status == 1
    first, second = done.out.splitlines()[2:]
    assert first.startswith("prepare  FAILED after ")
    assert second == "train    not run  the run ended before it started"
    said = done.err.splitlines()
    assert said[-21:-1] == [f"    line {number}" for number in range(10, 30)]
    assert re.fullmatch(
        r"prepare: Azure ML says: no such file Log: \.aml_pipeline/lesson/runs/.*/steps/prepare.log", said[-1]
    )
    record = lesson.record()
    assert (record["state"], record["steps"]["train"]["state"]) == ("failed", "not run")
    assert "  failed" in lesson.cli("runs").stdout


def test_a_reused_step_is_up_to_date(lesson: Either, capsys: Capture) -> None:
    lesson.service.reuses("prepare")
    done = lesson.here(capsys, *lesson.submit, "--wait")
    assert done.out.splitlines()[2] == "prepare  up to date"
    assert "prepare  runs" not in done.err
    assert lesson.record()["steps"]["prepare"]["state"] == "up to date"


def test_a_run_that_somebody_cancels(lesson: Either) -> None:
    lesson.service.stays("prepare")
    process = lesson.start_azure(*lesson.submit, "--wait")
    until(lambda: lesson.service.asked("POST", "StatusCode") or lesson.service.asked("GET", "/children"))
    (run,) = lesson.service.sent
    lesson.service.cancels(run)
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.splitlines()[-1] == "The run was cancelled in Azure ML."
    assert lesson.record()["state"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_the_wait_leaves_the_run_alone(lesson: Either, number: signal.Signals, capsys: Capture) -> None:
    lesson.service.stays("prepare")
    process = lesson.start_azure(*lesson.submit, "--wait", environ={"LOOPBACK_SILENCE": "0.2"})
    lines: list[str] = []
    while not lines or not lines[-1].startswith("still waiting for prepare (Running)"):
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    assert re.fullmatch(r"still waiting for prepare \(Running\)(, train \(\w+\))? \(\d+ s\)\n", lines[-1])
    process.send_signal(number)
    _, err = process.communicate()
    (run,) = lesson.service.sent
    assert process.returncode == -number, "it dies of the signal, so that the loop of a shell ends"
    assert err.splitlines()[-1] == goes_on(run)
    assert lesson.service.stopped == set()
    assert lesson.record()["state"] == "submitted"
    assert "  submitted  " in lesson.cli("runs").stdout
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {run}\n"  # by the SDK that sent it
    assert lesson.service.stopped == {run}
    assert lesson.here(capsys, "cancel", lesson.runs()[-1].name).out == f"run {run} has ended: Canceled\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("script: train.py", "script: train.py\n    compute: typo"),
        ("script: train.py", "script: train.py\n    environment: {registered: typo}"),
        ("script: train.py", 'script: train.py\n    environment: {curated: typo, version: "3"}'),
        ("${{ outputs.data }}", '"${{ outputs.data }}"\n    outputs: {data: {datastore: typo}}'),
        ("parameters:\n", "datasets:\n  more: {registered: typo}\nparameters:\n"),
        ("parameters:\n", "datasets:\n  more: {datastore: typo, path: images}\nparameters:\n"),
    ],
)
def test_nothing_is_made_before_all_is_looked_up(lesson: Either, capsys: Capture, old: str, new: str) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: {name: new, vm_size: STANDARD_D2_V2}")
    lesson.replace("pipeline.yaml", old, new)
    if "datasets" in new:
        lesson.replace("pipeline.yaml", "--epochs: ", "--more: ${{ datasets.more }}\n      --epochs: ")
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
    assert "typo" in done.err
    assert lesson.service.writes() == []
