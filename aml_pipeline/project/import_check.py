"""Plan and project → warnings about imports that no package of the step's environment provides.

In Azure ML they fail only after an image was built and a node started. The Python of the steps is asked only if the
files themselves, the standard library and the best-known packages leave a doubt, which they rarely do.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import Position, Problem, errors
from aml_pipeline.core.wording import shortened
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment.dependencies import Declared
from aml_pipeline.project.environment.installed import conda_name
from aml_pipeline.project.environment.interpreter import unasked
from aml_pipeline.project.environment.providers import NAMESPACES, Providers
from aml_pipeline.project.folder import Project

if TYPE_CHECKING:
    from aml_pipeline.project.environment.steps_python import Pythons
    from aml_pipeline.project.snapshot.origins import Needed


def declared_packages(project: Project, environment: Environment | None) -> Sequence[Declared] | None:
    """Return the packages that an environment's files declare; None if it has no files, or files with mistakes."""
    names = declaring_files(environment)
    if environment is None or not names or not all(files.is_file(project.path(name)) for name in names):
        return None
    declaration = project.declaration(environment)
    return None if errors(declaration.problems) else declaration.packages


def provided_packages(project: Project, environment: Environment | None) -> Sequence[Declared] | None:
    """Return the packages of an environment; None if they are unknown here, as for an image next to a file."""
    return None if environment and environment.docker_image else declared_packages(project, environment)


def declaring_files(environment: Environment | None) -> list[str]:
    """Return the files in which an environment declares its packages."""
    names = [environment.conda_file, environment.pip_requirements] if environment else []
    return [name for name in names if name]


def warnings(plan: Plan, project: Project, pythons: Pythons) -> list[Problem]:
    """Return a warning for each import that is certainly missing from the environment of a step."""
    steps: dict[tuple[Environment, str | None], list[Step]] = {}
    for step in plan.steps:
        if step.environment is not None:
            steps.setdefault((step.environment, step.python), []).append(step)
    return [problem for users in steps.values() for problem in _of_environment(users, project, pythons)]


def _of_environment(steps: Sequence[Step], project: Project, pythons: Pythons) -> Iterator[Problem]:
    """Yield the warnings of steps with the same environment and the same Python."""
    environment, python = steps[0].environment, steps[0].python
    packages = provided_packages(project, environment)
    if packages is None:
        return
    modules = {module for step in steps for module in project.snapshot(step).external}
    doubtful = _unprovided(modules, Providers(packages, unasked()))
    if not doubtful:
        return
    try:
        providers = Providers(packages, pythons(python))
    except UsageError:  # there is no working Python: whatever needs one reports that
        return
    missing = {module for module in doubtful if providers.of(module).verdict == "not named"}
    from aml_pipeline.project.snapshot import origins  # only if something is missing

    unnamed: dict[str, tuple[str, Needed, list[Step]]] = {}
    for step in steps:
        if missing & project.snapshot(step).external:
            source = project.source(step)
            for one in origins.needed(source, project.snapshot(step)):
                top = one.module.partition(".")[0]
                if top in missing:
                    unnamed.setdefault(top, (source.path, one, []))[2].append(step)
    for folder, one, users in unnamed.values():
        yield _problem(one, folder, users, project, providers)


def _unprovided(modules: set[str], providers: Providers) -> set[str]:
    return {module for module in modules if providers.of(module).verdict not in {"named", "comes along"}}


def _problem(needed: Needed, folder: str, steps: Sequence[Step], project: Project, providers: Providers) -> Problem:
    file = os.path.normpath(os.path.join(os.path.relpath(folder, project.folder), needed.place.file))
    top = needed.module.partition(".")[0]
    shown = needed.module if top in NAMESPACES else top
    names = " or ".join(declaring_files(steps[0].environment))
    users = shortened([f'"{step.declared}"' for step in steps], 1)
    message = f'no package in {names} (environment of step {users}) provides "{shown}".'
    cure = cure_here(needed.module, steps[0], project) or _cure(needed.module, shown, steps[0], providers)
    lines = files.read(os.path.join(folder, needed.place.file)).decode("utf-8", "replace").splitlines()
    line = lines[needed.place.line - 1] if needed.place.line <= len(lines) else ""
    match = re.search(rf"(?<![\w.]){re.escape(needed.module)}(?![\w])", line)
    position = Position(needed.place.line, match.start() + 1 if match else 1, len(needed.module) if match else 1)
    return Problem("unnamed-import", message, cure, severity="warning", file=file, position=position)


def _cure(module: str, shown: str, step: Step, providers: Providers) -> str:
    """Return what to add, by name only if it is known, and where."""
    file = declaring_files(step.environment)[-1]
    is_conda = step.environment is not None and file == step.environment.conda_file
    name = providers.suggested(module)
    by_conda = conda_name(name) if name and is_conda else None
    added = f"`{by_conda or name}`" if name else f"the package that provides {shown}"
    place = f"the `pip:` list of {file}" if name and is_conda and not by_conda else file
    return f"Add {added} to {place}, or import {shown} inside a `try:` if the script can do without it."


def cure_here(module: str, step: Step, project: Project) -> str:
    """Return what to do about a module in the project but outside its source folders, or "".

    A script that names its source folder, ``src.lib``, may only run from the project's folder.
    """
    inside = posixpath.normpath(step.source_directory)
    top, *inner = module.split(".")
    path = os.path.join(project.folder, top)
    dotted = inside.replace("/", ".")
    if f"{module}.".startswith(f"{dotted}."):
        return f"Import it without `{dotted}.`: a step runs in a copy of {inside}/."
    if f"{inside}/".startswith(f"{top}/"):
        return f"Move it to {inside}/, from which snapshots are taken, and import it without `{top}.`."
    if files.is_file(f"{path}.py") or _is_package(path, inner):
        return f"{top} is next to the pipeline file: move it to {inside}/, from which snapshots are taken."
    return ""


def _is_package(path: str, inner: Sequence[str]) -> bool:
    """Whether a folder contains Python files, or what is imported from it; others only share the name of a module."""
    if not files.is_folder(path):
        return False
    leads_on = bool(inner) and files.is_folder(os.path.join(path, inner[0]))
    return leads_on or any(name.endswith(".py") for name in files.names(path))
