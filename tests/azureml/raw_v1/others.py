"""Pipelines with steps of types that pipeline.yaml cannot say, between steps that it can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.azureml.raw_v1.basics import CLUSTER, conda, configuration, scripts, step

if TYPE_CHECKING:
    from tests.loopback.state import Sdk


def parallel_run(workspace: Sdk, folder: Path) -> Sdk:
    """Batch scoring: many nodes share the files of a dataset; then a script reads what they wrote."""
    from azureml.core import Dataset
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter
    from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

    source = scripts(folder, "score.py", "copy.py")
    images = Dataset.get_by_name(workspace, "images").as_named_input("images")
    scores = OutputFileDatasetConfig("scores")
    settings = ParallelRunConfig(
        environment=conda("scoring"),
        entry_script="score.py",
        source_directory=source,
        error_threshold=10,
        output_action="append_row",
        compute_target=CLUSTER,
        node_count=2,
        mini_batch_size=PipelineParameter("batch_size", default_value="5"),
    )
    score = ParallelRunStep("score", settings, inputs=[images], output=scores, arguments=["--model", "best"])
    copy = step("copy.py", "copy", ["--in", scores.as_input("scores")], source_directory=source)
    report = step("copy.py", "report", ["--weekly"], source_directory=source)
    return Pipeline(workspace, [score, copy, report])


def databricks(workspace: Sdk, folder: Path) -> Sdk:
    """A notebook in Databricks, then a script."""
    from azureml.core.databricks import PyPiLibrary
    from azureml.pipeline.core import Pipeline, PipelineData
    from azureml.pipeline.steps import DatabricksStep

    source = scripts(folder, "train.py")
    rows = PipelineData("rows", datastore=workspace.get_default_datastore())
    notebook = DatabricksStep(
        "clean in databricks",
        outputs=[rows],
        notebook_path="/Users/somebody/clean",
        notebook_params={"year": "2024"},
        run_name="clean",
        num_workers=2,
        spark_version="10.4.x-scala2.12",
        node_type="Standard_D3_v2",
        pypi_libraries=[PyPiLibrary("pyarrow")],
        compute_target="databricks",
    )
    train = step("train.py", "train", ["--in", rows], inputs=[rows], source_directory=source)
    return Pipeline(workspace, [notebook, train])


def data_transfer(workspace: Sdk, folder: Path) -> Sdk:
    """A copy between datastores by Data Factory, and a script that comes after it."""
    from azureml.core import Datastore
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import DataTransferStep

    source = scripts(folder, "train.py")
    there = DataReference(Datastore(workspace, "raw_data"), "there", path_on_datastore="in")
    here = DataReference(workspace.get_default_datastore(), "here", path_on_datastore="copy")
    copy = DataTransferStep("copy", there, here, "factory", "directory", "directory")
    train = step("train.py", "train", ["--n", 1], source_directory=source)
    train.run_after(copy)
    return Pipeline(workspace, [copy, train])


def sweep(workspace: Sdk, folder: Path) -> Sdk:
    """Hyperdrive: many trainings of one script."""
    from azureml.core import ScriptRunConfig
    from azureml.pipeline.core import Pipeline, PipelineData
    from azureml.pipeline.steps import HyperDriveStep
    from azureml.train.hyperdrive import HyperDriveConfig, PrimaryMetricGoal, RandomParameterSampling, choice

    source = scripts(folder, "train.py", "best.py")
    run = ScriptRunConfig(source, "train.py", ["--epochs", 3], compute_target=CLUSTER, environment=conda())
    sampling = RandomParameterSampling({"--rate": choice(0.1, 0.01)})
    settings = HyperDriveConfig(sampling, "accuracy", PrimaryMetricGoal.MAXIMIZE, 4, run_config=run)
    metrics = PipelineData("metrics", datastore=workspace.get_default_datastore())
    tune = HyperDriveStep("tune", settings, metrics_output=metrics)
    best = step("best.py", "best", ["--metrics", metrics], inputs=[metrics], source_directory=source)
    return Pipeline(workspace, [tune, best])


def automl(workspace: Sdk, folder: Path) -> Sdk:
    """AutoML over a table."""
    from azureml.core import Dataset
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import AutoMLStep
    from azureml.train.automl import AutoMLConfig

    rows = Dataset.get_by_name(workspace, "diabetes")
    settings = AutoMLConfig(
        task="regression",
        training_data=rows,
        label_column_name="y",
        primary_metric="r2_score",
        compute_target=workspace.compute_targets[CLUSTER],
        path=str(folder),
        debug_log=os.devnull,
    )
    return Pipeline(workspace, [AutoMLStep("automl", settings)])


def module_step(workspace: Sdk, folder: Path) -> Sdk:
    """A module that was published by itself, and a step that uses it."""
    from azureml.pipeline.core import Module, Pipeline, PipelineData
    from azureml.pipeline.core.graph import InputPortDef, OutputPortDef
    from azureml.pipeline.steps import ModuleStep

    source = scripts(folder, "clean.py", "words.py")
    store = workspace.get_default_datastore()
    module = Module.create(workspace, "cleaner", "Cleans words")
    given = InputPortDef("words", default_datastore_mode="mount", default_data_reference_name="words", label="Words")
    made = OutputPortDef("clean", default_datastore_name=store.name, default_datastore_mode="mount", label="Clean")
    ports = {"inputs": [given], "outputs": [made]}
    module.publish_python_script("clean.py", "Cleans", source_directory=source, version="1", is_default=True, **ports)
    words, clean = PipelineData("words", datastore=store), PipelineData("clean", datastore=store)
    first = step("words.py", "words", [words], outputs=[words], source_directory=source)
    wired = {"words": words}, {"clean": clean}
    use = ModuleStep(module, None, None, *wired, compute_target=CLUSTER, runconfig=configuration())
    return Pipeline(workspace, [first, use])
