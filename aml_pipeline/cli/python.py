"""Chooses the Python of the steps from the command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from aml_pipeline.cli.opened import state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.interpreter import Interpreter

# Variables that would make a step's Python find other modules than in Azure ML.
_NOT_INHERITED = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"})


def asking_python(options: Options, environ: Mapping[str, str]) -> AbstractContextManager[Callable[[], Interpreter]]:
    """Query the Python that runs the steps in parallel, which takes as long as reading the pipeline."""
    state = state_folder(options)
    cache, project = os.path.join(state, ".interpreter"), os.path.dirname(state)
    return interpreter.asking(_python(options.text("python"), environ), steps_environ(environ), cache, project)


def steps_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the steps' processes."""
    inherited = {name: value for name, value in environ.items() if name not in _NOT_INHERITED}
    # So that output of a step, including metrics, is shown immediately.
    return {"PYTHONUNBUFFERED": "1", **inherited}


def _python(given: str | None, environ: Mapping[str, str]) -> str:
    if given is None:
        return sys.executable
    found = shutil.which(given, path=environ.get("PATH"))
    if found is None:
        raise UsageError(
            f"Program {given} of --python was not found. Give the path of a Python, for example .venv/bin/python."
        )
    return os.path.abspath(found)
