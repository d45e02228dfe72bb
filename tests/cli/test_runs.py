"""The command `runs`: the table of recorded runs, and what people say about them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import memo
from aml_pipeline.runs.events import MetricLogged, RunEnded, StepEnded
from aml_pipeline.runs.recorder import Recorder
from tests.conftest import Project

PIPELINE = """
    name: small
    parameters: {epochs: 5, learning_rate: 0.1}
    steps:
      train:
        script: train.py
        arguments: [--epochs, "${{ parameters.epochs }}", --rate, "${{ parameters.learning_rate }}"]
"""
TYPES = {"epochs": "integer", "learning_rate": "number"}
# Learning rate, last accuracy.
RUNS = {"r1": ("0.1", 0.5), "r2": ("0.01", 0.75), "r3": ("0.001", 0.25)}

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("project")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project with three runs that differ in the learning rate."""
    project = Project(tmp_path)
    project.write({"pipeline.yaml": PIPELINE, "train.py": ""})
    for at, (run, (rate, accuracy)) in enumerate(RUNS.items()):
        texts = {"epochs": "5", "learning_rate": rate}
        declared = {name: {"text": text, "default": text, "type": TYPES[name]} for name, text in texts.items()}
        recorder = Recorder(str(tmp_path / ".aml_pipeline" / "small" / "runs"), run)
        recorder.open(lambda: {"parameters": texts, "plan": {"parameters": declared}, "started": 1e9 + at})  # noqa: B023
        for value in (1.0, accuracy):
            recorder(MetricLogged(0.0, "train", "accuracy", "scalar", value))
        recorder(StepEnded(0.0, "train", "done", ""))
        recorder(RunEnded(0.0, "done", 2.0))
    monkeypatch.chdir(tmp_path)
    return project


def said(capsys: Capture, *words: str, status: int = 0) -> str:
    """Return what `runs` prints: on standard output, or what it refuses."""
    assert cli.run(["runs", *words], os.environ) == status
    out, err = capsys.readouterr()
    return err if status else out


def listed(capsys: Capture, *words: str) -> list[str]:
    return [line.split()[0] for line in said(capsys, "--columns", "run", *words).splitlines()[1:4] if line]


def test_the_table_has_what_differs(capsys: Capture) -> None:
    text = re.sub(r" +\d+ d", "  1 d", said(capsys))
    assert text.splitlines() == [
        "run  state     age  duration  learning_rate  train.accuracy",
        "r3   done  1 d     2.0 s          0.001            0.25",
        "r2   done  1 d     2.0 s           0.01            0.75",
        "r1   done  1 d     2.0 s            0.1             0.5",
        "",
        "epochs=5 everywhere",
    ]


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        ("--best accuracy", ["r2", "r1", "r3"]),
        ("--best train.accuracy:min", ["r3", "r1", "r2"]),
        ("--sort learning_rate", ["r3", "r2", "r1"]),
        ("--sort -learning_rate", ["r1", "r2", "r3"]),
        ("--last 2", ["r3", "r2"]),
        ("--last 2 --best accuracy", ["r2", "r3"]),
        ("--where learning_rate<0.05", ["r3", "r2"]),
        ("--where run!=r3 --last 1", ["r2"]),
        ("--where train.accuracy:max>0.9", ["r3", "r2", "r1"]),
    ],
)
def test_runs_are_selected_and_sorted(capsys: Capture, words: str, runs: list[str]) -> None:
    assert listed(capsys, *words.split()) == runs
    rows = json.loads(said(capsys, "--format", "json", *words.split()))
    assert [row["run"] for row in rows] == runs


def test_names_are_those_of_all_runs_however_few_are_selected(capsys: Capture) -> None:
    recorder = Recorder(".aml_pipeline/small/runs", "r0")
    recorder.open(lambda: {"parameters": {"other": "x"}, "plan": {"parameters": {}}, "started": 1.0})
    recorder(MetricLogged(0.0, "train", "loss", "scalar", 1.0))
    recorder(RunEnded(0.0, "done", 2.0))
    few = ("--where", "run == r3")
    assert said(capsys, *few, "--columns", "run,other").splitlines() == ["run  other", "r3       -"]
    assert said(capsys, *few, "--best", "loss").splitlines()[1].startswith("r3")
    assert "run,other\nr3,\n" in said(capsys, *few, "--columns", "run,other", "--sort", "other", "--format", "csv")
    none = ("--where", "run == nothing", "--columns", "other")
    assert said(capsys, *none) == "No run matches. Values of run: r3, r2, r1, r0.\n"


