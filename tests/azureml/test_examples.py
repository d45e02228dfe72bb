"""The pipelines of ``docs/examples``: they run here, and both SDKs send the same arguments."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline import azureml
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_conformance import CONFORMANCE
from tests.azureml.test_export_v2 import Exported
from tests.conformance.sides import Sides
from tests.conftest import ROOT, Project
from tests.loopback.serving import quiet, serving
from tests.loopback.storage import KEY, storing
from tests.loopback_v2.lesson import a_lesson_v2
from tests.v2.shell import Python

pytestmark = [quiet, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of marshmallow, in the client

EXAMPLES = {path.parent.name: path.parent for path in sorted((ROOT / "docs" / "examples").glob("*/pipeline.yaml"))}
# An output that no step reads, its file, and what that says.
RESULTS: dict[str, tuple[str, str, dict[str, float]]] = {
    "datastore-file": ("read-file/counts", "counts.json", {"words": 5, "files": 2}),
    "flower-species": ("fit/report", "report.json", {"accuracy": 0.9267}),
    "train-score-evaluate": ("evaluate/report", "report.json", {"accuracy": 0.81}),
    "trip-prices": ("score/report", "report.json", {"mean_absolute_error": 0.64}),
    "unpack-and-train": ("evaluate/report", "report.json", {"mean_squared_error": 0.01}),
}


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of an example."""
    ignored = shutil.ignore_patterns(".aml_pipeline*")
    return Path(shutil.copytree(EXAMPLES[request.param], tmp_path / request.param, ignore=ignored))


@pytest.fixture
def stand_ins(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every program of the example write down its command line instead."""
    for script in [*example.rglob("*.py"), *example.rglob("*.sh"), *example.rglob("*.R")]:
        shutil.copy(CONFORMANCE / "record.py", script.with_name("record.py"))
        if script.suffix == ".py":
            shutil.copy(CONFORMANCE / "record.py", script)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "Rscript"):
        (programs / name).write_text(f'#!/bin/sh\nshift\nexec {sys.executable} record.py "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return example


@pytest.fixture
def sides(stand_ins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sides]:
    with serving(tmp_path, monkeypatch) as service, storing(service.guard, tmp_path, monkeypatch):
        from azureml.core import Environment

        from tests.loopback.client import connect

        service.add_compute("cpu-cluster")
        service.unlock("AccountKey", KEY)
        workspace = connect(service, tmp_path)
        environment = Environment("sklearn-1.5")
        environment.version = "12"
        environment.register(workspace)
        # That of .venv: its folder, which is searched first, has no programs of the stand-ins' names.
        python = interpreter.inspect(sys.executable, os.environ)
        yield Sides(stand_ins, service, workspace, python)


def test_it_runs_here(example: Path) -> None:
    if example.name == "flower-species" and not shutil.which("Rscript"):
        pytest.skip("R is not installed")
    if example.name == "unpack-and-train":
        pytest.importorskip("torch")
    project = Project(example)
    assert set(project.run().values()) == {"done"}
    output, name, expected = RESULTS[example.name]
    place = example / ".aml_pipeline" / example.name / "outputs" / output
    told = json.loads((place / name).read_text(encoding="utf-8"))
    assert {key: pytest.approx(value, abs=0.01) for key, value in expected.items()} == told
    assert set(project.run().values()) == {"up to date"}


def test_arguments_are_the_same_here_in_v1_and_in_v2(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (sides.folder / "pipeline.yaml").read_text(encoding="utf-8")
    both = sides.of(text)
    assert {name: both.arguments_there[name] for name in both.here} == both.arguments_here
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[2])  # without the stand-ins of programs
    exported = Exported(text, sides.folder, None, {})
    exported.is_whole()
    python = Python(tmp_path / "bin")
    assert {name: exported.received(python, name) for name in both.here} == both.arguments_here


def test_v2_runs_it(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_lesson_v2(tmp_path / "v2", monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch):
        lesson.service.unlock("AccountKey", KEY)
        lesson.service.add_environment("sklearn-1.5", "12")
        plan, project = open_pipeline(str(example / "pipeline.yaml"), None, {}).require()
        submission = azureml.submit(plan, azureml.connect(str(lesson.root), sdk="v2"), project)
        jobs = lesson.service.jobs[submission.id]["properties"]["jobs"]
        assert list(jobs) == [step.name.replace("-", "_") for step in plan.steps]
