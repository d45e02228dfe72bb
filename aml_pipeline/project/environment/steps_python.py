"""The Pythons that run the steps locally, and the environment of their processes."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import shutil
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.folder import STATE, Project

# What `python:` of a step says (None: nothing) → the Python that runs it.
Pythons = Callable[[str | None], Interpreter]
CACHE = ".interpreter"

# Variables that would make a step's Python find other modules here than in Azure ML.
_NOT_INHERITED = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"})


@contextlib.contextmanager
def asking(python: str | None, environ: Mapping[str, str], folder: str) -> Iterator[Pythons]:
    """Start asking the Python of the steps about itself, which takes as long as reading the pipeline in ``folder``.

    ``python`` is a path or the name of a program (default: the Python of this process): it runs the steps for which
    the file names none. Those that the file names are asked when needed.
    """
    given = steps_environ(environ)

    def started(path: str) -> AbstractContextManager[Callable[[], Interpreter]]:
        return interpreter.asking(path, given, _cache(path, folder), folder)

    with started(_given(python, environ)) as first:

        @functools.cache
        def answer(declared: str | None) -> Interpreter:
            if declared is None:
                return first()
            with started(located(declared, environ, folder) or declared) as other:
                return other()

        yield answer


def without_pythons(plan: Plan) -> Plan:
    """Return ``plan`` without the Pythons of the file, for a run with another one."""
    return replace(plan, steps=tuple(replace(step, python=None) for step in plan.steps))


def steps_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the steps' processes."""
    inherited = {name: value for name, value in environ.items() if name not in _NOT_INHERITED}
    # So that a step's output, including metrics, is visible as soon as it is printed.
    return {"PYTHONUNBUFFERED": "1", **inherited}


def located(declared: str, environ: Mapping[str, str], folder: str) -> str | None:
    """Return the path of a Python that the pipeline file in ``folder`` names; None if there is no such program."""
    name = os.path.join(folder, declared) if "/" in declared else declared
    path = shutil.which(name, path=environ.get("PATH"))
    return os.path.abspath(path) if path else None


def all_of(
    plan: Plan, project: Project, steps: Iterable[Step], pythons: Pythons, environ: Mapping[str, str]
) -> dict[str | None, Interpreter]:
    """Return the Pythons of ``steps``. Raises PipelineError for those that are not on this machine."""
    steps = list(steps)
    absent = missing(project, steps, environ)
    if absent:
        raise plan.refusal(absent)
    return {step.python: pythons(step.python) for step in steps}


def missing(project: Project, steps: Iterable[Step], environ: Mapping[str, str]) -> list[Problem]:
    """Return the Pythons that the file names for ``steps`` but that are not on this machine."""
    problems = []
    for step in {step.python: step for step in reversed(list(steps)) if step.python is not None}.values():
        declared = str(step.python)
        if located(declared, environ, project.folder) is None:
            message = f'the Python "{declared}" was not found.'
            problems.append(Problem("missing-python", message, _cure(declared), ("steps", step.declared, "python")))
    return problems


def _cure(declared: str) -> str:
    """Return how to create a virtual environment, if its usual path was declared."""
    environment, found, _ = declared.rpartition("/bin/python")
    if not found:
        return "Write its path, such as .venv/bin/python, or the name of a program on the PATH."
    command = f"python3 -m venv {shlex.quote(environment)}"
    return f"Create it with `{command}` and install the packages there, or correct the path."


def _given(python: str | None, environ: Mapping[str, str]) -> str:
    if python is None:
        return sys.executable
    path = shutil.which(python, path=environ.get("PATH"))
    if path is None:
        raise UsageError(f'The Python "{python}" was not found. Give its path, such as .venv/bin/python.')
    return os.path.abspath(path)


def _cache(path: str, folder: str) -> str:
    """Return the file that caches the answer of the Python at ``path``."""
    own = "" if path == sys.executable else f".{zlib.crc32(os.fsencode(path)):08x}"
    return os.path.join(folder, STATE, f"{CACHE}{own}")
