"""A path in a script → the file of the project that it leads to and that its step does not have; and the cure."""

from __future__ import annotations

import os
import posixpath
import re
from typing import NamedTuple

from aml_pipeline import files
from aml_pipeline.plan import Plan, Step
from aml_pipeline.project import STATE, Project
from aml_pipeline.script.paths import Named


class Place(NamedTuple):
    """A file or folder of the project that a script names, though its step has none at that path.

    ``inner`` is its path in the source folder, if it lies there, ``in_snapshot`` whether the step has it under that.
    """

    path: str
    is_folder: bool
    inner: str
    in_snapshot: bool


# Folders that every run has, here and in Azure ML, and that are no part of a project.
_OF_RUNS = frozenset({"outputs", "logs"})
_NO_DATA = frozenset({STATE, ".git", "__pycache__", ".venv"})


def find(named: Named, step: Step, project: Project) -> Place | None:
    """Return what ``named`` leads to in the project, when ``step`` has nothing at that path."""
    source, snapshot = project.source(step), project.snapshot(step)
    name = posixpath.normpath(named.text)
    if name in {".", ".."} or "\0" in name or name.startswith("~") or name.split("/")[0] in _OF_RUNS:
        return None
    if _has(snapshot.rules, name):
        return None
    script = os.path.dirname(os.path.join(source.path, snapshot.script))
    for folder in dict.fromkeys((source.path, script, project.folder)):
        path = os.path.normpath(os.path.join(folder, name))
        if _is_meant(named, path) and _is_data(path, source.path, project.folder):
            relative = os.path.relpath(path, source.path)
            inner = "" if relative.startswith("..") else relative
            return Place(path, files.is_folder(path), inner, bool(inner) and _has(snapshot.rules, inner))
    return None


def _has(rules: dict[str, str], name: str) -> bool:
    return name in rules or any(one.startswith(f"{name}/") for one in rules)


def _is_meant(named: Named, path: str) -> bool:
    """Whether a path leads to what the script takes it for; a text that may be anything has to name a file."""
    if not named.whole:
        return files.is_folder(path)
    return files.look(path) is not None if named.reads else files.is_file(path)


def _is_data(path: str, source: str, project: str) -> bool:
    if path in {source, project} or not path.startswith(project + os.sep):
        return False
    return _NO_DATA.isdisjoint(os.path.relpath(path, project).split(os.sep))


def cure_of(place: Place, step: Step, plan: Plan, project: Project) -> str:
    """Return how a step comes to have what its script names."""
    source = project.source(step)
    if place.in_snapshot:
        return f'Write "{place.inner}": a step runs in a copy of {step.source_directory.rstrip("/")}/.'
    declared = next(
        (name for name, one in plan.datasets.items() if one.local and _is_in(place, one.local, project)), None
    )
    if declared is not None:
        return f"It is in dataset {declared}: {_passed(declared, step)}"
    if place.path == plan.file:
        return "No snapshot holds the pipeline file: pass what the script needs of it as arguments."
    if place.inner and source.ignores(place.inner + "/" * place.is_folder):
        return f"Take its pattern out of {source.ignore_file}, which leaves it out of every snapshot."
    if place.inner:
        pattern = f"{place.inner}/**" if place.is_folder else place.inner
        patterns = ", ".join(f'"{one}"' for one in (*(step.snapshot or ()), pattern))
        return f"Add it under the step: `snapshot: [{patterns}]`."
    local = os.path.relpath(place.path, project.folder)
    if not place.is_folder and "/" in local:
        local = os.path.dirname(local)
    name = _name(local, plan)
    return f"Declare it, `datasets: {{{name}: {{local: {local}}}}}`, and {_passed(name, step)}"


def _is_in(place: Place, local: str, project: Project) -> bool:
    path = project.path(local)
    return place.path == path or place.path.startswith(path + os.sep)


def _passed(dataset: str, step: Step) -> str:
    """Return how a dataset is passed to the script: by the option that does already, if there is one."""
    for one in step.arguments:
        if one.option and any(getattr(token, "name", "") == dataset for token in one.values):
            return f"read the path from the option {one.option}, which has it."
    option = dataset.replace("_", "-")
    return f"pass it, `--{option}: ${{{{ datasets.{dataset} }}}}`: the script reads the path from that option."


def _name(local: str, plan: Plan) -> str:
    """Return a name for a new dataset of what lies at ``local``."""
    words = re.findall(r"[a-z0-9]+", os.path.splitext(os.path.basename(local))[0].lower())
    name = "_".join(words)
    name = name if name[:1].isalpha() else "data"
    return name if name not in plan.datasets else f"{name}_2"
