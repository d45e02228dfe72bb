"""Warnings of ``validate`` for a pipeline that can run: what would surprise later, here or in Azure ML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.plan.model import Plan, one_of_each
from aml_pipeline.project import check, script_check, secret_check
from aml_pipeline.project.environment import unbuildable
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot import size

if TYPE_CHECKING:
    from aml_pipeline.project.environment.steps_python import Pythons

NONE: Mapping[str, str] = MappingProxyType({})


def warnings(plan: Plan, project: Project, pythons: Pythons, variables: Mapping[str, str] = NONE) -> list[Problem]:
    """Return all warnings that require reading scripts and data.

    ``pythons`` returns the Pythons of the steps; it is only called if a doubt remains. ``variables`` are those that
    steps inherit when they run here.
    """
    absent = check.missing_data(plan, project, plan.steps)
    declared = replace(plan, steps=tuple(one_of_each(plan.steps)))
    expected_here = [problem for problem in absent if plan.datasets[str(problem.path[1])].local is not None]
    return [
        *size.warnings(declared, project),
        *unbuildable.warnings(declared, project),
        *secret_check.warnings(plan, project, plan.steps),
        *(
            replace(problem, severity="warning")
            for problem in [*expected_here, *_pythons(declared, project, variables)]
        ),
        *of_scripts(declared, project, pythons, variables),
    ]


def _pythons(plan: Plan, project: Project, variables: Mapping[str, str]) -> list[Problem]:
    if not any(step.python for step in plan.steps):
        return []
    from aml_pipeline.project.environment import steps_python  # most files name none

    return steps_python.missing(project, plan.steps, variables)


def of_scripts(plan: Plan, project: Project, pythons: Pythons, variables: Mapping[str, str] = NONE) -> list[Problem]:
    """Return the warnings about what scripts need but their steps do not have."""
    problems = script_check.warnings(plan, project, variables)
    if any(step.environment for step in plan.steps):
        from aml_pipeline.project import import_check

        problems += import_check.warnings(plan, project, pythons)
    return problems
