"""A declared environment → what Azure ML builds its image from: a base image, a conda file, a version made of both.

SDK v1 and v2 are given the same, so an environment is one asset for both. Knows neither SDK.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.model import Environment
from aml_pipeline.project.environment.dependencies import Line

# What a definition without an image of its own is built on. Named here, for the SDK's own choice changes with each of
# its releases, and with it what is in the environment (azureml.core.environment.DEFAULT_CPU_IMAGE of 1.61).
BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
# The Python of an environment that has a pip file alone; a conda file names its own. The SDK would take 3.8, which
# numpy and torch left years ago; this is the newest that all packages of SDK v1 install on.
PYTHON = "3.11"
_VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Image:
    """What is registered for a definition; ``conda`` is the text of its conda file, if it has one."""

    base: str
    conda: str | None
    version: str


def image_of(
    environment: Environment, content: str, lines: Sequence[Line], read: Callable[[str], bytes]
) -> Image | None:
    """Return what is registered for a definition; None for what the workspace has, or what only conda here knows.

    ``content`` is the digest of the definition here, ``lines`` are those that its files have for pip, ``read`` gives
    the bytes of a file of the project. Raises OSError of ``read``.
    """
    if environment.curated or environment.registered or environment.conda_environment:
        return None
    conda = packages_file(lines) if environment.pip_requirements else None
    if environment.conda_file:
        conda = read(environment.conda_file).decode("utf-8", "replace")
    return Image(environment.docker_image or BASE_IMAGE, conda, version_of(environment, content))


def version_of(environment: Environment, content: str, exported: str = "") -> str:
    """Return the digest of all that a definition comes to in Azure ML, so that none is registered twice.

    ``content`` is the digest of the definition here, ``exported`` what conda says of an environment of this machine.
    """
    python = PYTHON if environment.pip_requirements else ""
    rows = [content, environment.docker_image or BASE_IMAGE, python, exported]
    return digest_of("\0".join(rows).encode())[:_VERSION_LENGTH]


def packages_file(lines: Sequence[Line]) -> str:
    """Return a conda file, as JSON (which is YAML), of the ``lines`` of a pip file.

    Files that it includes are written into it, for a node of Azure ML has none of them.
    """
    packages = [line.text for line in lines if not line.replaced]
    dependencies = [f"python={PYTHON}", "pip", {"pip": packages}]
    return json.dumps({"channels": ["conda-forge"], "dependencies": dependencies})
