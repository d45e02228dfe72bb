"""What the pipelines share: scripts, environments, run configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Sdk

CLUSTER = "cpu-cluster"
GPUS = "gpu-cluster"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:20240709.v1"


def prepare(service: Service) -> None:
    """Let there be what the pipelines need of a workspace."""
    for cluster in (CLUSTER, GPUS):
        service.add_compute(cluster)
    for name, kind in (("databricks", "Databricks"), ("factory", "DataFactory")):
        service.add_compute(name)
        service.state.computes[name]["properties"].update(computeType=kind, resourceId=name, isAttachedCompute=True)
    service.add_datastore("raw_data")
    for name in ("images", "taxi", "diabetes"):
        service.add_dataset(name, f"datasets/{name}")
    service.state.datasets["diabetes"][-1]["datasetType"] = "tabular"


def scripts(folder: Path, *names: str, source: str = "source") -> str:
    """Write scripts that parse anything into a folder of their own; return it."""
    for name in names:
        path = folder / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""{path.stem}"""\nimport sys\n\nprint(sys.argv[1:])\n', encoding="utf-8")
    return str(folder / source)


def conda(name: str = "training", *packages: str) -> Sdk:
    """Return an environment of conda packages."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="3.9", conda_packages=["numpy=1.26"], pip_packages=["azureml-defaults==1.61.0", *packages]
    )
    environment.docker.base_image = IMAGE
    return environment


def docker(name: str, image: str) -> Sdk:
    """Return an environment that is an image, as it is."""
    from azureml.core import Environment

    environment = Environment(name)
    environment.docker.base_image = image
    environment.python.user_managed_dependencies = True
    return environment


def configuration(environment: Sdk | None = None) -> Sdk:
    """Return a run configuration; without an environment, one of conda packages."""
    from azureml.core.runconfig import RunConfiguration

    made = RunConfiguration()
    made.environment = environment or conda()
    return made


def step(script: str, name: str, arguments: list[Sdk], **settings: Sdk) -> Sdk:
    """Return a step that runs a script on the cluster."""
    from azureml.pipeline.steps import PythonScriptStep

    kept = {"compute_target": CLUSTER, **settings}
    kept.setdefault("runconfig", configuration())
    return PythonScriptStep(script, name, arguments=arguments, **kept)
