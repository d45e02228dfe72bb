"""Data that a script finds by name, with SDK v1: the graph beside one that is written with the SDK alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.v1.snapshots import folder
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project as Folder
from aml_pipeline.project.opening import open_pipeline
from tests import v1
from tests.azureml.test_commands_v1 import register, sent_alike
from tests.conftest import Project
from tests.loopback import evaluator, example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Sdk

pytestmark = quiet

PIPELINE = """
    name: lesson
    compute: cpu-cluster
    environment: {registered: training, version: 1}
    source_directory: source
    datasets:
      images: {registered: images, version: 1, mode: download}
    steps:
      prepare:
        script: prepare.py
        inputs:
          training: ${{ datasets.images }}
        arguments:
          --out: ${{ outputs.prepared }}
          --also: ${{ outputs.other }}
      train:
        script: train.py
        inputs:
          pictures: ${{ steps.prepare.outputs.other }}
        arguments: [fit, {--raw-data: "${{ steps.prepare.outputs.prepared }}"}, "${{ datasets.images }}"]
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "source/prepare.py": "from azureml.core import Run\nprint(Run.get_context().input_datasets['training'])\n",
    "source/train.py": "print('train')\n",
}


@pytest.fixture
def opened(tmp_path: Path, workspace: Sdk) -> tuple[Plan, Folder]:
    register(workspace)
    project = Project(tmp_path / "project")
    project.write(FILES)
    return open_pipeline(str(project.root / "pipeline.yaml")).require()


def by_hand(workspace: Sdk, plan: Plan, project: Folder) -> Sdk:
    """Return the same pipeline as somebody writes it with the SDK."""
    from azureml.core import Dataset, Environment
    from azureml.core.runconfig import RunConfiguration
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import PythonScriptStep

    configuration = RunConfiguration()
    configuration.environment = Environment.get(workspace, "training", "1")
    configuration.max_run_duration_seconds = None
    images = Dataset.get_by_name(workspace, "images", 1)
    prepared, other = (OutputFileDatasetConfig(name).as_upload() for name in ("prepared", "other"))

    def step(about: Step, inputs: list[Sdk], arguments: list[Sdk]) -> Sdk:
        return PythonScriptStep(
            f"{about.name}.py",
            about.name,
            inputs=inputs,
            arguments=arguments,
            compute_target=example.CLUSTER,
            runconfig=configuration,
            source_directory=folder(project.uploads, project.snapshot(about)),
        )

    training = images.as_named_input("training").as_download()
    prepare = step(plan.step("prepare"), [training], ["--out", prepared, "--also", other])
    words = ["fit", "--raw-data", prepared.as_input("raw_data"), images.as_named_input("images").as_download()]
    train = step(plan.step("train"), [other.as_input("pictures")], words)
    return Pipeline(workspace, [prepare, train], default_datastore=workspace.get_default_datastore())


def test_the_graph_equals_one_that_is_written_with_the_sdk_alone(
    opened: tuple[Plan, Folder], service: Service, workspace: Sdk
) -> None:
    plan, project = opened
    graph, modules = sent_alike(plan, project, service, workspace, by_hand(workspace, plan, project))
    steps = evaluator.evaluate(graph, {module["Id"]: module for module in modules.values()})
    assert {name: dict(step.modes) for name, step in steps.items()} == {
        "prepare": {"training": "download"},
        "train": {"pictures": "mount", "raw_data": "mount", "images": "download"},
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("training: ${{", "picture: ${{"),
        ("pictures: ${{", "photos: ${{"),
        ("    inputs:\n      pictures: ${{ steps.prepare.outputs.other }}\n", ""),
    ],
)
def test_another_declared_input_is_another_published_pipeline(
    opened: tuple[Plan, Folder], workspace: Sdk, old: str, new: str
) -> None:
    file = Path(opened[0].file)
    azureml.publish(load(file), workspace)
    assert {row.action for row in azureml.publish(load(file), workspace)} == {"unchanged"}
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert [row.action for row in azureml.publish(load(file), workspace)] == ["create", "update"]


def test_the_data_of_a_single_step_has_its_name_too(
    opened: tuple[Plan, Folder], service: Service, workspace: Sdk
) -> None:
    plan, project = opened
    azureml.submit(plan, workspace, project, step="prepare")
    [order] = service.asked("POST", "/snapshotrun")
    data = order.body["Configuration"]["data"]
    assert {name: (about["environmentVariableName"], about["mechanism"]) for name, about in data.items()} == {
        "training": ("training", "download")
    }


@v1.needs_v1
def test_the_sdk_finds_the_path_in_the_variable_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """``Run.get_context().input_datasets``, with the variables that the SDK's own code says Azure ML sets."""
    from azureml.core.run import InputDatasets, _OfflineRun

    monkeypatch.setenv("AZUREML_DATASET_ENVIRONMENT_VARS", "training:mount")
    monkeypatch.setenv("training", "/mnt/images")
    assert InputDatasets(None)["training"] == "/mnt/images"
    assert not hasattr(_OfflineRun(), "input_datasets")  # in a local run


def test_a_published_pipeline_declares_the_data_that_only_inputs_name(
    opened: tuple[Plan, Folder], service: Service, workspace: Sdk
) -> None:
    file = Path(opened[0].file)
    file.write_text(file.read_text(encoding="utf-8").replace(', "${{ datasets.images }}"]', "]"), encoding="utf-8")
    azureml.publish(load(file), workspace)
    [entity] = service.state.pipelines.values()
    assert list(entity["DataSetDefinitionValueAssignments"]) == ["images"]
    assert {row.action for row in azureml.publish(load(file), workspace)} == {"unchanged"}
