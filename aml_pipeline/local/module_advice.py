"""A package that a script lacks → the Python that needs it, and whether the declared environment names it."""

from __future__ import annotations

import os
import sys

from aml_pipeline.local.evaluate import Context
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project import import_check
from aml_pipeline.project.environment.providers import Providers


def missing_module(context: Context, step: Step, module: str) -> str:
    """Return what to do about a module that neither the project nor the Python of the steps has, or ""."""
    top = module.partition(".")[0]
    python = context.interpreter
    if top in python.standard or top in python.modules or context.project.source(step).may_hold_module(top):
        return ""
    here = import_check.cure_here(module, step, context.project)
    if here:
        return f"Module {module} is not in the step's snapshot. {here}"
    own = os.path.realpath(python.path) == os.path.realpath(sys.executable) and python.path == sys.executable
    which = "the Python that runs aml-pipeline, and the steps unless --python names another" if own else "--python"
    cure = (
        f"Install it there, or run with the Python of your project: `--python {_other(context)}`"
        if own
        else "Install it"
    )
    return f"Module {top} is not installed for {python.path} ({which}). {cure}.{_environment(context, step, module)}"


def _other(context: Context) -> str:
    """Return the Python of an active environment or of one in the project, if any."""
    environ = context.environ
    active = [environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    folders = [*active, *(os.path.join(context.project.folder, name) for name in (".venv", "venv"))]
    places = [os.path.join(folder, "bin", "python") for folder in folders]
    for place in places:
        if os.path.exists(place) and place != sys.executable:
            relative = os.path.relpath(place, context.project.folder)
            return place if relative.startswith("..") else relative
    return "PATH"


def _environment(context: Context, step: Step, module: str) -> str:
    """Return whether the files of the declared environment name the module."""
    packages = import_check.provided_packages(context.project, step.environment)
    if packages is None:
        return ""
    verdict = Providers(packages, context.interpreter).of(module).verdict
    said = {
        "named": "names it, so it will be installed in Azure ML",
        "not named": "does not name it either, so the step would fail in Azure ML too: add it",
    }.get(verdict)
    file = " or ".join(import_check.declaring_files(step.environment))
    return f" {file} {said}." if said else ""
