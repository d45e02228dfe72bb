"""Steps that run a module or a command, with SDK v1: their graph beside one that is written with the SDK alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml
from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.v1.snapshots import folder
from aml_pipeline.core.errors import PipelineError
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project as Folder
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import Project
from tests.loopback import evaluator, example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Entity, Sdk

pytestmark = quiet

PIPELINE = """
    name: lesson
    compute: cpu-cluster
    environment: {registered: training, version: 1}
    source_directory: source
    parameters: {epochs: 3}
    datasets:
      images: {registered: images, version: 1}
    steps:
      prepare:
        command: [bash, -e, prepare.sh]
        arguments:
          --epochs: ${{ parameters.epochs }}
          --data: ${{ datasets.images }}
          --out: ${{ outputs.prepared }}
      train:
        module: package.train
        arguments: [fit, {--in: "${{ steps.prepare.outputs.prepared }}"}]
      report:
        command: [Rscript, report.R]
        after: [train]
        allow_reuse: false
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "source/prepare.sh": "seq $2 > $6/numbers\n",
    "source/report.R": "print(1)\n",
    "source/package/__init__.py": "",
    "source/package/train.py": "print('train')\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.write(FILES)
    return made


def register(workspace: Sdk) -> None:
    """Register the environment of the steps."""
    from azureml.core import Environment

    environment = Environment("training")
    environment.version = "1"
    environment.register(workspace)


@pytest.fixture
def opened(project: Project, workspace: Sdk) -> tuple[Plan, Folder]:
    register(workspace)
    return open_pipeline(str(project.root / "pipeline.yaml")).require()


def by_hand(workspace: Sdk, plan: Plan, project: Folder) -> Sdk:
    """Return the same pipeline as somebody writes it with the SDK."""
    from azureml.core import Dataset, Environment
    from azureml.core.runconfig import RunConfiguration
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter
    from azureml.pipeline.steps import CommandStep

    configuration = RunConfiguration()
    configuration.environment = Environment.get(workspace, "training", "1")
    configuration.max_run_duration_seconds = None
    images = (
        Dataset.get_by_name(workspace, "images", 1)
        .as_named_input(ports.port(plan.step("prepare"), tokens.Dataset("images")))
        .as_mount()
    )
    output = OutputFileDatasetConfig("prepared").as_upload()
    epochs = PipelineParameter("epochs", default_value="3")
    given = ports.port(plan.step("train"), tokens.Input("prepare", "prepared"))
    words = {
        "prepare": ["bash", "-e", "prepare.sh", "--epochs", epochs, "--data", images, "--out", output],
        "train": ["python", "-m", "package.train", "fit", "--in", output.as_input(given)],
        "report": ["Rscript", "report.R"],
    }

    def step(about: Step) -> Sdk:
        return CommandStep(
            words[about.name],
            name=about.name,
            compute_target=example.CLUSTER,
            runconfig=configuration,
            source_directory=folder(project.uploads, project.snapshot(about)),
            allow_reuse=about.allow_reuse,
        )

    steps = {about.name: step(about) for about in plan.steps}
    steps["report"].run_after(steps["train"])
    return Pipeline(workspace, list(steps.values()), default_datastore=workspace.get_default_datastore())


def sent(service: Service, run: str) -> tuple[Entity, dict[str, Entity]]:
    """Return the graph of a run, and the modules that its nodes name by the names of the steps."""
    graph = service.graph_of(run)
    modules = [service.modules[node["ModuleId"]] for node in graph["ModuleNodes"]]
    return graph, {module["Name"]: module for module in modules}


def with_files(service: Service, modules: Mapping[str, Entity]) -> dict[str, Entity]:
    """Return modules with the files of their snapshots: which of them share one depends on when each is uploaded."""
    return {
        name: {**module, "DataLocation": "", "StorageId": service.snapshots[module["StorageId"]]}
        for name, module in modules.items()
    }


_ID = re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b|\b[0-9a-f]{8}\b")


