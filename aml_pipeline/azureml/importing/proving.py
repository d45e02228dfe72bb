"""A written project, compared with what was read: its errors, and each fact that differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.importing.folder import PIPELINE
from aml_pipeline.azureml.importing.proof import Facts, IncomparableError, differences
from aml_pipeline.core import masking
from aml_pipeline.core.errors import PipelineError, UserError
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.problems import Problem, errors
from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.loader import NOT_IMPORTED
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import Opened, open_pipeline

# The folder of datasets that stand for outputs of steps that were not imported: ``data/STEP/OUTPUT``.
STAND_INS = "data"
_DEPTH = 3
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
    stand_ins = _stand_ins(opened, opened.plan)
    try:
        yield from map(_line, _unsendable(opened, opened.plan, opened.project, sdk, stand_ins))
        sent = {name: replace(opened.plan.datasets[name], upload=1) for name in stand_ins}  # else it would be absent
        plan = replace(opened.plan, datasets={**opened.plan.datasets, **sent})
        paths = {opened.project.path(str(place.local)): stand_ins[name] for name, place in sent.items()}
        outputs = {path: f"steps.{step}.outputs.{output}" for path, (step, output) in paths.items()}
        yield from differences(read(), _with(outputs, made(plan, opened.project)))
    except IncomparableError as error:
        yield str(error)
    except PipelineError as error:
        yield from map(_line, errors(error.problems))
        yield _NOTHING_ELSE
    except UserError as error:  # the project is worth having, although a compute target is gone, for example
        yield f"nothing was compared: {error}"


def _stand_ins(opened: Opened, plan: Plan) -> dict[str, tuple[str, str]]:
    """Return the datasets that stand for outputs of steps that were not imported, each with the step and the output."""
    root = opened.loaded.document.root
    missing = mapping(mapping(root.value if root else None).get(NOT_IMPORTED))
    places = {name: str(place.local).split("/") for name, place in plan.datasets.items() if not place.is_remote}
    return {
        name: (step, output)
        for name, [folder, step, output] in ((name, parts) for name, parts in places.items() if len(parts) == _DEPTH)
        if folder == STAND_INS and step in missing
    }


def _with(outputs: Mapping[str, str], facts: Any) -> Any:  # noqa: ANN401 - nested data
    """Return facts with ``outputs`` in place of the paths that stand for them: that they do is reported already."""
    if isinstance(facts, Mapping):
        return {_with(outputs, key): _with(outputs, value) for key, value in facts.items()}
    if isinstance(facts, (list, tuple)):
        return type(facts)(_with(outputs, each) for each in facts)
    for path, output in outputs.items() if isinstance(facts, str) else ():
        facts = facts.replace(path, output)
    return facts


def _unsendable(
    opened: Opened, plan: Plan, project: Project, sdk: str, stand_ins: Mapping[str, tuple[str, str]]
) -> list[Problem]:
    """Return what is wrong with ``stand_ins``. Raises PipelineError if anything else cannot be sent."""
    found = [_of_cause(problem, stand_ins) for problem in refusal.problems(plan, project, sdk)]
    refused = errors(opened.located(found))
    if others := [problem for problem in refused if problem.code not in _OF_A_WHOLE_PLAN]:
        raise PipelineError(others, {})
    return refused


def _of_cause(problem: Problem, stand_ins: Mapping[str, tuple[str, str]]) -> Problem:
    """Return the problem; one of a dataset that stands for an output says that its step was not imported."""
    name = str(problem.path[-1]) if problem.path else ""
    if problem.code != "local-dataset" or name not in stand_ins:
        return problem
    step, output = stand_ins[name]
    message = f'dataset "{name}" stands for output {output} of step "{step}", which was not imported.'
    read = f"${{{{ steps.{step}.outputs.{output} }}}}"
    cure = f"Write that step, and read {read} instead; or say where the data is: `datastore` and `path`."
    return replace(problem, code="not-imported", message=message, cure=cure)


def _line(problem: Problem) -> str:
    place = f"{os.path.basename(problem.file)}:{problem.position.line}: " if problem.position else ""
    return f"{place}{problem.message} {problem.cure} [{problem.code}]"
