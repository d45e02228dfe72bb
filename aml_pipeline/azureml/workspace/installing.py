"""How to install an SDK of Azure ML, if possible: the only place that names the extras."""

from __future__ import annotations

import platform
import sys

from aml_pipeline.core.addresses import DISTRIBUTION

V1 = "azureml"
V2 = "azureml-v2"
# azureml-pipeline-steps 1.62 needs azureml-train-automl-client, which does not support Python 3.12 or later, and
# azureml-dataprep-rslex 2.26, which has no wheel for Apple silicon (PyPI, 2026-11-27).
_OF_V1 = ((3, 10), (3, 11))
_NEED = "This needs SDK v1, whose pipeline packages exist for Python 3.10 and 3.11 only"
_V2 = "Or use Azure ML v2, which does not need it: `--sdk v2`, or `sdk: v2` in the file."


def python() -> tuple[int, int]:
    """Return the version of this Python."""
    return sys.version_info[:2]


def is_apple_silicon() -> bool:
    """Whether this machine has Apple silicon."""
    return (sys.platform, platform.machine()) == ("darwin", "arm64")


def can_have_v1() -> bool:
    """Whether SDK v1 can be installed for this Python on this machine."""
    return python() in _OF_V1 and not is_apple_silicon()


def command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def cure(extra: str) -> str:
    """Return what to do if the packages of an extra are not installed."""
    if extra != V1 or can_have_v1():
        return f"Install it there: {command(extra)}."
    if is_apple_silicon():
        return f"{_NEED}, and not for Apple silicon. Run it on Linux, or with a Python for x86_64. {_V2}"
    this = ".".join(map(str, python()))
    return (
        f"{_NEED}, and this is {this}. Create an environment with Python 3.11, and run in it: {command(extra)}. {_V2}"
    )
