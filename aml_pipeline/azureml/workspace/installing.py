"""What installs an SDK of Azure ML, where it can be installed: no other place names the distribution and its extras."""

from __future__ import annotations

import platform
import sys

DISTRIBUTION = "aml-pipeline-yaml"  # aml-pipeline on PyPI is another project
V1 = "azureml"
V2 = "azureml-v2"
# azureml-pipeline-steps 1.62 needs azureml-train-automl-client, which takes no Python from 3.12 on; what it needs
# besides, azureml-dataprep-rslex 2.26, has no wheel for Apple silicon (PyPI, 2026-11-27).
_OF_V1 = ((3, 10), (3, 11))
_NEED = "This needs SDK v1, whose pipeline packages exist for Python 3.10 and 3.11 only"
_V2 = "Or use Azure ML v2: `aml-pipeline submit --sdk v2` and `aml-pipeline export` need no SDK v1."


def python() -> tuple[int, int]:
    """Return the version of this Python."""
    return sys.version_info[:2]


def is_apple_silicon() -> bool:
    """Whether this machine is one."""
    return (sys.platform, platform.machine()) == ("darwin", "arm64")


def can_have_v1() -> bool:
    """Whether SDK v1 can be installed for this Python on this machine."""
    return python() in _OF_V1 and not is_apple_silicon()


def command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def cure(extra: str) -> str:
    """Return what to do where what an extra brings is not installed."""
    if extra != V1 or can_have_v1():
        return f"Install it there: {command(extra)}."
    if is_apple_silicon():
        return f"{_NEED}, and not for Apple silicon. Run it on Linux, or with a Python for x86_64. {_V2}"
    this = ".".join(map(str, python()))
    return f"{_NEED}, and this is {this}. Make an environment with Python 3.11, and there: {command(extra)}. {_V2}"
