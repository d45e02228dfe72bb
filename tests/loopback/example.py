"""A pipeline of three steps, written with the SDK alone: data, a parameter, and an order without data."""

from pathlib import Path

from .service import Service
from .state import Sdk

CLUSTER = "cpu-cluster"
SCRIPTS = ("prepare.py", "train.py", "report.py")


def prepare(service: Service) -> None:
    """Let there be what the pipeline needs of the workspace."""
    service.add_compute(CLUSTER)
    service.add_dataset("images", "some/where")


def write_scripts(folder: Path) -> Path:
    """Write the scripts; return their folder."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for name in SCRIPTS:
        (source / name).write_text(f"print({name!r})\n", encoding="utf-8")
    return source


def run_configuration() -> Sdk:
    """Return what all steps run in."""
    from azureml.core import Environment
    from azureml.core.runconfig import RunConfiguration

    environment = Environment("training")
    environment.version = "1"
    environment.docker.base_image = "registry.example/training:1"
    environment.python.user_managed_dependencies = True
    configuration = RunConfiguration()
    configuration.environment = environment
    configuration.environment_variables = {"OMP_NUM_THREADS": "2"}
    configuration.max_run_duration_seconds = 600
    return configuration


def pipeline(workspace: Sdk, source: Path, epochs: str = "3") -> Sdk:
    """Return the pipeline: prepare → train → report."""
    from azureml.core import Dataset
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter
    from azureml.pipeline.steps import PythonScriptStep

    shared = {"compute_target": CLUSTER, "source_directory": str(source), "runconfig": run_configuration()}
    images = Dataset.get_by_name(workspace, "images").as_named_input("data_images").as_mount()
    output = OutputFileDatasetConfig(name="prepared").as_upload()
    given = output.as_input("in_prepare__prepared")
    number = PipelineParameter("epochs", default_value=epochs)
    prepare = PythonScriptStep("prepare.py", "prepare", arguments=["--data", images, "--out", output], **shared)
    train = PythonScriptStep("train.py", "train", arguments=["--in", given, "--epochs", number, "a b"], **shared)
    report = PythonScriptStep("report.py", "report", arguments=["--n", 1], allow_reuse=False, **shared)
    report.run_after(train)
    return Pipeline(workspace, steps=[prepare, train, report])


def submit(workspace: Sdk, pipeline: Sdk, **settings: Sdk) -> Sdk:
    """Submit a pipeline; return its run."""
    from azureml.core import Experiment

    return Experiment(workspace, "lesson").submit(pipeline, **settings)
