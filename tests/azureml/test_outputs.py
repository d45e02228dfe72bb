"""Outputs in SDK v1, against the loopback service: their places, and the steps that register models."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from aml_pipeline.azureml.v1 import register_model, registration
from tests import v1
from tests.loopback import evaluator
from tests.loopback.lesson import Lesson
from tests.loopback.script import Step
from tests.loopback.serving import quiet

pytestmark = quiet


@pytest.fixture
def registering(lesson: Lesson) -> Lesson:
    lesson.write({"conda.yml": "dependencies: [python=3.11, pip, {pip: [azureml-core]}]\n"})
    lesson.replace(
        "pipeline.yaml",
        "      --out: ${{ outputs.data }}\n",
        "      --out: ${{ outputs.data }}\n    timeout: 10m\n    environment_variables: {TOKENS: 1}\n"
        "    outputs: {data: {model: {name: Net_1}}}\n",
    )
    return lesson


def evaluated(lesson: Lesson) -> dict[str, evaluator.Step]:
    service, run = lesson.service, list(lesson.service.runs)[-1]
    return evaluator.evaluate(service.graph_of(run), service.modules, service.assignments_of(run))


def test_a_step_of_its_own_registers_a_model(registering: Lesson) -> None:
    done = registering.azure("submit", "--wait")
    assert done.status == 0, done.err
    assert "register_Net_1  done" in done.out
    steps = evaluated(registering)
    assert set(steps) == {"prepare", "train", "register_Net_1"}
    step = steps["register_Net_1"]
    assert step.script == "register_model.py"
    assert list(step.resolved) == ["--model", "<input prepare.data>", "--name", "Net_1"]
    assert step.environment == steps["prepare"].environment
    assert (step.compute, step.timeout, step.environment_variables) == ("cpu-cluster", None, {})
    assert steps["prepare"].timeout == "600"
    (snapshot,) = (one for name, one in registering.service.snapshots.items() if name == step.snapshot)
    assert "register_model.py" in str(snapshot)
    page = registering.cli("report").stdout
    assert "register_Net_1" in Path(page.split()[-1]).read_text(encoding="utf-8")


def test_a_model_that_cannot_be_registered_fails_the_run(registering: Lesson) -> None:
    registering.service.script.steps["register_Net_1"] = Step(fails=True, error="no such registry")
    done = registering.azure("submit", "--wait")
    assert done.status == 1
    assert "register_Net_1  FAILED" in done.out
    assert "no such registry" in done.err


def test_what_a_submission_would_do_with_it(registering: Lesson) -> None:
    assert "prepare.data: registered as model Net_1\n" in registering.azure("submit", "--dry-run").out
    assert registering.azure("submit").status == 0
    rows = registering.azure("plan", "--remote").out
    assert "register_Net_1  may be reused  Azure ML knows it\n" in rows, rows
    registering.replace("steps/prepare.py", "print(", "print( ")
    assert "register_Net_1  will run  step prepare runs\n" in registering.azure("plan", "--remote").out


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("name: Net_1", "name: Net_1, type: mlflow", set()),
        ("name: Net_1", "name: Net_2", {"register_Net_2"}),
        ("outputs: {data: {model: {name: Net_1}}}", "outputs: {data: {mode: upload}}", set()),
    ],
)
def test_a_step_that_writes_a_model_keeps_its_module(
    registering: Lesson, capsys: pytest.CaptureFixture[str], old: str, new: str, changed: set[str]
) -> None:
    assert registering.here(capsys, "submit").status == 0
    before = {step.module for step in evaluated(registering).values()}
    registering.replace("pipeline.yaml", old, new)
    assert registering.here(capsys, "submit").status == 0
    assert {name for name, step in evaluated(registering).items() if step.module not in before} == changed


def test_another_script_of_ours_reruns_only_the_step_that_runs_it(
    registering: Lesson, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registering.here(capsys, "submit").status == 0
    before = {step.module for step in evaluated(registering).values()}
    assert registering.here(capsys, "publish").status == 0
    script = registration.text()
    monkeypatch.setattr(registration, "text", lambda: script + b"# another\n")
    assert registering.here(capsys, "submit").status == 0
    assert {name for name, step in evaluated(registering).items() if step.module not in before} == {"register_Net_1"}
    assert "+ published pipeline" in registering.here(capsys, "publish").out


def test_a_step_alone_registers_nothing_and_says_so(registering: Lesson) -> None:
    done = registering.azure("submit", "prepare")
    assert done.status == 0, done.err
    told = 'Output data is not registered as model "Net_1": a step adds this, but only to a pipeline.\n'
    assert told in done.err


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ("{path: 'scores/{run}'}", ("workspaceblobstore", "upload", "scores/{run-id}", False)),
        ("{path: scores, overwrite: true}", ("workspaceblobstore", "upload", "scores", True)),
        ("{path: scores, overwrite: true, mode: mount}", ("workspaceblobstore", "mount", "scores", False)),
    ],
)
def test_the_place_of_an_output(lesson: Lesson, settings: str, place: tuple[object, ...]) -> None:
    option = "      --out: ${{ outputs.data }}\n"
    lesson.replace("pipeline.yaml", option, f"{option}    outputs: {{data: {settings}}}\n")
    assert lesson.azure("submit").status == 0
    (port,) = evaluated(lesson)["prepare"].outputs
    assert (port.datastore, port.mode, port.path, port.overwrite) == place


@v1.needs_v1
def test_the_script_uploads_the_model_and_registers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for Azure's side of azureml.core, whose methods take what the script passes."""
    from azureml.core import Run

    asked: list[tuple[str, dict[str, str]]] = []
    run = SimpleNamespace(
        upload_folder=lambda **given: asked.append(("upload_folder", given)),
        register_model=lambda **given: asked.append(("register_model", given)),
    )
    core = ModuleType("azureml.core")
    core.Run = SimpleNamespace(get_context=lambda **_given: run)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azureml.core", core)
    register_model.main(["--model", str(tmp_path), "--name", "cifar-net"])
    for name, given in asked:
        inspect.signature(getattr(Run, name)).bind(run, **given)
    assert asked == [
        ("upload_folder", {"name": "model", "path": str(tmp_path)}),
        ("register_model", {"model_name": "cifar-net", "model_path": "model"}),
    ]


def test_an_output_that_no_argument_passes_there_is_not_registered(registering: Lesson) -> None:
    registering.replace(
        "pipeline.yaml", "parameters:\n", "datasets: {gone: {local: gone, optional: true}}\nparameters:\n"
    )
    registering.replace(
        "pipeline.yaml", "--out: ${{ outputs.data }}", "--out: ['${{ outputs.data }}', '${{ datasets.gone }}']"
    )
    assert registering.azure("submit").status == 0
    assert set(evaluated(registering)) == {"prepare", "train"}
