"""How each step differs from its last submission, in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from aml_pipeline.azureml import sdks, sendable
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.v2.export import shapes
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import differences
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.differences import Parts
from aml_pipeline.runs.submitted import last_parts


def parts(plan: Plan, project: Project, steps: Iterable[Step], sdk: str) -> dict[str, dict[str, Any]]:
    """Return what decides whether Azure ML must run each of the ``steps``, as a submission by ``sdk`` records it."""
    found = {step.name: sendable.parts(plan, project, step) for step in steps}
    for component in shapes.components(adapt(plan)[0]) if sdk == "v2" else ():
        for step in component.steps:
            if step.name in found:
                found[step.name]["settings"]["component inputs"] = ", ".join(component.values) or "none"
    return found


def last_submission(plan: Plan, project: Project, workspace: Any) -> dict[str, list[str] | None]:  # noqa: ANN401 - the SDK's
    """Return for each step its differences from what was last submitted to ``workspace`` from here.

    None: it was not submitted, or only by runs that were forced, whose results Azure ML does not reuse.
    """
    names, sdk = sdks.names_of(workspace).text, sdks.of(workspace)
    before = last_parts(os.path.dirname(project.state), plan.name, sdk, names)
    current = parts(plan, project, plan.steps, sdk)
    contents = Contents(project.state)
    found: dict[str, list[str] | None] = {}
    for step in plan.steps:
        then, now = before.get(step.name), current[step.name]
        worded = contents.wording(project.environment_text(step))
        found[step.name] = None if then is None else _changes(worded(then), worded(now))
    return found


def _changes(before: Parts, now: Parts) -> list[str]:
    """Return all differences in words, those of the settings last."""
    settings, then = now["settings"], before.get("settings") or {}
    changed = [name for name in settings if then.get(name, settings[name]) != settings[name]]
    return [*differences.changes(before, now), *(f"{name} {then[name]} → {settings[name]}" for name in changed)]


def may_be_reused(changes: Sequence[str] | None, latest: Sequence[str], *, otherwise: str) -> str:
    """Return the reason for a step that may have run with the same values and inputs.

    ``latest`` are the datasets that it reads in a version that changes; ``otherwise`` is the reason for a step without
    a last submission.
    """
    reads = f"; it reads {', '.join(latest)}, currently the latest" if latest else ""
    if changes:
        changed = differences.summary(changes)
        return f"{changed} since the last submission, and Azure ML may have run that before{reads}"
    return f"{otherwise if changes is None else 'nothing changed since the last submission'}{reads}"
