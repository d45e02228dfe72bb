"""A written project, compared with what was read: its errors, and each fact that differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.importing.folder import PIPELINE
from aml_pipeline.azureml.importing.proof import Facts, IncomparableError, differences
from aml_pipeline.core import masking
from aml_pipeline.core.problems import Problem, errors
from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import open_pipeline

# Errors of a file whose plan is whole all the same.
_OF_A_WHOLE_PLAN = frozenset({"not-imported"})


def compared(folder: str, sdk: str, read: Callable[[], Facts], made: Callable[[Plan, Project], Facts]) -> list[str]:
    """Return the errors of the project in ``folder``, and how it differs from what was read; secrets are masked.

    ``read`` returns the facts of what was read, ``made`` those of what a plan compiles to.
    """
    return [masking.without_secrets(printable(line)) for line in _compared(folder, sdk, read, made)]


def _compared(
    folder: str, sdk: str, read: Callable[[], Facts], made: Callable[[Plan, Project], Facts]
) -> Iterator[str]:
    opened = open_pipeline(os.path.join(folder, PIPELINE))
    wrong = errors(opened.loaded.problems)
    yield from map(_line, wrong)
    if opened.plan is None or opened.project is None or {problem.code for problem in wrong} - _OF_A_WHOLE_PLAN:
        yield "nothing else was compared, because of these errors"
        return
    refused = errors(opened.located(refusal.problems(opened.plan, opened.project, sdk)))
    yield from map(_line, refused)
    if refused:
        yield "nothing else was compared, because of these errors"
        return
    try:
        yield from differences(read(), made(opened.plan, opened.project))
    except IncomparableError as error:
        yield str(error)


def _line(problem: Problem) -> str:
    place = f"{os.path.basename(problem.file)}:{problem.position.line}: " if problem.position else ""
    return f"{place}{problem.message} {problem.cure} [{problem.code}]"
