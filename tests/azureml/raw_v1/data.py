"""Pipelines by how their data is said: PipelineData, DataReference, OutputFileDatasetConfig, datasets, parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.azureml.raw_v1.basics import configuration, scripts, step

if TYPE_CHECKING:
    from tests.loopback.state import Sdk


def chain_of_pipeline_data(workspace: Sdk, folder: Path) -> Sdk:
    """Four steps in a row, each handing a folder on; the first reads a path on a datastore."""
    from azureml.core import Datastore
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core import Pipeline, PipelineData

    source = scripts(folder, "cleanse.py", "merge.py", "scale.py", "train.py")
    store = workspace.get_default_datastore()
    trips = DataReference(Datastore(workspace, "raw_data"), data_reference_name="trips", path_on_datastore="taxi/trips")
    clean, merged, scaled = (PipelineData(name, datastore=store) for name in ("cleansed", "merged", "scaled"))
    shared = {"source_directory": source, "runconfig": configuration()}
    return Pipeline(
        workspace,
        [
            step("cleanse.py", "Cleanse", ["--in", trips, "--out", clean], inputs=[trips], outputs=[clean], **shared),
            step("merge.py", "Merge", ["--in", clean, "--out", merged], inputs=[clean], outputs=[merged], **shared),
            step("scale.py", "Scale", ["--in", merged, "--out", scaled], inputs=[merged], outputs=[scaled], **shared),
            step("train.py", "Train", ["--in", scaled, "--folds", 5], inputs=[scaled], **shared),
        ],
    )


def data_references(workspace: Sdk, folder: Path) -> Sdk:
    """Paths on datastores, mounted and downloaded, one of them to a place that the script knows."""
    from azureml.core import Datastore
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "count.py")
    store = Datastore(workspace, "raw_data")
    mounted = DataReference(store, "words", path_on_datastore="texts/2024", mode="mount")
    fetched = DataReference(store, "lists", "lists", mode="download", path_on_compute="here", overwrite=True)
    arguments = ["--words", mounted, "--lists", fetched]
    read = {"inputs": [mounted, fetched], "source_directory": source}
    return Pipeline(workspace, [step("count.py", "count words", arguments, **read)])


def output_configs(workspace: Sdk, folder: Path) -> Sdk:
    """Outputs with a destination, registered when complete; read as a mount and as a download."""
    from azureml.core import Dataset
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "prepare.py", "train.py", "score.py")
    store = workspace.get_default_datastore()
    images = Dataset.get_by_name(workspace, "images").as_named_input("images").as_download()
    prepared = OutputFileDatasetConfig("prepared", destination=(store, "prepared/{run-id}")).as_upload(overwrite=True)
    model = OutputFileDatasetConfig("model").as_mount().register_on_complete(name="taxi-model", description="The model")
    shared = {"source_directory": source, "runconfig": configuration()}
    return Pipeline(
        workspace,
        [
            step("prepare.py", "prepare", ["--images", images, "--out", prepared], **shared),
            step("train.py", "train", ["--in", prepared.as_input("prepared").as_mount(), "--model", model], **shared),
            step("score.py", "score", ["--model", model.as_input("model").as_download()], **shared),
        ],
    )


def data_parameters(workspace: Sdk, folder: Path) -> Sdk:
    """A dataset and a path on a datastore that each run may replace."""
    from azureml.core import Dataset
    from azureml.data.datapath import DataPath, DataPathComputeBinding
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "score.py")
    taxi = PipelineParameter("taxi_data", default_value=Dataset.get_by_name(workspace, "taxi"))
    table = DatasetConsumptionConfig("taxi", taxi).as_mount()
    path = DataPath(workspace.get_default_datastore(), "models/latest")
    model = PipelineParameter("model_path", default_value=path), DataPathComputeBinding(mode="mount")
    arguments = ["--taxi", table, "--model", model]
    return Pipeline(workspace, [step("score.py", "score", arguments, inputs=[model], source_directory=source)])


def inputs_by_name(workspace: Sdk, folder: Path) -> Sdk:
    """Datasets that no argument names: the script asks the run for them."""
    from azureml.core import Dataset
    from azureml.pipeline.core import Pipeline, PipelineData

    source = scripts(folder, "train.py", "evaluate.py")
    rows = Dataset.get_by_name(workspace, "diabetes").as_named_input("rows")
    images = Dataset.get_by_name(workspace, "images").as_named_input("images").as_mount("/tmp/images")  # noqa: S108
    model = PipelineData("model", output_mode="upload", output_path_on_compute="outputs/model", output_overwrite=True)
    train = step("train.py", "train", ["--seed", 7], inputs=[rows, images], outputs=[model], source_directory=source)
    evaluate = step("evaluate.py", "evaluate", [model], inputs=[model], source_directory=source)
    return Pipeline(workspace, [train, evaluate])


def saved_datasets(workspace: Sdk, folder: Path) -> Sdk:
    """A dataset that is not registered: a path on a datastore; and an output that is handed on as a dataset."""
    from azureml.core import Dataset
    from azureml.pipeline.core import Pipeline, PipelineData

    source = scripts(folder, "prepare.py", "train.py")
    store = workspace.get_default_datastore()
    year = Dataset.File.from_files((store, "raw/2024"), validate=False).as_named_input("year").as_mount()
    ready = PipelineData("ready", datastore=store).as_dataset()
    shared = {"source_directory": source, "runconfig": configuration()}
    prepare = step("prepare.py", "prepare", ["--year", year, "--to", ready], outputs=[ready], **shared)
    train = step("train.py", "train", ["--in", ready.as_named_input("ready").as_mount()], **shared)
    return Pipeline(workspace, [prepare, train])


def two_paths(workspace: Sdk, folder: Path) -> Sdk:
    """A dataset of two paths on a datastore, beside a step that does not need it."""
    from azureml.core import Dataset
    from azureml.pipeline.core import Pipeline

    source = scripts(folder, "prepare.py", "train.py")
    store = workspace.get_default_datastore()
    years = Dataset.File.from_files([(store, "raw/2022"), (store, "raw/2023")], validate=False).as_named_input("years")
    shared = {"source_directory": source, "runconfig": configuration()}
    prepare = step("prepare.py", "prepare", ["--years", years.as_download()], **shared)
    return Pipeline(workspace, [prepare, step("train.py", "train", ["--n", 1], **shared)])
