"""Each variant of a step with a matrix is a result of its own, under a name that stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from aml_pipeline.cli.folding import lines
from aml_pipeline.cli.screen.summary import output_lines
from aml_pipeline.core.digests import Digests
from aml_pipeline.local import Run
from aml_pipeline.local.store import Result, Store
from aml_pipeline.project.opening import open_pipeline
from aml_pipeline.runs import differences
from aml_pipeline.runs.events import StepEnded
from aml_pipeline.runs.record import RunRecord, titles
from tests.conftest import Project

SCRIPT = """
    import sys
    open(sys.argv[-1] + "/text", "w").write(" ".join(open(word + "/text").read() if "/" in word else word
                                                     for word in sys.argv[2:-2:2] or ["data"]))
    print(*sys.argv[1:])
    """
CHOOSE = """
    import sys
    open(sys.argv[-1] + "/text", "w").write(" ".join(open(word + "/text").read() for word in sys.argv[2:-2]))
    """
FILES = {
    "pipeline.yaml": """
        name: many
        source_directory: src
        steps:
          prepare:
            script: prepare.py
            arguments: {--output: "${{ outputs.data }}"}
          train:
            script: train.py
            matrix:
              rate: [0.1, 0.01]
              size: [4]
            arguments:
              --data: ${{ steps.prepare.outputs.data }}
              --rate: ${{ matrix.rate }}
              --size: ${{ matrix.size }}
              --output: ${{ outputs.model }}
          score:
            script: score.py
            matrix: {rate: [0.1, 0.01]}
            arguments:
              --model: ${{ steps.train.outputs.model }}
              --output: ${{ outputs.score }}
          choose:
            script: choose.py
            after: [score]
            arguments:
              --models: ${{ steps.train.outputs.model }}
              --output: ${{ outputs.best }}
        """,
    "src/prepare.py": SCRIPT,
    "src/train.py": SCRIPT,
    "src/score.py": SCRIPT,
    "src/choose.py": CHOOSE,
}
TRAIN, FINE = "train[rate=0.1,size=4]", "train[rate=0.01,size=4]"
STEPS = ("prepare", TRAIN, FINE, "score[rate=0.1]", "score[rate=0.01]", "choose")


@pytest.fixture
def many(project: Project) -> Project:
    project.write(FILES)
    assert project.run("--jobs", "2") == dict.fromkeys(STEPS, "done")
    return project


def texts(project: Project) -> Mapping[str, str]:
    files = project.root.glob(".aml_pipeline/many/outputs/*/*/text")
    return {f"{file.parts[-3]}.{file.parts[-2]}": file.read_text() for file in files}


def test_a_variant_is_a_result_of_its_own(many: Project) -> None:
    assert texts(many) == {
        "prepare.data": "data",
        "train-0p1-4.model": "data 0.1 4",
        "train-0p01-4.model": "data 0.01 4",
        "score-0p1.score": "data 0.1 4",
        "score-0p01.score": "data 0.01 4",
        "choose.best": "data 0.1 4 data 0.01 4",
    }
    assert many.plan() == dict.fromkeys(STEPS, "up to date")

    axes = "rate: [0.1, 0.01]\n      size: [4]"
    many.replace("pipeline.yaml", axes, "size: [4]\n      rate: [0.1, 0.01]")
    assert set(many.plan().values()) == {"up to date"}, "the order of axes makes no difference"
    many.replace("pipeline.yaml", "size: [4]\n      rate: [0.1, 0.01]", axes)

    many.replace("pipeline.yaml", "rate: [0.1, 0.01]\n      size", "rate: [0.1, 0.01, 1]\n      size")
    new = "train[rate=1,size=4]"
    assert many.plan() == {
        **dict.fromkeys(STEPS[:-1], "up to date"),
        new: "will run  never ran",
        "choose": f"will run  input {new}.model is new",
    }
    assert many.run() == {**dict.fromkeys(STEPS, "up to date"), new: "done", "choose": "done"}
    assert texts(many)["choose.best"] == "data 0.1 4 data 0.01 4 data 1 4"

    many.replace("pipeline.yaml", "rate: [0.1, 0.01, 1]", "rate: [0.01, 0.1, 1]")
    assert many.plan()["choose"] == "will run  the order of 3 variants of train changed"
    many.replace("pipeline.yaml", "rate: [0.01, 0.1, 1]", "rate: [0.01, 1]")
    many.replace("pipeline.yaml", "matrix: {rate: [0.1, 0.01]}", "matrix: {rate: [0.01]}")
    assert many.plan() == {
        "prepare": "up to date", FINE: "up to date", new: "up to date", "score[rate=0.01]": "up to date",
        "choose": f"will run  input {TRAIN}.model is gone, and 1 more change",
    }  # fmt: skip
    assert many.run()["choose"] == "done"
    assert texts(many)["choose.best"] == "data 0.01 4 data 1 4"


def test_a_record_knows_the_titles_of_its_steps(many: Project) -> None:
    (run,) = many.runs()
    record = RunRecord(run.name, str(run))
    expected = {"train-0p1-4": TRAIN, "train-0p01-4": FINE, "score-0p1": STEPS[3], "score-0p01": STEPS[4]}
    assert titles(record.header) == titles(record.short) == expected
    rows = {row["name"]: row for row in json.loads((run / "run.json").read_text())["plan"]["steps"]}
    assert rows["train-0p1-4"]["declared"] == "train"
    assert rows["train-0p1-4"]["variant"] == {"rate": "0.1", "size": "4"}
    assert not {"declared", "variant", "title"} & rows["prepare"].keys()


def test_clean_frees_the_variants_that_left_the_file(many: Project) -> None:
    many.replace("pipeline.yaml", "rate: [0.1, 0.01]\n      size", "rate: [0.1, 1]\n      size")
    many.replace("pipeline.yaml", "matrix: {rate: [0.1, 0.01]}", "matrix: {rate: [0.1]}")
    many.run()
    assert "2 removed variants" in many.cli("clean").stdout
    kept = {"prepare", "train-0p1-4", "train-1-4", "score-0p1", "choose"}
    for folder in ("steps", "outputs"):
        assert {place.name for place in (many.root / ".aml_pipeline/many" / folder).iterdir()} == kept
    many.replace("pipeline.yaml", "matrix: {rate: [0.1]}", "matrix: {}")  # a mistake
    assert "removed" not in many.cli("clean").stdout


def test_many_variants_alike_are_one_line(project: Project) -> None:
    values = ", ".join(map(str, range(12)))
    project.write({**FILES, "pipeline.yaml": FILES["pipeline.yaml"].replace("size: [4]", f"size: [{values}]")})
    plan, _ = open_pipeline(str(project.root / "pipeline.yaml")).require()
    said = {step.name: "up to date" for step in plan.steps}
    assert [row.split("  ")[0] for row in lines(plan, said | {"train-0p1-3": "will run  never ran"})] == [
        *("prepare", "train (23 of 24 variants)", "train[rate=0.1,size=3]", "score[rate=0.1]", "score[rate=0.01]"),
        "choose",
    ]
    assert lines(plan, said)[1].split("  ")[0] == "train (24 variants)"


def test_what_other_steps_lack_is_counted(project: Project) -> None:
    project.write(FILES)
    cure = "and they are not part of this run. Run them first: `aml-pipeline run train`."
    refused = project.cli("plan", "--only", "choose", status=2).stderr
    assert refused == f'2 variants of step "train" have no local result yet, {cure}\n'
    refused = project.cli("plan", "--only", STEPS[3], status=2).stderr
    cure = f"and it is not part of this run. Run it first: `aml-pipeline run '{TRAIN}'`."
    assert refused == f'Step "{TRAIN}" has no local result yet, {cure}\n'


def test_what_is_run_and_where_it_is_left_is_told_by_title(many: Project) -> None:
    last = many.cli("run", "score-0p1", "--force").stdout.splitlines()[-1]
    assert last.split() == [f"{STEPS[3]}.score", ".aml_pipeline/many/outputs/score-0p1/score"]


def test_the_same_output_of_many_variants_is_one_line(project: Project) -> None:
    text = FILES["pipeline.yaml"].replace("size: [4]", f"size: [{', '.join(map(str, range(12)))}]")
    project.write({**FILES, "pipeline.yaml": text})
    plan, _ = open_pipeline(str(project.root / "pipeline.yaml")).require()
    result = Result("", "", "", {"model": "/x"}, {}, {}, {})
    names = [step.name for step in plan.steps if step.declared in {"prepare", "train"}]
    unread = replace(plan, steps=tuple(step for step in plan.steps if step.name in names))
    done = Run(results=dict.fromkeys(names, result), steps=dict.fromkeys(names, StepEnded(0.0, "", "done", "")))
    rows = output_lines(unread, Store(str(project.root / "state"), Digests()), done, plan.file)
    assert rows == [
        f"prepare.model              {project.root}/state/outputs/prepare/model",
        f"train.model (24 variants)  {project.root}/state/outputs/train-*/model",
    ]


def test_logs_and_compare_know_titles(many: Project) -> None:
    assert "--rate 0.01 --size 4" in many.cli("logs", FINE).stdout
    assert many.cli("logs", "train[rate=0.1]").stdout == many.cli("logs", TRAIN).stdout
    one_of = many.cli("logs", "train")
    assert one_of.stderr in {f"The log of {title}, one of 2 variants with a log:\n" for title in (TRAIN, FINE)}
    assert one_of.stdout in {many.cli("logs", title).stdout for title in (TRAIN, FINE)}
    known = f"Known: choose, prepare, {STEPS[4]}, {STEPS[3]}, {FINE}, {TRAIN}."
    assert many.cli("logs", "train[depth=1]", status=2).stderr.endswith(known + "\n")

    many.replace("pipeline.yaml", "rate: [0.1, 0.01]\n      size", "rate: [0.01]\n      size")
    many.replace("pipeline.yaml", "matrix: {rate: [0.1, 0.01]}", "matrix: {rate: [0.01]}")
    many.run()
    told = many.cli("compare").stdout
    assert f"{TRAIN}, {STEPS[3]}  the step was removed" in told
    assert f"input {TRAIN}.model is gone" in told


def test_parts_are_told_with_titles() -> None:
    token = {"input": {"step": "a-1", "name": "x"}}
    parts = {
        "arguments": [[{"literal": {"text": "--in"}}, token, {"text": {"parts": [token]}}]],
        "inputs": {"a-1.x": "digest"},
        "after": {"a-1": "attempt"},
    }
    named = {"input": {"step": "a[n=1]", "name": "x"}}
    assert differences.titled(parts, {"a-1": "a[n=1]"}) == {
        "arguments": [[{"literal": {"text": "--in"}}, named, {"text": {"parts": [named]}}]],
        "inputs": {"a[n=1].x": "digest"},
        "after": {"a[n=1]": "attempt"},
    }
