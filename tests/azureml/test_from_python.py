"""Runs submitted from Python, with either SDK: what the command line does, without a print."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

import aml_pipeline
from aml_pipeline import PipelineError, azureml
from aml_pipeline.azureml import sendable, submission
from aml_pipeline.core.errors import LostRunError
from aml_pipeline.runs.events import Event, StepEnded
from aml_pipeline.runs.recorder import Recorder
from tests.azureml.side import Side, a_side
from tests.loopback.lesson import Lesson
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE

pytestmark = quiet


@pytest.fixture(params=["v1", "v2"])
def side(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    with a_side(request.param, tmp_path, monkeypatch) as side:
        yield side


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=x", "-c", "user.email=x@x")
    return subprocess.check_output(["git", "-C", str(folder), *own, *words], text=True).strip()


def test_a_submission_is_tagged_recorded_and_waited_for(side: Side, capfd: pytest.CaptureFixture[str]) -> None:
    root = side.lesson.root
    git(root, "init", "--quiet")
    git(root, "add", "pipeline.yaml")
    git(root, "commit", "--quiet", "-m", "first")
    commit = git(root, "rev-parse", "HEAD")
    submission = azureml.submit(aml_pipeline.load(side.file), side.connect(), tags={"who": "me"})
    tags = submission.run.tags if side.sdk == "v2" else submission.run.get_tags()
    assert {"git_commit": commit, "who": "me", "pipeline": "lesson"}.items() <= tags.items()
    (record,) = aml_pipeline.history(side.file)
    about: dict[str, object] = {
        "run": submission.id,
        "experiment": "lesson",
        "portal": submission.portal,
        "sdk": side.sdk,
    }
    about |= {"workspace": f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}", "tags": {"git_commit": commit, "who": "me"}}
    about["steps"] = ["prepare", "train"]
    assert (record.header["azureml"], record.state) == (about, "submitted")
    assert (record.header["git"]["commit"], record.header["command"]) == (commit, "aml_pipeline.azureml.submit")
    events: list[Event] = []
    assert submission.wait(events.append).state == "done"
    assert {one.step: one.state for one in events if isinstance(one, StepEnded)} == {"prepare": "done", "train": "done"}
    (record,) = aml_pipeline.history(side.file)
    assert (record.state, record.states) == ("done", {"prepare": "done", "train": "done"})
    assert azureml.cancel(side.connect(), submission.id) in {"Completed", "Finished"}
    assert capfd.readouterr() == ("", "")


def test_errors_have_the_line_that_the_command_line_prints(side: Side, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = side.connect()
    side.lesson.replace("pipeline.yaml", "--epochs:", "--images: ${{ datasets.images }}\n      --epochs:")
    side.lesson.replace("pipeline.yaml", "steps:\n  prepare", "datasets: {images: {local: data}}\nsteps:\n  prepare")
    plan = aml_pipeline.load(side.file)
    with pytest.raises(PipelineError) as raised:
        azureml.submit(plan, workspace)
    (problem,) = raised.value.problems
    assert problem.place.startswith(f"{side.file}:")
    assert problem.position is not None
    printed = side.lesson.here(capsys, "submit", "--sdk", side.sdk).err
    assert printed.splitlines()[:-1] == str(raised.value).replace(str(side.file), "pipeline.yaml").splitlines()
    assert aml_pipeline.history(side.file) == []


@pytest.mark.parametrize("words", [("submit",), ("submit", "prepare"), ("submit", "--dry-run")])
def test_no_check_is_made_twice(
    side: Side, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        problems = Mock(wraps=sendable.problems)
        patch.setattr(sendable, "problems", problems)
        assert side.lesson.here(capsys, *words, "--sdk", side.sdk).status == 0
    assert problems.call_count == 1


@pytest.mark.parametrize("words", [("publish",), ("plan", "--remote")])
def test_no_check_of_sdk_v1_is_made_twice(
    lesson: Lesson, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        problems = Mock(wraps=sendable.problems)
        patch.setattr(sendable, "problems", problems)
        assert lesson.here(capsys, *words).status == 0
    assert problems.call_count == 1


def test_a_run_that_cannot_be_recorded_is_named_to_who_listens(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(Recorder, "open", full)
    heard: list[str] = []
    with azureml.heard_by(heard.append), pytest.raises(OSError, match="full"):
        azureml.submit(aml_pipeline.load(side.file), side.connect())
    assert [line for line in heard if "was submitted, but could not be recorded. It continues in Azure ML." in line]


def test_a_lost_run_that_cannot_be_recorded_is_named_too(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise LostRunError("no answer", "the-run")

    def full(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(submission, f"_send_{side.sdk}", lost)
    monkeypatch.setattr(Recorder, "open", full)
    heard: list[str] = []
    with azureml.heard_by(heard.append), pytest.raises(OSError, match="full"):
        azureml.submit(aml_pipeline.load(side.file), side.connect())
    assert heard[-1] == "Run the-run may have started, but could not be recorded."