def test_columns_of_json(capsys: Capture) -> None:
    rows = json.loads(said(capsys, "--columns", "run,accuracy,note", "--format", "json", "--last", "1"))
    assert rows == [{"run": "r3", "train.accuracy": 0.25, "note": None}]


def test_forms_for_programs_and_documents(capsys: Capture) -> None:
    rows = list(csv.DictReader(io.StringIO(said(capsys, "--format", "csv", "--sort", "run"))))
    assert [(row["run"], row["learning_rate"], row["train.accuracy"]) for row in rows] == [
        (run, rate, str(accuracy)) for run, (rate, accuracy) in RUNS.items()
    ]
    assert said(capsys, "--format", "markdown", "--columns", "run,accuracy", "--last", "1") == (
        "| run | train.accuracy |\n| --- | --- |\n| r3 | 0.25 |\n"
    )


def test_notes_and_tags_are_shown_until_they_are_removed(capsys: Capture) -> None:
    assert said(capsys, "--note", "r2", "the best so far") == "r2: the best so far\n"
    assert said(capsys, "--tag", "r2", "for=paper", "by=me") == "r2: the best so far; for=paper, by=me\n"
    heading, _, row = said(capsys).splitlines()[:3]
    assert heading.split()[-2:] == ["tags", "note"]
    assert row.endswith("for=paper, by=me  the best so far")
    assert listed(capsys, "--where", "note ~ best") == ["r2"]
    (told,) = json.loads(said(capsys, "--format", "json", "--where", "note"))
    assert (told["note"], told["tags"]) == ("the best so far", {"for": "paper", "by": "me"})
    said(capsys, "--note", "r2", "")
    assert said(capsys, "--tag", "r2", "for=", "by=") == "r2: no note, no tags\n"
    assert "note" not in said(capsys)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["p.yaml"],
         ('Unexpected operand "p.yaml". To note something about a run, write `runs --note RUN "a text"`; '
         "to name the pipeline file, `-f FILE`.")),
        (["--note", "r1"], '--note needs a run and one text: `runs --note RUN "a text"`; "" removes the note.'),
        (["--note", "x", "text"], 'Unknown run "x". Known: r1, r2, r3.'),
        (["--tag", "r1"], "--tag needs a run and its tags: `runs --tag RUN NAME=VALUE`; NAME= removes a tag."),
        (["--tag", "r1", "x"], '--tag "x" has no "=". Write NAME=VALUE, for example --tag purpose=baseline.'),
        (["--tag", "r1", "--note", "r1", "x"], "--note and --tag cannot be combined. Use one after the other."),
        (["--last", "x"], '--last does not accept "x". Write how many of the newest runs to list: --last 20.'),
        (["--best", "accuracy", "--sort", "run"], "--sort and --best both say how to sort. Use only one of them."),
        (["--to-mlflow", "x", "--columns", "run"], "--columns does not apply to --to-mlflow. Delete it."),
        (["--to-mlflow", "x", "--format", "csv"], "--format does not apply to --to-mlflow. Delete it."),
        (["--columns", "rate"], 'Unknown column "rate". Did you mean "learning_rate"?'),
        (["--variants", "train"], 'No recorded run has variants of a step "train". There is no matrix to choose from.'),
        (["--where", "acuracy > 5"],
         '--where: Unknown column "acuracy". Did you mean "train.accuracy"?\n  acuracy > 5\n  ^~~~~~~'),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(capsys: Capture, words: list[str], refusal: str) -> None:
    assert said(capsys, *words, status=2) == f"{refusal}\n"


def test_without_a_match_only_a_sentence_is_printed(capsys: Capture) -> None:
    assert said(capsys, "--where", "epochs > 5") == "No run matches.\n"
    assert said(capsys, "--where", "state == Done") == "No run matches. Values of state: done.\n"
    assert said(capsys, "--where", "epochs > 5", "--to-mlflow", "nonsense://x") == "No run matches.\n"
    assert said(capsys, "--where", "epochs > 5", "--format", "json") == "[]\n"


def test_the_state_is_found_without_reading_the_file_again(
    project: Project, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aml_pipeline.cli import opened

    monkeypatch.setattr(memo, "_YOUNG_NS", 0)
    monkeypatch.setattr(memo, "_program", tuple)  # other tests may compile it meanwhile
    first = said(capsys)
    with monkeypatch.context() as patch:
        patch.setattr(opened, "open_pipeline", None)
        assert said(capsys) == first
    project.replace("pipeline.yaml", "name: small", "name: other")
    assert said(capsys) == "There are no runs yet. Start one with `aml-pipeline run`.\n"
