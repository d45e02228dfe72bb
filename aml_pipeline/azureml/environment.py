"""A declared environment → the registered one: looked up by its content, made only when it is not there."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable

from aml_pipeline.azureml.sdk import Sdk, doing, status_of
from aml_pipeline.errors import AzureError, MachineError
from aml_pipeline.files import digest_of
from aml_pipeline.plan import Environment

# What a definition without an image of its own is built on. Named here, for the SDK's own choice changes with each of
# its releases, and with it what is in the environment (azureml.core.environment.DEFAULT_CPU_IMAGE of 1.61).
BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
_VERSION_LENGTH = 16
_NOT_FOUND = 404


def registered(workspace: Sdk, environment: Environment, path: Callable[[str], str], content: str) -> Sdk:
    """Return the workspace's environment that fits a definition; register it when there is none.

    ``path`` gives the place of a file of the project, ``content`` is the digest of the definition. The version is made
    from both, so the same definition is never registered twice. Raises AzureError.
    """
    if environment.curated or environment.registered:
        name = environment.curated or environment.registered
        found = _got(workspace, name, environment.version)
        if found is None:
            which = f"{name}, version {environment.version}" if environment.version else str(name)
            raise AzureError(f"Workspace {workspace.name} has no environment {which}. Look it up in the portal.")
        return found
    exported = _exported(environment.conda_environment) if environment.conda_environment else ""
    version = digest_of(f"{content}\0{BASE_IMAGE}\0{exported}".encode())[:_VERSION_LENGTH]
    found = _got(workspace, environment.name, version)
    if found is not None:
        return found
    with doing(f"registering environment {environment.name}"):
        made = _defined(environment, path, exported)
        made.version = version
        return made.register(workspace)


def _got(workspace: Sdk, name: str | None, version: str | None) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    with doing(f"looking up environment {name}"):
        try:
            return SdkEnvironment.get(workspace, name, version)
        except Exception as error:  # the SDK raises bare Exception
            if status_of(error) == _NOT_FOUND:
                return None
            raise


def _defined(environment: Environment, path: Callable[[str], str], exported: str) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    conda = path(environment.conda_file) if environment.conda_file else None
    pip = path(environment.pip_requirements) if environment.pip_requirements else None
    if environment.docker_image:
        image = environment.docker_image
        return SdkEnvironment.from_docker_image(
            environment.name, image, conda_specification=conda, pip_requirements=pip
        )
    if exported:
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            file.write(exported)
            file.flush()
            made = SdkEnvironment.from_conda_specification(environment.name, file.name)
    elif conda:
        made = SdkEnvironment.from_conda_specification(environment.name, conda)
    else:
        made = SdkEnvironment.from_pip_requirements(environment.name, pip)
    made.docker.base_image = BASE_IMAGE
    return made


def _exported(name: str) -> str:
    """Return what ``conda`` says of an environment here. Raises MachineError when there is none."""
    command = ["conda", "env", "export", "--no-builds", "--name", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise MachineError(f"The environment is conda's {name}, and conda is not here. Put it on the PATH.") from None
    except subprocess.CalledProcessError:
        cure = "See `conda env list`."
        raise MachineError(f"conda has no environment {name} here, or cannot export it. {cure}") from None
    kept = [line for line in done.stdout.splitlines() if not line.startswith("prefix:")]  # a folder of this machine
    return "\n".join(kept) + "\n"