def without_ids(body: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a body whose ids are numbered as they occur, without the fingerprints, which hold versions."""
    text = re.sub(r'"IdentifierHash": "[^"]*", ', "", json.dumps(body, sort_keys=True))
    for number, known in enumerate(dict.fromkeys(_ID.findall(text))):
        text = text.replace(known, f"<{number}>")
    return json.loads(text)


def sent_alike(
    plan: Plan, project: Folder, service: Service, workspace: Sdk, written: Sdk
) -> tuple[Entity, dict[str, Entity]]:
    """Submit ``plan``, and the pipeline ``written`` with the SDK; return the graph and the modules, which are equal."""
    graph, modules = sent(service, azureml.submit(plan, workspace, project).id)
    other_graph, other_modules = sent(service, example.submit(workspace, written).id)
    assert without_ids(other_graph) == without_ids(graph)
    assert without_ids(with_files(service, other_modules)) == without_ids(with_files(service, modules))
    return graph, modules


def test_the_graph_equals_one_that_is_written_with_the_sdk_alone(
    opened: tuple[Plan, Folder], service: Service, workspace: Sdk
) -> None:
    plan, project = opened
    _, modules = sent_alike(plan, project, service, workspace, by_hand(workspace, plan, project))
    assert {module["StepType"] for module in modules.values()} == {"CommandStep"}


def test_what_the_graph_means(opened: tuple[Plan, Folder], service: Service, workspace: Sdk) -> None:
    plan, project = opened
    graph, modules = sent(service, azureml.submit(plan, workspace, project).id)
    steps = evaluator.evaluate(graph, {module["Id"]: module for module in modules.values()}, {"epochs": "3"})
    assert {name: [step.script, *step.resolved] for name, step in steps.items()} == {
        "prepare": [
            *("bash", "-e", "prepare.sh", "--epochs", "3"),
            *("--data", str(steps["prepare"].arguments[5]), "--out", "<output prepare.prepared>"),
        ],
        "train": ["python", "-m", "package.train", "fit", "--in", "<input prepare.prepared>"],
        "report": ["Rscript", "report.R"],
    }
    assert [name for name, step in steps.items() if not step.reusable] == ["report"]
    assert steps["report"].after == {"train"}
    files = service.snapshots[steps["train"].snapshot]
    assert {name for name in files if name.endswith(".py")} == {"package/__init__.py", "package/train.py"}
    assert "report.R" in service.snapshots[steps["prepare"].snapshot]


@pytest.mark.parametrize(
    ("step", "words"),
    [("train", "python -m package.train fit"), ("report", "Rscript report.R --data DatasetConsumptionConfig:{}")],
)
def test_a_step_as_a_run_of_its_own(project: Project, service: Service, workspace: Sdk, step: str, words: str) -> None:
    register(workspace)
    project.replace("pipeline.yaml", ', {--in: "${{ steps.prepare.outputs.prepared }}"}', "")
    project.replace("pipeline.yaml", "after: [train]", 'arguments: {--data: "${{ datasets.images }}"}')
    plan, folder = open_pipeline(str(project.root / "pipeline.yaml")).require()
    azureml.submit(plan, workspace, folder, step=step)
    [order] = service.asked("POST", "/snapshotrun")
    sent = order.body["Configuration"]
    port = ports.port(plan.step("report"), tokens.Dataset("images"))
    assert (sent["command"], sent["script"], sent["arguments"]) == (words.format(port), None, [])
    assert ("package/train.py" in service.snapshots[order.body["SnapshotId"]]) is True


# What a shell would change, and where it stands.
WORDS = {
    "a word": ("[Rscript, report.R]", "[bash, -c, Rscript report.R]", '"Rscript report.R"'),
    "a literal": ("[fit,", '["two words",', '"two words"'),
    "an option": ("--epochs:", '"--$epochs":', '"--$epochs"'),
    "nothing": ("[fit,", '["",', '""'),
    "a default": ("{epochs: 3}", "{epochs: {type: string, default: a*}}", '"a*"'),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_word_that_a_shell_would_change_is_refused(project: Project, case: str) -> None:
    old, new, shown = WORDS[case]
    project.replace("pipeline.yaml", old, new)
    plan, folder = open_pipeline(str(project.root / "pipeline.yaml")).require()
    [problem] = [one for one in refusal.problems(plan, folder, "v1") if one.code == "shell-word"]
    assert f"passes {shown} to a command" in problem.message
    assert "shell-word" not in {one.code for one in refusal.problems(plan, folder, "v2")}


def test_a_script_may_receive_any_word(project: Project) -> None:
    project.replace("pipeline.yaml", "module: package.train", "script: package/train.py")
    project.replace("pipeline.yaml", "[fit,", '["two words",')
    plan, folder = open_pipeline(str(project.root / "pipeline.yaml")).require()
    assert refusal.problems(plan, folder, "v1") == []


def test_a_second_submission_is_checked_with_its_own_values(opened: tuple[Plan, Folder], workspace: Sdk) -> None:
    plan, project = opened
    azureml.compile(plan, workspace, project)
    epochs = replace(plan.parameters["epochs"], text="3 4")
    with pytest.raises(PipelineError, match="does not quote it for the shell"):
        azureml.compile(replace(plan, parameters={"epochs": epochs}), workspace, project)
