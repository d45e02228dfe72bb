"""A declared environment → the registered one: looked up by its content, made only when it is not there."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable

from aml_pipeline import files
from aml_pipeline.azureml.sdk import NOT_FOUND, Sdk, doing, status_of
from aml_pipeline.environment import pip_lines
from aml_pipeline.errors import AzureError, MachineError
from aml_pipeline.files import digest_of
from aml_pipeline.plan import Environment

# What a definition without an image of its own is built on. Named here, for the SDK's own choice changes with each of
# its releases, and with it what is in the environment (azureml.core.environment.DEFAULT_CPU_IMAGE of 1.61).
BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
# The Python of an environment that has a pip file alone; a conda file names its own. The SDK would take 3.8, which
# numpy and torch left years ago; this is the newest that all packages of SDK v1 install on.
PYTHON = "3.11"
_VERSION_LENGTH = 16


def found(workspace: Sdk, environment: Environment, version: str | None) -> Sdk:
    """Return the workspace's environment that fits a definition; None when it is missing and can be registered.

    ``version`` is what ``version_of`` says. Raises AzureError.
    """
    if environment.curated or environment.registered:
        name = environment.curated or environment.registered
        existing = _got(workspace, name, environment.version)
        if existing is None:
            which = f"{name}, version {environment.version}" if environment.version else str(name)
            raise AzureError(f"Workspace {workspace.name} has no environment {which}. Look it up in the portal.")
        return existing
    return _got(workspace, environment.name, version)


def imagined(environment: Environment, version: str) -> Sdk:
    """Return an environment that is not registered, by its name and version: what a step of it would be called."""
    from azureml.core import Environment as SdkEnvironment

    made = SdkEnvironment(environment.name)
    made.version = version
    return made


def made(workspace: Sdk, environment: Environment, version: str, exported: str, path: Callable[[str], str]) -> Sdk:
    """Register a definition and return the environment.

    ``exported`` is what ``export`` says; ``path`` gives the place of a file of the project. Raises AzureError.
    """
    with doing(f"registering environment {environment.name}"):
        defined = _defined(environment, path, exported)
        defined.version = version
        return defined.register(workspace)


def version_of(environment: Environment, content: str, exported: str) -> str:
    """Return the digest of all that a definition comes to in Azure ML, so that none is registered twice.

    ``content`` is the digest of the definition here.
    """
    python = PYTHON if environment.pip_requirements else ""
    rows = [content, environment.docker_image or BASE_IMAGE, python, exported]
    return digest_of("\0".join(rows).encode())[:_VERSION_LENGTH]


def _got(workspace: Sdk, name: str | None, version: str | None) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    with doing(f"looking up environment {name}"):
        try:
            return SdkEnvironment.get(workspace, name, version)
        except Exception as error:  # the SDK raises bare Exception
            if status_of(error) == NOT_FOUND:
                return None
            raise


def _defined(environment: Environment, path: Callable[[str], str], exported: str) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    with tempfile.TemporaryDirectory() as folder:
        conda = _conda_file(environment, path, exported, os.path.join(folder, "conda.yml"))
        if conda is None:
            return SdkEnvironment.from_docker_image(environment.name, environment.docker_image)
        made = SdkEnvironment.from_conda_specification(environment.name, conda)
    made.docker.base_image = environment.docker_image or BASE_IMAGE
    return made


def _conda_file(environment: Environment, path: Callable[[str], str], exported: str, place: str) -> str | None:
    """Return the conda file of a definition, written to ``place`` where it has none; None for an image alone."""
    if environment.conda_file:
        return path(environment.conda_file)
    if environment.pip_requirements:
        lines = pip_lines(environment.pip_requirements, lambda name: files.read(path(name)))
        packages = [line for line, includes in lines if not includes]  # a node of Azure ML has none of the files
        dependencies = [f"python={PYTHON}", "pip", {"pip": packages}]
        exported = json.dumps({"channels": ["conda-forge"], "dependencies": dependencies})  # JSON is YAML
    if not exported:
        return None
    files.write(place, exported.encode())
    return place


def export(environment: Environment) -> str:
    """Return what ``conda`` says of an environment here, if that is the definition. Raises MachineError."""
    name = environment.conda_environment
    if name is None:
        return ""
    command = ["conda", "env", "export", "--no-builds", "--name", name]
    try:
        with doing(f"exporting conda's environment {name}"):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MachineError(f"The environment is conda's {name}, and conda is not here. Put it on the PATH.") from None
    if done.returncode != 0:
        cure = "See `conda env list`."
        raise MachineError(f"conda has no environment {name} here, or cannot export it. {cure}")
    kept = [line for line in done.stdout.splitlines() if not line.startswith("prefix:")]  # a folder of this machine
    return "\n".join(kept) + "\n"
