"""A project of scikit-learn in four steps whose author forgets one thing after the other: one message each, at once.

The scripts are those of ``data/ok/sklearn-project``, about which nothing is to be said.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_pipeline import cli
from tests.conftest import Project
from tests.corpus import OK

Told = Callable[[], list[str]]

PIPELINE = """\
    name: churn
    source_directory: src
    environment: {name: churn, pip_requirements: requirements.txt}
    environment_variables: {STAGE: test, MODEL: forest}
    datasets:
      customers: {local: data/raw}
    steps:
      prepare:
        script: prepare.py
        arguments: {--raw: "${{ datasets.customers }}", --output: "${{ outputs.table }}"}
      features:
        script: features.py
        snapshot: ["config/*.json"]
        arguments: {--table: "${{ steps.prepare.outputs.table }}", --output: "${{ outputs.features }}"}
      train:
        script: train.py
        arguments: {--features: "${{ steps.features.outputs.features }}", --output: "${{ outputs.model }}"}
      evaluate:
        script: evaluate.py
        arguments:
          --features: ${{ steps.features.outputs.features }}
          --model: ${{ steps.train.outputs.model }}
          --output: ${{ outputs.scores }}
"""


@pytest.fixture
def author(tmp_path: Path) -> Project:
    """The project, complete."""
    root = tmp_path / "churn"
    shutil.copytree(OK / "sklearn-project", root, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(root)
    project.write({"pipeline.yaml": PIPELINE})
    return project


# What the author forgets: the file, what stands there, what stands there instead; and what `validate` then tells.
VALIDATED = {
    "a package": (
        ("base.txt", "scikit-learn>=1.2\n", "numpy\n"),
        (
            'src/train.py:9:8 no package in requirements.txt (environment of step "train" and 1 more) provides '
            '"sklearn". Add `scikit-learn` to requirements.txt, or import sklearn inside a `try:` if the script can '
            "do without it. [unnamed-import]"
        ),
    ),
    "data": (
        ("src/prepare.py", "tables.read(args.raw)", 'tables.read(Path("data/raw"))'),
        (
            'src/prepare.py:19:45 "data/raw" is in the project but not in the snapshot of step "prepare", so the '
            "script will not find it. It is part of dataset customers: read the path from the option --raw, "
            "which receives it. [literal-path]"
        ),
    ),
    "a file of the source folder": (
        ("pipeline.yaml", '    snapshot: ["config/*.json"]\n', ""),
        None,  # the script names it in a text, so it comes along
    ),
    "a variable": (
        ("pipeline.yaml", "STAGE: test, ", ""),
        (
            'src/churn/settings.py:6:9 the variable "STAGE" is read here but not declared for step "prepare" and 2 '
            "more: Azure ML does not set it, and a local run has it only if your shell does. Declare it, "
            "`environment_variables: {STAGE: …}`, or make it an argument. [undeclared-variable]"
        ),
    ),
    "to call": (
        ("src/prepare.py", 'if __name__ == "__main__":\n    main()\n', ""),
        (
            'src/prepare.py:12:1 prepare.py defines main but calls nothing, so step "prepare" would do nothing. Add '
            'a call at the end of the script: `if __name__ == "__main__": main()`. [nothing-called]'
        ),
    ),
    "where the data is": (
        ("pipeline.yaml", "local: data/raw", "local: data/row"),
        (
            'pipeline.yaml:6:22 dataset "customers" was not found at data/row. Put the data there, or add '
            "`optional: true` if the steps can do without it. [missing-dataset]"
        ),
    ),
}


@pytest.fixture
def told(author: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """What `validate` tells of the project, where the variable STAGE is set."""

    def problems() -> list[str]:
        monkeypatch.chdir(author.root)
        assert cli.run(["validate", "--format", "json"], {"STAGE": "set"}) == 0
        rows = json.loads(capsys.readouterr().out)
        return [
            f"{row['file']}:{row['line']}:{row['column']} {row['message']} {row['cure']} [{row['code']}]"
            for row in rows
        ]

    return problems


@pytest.mark.parametrize("forgotten", VALIDATED)
def test_validate_tells_what_was_forgotten_once(author: Project, told: Told, forgotten: str) -> None:
    (name, old, new), words = VALIDATED[forgotten]
    assert told() == []
    author.replace(name, old, new)
    assert told() == ([] if words is None else [words])


def test_data_without_a_dataset_is_told_with_the_block_to_write(author: Project, told: Told) -> None:
    author.replace("pipeline.yaml", "datasets:\n  customers: {local: data/raw}\n", "")
    author.replace("pipeline.yaml", '--raw: "${{ datasets.customers }}", ', "")
    author.replace("src/prepare.py", "tables.read(args.raw)", 'tables.read(Path("data/raw"))')
    author.replace("src/prepare.py", ', default=Path("../data/raw")', "")
    (words,) = told()
    assert words.endswith(
        "Declare it, `datasets: {raw: {local: data/raw}}`, and pass it, `--data: ${{ datasets.raw }}`: the script "
        "reads the path from that option. [literal-path]"
    )


def test_a_default_that_the_pipeline_gives_is_not_read(author: Project, told: Told) -> None:
    author.replace("pipeline.yaml", '--raw: "${{ datasets.customers }}", ', "")
    codes = sorted(words.rpartition("[")[2] for words in told())
    assert codes == ["literal-path]", "unused-dataset]"], "the default counts once the option is not given"


# What no text shows: the file, what stands there, what stands there instead; and the one line of the run that tells it.
RUN = {
    "to write the output": (
        ("src/evaluate.py", '(args.output / "scores.json")', 'Path("scores.json")'),
        (
            "evaluate: Output scores is empty. The script left scores.json (",
            " in its working folder, which is not kept: write it into the folder of --output.",
        ),
    ),
    "to copy before writing": (
        ("src/prepare.py", "tables.write(rows, args.output)", "tables.write(rows, args.raw)"),
        (
            "prepare: Dataset customers changed while the step ran (",
            "A script must not modify its datasets: write into the folder of --output, or copy ",
        ),
    ),
}


@pytest.mark.parametrize("forgotten", RUN)
def test_a_run_tells_what_was_forgotten_once(author: Project, forgotten: str) -> None:
    change, words = RUN[forgotten]
    author.replace(*change)
    lines = author.cli("run", status=1, environ={"STAGE": "set"}).stderr.splitlines()
    told = [line for line in lines if any(word in line for word in words)]
    assert len(told) == 1, lines
    assert all(word in told[0] for word in words)
