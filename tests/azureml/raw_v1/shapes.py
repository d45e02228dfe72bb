"""Pipelines by what their steps are: scripts, commands, names, environments, snapshots, order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.azureml.raw_v1.basics import CLUSTER, GPUS, IMAGE, conda, configuration, docker, scripts, step

if TYPE_CHECKING:
    from tests.loopback.state import Sdk


def parameters(workspace: Sdk, folder: Path) -> Sdk:
    """Parameters of each type, shared by two steps."""
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "train.py", "score.py")
    epochs = PipelineParameter("epochs", default_value=20)
    rate = PipelineParameter("learning_rate", default_value=0.05)
    kernel = PipelineParameter("Kernel-Name", default_value="rbf")
    shuffle = PipelineParameter("shuffle", default_value=True)
    shared = {"source_directory": source, "runconfig": configuration()}
    train = ["--epochs", epochs, "--rate", rate, "--kernel", kernel, "--shuffle", shuffle, "--verbose"]
    score = ["fit", kernel, kernel, -1, 0.10]
    steps = [step("train.py", "train", train, **shared), step("score.py", "score", score, **shared)]
    return Pipeline(workspace, steps)


def order_without_data(workspace: Sdk, folder: Path) -> Sdk:
    """A sequence of steps, and one that comes after two of them."""
    from azureml.pipeline.core import Pipeline, StepSequence

    source = scripts(folder, "a.py", "b.py", "c.py", "d.py")
    shared = {"source_directory": source, "runconfig": configuration()}
    first, second, third, last = (step(f"{letter}.py", f"step_{letter}", [], **shared) for letter in "abcd")
    last.run_after(first)
    last.run_after(third)
    return Pipeline(workspace, [StepSequence([first, second, third]), last])


def commands(workspace: Sdk, folder: Path) -> Sdk:
    """Commands as a list and as a line for a shell."""
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter
    from azureml.pipeline.steps import CommandStep

    source = scripts(folder, "train.py", "run.sh")
    epochs = PipelineParameter("epochs", default_value="3")
    out = OutputFileDatasetConfig("out").as_upload()
    shared = {"compute_target": CLUSTER, "source_directory": source, "runconfig": configuration()}
    return Pipeline(
        workspace,
        [
            CommandStep(["python", "train.py", "--epochs", epochs, "--out", out], name="train", **shared),
            CommandStep(["bash", "run.sh", out.as_input("out"), "a b"], name="shell", **shared),
            CommandStep("pip list && python train.py --epochs 1", name="line", **shared),
        ],
    )


def environments(workspace: Sdk, folder: Path) -> Sdk:
    """An environment of each kind: an image, conda packages, a registered one, a curated one; variables."""
    from azureml.core import Environment
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "run.py")
    conda("registered").register(workspace)
    curated = conda("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu")
    curated.version = "12"
    private = docker("private", "team.azurecr.io/train:3")
    private.docker.base_image_registry.address = "team.azurecr.io"
    private.docker.base_image_registry.username = "puller"
    private.docker.base_image_registry.password = "Zx81-hunter2-hunter2"  # noqa: S105 - it must never be shown
    built = docker("built", IMAGE)
    built.docker.base_image = None
    built.docker.base_dockerfile = "FROM ubuntu:22.04\nRUN apt-get update\n"
    variables = configuration(conda("variables"))
    variables.environment_variables = {"OMP_NUM_THREADS": "4", "API_KEY": "sk-hunter2-hunter2-hunter2"}
    kinds = {
        "image": configuration(docker("image", IMAGE)),
        "packages": configuration(conda("packages", "lightgbm==4.3.0")),
        "registered": configuration(Environment.get(workspace, "registered")),
        "curated": configuration(curated),
        "private": configuration(private),
        "built": configuration(built),
        "variables": variables,
    }
    steps = [step("run.py", name, [], runconfig=kind, source_directory=source) for name, kind in kinds.items()]
    return Pipeline(workspace, steps)


def snapshots(workspace: Sdk, folder: Path) -> Sdk:
    """Each step has a folder of its own, two of them with the same files."""
    from azureml.pipeline.core import Pipeline

    one = scripts(folder, "run.py", "lib/__init__.py", "lib/words.py", source="one")
    two = scripts(folder, "run.py", "data.csv", source="two")
    three = scripts(folder, "run.py", "lib/__init__.py", "lib/words.py", source="three")
    shared = {"runconfig": configuration()}
    return Pipeline(
        workspace,
        [
            step("run.py", "first", ["--n", "1"], source_directory=one, **shared),
            step("run.py", "second", ["--n", "2"], source_directory=two, **shared),
            step("run.py", "third", ["--n", "3"], source_directory=three, **shared),
        ],
    )


def one_name(workspace: Sdk, folder: Path) -> Sdk:
    """Several steps of one name, as loops in notebooks make them, and outputs of one name."""
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "train.py", "collect.py")
    shared = {"source_directory": source, "runconfig": configuration()}
    outputs = [OutputFileDatasetConfig("model").as_upload() for _ in range(3)]
    trained = [step("train.py", "Train", ["--n", n, "--out", out], **shared) for n, out in enumerate(outputs)]
    models = [out.as_input(f"model_{n}") for n, out in enumerate(outputs)]
    return Pipeline(workspace, [*trained, step("collect.py", "train", models, **shared)])


def odd_names(workspace: Sdk, folder: Path) -> Sdk:
    """Names that pipeline.yaml does not allow, arguments that need quotes."""
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "sub/run it.py")
    target = PipelineParameter("target", default_value="price")
    out = OutputFileDatasetConfig("Model_Output").as_upload()
    shared = {"source_directory": source, "runconfig": configuration()}
    odd = ["--target", target, "--text", "a 'b' \"c\" é \\ $HOME %x", "--yes", "yes", "--n", "012", "--n", "1e-3"]
    long = ["--in", out.as_input("Model_Input"), "null", "~", "#", ":", "- a"]
    signs = ["{a: 1}", "[1]", "*x", "&y", "!z", "%w", "@v", "`u`", "a: b", "a #b"]
    texts = {"1. Évaluer № 2 (final) ": [*odd, "--out", out], "x" * 300: long, "训练": signs}
    return Pipeline(workspace, [step("sub/run it.py", name, given, **shared) for name, given in texts.items()])


def reuse_and_limits(workspace: Sdk, folder: Path) -> Sdk:
    """Reuse, a time limit, more than one node."""
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "train.py", "mpi.py", "check.py")
    limited, torch, mpi = configuration(), configuration(), configuration()
    limited.max_run_duration_seconds = 5400
    torch.framework, torch.communicator, torch.node_count = "PyTorch", "Nccl", 2
    torch.pytorch = PyTorchConfiguration(process_count=8, node_count=2)
    mpi.framework, mpi.communicator, mpi.node_count = "Python", "IntelMpi", 2
    mpi.mpi = MpiConfiguration(process_count_per_node=1, node_count=2)
    return Pipeline(
        workspace,
        [
            step("check.py", "check", [], source_directory=source, runconfig=limited, allow_reuse=False),
            step("train.py", "torch", [], source_directory=source, runconfig=torch, compute_target=GPUS),
            step("mpi.py", "mpi", [], source_directory=source, runconfig=mpi, compute_target=GPUS),
        ],
    )


def run_of_a_script(workspace: Sdk, folder: Path) -> Sdk:
    """Not a pipeline: one script, submitted by itself, with a dataset and an output."""
    from azureml.core import Dataset, ScriptRunConfig
    from azureml.data import OutputFileDatasetConfig

    source = scripts(folder, "train.py")
    images = Dataset.get_by_name(workspace, "images").as_named_input("images").as_mount()
    arguments = ["--epochs", 3, "--rate", 0.1, "--images", images, "--out", OutputFileDatasetConfig("out").as_upload()]
    return ScriptRunConfig(source, "train.py", arguments, compute_target=CLUSTER, environment=docker("image", IMAGE))


def build_script(workspace: Sdk, folder: Path) -> Sdk:
    """Train, evaluate, register, as a build pipeline publishes them: parameters that default to the text none."""
    from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter

    source = scripts(folder, "training/train_aml.py", "evaluate/evaluate_model.py", "register/register_model.py")
    names = ("model_name", "dataset_version", "data_file_path", "caller_run_id")
    model, version, path, caller = (PipelineParameter(name, default_value="none") for name in names)
    handed = PipelineData("pipeline_data", datastore=workspace.get_default_datastore())
    run = configuration(conda("diabetes_regression_training_env"))
    run.environment.environment_variables["DATASTORE_NAME"] = "workspaceblobstore"
    shared = {"source_directory": source, "runconfig": run}
    given = ["--model_name", model, "--step_output", handed, "--dataset_version", version]
    given += ["--data_file_path", path, "--caller_run_id", caller, "--dataset_name", "diabetes_ds"]
    train = step("training/train_aml.py", "Train Model", given, outputs=[handed], **shared)
    asked = ["--model_name", model, "--allow_run_cancel", "true"]
    evaluate = step("evaluate/evaluate_model.py", "Evaluate Model ", asked, allow_reuse=False, **shared)
    kept = ["--model_name", model, "--step_input", handed]
    register = step("register/register_model.py", "Register Model ", kept, inputs=[handed], allow_reuse=False, **shared)
    evaluate.run_after(train)
    register.run_after(evaluate)
    return Pipeline(workspace, [train, evaluate, register])
