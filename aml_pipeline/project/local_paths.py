"""A path in a script → the file of the project that it means but that its step does not have; and the cure."""

from __future__ import annotations

import os
import posixpath
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset
from aml_pipeline.project import local_data
from aml_pipeline.project.folder import STATE, Project
from aml_pipeline.project.script.paths import Named


class Place(NamedTuple):
    """A file or folder of the project that a script names, but that its step does not have at that path.

    ``inner`` is its path in the source folder, if it is inside, ``in_snapshot`` whether the step has it at that path.
    ``options`` are the names of the option whose default it is.
    """

    path: str
    is_folder: bool
    inner: str
    in_snapshot: bool
    options: tuple[str, ...]


# Folders that every run has, here and in Azure ML, and that are not part of a project.
_OF_RUNS = frozenset({"outputs", "logs"})
_NO_DATA = frozenset({STATE, ".git", "__pycache__", ".venv"})


def find(named: Named, step: Step, project: Project) -> Place | None:
    """Return what ``named`` refers to in the project, if ``step`` has nothing at that path."""
    source, snapshot = project.source(step), project.snapshot(step)
    name = posixpath.normpath(named.text)
    if name in {".", ".."} or "\0" in name or name.startswith("~") or name.split("/")[0] in _OF_RUNS:
        return None
    if snapshot.has(name):
        return None
    script = os.path.dirname(os.path.join(source.path, snapshot.script or ""))
    for folder in dict.fromkeys((source.path, script, project.folder)):
        path = os.path.normpath(os.path.join(folder, name))
        if _is_meant(named, path) and _is_of_project(path, source.path, project.folder):
            relative = os.path.relpath(path, source.path)
            inner = "" if relative.startswith("..") else relative
            return Place(path, files.is_folder(path), inner, bool(inner) and snapshot.has(inner), named.options)
    return None


def _is_meant(named: Named, path: str) -> bool:
    """Whether a path refers to what the script expects; a string of unknown purpose has to name a file."""
    if not named.whole:
        return files.is_folder(path)
    return files.look(path) is not None if named.reads else files.is_file(path)


def _is_of_project(path: str, source: str, project: str) -> bool:
    if path in {source, project} or not path.startswith(project + os.sep):
        return False
    return _NO_DATA.isdisjoint(os.path.relpath(path, project).split(os.sep))


def cure_of(place: Place, step: Step, plan: Plan, project: Project) -> str:
    """Return how a step gets what its script names."""
    source = project.source(step)
    if place.in_snapshot:
        return f'Write "{place.inner}": a step runs in a copy of {step.source_directory.rstrip("/")}/.'
    holder = local_data.holder(plan, project, place.path)
    given = place.options[-1] if place.options else local_data.option_with(step, project, place.path)
    if holder:
        return f"It is part of dataset {holder}: {_passed(holder, step, given)}"
    if place.path == plan.file:
        return "The pipeline file is never part of a snapshot: pass the values that the script needs as arguments."
    if place.inner and source.ignores(place.inner + "/" * place.is_folder):
        return f"Remove its pattern from {source.ignore_file}, which excludes it from every snapshot."
    if place.inner and not local_data.is_data(plan, project, place.path):
        return f"Add it under the step: {local_data.snapshot_line(step, place.inner + '/' * place.is_folder)}."
    here = os.path.relpath(place.path, project.folder)
    local = here if given else local_data.to_declare(plan, project, step, place.path)
    name = local_data.free_name(plan, local)
    return (
        f"Declare it, `datasets: {{{name}: {{local: {local_data.as_yaml(local)}}}}}`, and {_passed(name, step, given)}"
    )


def _passed(dataset: str, step: Step, given: str | None) -> str:
    """Return how a dataset is passed to the script: by its present option, or by the one ``given`` its path."""
    passed = step.option_of(Dataset(dataset))
    if passed:
        return f"read the path from the option {passed}, which receives it."
    option = given or local_data.free_option(step)
    return f"pass it, `{option}: ${{{{ datasets.{dataset} }}}}`: the script reads the path from that option."
