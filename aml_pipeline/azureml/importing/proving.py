"""A written project, compared with what was read: its errors, and each fact that differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.importing.folder import PIPELINE
from aml_pipeline.azureml.importing.proof import Facts, IncomparableError, differences
from aml_pipeline.core import masking
from aml_pipeline.core.errors import PipelineError, UserError
from aml_pipeline.core.problems import Problem, errors
from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import Opened, open_pipeline

# Errors of a file whose plan is whole all the same.
_OF_A_WHOLE_PLAN = frozenset({"not-imported"})
_NOTHING_ELSE = "nothing else was compared, because of these errors"


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
        yield _NOTHING_ELSE
        return
    try:
        _require_sendable(opened, opened.plan, opened.project, sdk)
        yield from differences(read(), made(opened.plan, opened.project))
    except IncomparableError as error:
        yield str(error)
    except PipelineError as error:
        yield from map(_line, errors(error.problems))
        yield _NOTHING_ELSE
    except UserError as error:  # the project is worth having, although a compute target is gone, for example
        yield f"nothing was compared: {error}"


def _require_sendable(opened: Opened, plan: Plan, project: Project, sdk: str) -> None:
    if refused := errors(opened.located(refusal.problems(plan, project, sdk))):
        raise PipelineError(refused, {})


def _line(problem: Problem) -> str:
    place = f"{os.path.basename(problem.file)}:{problem.position.line}: " if problem.position else ""
    return f"{place}{problem.message} {problem.cure} [{problem.code}]"
