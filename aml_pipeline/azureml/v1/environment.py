"""A declared environment → the registered one: looked up by content, registered if missing."""

from __future__ import annotations

import os
import subprocess
import tempfile

from aml_pipeline.azureml.images import BASE_IMAGE, conda_text
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import not_found
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, status_of
from aml_pipeline.core import files
from aml_pipeline.core.errors import AzureError, MachineError
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment.definition import with_lines
from aml_pipeline.project.environment.wheels import with_content
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.snapshot import Snapshot

# The names that a wheel can have in a workspace: each upload that is cut off costs one.
_MOST_NAMES = 5


def found(workspace: Sdk, environment: Environment, version: str | None) -> Sdk:
    """Return the workspace's environment for a definition; None if it is missing and can be registered.

    ``version`` is that of ``images.version_of``. Raises AzureError.
    """
    if environment.curated or environment.registered:
        name = environment.curated or environment.registered
        existing = _got(workspace, name, environment.version)
        if existing is None:
            raise not_found.environment(workspace.name, environment)
        return existing
    return _got(workspace, environment.name, version)


def imagined(environment: Environment, version: str) -> Sdk:
    """Return an unregistered environment with that name and version, to compute what a step in it would be called."""
    from azureml.core import Environment as SdkEnvironment

    made = SdkEnvironment(environment.name)
    made.version = version
    return made


def made(workspace: Sdk, environment: Environment, version: str, exported: str, project: Project) -> Sdk:
    """Register a definition and return the environment.

    ``exported`` is the text from ``export``. Raises AzureError.
    """
    with doing(f"registering environment {environment.name}"):
        new = defined(workspace, environment, project, exported)
        new.version = version
        return new.register(workspace)


def _got(workspace: Sdk, name: str | None, version: str | None) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    with doing(f"looking up environment {name}"):
        try:
            return SdkEnvironment.get(workspace, name, version)
        except Exception as error:  # the SDK raises bare Exception
            if status_of(error) == NOT_FOUND:
                return None
            raise


def defined(workspace: Sdk, environment: Environment, project: Project, exported: str) -> Sdk:
    """Return the environment of a definition, not registered; files that it is built from are uploaded."""
    from azureml.core import Environment as SdkEnvironment

    context = project.build_context(environment)
    if context:
        return _built(workspace, environment, context)
    text = conda_text(environment, project) or exported
    if not text:
        return SdkEnvironment.from_docker_image(environment.name, environment.docker_image)
    with tempfile.TemporaryDirectory() as folder:
        wheels = _wheels(workspace, environment, project, folder)
        conda = os.path.join(folder, "conda.yml")
        files.write(conda, (with_lines(text, wheels) if wheels else text).encode())
        made = SdkEnvironment.from_conda_specification(environment.name, conda)
    made.docker.base_image = environment.docker_image or BASE_IMAGE
    return made


def _built(workspace: Sdk, environment: Environment, context: Snapshot) -> Sdk:
    """Return the environment of a Dockerfile: its text if it is alone, else its folder, uploaded."""
    from azureml.core import Environment as SdkEnvironment
    from azureml.core.environment import DockerBuildContext

    if len(context.digests) == 1:
        text = files.read(os.path.join(context.folder, str(context.script))).decode("utf-8", "replace")
        return SdkEnvironment.from_dockerfile(environment.name, text)
    with tempfile.TemporaryDirectory() as folder:
        changed = snapshot.write(context, folder)
        if changed:
            raise MachineError(f"{changed[0]} changed while it was being copied. Try again.")
        uploaded = DockerBuildContext.from_local_directory(workspace, folder, context.script)
    return SdkEnvironment.from_docker_build_context(environment.name, uploaded)


def _wheels(workspace: Sdk, environment: Environment, project: Project, folder: str) -> dict[str, str]:
    """Upload the wheels of a definition; return the address of each by its line. ``folder`` is for copies.

    The SDK keeps one wheel of a name, whatever its content, so the names tell the content. Raises AzureError.
    """
    addresses = {}
    for line, name in project.wheels(environment).items():
        path = project.path(name)
        names = (with_content(name, project.digests.file(path), number) for number in range(_MOST_NAMES))
        address = next(filter(None, (_address(workspace, path, os.path.join(folder, other)) for other in names)), None)
        if address is None:
            raise AzureError(f"Earlier uploads of {name} are not whole. Build it again with another version.")
        addresses[line] = address
    return addresses


def _address(workspace: Sdk, wheel: str, copy: str) -> str | None:
    """Upload a wheel with the name of ``copy``, unless it is taken; return its address.

    None if the upload that took the name was cut off: the SDK takes it before it sends the bytes.
    """
    from azureml._restclient.artifacts_client import ArtifactsClient
    from azureml._vendor.azure_storage.blob import BlobClient
    from azureml.core import Environment as SdkEnvironment

    files.copy(wheel, copy)
    address = str(SdkEnvironment.add_private_pip_wheel(workspace, copy, exist_ok=True))
    artifacts = ArtifactsClient(workspace.service_context)
    place = artifacts.get_file_uri("Environment", "azureml-private-packages", os.path.basename(copy))
    return address if BlobClient.from_blob_url(place).exists() else None


def export(environment: Environment) -> str:
    """Return conda's export of a local environment, if that is the definition. Raises MachineError."""
    name = environment.conda_environment
    if name is None:
        return ""
    command = ["conda", "env", "export", "--no-builds", "--name", name]
    try:
        with doing(f"exporting conda's environment {name}"):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MachineError(f"The environment is conda's {name}, but conda was not found. Put it on the PATH.") from None
    if done.returncode != 0:
        cure = "See `conda env list`."
        raise MachineError(f"conda has no environment {name}, or cannot export it. {cure}")
    kept = [line for line in done.stdout.splitlines() if not line.startswith("prefix:")]  # a folder on this machine
    return "\n".join(kept) + "\n"
