"""A declared environment → what Azure ML builds its image from: base image, conda file and their version.

It is the same for SDK v1 and v2, so that an environment is one asset for both. Uses neither SDK.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aml_pipeline.core import files
from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment import indexes
from aml_pipeline.project.environment.definition import with_lines
from aml_pipeline.project.environment.dependencies import Line
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.shared_files import Files
from aml_pipeline.project.snapshot.snapshot import Snapshot

# The base image of a definition without one. Fixed here, because the SDK's default changes with each release, and so
# does the content of the environment (azureml.core.environment.DEFAULT_CPU_IMAGE of 1.61).
BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
# The Python of an environment with only a pip file; a conda file names its own. The SDK's default is 3.8, which numpy
# and torch dropped years ago; this is the newest on which all packages of SDK v1 install.
PYTHON = "3.11"
_VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Image:
    """What is registered for a definition: a base image with the text of a conda file, if any, or a build context.

    The context consists of files of the project and of ``texts``, by path.
    """

    version: str
    base: str = BASE_IMAGE
    conda: str | None = None
    context: Snapshot | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def image_of(environment: Environment, content: str, project: Project) -> Image | None:
    """Return what is registered for a definition; None if it is in the workspace, or only a local conda environment.

    ``content`` is the digest of the local definition. Raises OSError.
    """
    if environment.curated or environment.registered or environment.conda_environment:
        return None
    version = version_of(environment, content)
    if environment.dockerfile:
        return Image(version, context=project.build_context(environment))
    conda = conda_text(environment, project)
    wheels = project.wheels(environment)
    if wheels:
        digests = {name: project.digests.file(project.path(name)) for name in wheels.values()}
        context = Snapshot(project.folder, "Dockerfile", files=Files(project.folder, digests))
        placed = with_lines(str(conda), {line: f"./{name}" for line, name in wheels.items()})
        return Image(version, context=context, texts={"Dockerfile": _DOCKERFILE, "conda.yml": placed})
    return Image(version, environment.docker_image or BASE_IMAGE, conda)


def conda_text(environment: Environment, project: Project) -> str | None:
    """Return the text of the conda file of a definition, if it has or needs one, without logins. Raises OSError."""
    lines = project.declaration(environment).lines
    if environment.pip_requirements:
        text = packages_file(lines)
    elif environment.conda_file:
        text = files.read(project.path(environment.conda_file)).decode("utf-8", "replace")
    else:
        return None
    bare = {line.text: indexes.without_login(line.text) for line in lines if indexes.login(line.text)}
    return with_lines(text, bare) if bare and not environment.docker_image else text


# SDK v2 has no wheels of its own, so they are in a build context with what Azure ML would write itself: a conda
# environment in the folder and with the variables that the curated environments have (Azure/azureml-assets).
_DOCKERFILE = f"""\
FROM {BASE_IMAGE}
ENV CONDA_PREFIX=/azureml-envs/steps
ENV CONDA_DEFAULT_ENV=$CONDA_PREFIX PATH=$CONDA_PREFIX/bin:$PATH LD_LIBRARY_PATH=$CONDA_PREFIX/lib:$LD_LIBRARY_PATH
COPY . /wheels/
RUN conda env create --quiet --prefix $CONDA_PREFIX --file /wheels/conda.yml && conda clean --all --yes
"""


def version_of(environment: Environment, content: str, exported: str = "") -> str:
    """Return the digest of a definition as Azure ML gets it, so that none is registered twice.

    ``content`` is the digest of the local definition, ``exported`` conda's export of an environment on this machine.
    """
    python = PYTHON if environment.pip_requirements else ""
    rows = [content, environment.docker_image or BASE_IMAGE, python, exported]
    return digest_of("\0".join(rows).encode())[:_VERSION_LENGTH]


def packages_file(lines: Sequence[Line]) -> str:
    """Return a conda file, as JSON (which is YAML), of the ``lines`` of a pip file.

    Included files are merged into it, because they do not exist on the nodes of Azure ML.
    """
    packages = [line.text for line in lines if not line.replaced]
    dependencies = [f"python={PYTHON}", "pip", {"pip": packages}]
    return json.dumps({"channels": ["conda-forge"], "dependencies": dependencies})
