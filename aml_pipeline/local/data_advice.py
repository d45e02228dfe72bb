"""Project data that a script opens by a hard-coded path → the dataset to declare, as lines of YAML."""

from __future__ import annotations

import os

from aml_pipeline.local.evaluate import Context
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Dataset
from aml_pipeline.project import local_data
from aml_pipeline.project.folder import STATE


def is_of_project(context: Context, step: Step, place: str) -> bool:
    """Whether a file or folder exists in the project, and is neither our own state nor a folder with the scripts."""
    if not os.path.exists(place):
        return False
    project = context.project
    inside = project.holds(project.folder, place) and not project.holds(place, project.source(step).path)
    return inside and STATE not in os.path.relpath(place, project.folder).split(os.sep)


def cure(context: Context, step: Step, place: str) -> str:
    """Return how to give a script the data at ``place``: as a dataset, with its declaration if there is none."""
    here = os.path.relpath(place, context.project.folder)
    why = f"{here} is in the project, but not in the step's snapshot, and a step sees only its snapshot."
    plan, project = context.plan, context.project
    given = local_data.option_with(step, project, place)
    option = given or local_data.free_option(step)
    name = local_data.holder(plan, project, place)
    if name:
        rest = os.path.relpath(place, project.path(str(plan.datasets[name].local)))
        passed = step.option_of(Dataset(name))
        if passed:
            return (
                f"{why} Dataset {name} contains it, and {passed} passes its path: let the script {_read(rest, passed)}."
            )
        lines = _lines(step, option, name)
        return f"{why} Dataset {name} contains it. Pass its path, and let the script {_read(rest, option)}:\n{lines}"
    local = here if given else local_data.to_declare(plan, project, step, place)
    name = local_data.free_name(plan, local)
    rest = os.path.relpath(place, project.path(local))
    lines = f"    datasets:\n      {name}:\n        local: {local_data.as_yaml(local)}\n{_lines(step, option, name)}"
    file = os.path.basename(plan.file)
    return f"{why} Declare it in {file}, and let the script {_read(rest, option)}:\n{lines}"


def _lines(step: Step, option: str, name: str) -> str:
    """Return the lines of YAML that pass a dataset; a step's arguments may be a list."""
    in_list = any(isinstance(one.place[3], int) for one in step.arguments if len(one.place) > 3)  # noqa: PLR2004
    argument = f"{'- ' if in_list else ''}{option}: ${{{{ datasets.{name} }}}}"
    return f"    steps:\n      {step.name}:\n        arguments:\n          {argument}"


def _read(rest: str, option: str) -> str:
    return f"open the path in {option}" if rest == os.curdir else f"open {rest} in the folder in {option}"
