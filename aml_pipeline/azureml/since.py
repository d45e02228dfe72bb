"""How each step differs from its last submission, in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import differences
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.differences import Parts
from aml_pipeline.runs.submitted import last_parts


def last_submission(
    plan: Plan,
    project: Project,
    workspace: Any,  # noqa: ANN401 - the SDK's
    current: Mapping[str, Parts],
) -> dict[str, list[str] | None]:
    """Return for each step how its ``current`` parts differ from what was last submitted to ``workspace`` from here.

    None: it was not submitted, or only by runs that were forced, whose results Azure ML does not reuse.
    """
    names, sdk = sdks.names_of(workspace).text, sdks.of(workspace)
    before, titles = last_parts(os.path.dirname(project.state), plan.name, sdk, names)
    titles = {**titles, **plan.titles}
    contents = Contents(project.state)
    found: dict[str, list[str] | None] = {}
    for step in plan.steps:
        then, now = before.get(step.name), current[step.name]
        worded = contents.wording(project.environment_text(step))
        rows = [differences.titled(worded(parts), titles) for parts in (then, now) if parts is not None]
        found[step.name] = None if then is None else _changes(*rows)
    return found


def _changes(before: Parts, now: Parts) -> list[str]:
    """Return all differences in words: first those that are known here too, then settings, then the component."""
    settings, then = now["settings"], before.get("settings") or {}
    changed = [name for name in settings if then.get(name, settings[name]) != settings[name]]
    changes = [*differences.changes(before, now), *(f"{name} {then[name]} → {settings[name]}" for name in changed)]
    keys = _keys_of_component(mapping(before.get("component")), mapping(now.get("component")))
    changed = [key for key, is_in_both in keys.items() if is_in_both or not changes]
    return [*changes, f"component of the step changed ({', '.join(changed)})"] if changed else changes


def _keys_of_component(then: Parts, now: Parts) -> dict[str, bool]:
    """Return the keys that differ, and whether both have them: a port that came or went is no change of its own.

    Records of SDK v1 and of earlier versions have no component.
    """
    keys = {**now, **then} if now and then else {}
    return {key: key in now and key in then for key in keys if then.get(key) != now.get(key)}


def may_be_reused(changes: Sequence[str] | None, latest: Sequence[str], *, otherwise: str, condition: str = "") -> str:
    """Return the reason for a step that may have run with the same values and inputs.

    ``latest`` says what it reads and uses in a version that changes; ``otherwise`` is the reason for a step without a
    last submission, ``condition`` that for a step that did not change, if its inputs may be new.
    """
    if changes:
        reason = f"{differences.summary(changes)} since the last submission, and Azure ML may have run that before"
    else:
        reason = condition or (otherwise if changes is None else "nothing changed since the last submission")
    return "; ".join([reason, *latest])


def reads_latest(datasets: Sequence[str]) -> list[str]:
    """Return a remark on each of the ``datasets``, with the version that the file does not give."""
    return [f"it reads {', '.join(datasets)}, currently the latest"] if datasets else []
