"""`logs --remote` shows the log of a step from Azure ML, by either SDK, on loopback."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from aml_pipeline.azureml import following
from tests.azureml.side import Either
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lesson(either: Either) -> Either:
    return either


def test_the_log_of_a_step_is_printed_without_secrets(lesson: Either, capsys: Capture) -> None:
    lesson.service.prints("prepare", "ready\n")
    lesson.service.prints("train", "hello, AccountKey=abc\r\nend")
    lesson.here(capsys, *lesson.submit, "--wait")
    (run,) = lesson.service.sent
    lesson.service.forget()
    assert lesson.here(capsys, "logs", "--remote").out == "hello, AccountKey=***\r\nend"
    assert lesson.here(capsys, "logs", "--remote", run, "prepare").out == "ready\n"
    assert lesson.here(capsys, "logs", "--remote", "prepare").out == "ready\n"  # of the latest submitted run
    assert lesson.service.writes() == []
    shutil.rmtree(lesson.root / ".aml_pipeline")  # it needs no record
    assert lesson.here(capsys, "logs", "--remote", run, "prepare", *lesson.submit[1:]).out == "ready\n"
    assert not (lesson.root / ".aml_pipeline").exists()


def test_a_step_alone_is_of_the_latest_run(lesson: Either, capsys: Capture) -> None:
    lesson.service.prints("prepare", "ready\n")
    lesson.service.prints("train", "trained\n")
    lesson.here(capsys, *lesson.submit, "--wait")
    assert lesson.here(capsys, "logs", "--remote", "prepare").out == "ready\n"
    assert lesson.here(capsys, "logs", "--remote", lesson.runs()[-1].name).out == "trained\n"


def test_a_step_that_was_submitted_alone(lesson: Either, capsys: Capture) -> None:
    sent = lesson.here(capsys, *lesson.submit, "prepare")
    assert sent.status == 0, sent.err
    run = lesson.record()["azureml"]["run"]
    lesson.here(capsys, "wait")
    printed = lesson.here(capsys, "logs", "--remote", run)
    assert printed.status == 0, printed.err
    assert lesson.here(capsys, "logs", "--remote", run, "prepare").out == printed.out
    shutil.rmtree(lesson.root / ".aml_pipeline")
    assert lesson.here(capsys, "logs", "--remote", run, "prepare", *lesson.submit[1:]).out == printed.out
    lesson.here(capsys, "wait", run, *lesson.submit[1:])
    assert list(lesson.record()["steps"]) == ["prepare"]


def test_that_of_a_failed_step_comes_first(lesson: Either, capsys: Capture) -> None:
    lesson.service.fails("prepare", "no such file", "the last line\n")
    lesson.here(capsys, *lesson.submit, "--wait")
    assert lesson.here(capsys, "logs", "--remote").out == "the last line\n"


def test_a_step_that_has_no_log_is_told_with_those_that_have(lesson: Either, capsys: Capture) -> None:
    lesson.here(capsys, *lesson.submit, "--wait")
    (run,) = lesson.service.sent
    done = lesson.here(capsys, "logs", "--remote", run, "trian")
    assert (done.status, done.out) == (2, "")
    ended = "Completed" if isinstance(lesson, LessonV2) else "Finished"
    assert done.err == f'Run {run} ({ended}) has no log of step "trian". Did you mean "train"?\n'


def test_a_run_of_which_nothing_has_begun(lesson: Either, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SimpleNamespace(look=lambda _: ("Queued", []), extra="azureml")
    monkeypatch.setattr(following, "watched", lambda *_: seen)
    done = lesson.here(capsys, "logs", "--remote", "that-run", *lesson.submit[1:])
    assert (done.status, done.err) == (2, "Run that-run (Queued) has no log of any step. No step has begun.\n")


def test_options_that_have_no_meaning_are_refused(lesson: Either, capsys: Capture) -> None:
    for words in (("--run", "x"), ("--rank", "1")):
        done = lesson.here(capsys, "logs", "--remote", *words)
        what = f"`logs --remote` does not accept {words[0]}. Write `aml-pipeline logs --remote RUN STEP`.\n"
        assert (done.status, done.err) == (2, what)
    assert lesson.here(capsys, "logs", "--sdk", "v2").err.startswith("--sdk needs --remote here")
    done = lesson.here(capsys, "logs", "run", "train")
    what = 'Unexpected operand "train": `logs` takes one step. --run names its run, or --remote a run in Azure ML.\n'
    assert (done.status, done.err) == (2, what)
