"""The pages of docs/reference that are made from the code: they are up to date, and leave nothing out.

Their fences are one example of each command, which tests/test_docs.py parses: commands.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import aml_pipeline
from aml_pipeline import azureml
from aml_pipeline.cli import exits
from aml_pipeline.cli.table import COMMANDS
from tests.conftest import Project
from tests.reference import FOLDER, commands, keys, state, variables
from tests.reference.exits import MEANINGS
from tests.reference.pages import PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_what_the_code_says_now(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "if that is meant, `make checks` writes it down"


def test_every_command_is_documented() -> None:
    assert list(commands.MORE) == sorted(COMMANDS)


def test_every_exit_status_is_documented() -> None:
    assert set(MEANINGS) == {name for name in vars(exits) if name.startswith("EXIT_")}


def test_every_key_has_one_anchor() -> None:
    headings = re.findall("^#+ (.*)$", keys.page(), re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(anchors) == len(set(anchors))
    assert {f"`{key}`" for key in keys.SINCE} <= set(headings)


def test_every_public_name_is_on_the_page_of_the_api() -> None:
    page = (FOLDER / "python-api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^::: aml_pipeline\.(\S+)$", page, re.MULTILINE)
    assert sorted(listed) == sorted([*aml_pipeline.__all__, *(f"azureml.{name}" for name in azureml.__all__)])


def test_every_variable_in_the_code_is_documented() -> None:
    found = variables.words_of_the_code()
    unknown = {word: module for word, module in found.items() if word not in variables.documented() | variables.OTHER}
    assert unknown == {}, "document it in tests/reference/variables.py, or name it there as no variable"
    assert variables.OTHER - set(found) == set()


PIPELINE = """
    name: state
    parameters: {rate: 1}
    datasets: {rows: {local: rows}}
    steps:
      train:
        script: train.py
        distribution: {type: pytorch, processes_per_node: 2}
        environment_variables: {PASSWORD: hunter22}
        arguments: {--rows: "${{ datasets.rows }}", --rate: "${{ parameters.rate }}", --model: "${{ outputs.model }}"}
        outputs: {model: {model: {name: net}}}
"""
SCRIPT = """
    import os, pathlib, sys
    print("a line")
    if os.environ["RANK"] == "0":
        pathlib.Path(sys.argv[6], "weights").write_text(sys.argv[4])
        pathlib.Path("outputs", "table.csv").write_text("a,b")
"""


def test_every_file_of_the_state_is_documented(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "train.py": SCRIPT, "rows/one.csv": "1", "rows/two.csv": "2"})
    for rate in ("1", "2", "2"):
        project.cli("run", "--param", f"rate={rate}")
    second = project.runs()[1].name
    for line in (f"runs --note {second} good", f"runs --pin {second}", "report", "compare --page", "report --all"):
        project.cli(*line.split())
    project.cli("clean", "--runs", "10", "--wait-for-lock", "1")
    folder = project.root / ".aml_pipeline"
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    unknown, missing = state.unmatched(files)
    assert unknown == []
    # Of files older than 2 s, which these are on a slow machine only; of MLflow.
    assert missing - {".memo/…", "PIPELINE/digests"} == {"PIPELINE/mlruns/…"}
