"""Raises errors for what Azure ML would not accept, before anything is sent, and reports what steps will lack there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v1 import problems as v1
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.problems import Problem, as_text, errors, ordered
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project import secret_check, validation
from aml_pipeline.project.environment.interpreter import unasked
from aml_pipeline.project.folder import Project


def problems(plan: Plan, project: Project, sdk: str) -> list[Problem]:
    """Return what Azure ML would not accept of ``plan`` with ``sdk``. Works offline and needs no SDK."""
    others = v1.problems(plan, project, plan.steps) if sdk == "v1" else export.problems(plan)
    return [*sendable.problems(plan, project, plan.steps), *others]


def require_sendable(  # noqa: PLR0913 - what is checked, and by which rules
    plan: Plan,
    project: Project,
    steps: Sequence[Step],
    others: Callable[[], Iterable[Problem]],
    *,
    sdk: str,
    alone: bool = False,
) -> None:
    """Raise PipelineError for what Azure ML would not accept, and for the problems of ``others``; report the warnings.

    A project is checked once for what is sent with ``sdk``. The local Python is not queried: the image has its own.
    """
    check = (sdk, alone, repr((plan, steps)))
    if check in project.passed:
        return
    problems = [*sendable.problems(plan, project, steps, alone=alone), *others()]
    secrets = secret_check.warnings(plan, project, steps)
    if errors(problems):
        raise plan.refusal([*problems, *secrets])
    scripts = validation.of_scripts(replace(plan, steps=tuple(steps)), project, lambda _: unasked())
    for warning in ordered(plan.located([*problems, *secrets, *scripts])):
        say(as_text([warning], {}))
    project.passed.add(check)
