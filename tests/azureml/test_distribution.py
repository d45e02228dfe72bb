"""Steps of several processes in Azure ML: with SDK v1 beside one that is written with the SDK alone, and with v2."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline import azureml
from aml_pipeline.azureml.v1.snapshots import folder
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project as Folder
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_commands_v1 import register, sent_alike
from tests.conftest import Project
from tests.loopback import evaluator, example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Sdk
from tests.loopback_v2.lesson import a_lesson_v2

pytestmark = quiet

PIPELINE = """
    name: together
    compute: cpu-cluster
    environment: {registered: training, version: 1}
    steps:
      alone: {script: train.py}
      torch: {script: train.py, distribution: {type: pytorch, nodes: 2, processes_per_node: 4}}
      mpi: {command: [bash, train.sh], distribution: {type: mpi, nodes: 2, processes_per_node: 4}}
      workers: {script: train.py, distribution: {type: tensorflow, nodes: 3}}
    """


@pytest.fixture
def opened(tmp_path: Path, workspace: Sdk) -> tuple[Plan, Folder]:
    register(workspace)
    project = Project(tmp_path / "project")
    project.write({"pipeline.yaml": PIPELINE, "train.py": "print('train')\n", "train.sh": "echo train\n"})
    return open_pipeline(str(project.root / "pipeline.yaml")).require()


def by_hand(workspace: Sdk, plan: Plan, project: Folder) -> Sdk:
    """Return the same pipeline as somebody writes it with the SDK: with ``distributed_job_config``."""
    from azureml.core import Environment, ScriptRunConfig
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import CommandStep, PythonScriptStep

    jobs = {
        "alone": None,
        "torch": PyTorchConfiguration(process_count=8, node_count=2),
        "mpi": MpiConfiguration(process_count_per_node=4, node_count=2),
        "workers": TensorflowConfiguration(worker_count=3, parameter_server_count=0),
    }

    def step(name: str) -> Sdk:
        source = folder(project.uploads, project.snapshot(plan.step(name)))
        configuration = ScriptRunConfig(source, distributed_job_config=jobs[name]).run_config
        configuration.environment = Environment.get(workspace, "training", "1")
        configuration.max_run_duration_seconds = None
        shared = {"name": name, "compute_target": example.CLUSTER, "runconfig": configuration}
        if name == "mpi":
            return CommandStep(["bash", "train.sh"], source_directory=source, **shared)
        return PythonScriptStep("train.py", source_directory=source, **shared)

    return Pipeline(workspace, [step(name) for name in jobs], default_datastore=workspace.get_default_datastore())


def test_the_graph_equals_one_that_is_written_with_the_sdk_alone(
    opened: tuple[Plan, Folder], service: Service, workspace: Sdk
) -> None:
    plan, project = opened
    graph, modules = sent_alike(plan, project, service, workspace, by_hand(workspace, plan, project))
    steps = evaluator.evaluate(graph, {module["Id"]: module for module in modules.values()})
    assert {name: step.distribution for name, step in steps.items()} == {
        "alone": None,
        "torch": ("pytorch", 2, 4),
        "mpi": ("mpi", 2, 4),
        "workers": ("tensorflow", 3, 1),
    }


def test_a_step_as_a_run_of_its_own(opened: tuple[Plan, Folder], service: Service, workspace: Sdk) -> None:
    plan, project = opened
    azureml.submit(plan, workspace, project, step="torch")
    [order] = service.asked("POST", "/snapshotrun")
    configuration = order.body["Configuration"]
    assert (configuration["framework"], configuration["communicator"], configuration["nodeCount"]) == (
        "PyTorch", "nccl", 2
    )  # fmt: skip
    assert configuration["pytorch"] == {"communicationBackend": "nccl", "processCount": 8, "nodeCount": 2}


def test_what_v2_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("azure.ai.ml")
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        text = PIPELINE.replace("{registered: training, version: 1}", "{name: training, docker_image: x}")
        lesson.write({"pipeline.yaml": text, "train.py": "", "train.sh": ""})
        done = lesson.here(capsys, "submit", "--sdk", "v2")
        assert done.status == 0, done.err
        jobs = list(lesson.service.jobs.values())[-1]["properties"]["jobs"]
    shown = {name: [job.get("distribution"), job.get("resources")] for name, job in jobs.items()}
    per_node = {"process_count_per_instance": 4}
    assert shown == {
        "alone": [None, None],
        "torch": [{"distribution_type": "PyTorch", **per_node}, {"instance_count": 2}],
        "mpi": [{"distribution_type": "Mpi", **per_node}, {"instance_count": 2}],
        "workers": [
            {"distribution_type": "TensorFlow", "worker_count": 3, "parameter_server_count": 0},
            {"instance_count": 3},
        ],
    }
