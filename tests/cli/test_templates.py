"""The templates of ``init``: each is a project that runs, with Python alone, and that both SDKs take."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import aml_pipeline
from aml_pipeline import cli
from aml_pipeline.cli.table import TEMPLATES
from tests.conftest import ROOT

FOLDER = ROOT / "aml_pipeline" / "templates"
# A metric that each logs, what it is at least, and what it is at most.
RESULTS = {
    "tabular": ("evaluate", "accuracy", 0.75, 0.95),
    "images": ("choose", "test_accuracy", 0.85, 1),
    "scoring": ("merge", "rows", 900, 900),
    "v1-notebook": ("evaluate", "mean_error", 10_000, 25_000),
}

_PLAIN = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return str(folder / "bin" / "python")


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project made from a template, in the current folder."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", request.param, "--template", request.param], {}) == 0
    monkeypatch.chdir(tmp_path / request.param)
    return Path.cwd()


def test_every_template_has_a_name_and_a_page_of_one_screen() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(TEMPLATES)
    for name in RESULTS:
        page = (FOLDER / name / "README.md").read_text(encoding="utf-8")
        assert len(page.splitlines()) <= 30, name
        assert "**synthetic**" in page, name


@pytest.mark.parametrize("project", RESULTS, indirect=True)
def test_both_sdks_take_it_with_each_profile(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (project / "pipeline.yaml").read_text(encoding="utf-8").count(f"\nname: {project.name}\n") == 1
    capsys.readouterr()
    for words in ([], ["--sdk", "v1"], ["--sdk", "v2"], ["--profile", "quick"], ["--profile", "full"]):
        assert cli.run(["validate", *words], {}) == 0
    assert capsys.readouterr().out.splitlines() == ["pipeline.yaml: no errors."] * 5


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("project", RESULTS, indirect=True)
def test_it_runs_with_python_alone_and_then_nothing_is_left_to_do(bare: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["--profile", "quick", "--python", bare]
    assert cli.run(["run", *words], _PLAIN) == 0
    capfd.readouterr()
    assert cli.run(["plan", "--exit-code", *words], _PLAIN) == 0
    assert "runs" not in capfd.readouterr().out


@pytest.mark.parametrize("project", ["tabular"], indirect=True)
@pytest.mark.parametrize(
    ("table", "told"),
    {
        "\ufeffsize,sold\r\n1234567.5,1\r\n2,0\r\n": "",
        "size;sold\n1;0\n": "line 2: expected a number for each of size;sold, the last of them 0 or 1; got 1;0",
        "size,sold\n1,0\nbig,1\n": "line 3: expected a number for each of size, sold, the last of them 0 or 1; got big",
        "size,sold\n1\n": "line 2: expected a number for each of size, sold, the last of them 0 or 1; got 1",
    }.items(),
)
def test_a_table_of_ones_own(project: Path, table: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Excel writes a byte order mark, and semicolons in half of Europe."""
    (project / "data").mkdir()
    (project / "data" / "table.csv").write_text(table, encoding="utf-8", newline="")
    assert cli.run(["run", "prepare"], _PLAIN) == (1 if told else 0)
    assert told in capfd.readouterr().err
    if not told:
        parts = [path.read_text() for path in (project / ".aml_pipeline/tabular/outputs/prepare/tables").iterdir()]
        assert all(part.startswith("size,sold") for part in parts)
        assert "1234567.5," in "".join(parts)


@pytest.mark.more
@pytest.mark.parametrize(("project", "result"), RESULTS.items(), indirect=["project"])
def test_what_it_learns_is_worth_something(project: Path, result: tuple[str, str, float, float], bare: str) -> None:
    assert cli.run(["run", "--jobs", "2", "--python", bare], _PLAIN) == 0
    step, metric, least, most = result
    assert least <= aml_pipeline.history(project / "pipeline.yaml")[0].metrics[step][metric] <= most


@pytest.mark.more
@pytest.mark.parametrize("project", RESULTS, indirect=True)
def test_the_commands_of_its_page_run(project: Path) -> None:
    """In a shell, one after another; those of the notebook import azureml-core, which is there."""
    commands = re.findall(r"^aml-pipeline .*$", (project / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) >= 6
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=project, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_settings_for_vs_code_are_written_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "plain"], {}) == 0
    assert not (tmp_path / "plain" / ".vscode").exists()
    assert cli.run(["init", "new", "--vscode"], {}) == 0
    settings = json.loads((tmp_path / "new" / ".vscode" / "settings.json").read_text())
    ((schema, file),) = settings["yaml.schemas"].items()
    assert (tmp_path / "new" / schema).is_file()
    assert (tmp_path / "new" / file).is_file()

    (tmp_path / "plain" / "pipeline.schema.json").unlink()
    before = (tmp_path / "plain" / "pipeline.yaml").read_text()
    monkeypatch.chdir(tmp_path / "plain")
    capsys.readouterr()
    assert cli.run(["init", "--vscode"], {}) == 0
    written = [".vscode/extensions.json", ".vscode/settings.json", "pipeline.schema.json"]
    assert capsys.readouterr().out.splitlines() == written
    assert (tmp_path / "plain" / "pipeline.yaml").read_text() == before
    (tmp_path / "plain" / ".vscode" / "settings.json").write_text("{}")
    assert cli.run(["init", "--vscode"], {}) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        ".vscode/extensions.json and .vscode/settings.json already exist. Copy what is missing from "
    )
    assert (tmp_path / "plain" / ".vscode" / "settings.json").read_text() == "{}"
    assert cli.run(["init", "--vscode", "--template", "images"], {}) == 2, "a template is not ignored"
    assert capsys.readouterr().err.endswith(
        "Choose an empty folder: `aml-pipeline init my-project --template images`.\n"
    )
