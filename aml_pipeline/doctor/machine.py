"""Checks this machine: Python, the installation of aml-pipeline, git, and room on the disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata

from aml_pipeline import __version__
from aml_pipeline.azureml.workspace.installing import can_have_v1
from aml_pipeline.core.addresses import DISTRIBUTION
from aml_pipeline.core.wording import size_in_words
from aml_pipeline.doctor.finding import Finding

_LEAST_FREE = 10**9


def python() -> Finding:
    """Return which Python this is, and which SDKs can be installed for it."""
    conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
    kind = "virtual" if sys.prefix != sys.base_prefix else "conda" if conda else ""
    where = f"in the {kind} environment {sys.prefix}" if kind else f"at {sys.executable}, in no virtual environment"
    sdks = "SDK v1 and v2 can" if can_have_v1() else "SDK v2 can, v1 cannot"
    machine = f"{platform.system()} {platform.machine()}"
    seen = f"{platform.python_version()} {where}, on {machine}; {sdks} be installed for it"
    if sys.platform == "win32":
        cure = "Run steps in WSL or a dev container. Commands that start no step work here."
        return Finding("Python", "warning", seen, cure)
    return Finding("Python", "ok", seen)


def installation() -> Finding:
    """Return the version of aml-pipeline, and whether its distribution is the code that runs."""
    place = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    seen = f"{__version__} at {place}"
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        seen = f"{seen}, but {DISTRIBUTION} is not installed for this Python"
        return Finding("aml-pipeline", "warning", seen, f"Install it: pip install {DISTRIBUTION}.")
    if '"editable": true' in (installed.read_text("direct_url.json") or ""):
        return Finding("aml-pipeline", "ok", f"{seen}, installed as editable")  # the version there may be an older one
    if installed.version != __version__:
        cure = "Run it from another folder, and check PYTHONPATH."
        return Finding("aml-pipeline", "warning", f"{seen}, but {installed.version} is installed", cure)
    return Finding("aml-pipeline", "ok", seen)


def git() -> Finding:
    """Return the git that records commits and identifies the project."""
    program = shutil.which("git")
    if program is None:
        cure = "Install git, and make sure that PATH has it."
        return Finding("git", "warning", "not found: runs are recorded without their commit", cure)
    return Finding("git", "ok", program)


def disk(folder: str) -> Finding:
    """Return how much room there is for results and records in ``folder``, or where it would be."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    seen = f"{size_in_words(free)} free in {folder}"
    if free < _LEAST_FREE:
        cure = "Free some space: `aml-pipeline clean` removes old results."
        return Finding("disk", "warning", seen, cure)
    return Finding("disk", "ok", seen)
