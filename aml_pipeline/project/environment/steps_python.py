"""The Python that runs the steps locally, and the environment of its processes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.folder import STATE

# Variables that would make a step's Python find other modules here than in Azure ML.
_NOT_INHERITED = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"})


def asking(
    python: str | None, environ: Mapping[str, str], folder: str
) -> AbstractContextManager[Callable[[], Interpreter]]:
    """Start asking the Python of the steps about itself, which takes as long as reading the pipeline in ``folder``.

    ``python`` is a path or the name of a program; by default it is the Python of this process.
    """
    cache = os.path.join(folder, STATE, ".interpreter")
    return interpreter.asking(_path(python, environ), steps_environ(environ), cache, folder)


def steps_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the steps' processes."""
    inherited = {name: value for name, value in environ.items() if name not in _NOT_INHERITED}
    # So that a step's output, including metrics, is visible as soon as it is printed.
    return {"PYTHONUNBUFFERED": "1", **inherited}


def _path(python: str | None, environ: Mapping[str, str]) -> str:
    if python is None:
        return sys.executable
    path = shutil.which(python, path=environ.get("PATH"))
    if path is None:
        raise UsageError(f'The Python "{python}" was not found. Give its path, such as .venv/bin/python.')
    return os.path.abspath(path)
