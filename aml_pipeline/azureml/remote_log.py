"""The log of a step of a run in Azure ML, with either SDK; the run needs no record here."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from aml_pipeline.azureml import following
from aml_pipeline.azureml.workspace.calls import doing
from aml_pipeline.azureml.workspace.ending import ENDS
from aml_pipeline.azureml.workspace.watched import StepRun
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.pipeline.plan.model import Plan


def save_log(
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    run: str,
    place: str,
    step: str | None = None,
) -> str:
    """Save the log of a step of the run with that id in the file ``place``, without secrets; return the step's name.

    It is the log of ``step``, else of the first failed step, else of the last one that has begun; likewise among the
    variants of a step. Raises UsageError
    when that step has not begun, AzureError when there is no such run.
    """
    seen = following.watched(workspace, run, plan, following.record_of(plan, run))
    with doing(f"looking up the steps of run {run}", seen.extra):
        status, begun = seen.look([])
    among = _in_order(plan, begun)
    if step:
        names = _meant(plan, step)
        among = [known for known in among if known.name in names]
    wanted = _wanted(among)
    if wanted is None:
        of_what = f'step "{step}"' if step else "any step"
        known = suggest(step or "", [plan.titles.get(known.name, known.name) for known in begun], noun="step")
        why = known if begun else "No step has begun."
        raise UsageError(f"Run {run} ({status}) has no log of {of_what}. {why}")
    with doing(f"downloading the log of step {wanted.name}", seen.extra):
        seen.save_log(wanted, place)
    return wanted.name


def _in_order(plan: Plan, begun: Sequence[StepRun]) -> list[StepRun]:
    places = {step.name: place for place, step in enumerate(plan.steps)}
    return sorted(begun, key=lambda step: places.get(step.name, len(places)))


def _meant(plan: Plan, text: str) -> set[str]:
    """Return the names of the steps that ``text`` means; the run may have others than the file."""
    with contextlib.suppress(UsageError):
        return {step.name for step in plan.steps_called(text)}
    return {text}


def _wanted(begun: Sequence[StepRun]) -> StepRun | None:
    failed = (known for known in begun if ENDS.get(known.status) == "failed")
    return next(failed, begun[-1] if begun else None)
