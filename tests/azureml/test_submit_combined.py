"""`submit` of several values of parameters: a run of each combination, with one tag, by either SDK."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml import submission
from aml_pipeline.cli.commands.submit_combined import _say_what_is_left
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.combinations import combined, labels
from tests.azureml.side import Either
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import a_lesson_v2
from tests.patience import PATIENCE

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
TWO = ("--param", "epochs=5,10")


def test_one_run_of_each_combination_with_one_tag(either: Either, capsys: Capture) -> None:
    done = either.here(capsys, *either.submit, *TWO, "--wait")
    assert (done.status, len(either.service.sent)) == (0, 2)
    lines = [line for line in done.out.splitlines() if line.startswith("run ")]
    assert [line.split("  ") for line in lines] == [
        [f"run {run}", f"epochs={value}"] for run, value in zip(either.service.sent, (5, 10), strict=True)
    ]
    records = [either.record(place) for place in (0, 1)]
    assert [record["parameters"]["epochs"] for record in records] == ["5", "10"]
    assert [record["state"] for record in records] == ["done", "done"]
    assert [record["group"] for record in records] == [{"id": records[0]["run"], "varies": ["epochs"]}] * 2
    *table, count = done.out.partition("\n\n")[2].splitlines()
    assert [row.split()[:2] for row in table] == [["epochs", "state"], ["5", "done"], ["10", "done"]]
    assert [row.split()[-1] for row in table[1:]] == [record["run"][-4:] for record in records]
    assert count == "2 runs: 2 done."
    assert ["epochs=5", "train", "done"] in [line.split()[:3] for line in done.out.splitlines()]
    assert "2 combinations of epochs" in done.err
    assert [record["azureml"]["tags"] for record in records] == [{"aml-pipeline-group": records[0]["run"]}] * 2


def test_code_and_environment_are_uploaded_once(
    either: Either, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = re.compile("/blob/|/snapshots/|/environments?/")

    def uploads(lesson: Either) -> list[str]:
        return [found[0] for one in lesson.service.writes() if (found := made.search(one.route))]

    assert either.here(capsys, *either.submit).status == 0
    assert uploads(either)
    lesson: AbstractContextManager[Either]
    lesson = (a_lesson if isinstance(either, Lesson) else a_lesson_v2)(tmp_path / "another", monkeypatch)
    with lesson as cold:
        assert cold.here(capsys, *cold.submit, *TWO).status == 0
        assert len(cold.service.sent) == 2
        assert uploads(cold) == uploads(either)


def test_a_dry_run_shows_the_combinations(either: Either, capsys: Capture) -> None:
    done = either.here(capsys, *either.submit, *TWO, "--dry-run")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-3:] == ["run 1 with epochs=5", "run 2 with epochs=10", "Nothing was submitted."]
    assert "parameter epochs" not in done.out
    assert either.service.requests == []


def test_what_was_not_submitted_is_said(either: Either, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*words: Any, **named: Any) -> submission.Submission:  # noqa: ANN401 - passed on
        if len(either.service.sent) == 1:
            either.service.fail("", 403, times=1000)
        return submission.send(*words, **named)

    monkeypatch.setattr("aml_pipeline.cli.commands.submit_combined.send", send)
    done = either.here(capsys, *either.submit, "--param", "epochs=5,10,20")
    assert (done.status, len(either.service.sent), len(either.runs())) == (4, 1, 1)
    *_, left, cure, refusal = done.err.splitlines()
    assert left == "1 of 3 runs submitted (epochs=5), but not epochs=10 and epochs=20."
    how = "To submit the rest, give the same command with --param epochs=10,20 instead."
    assert cure == f"{how} {OWN}"
    assert "403" in refusal or "permission" in refusal.lower(), refusal


OWN = "The new runs will not belong to this group."
TWICE = "--param a=1 --param b=2 and again with --param a=2 --param b=1,2"


@pytest.mark.parametrize(
    ("count", "submitted", "options"),
    [
        (0, "None of the 4 runs was submitted.", ""),
        (1, "1 of 4 runs submitted (a=1 b=1), but not a=1 b=2, a=2 b=1 and a=2 b=2.", TWICE),
        (3, "3 of 4 runs submitted (a=1 b=1, a=1 b=2 and a=2 b=1), but not a=2 b=2.", "--param a=2 --param b=2"),
        (4, "", ""),
    ],
)
def test_how_to_submit_the_rest(capsys: Capture, count: int, submitted: str, options: str) -> None:
    steps = "steps: {s: {script: s.py, arguments: ['${{ parameters.a }}', '${{ parameters.b }}']}}"
    text = f"name: p\nparameters: {{a: 0, b: 0}}\n{steps}\n"
    loaded = loader.load(text.encode(), "pipeline.yaml", parameters={"a": ["1,2"], "b": ["1,2"]})
    assert loaded.plan
    names = labels(combined(loaded.plan, loaded.several), list(loaded.several))
    _say_what_is_left(loaded.plan, loaded.several, names, count)
    how = f"To submit the rest, give the same command with {options} instead. {OWN}" if options else ""
    assert capsys.readouterr().err.splitlines() == list(filter(None, [submitted, how]))


def test_each_run_of_a_group_is_waited_for_though_others_fail(either: Either, capsys: Capture) -> None:
    either.service.fails("train", "no such file", "last line\n")
    done = either.here(capsys, *either.submit, *TWO, "--wait", patience=PATIENCE)
    assert (done.status, done.out.splitlines()[-1]) == (1, "2 runs: 2 failed.")
    assert "epochs=10  train: Azure ML says: no such file" in done.err


def test_a_parameter_that_no_step_uses_has_one_value(either: Either, capsys: Capture) -> None:
    done = either.here(capsys, *either.submit, "prepare", *TWO)
    what = "Parameter epochs has 2 values, but no step to run uses it, so its runs would be the same."
    assert (done.status, done.err) == (2, f"{what} Give it one value, or also run train.\n")
    assert either.service.requests == []


def test_a_group_is_cancelled_together(either: Either, capsys: Capture) -> None:
    either.service.stays("prepare")
    assert either.here(capsys, *either.submit, *TWO).status == 0
    assert either.here(capsys, *either.submit).status == 0
    *together, alone = either.service.sent
    done = either.here(capsys, "cancel", "--group", either.record(0)["run"])
    assert done.out.splitlines() == [f"asked Azure ML to stop run {run}" for run in together]
    refused = either.here(capsys, "cancel", "--group", alone)
    assert (refused.status, refused.err) == (
        2,
        f"Run {alone} was not submitted together with others. Omit --group.\n",
    )


def test_the_forecast_of_azure_takes_one_combination(either: Either, capsys: Capture) -> None:
    done = either.here(capsys, "plan", "--remote", *either.submit[1:], *TWO)
    said = "plan --remote takes one value of each parameter, but epochs has 2. Give one value of each.\n"
    assert (done.status, done.err) == (2, said)


def test_the_tag_of_a_group_is_ours(either: Either, capsys: Capture) -> None:
    done = either.here(capsys, *either.submit, "--tag", "aml-pipeline-group=mine")
    assert done.status == 2
    assert re.match(r'The tag "aml-pipeline-group" is set by aml-pipeline itself\.', done.err)
