"""What the proof of an import reports: errors of the project, and facts that differ; and how code is copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.importing import proving
from aml_pipeline.azureml.importing.copying import copied
from aml_pipeline.azureml.importing.proof import IncomparableError
from aml_pipeline.core.errors import AzureError, PipelineError
from aml_pipeline.core.problems import Position, Problem

FILE = """\
name: churn
compute: cpu
environment: {registered: torch, version: "3"}
steps:
  train:
    script: train.py
    arguments: {--output: "${{ outputs.model }}"}
"""
FACTS: dict[str, Any] = {"step train": {"compute": "cpu", "argument 1": "--output"}}
SCRIPT = "import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--output')\nparser.parse_args()\n"


def lines(folder: Path, text: str, made: dict[str, Any] = FACTS, sdk: str = "v1") -> list[str]:
    (folder / "pipeline.yaml").write_text(text)
    (folder / "train.py").write_text(SCRIPT)
    return proving.compared(str(folder), sdk, lambda: FACTS, lambda plan, _: {} if not plan.steps else made)


def test_the_same_facts_are_no_difference(tmp_path: Path) -> None:
    assert lines(tmp_path, FILE) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipeline.yaml", "train.py"]


def test_each_fact_that_differs_is_a_line_without_secrets(tmp_path: Path) -> None:
    made = {"step train": {"compute": "gpu", "variable": "password=hunter2hunter2"}}
    assert lines(tmp_path, FILE, made) == [
        "step train, compute: cpu → gpu",
        "step train, argument 1: --output → nothing",
        "step train, variable: nothing → password=***",
    ]


def test_an_error_of_the_file_is_a_line_and_ends_the_comparison(tmp_path: Path) -> None:
    said = lines(tmp_path, FILE.replace("train.py", "absent.py"))
    assert [line.partition(": ")[0] for line in said[:1]] == ["pipeline.yaml:6"]
    assert said[0].endswith("[missing-script]")
    assert said[1:] == ["nothing else was compared, because of these errors"]


def test_what_azure_ml_would_refuse_is_a_line(tmp_path: Path) -> None:
    assert "[no-compute]" in lines(tmp_path, FILE.replace("compute: cpu\n", ""))[0]


def test_steps_that_are_missing_do_not_end_the_comparison(tmp_path: Path) -> None:
    said = lines(tmp_path, f"{FILE}x-not-imported:\n  score: {{type: Databricks, why: it is a notebook}}\n", {})
    assert "[not-imported]" in said[0]
    assert said[1:] == ["step train: {'compute': 'cpu', 'argument 1': '--output'} → nothing"]


def test_a_dataset_that_stands_for_an_output_names_the_step_and_the_rest_is_compared(tmp_path: Path) -> None:
    text = FILE.replace("steps:\n", "datasets: {net: {local: data/fit/model}}\nsteps:\n")
    text = text.replace('model }}"}', 'model }}", --net: "${{ datasets.net }}"}')
    lines(tmp_path, f"{text}x-not-imported:\n  fit: {{type: sweep}}\n")
    (tmp_path / "train.py").write_text(SCRIPT.replace("parser.parse", "parser.add_argument('--net')\nparser.parse"))
    said = proving.compared(
        str(tmp_path),
        "v2",
        lambda: {"step train": {"data": ["steps.fit.outputs.model"], "compute": "cpu"}},
        lambda plan, project: {"step train": {"data": [project.path(str(plan.datasets["net"].local))]}},
    )
    assert "[not-imported]" in said[0]
    cause = 'pipeline.yaml:4: dataset "net" stands for output model of step "fit", which was not imported. '
    assert said[1].startswith(f"{cause}Write that step, and read ${{{{ steps.fit.outputs.model }}}} instead")
    assert said[2:] == ["step train, compute: cpu → nothing"]


RAISED = {
    "nothing was compared: the cluster is gone": AzureError("the cluster is gone"),
    "pipeline.yaml:5: it cannot be sent. Change it. [x]": PipelineError(
        [Problem("x", "it cannot be sent.", "Change it.", file="a/pipeline.yaml", position=Position(5, 1))], {}
    ),
    "the job is refused": IncomparableError("the job is refused"),
}


@pytest.mark.parametrize("line", RAISED)
def test_what_cannot_be_compared_is_a_difference(line: str, tmp_path: Path) -> None:
    def made(*_: object) -> dict[str, Any]:
        raise RAISED[line]

    lines(tmp_path, FILE)
    assert proving.compared(str(tmp_path), "v1", lambda: FACTS, made)[0] == line


def test_code_is_copied_as_a_job_would_get_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "lib").mkdir(parents=True)
    (code / ".git").mkdir()
    for name in ("run.sh", "lib/a.py", "data.bin", ".git/config"):
        (code / name).write_text(name)
    (code / "run.sh").chmod(0o755)
    (code / ".amlignore").write_text("*.bin\n")
    (tmp_path / "shared.py").write_text("shared")
    (code / "shared.py").symlink_to("../shared.py")
    copied({"steps/train": str(code)}, str(tmp_path / "made"))
    made = tmp_path / "made/steps/train"
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert names == {"run.sh", "lib/a.py", ".amlignore", "shared.py"}
    assert (made / "run.sh").stat().st_mode & 0o100
    assert not (made / "shared.py").is_symlink()


@pytest.mark.parametrize("folder", ["code", "steps/a"])
def test_code_that_is_empty_is_an_empty_folder(folder: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    copied({folder: str(tmp_path / "code")}, str(tmp_path / "made"))
    assert (tmp_path / "made" / folder).is_dir()
