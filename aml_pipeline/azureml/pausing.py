"""Pauses and resumes the published schedules of a pipeline with either SDK; `publish` leaves a paused one paused."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from aml_pipeline.azureml import left_in_v1, sdks
from aml_pipeline.azureml.publication import Actual, Change, Whose, endpoint_name, identity, paused, resumed
from aml_pipeline.azureml.workspace.origin import origin
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.pipeline.plan.model import Plan


def pause(plan: Plan, workspace: Any, schedules: Collection[str] = ()) -> list[Change]:  # noqa: ANN401 - the SDK's
    """Pause the published schedules of ``plan``, by default all, and return what changed.

    Schedules are named as in the file, which need not have them any more. Nothing else is read of the file, so what
    it has may be new to the SDK of ``workspace``. Raises UsageError for a schedule that is not published, AzureError.
    """
    return _applied(plan, workspace, paused, schedules, active=False)


def resume(plan: Plan, workspace: Any, schedules: Collection[str] = ()) -> list[Change]:  # noqa: ANN401 - the SDK's
    """Resume the published schedules of ``plan`` that someone paused, by default all; see ``pause``.

    Those that were disabled because the file no longer had them stay disabled.
    """
    is_v2 = sdks.of(workspace) == "v2"
    ids = _ids(plan) if is_v2 else ()
    changes = _applied(plan, workspace, partial(resumed, ids=ids), schedules, active=True)
    if is_v2:
        for line in left_in_v1.firing_too(plan, workspace, changes):
            say(line)
    return changes


def _ids(plan: Plan) -> list[str]:
    """Return the ids of the file's schedules in v2."""
    from aml_pipeline.azureml.v2.export import schedules as exported

    return [exported.name(plan, key) for key in plan.schedules]


def _applied(
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    decide: Callable[[Whose, Actual, Collection[str]], list[Change]],
    schedules: Collection[str],
    *,
    active: bool,
) -> list[Change]:
    whose = Whose(identity(plan.name, plan.profile), origin(plan.file).names)
    actual, set_active = _of_sdk(plan, workspace)
    changes = decide(whose, actual, schedules)
    known = {schedule.id: schedule for schedule in actual.schedules}
    for change in changes:
        if change.action != "unchanged":
            set_active(workspace, known[change.id], active=active)
    return changes


def _of_sdk(plan: Plan, workspace: Any) -> tuple[Actual, Callable[..., None]]:  # noqa: ANN401 - the SDK's
    """Return what the workspace has, and how the SDK enables and disables a schedule."""
    name = endpoint_name(plan.name, plan.profile)
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import published, schedules

        return Actual((), None, published.schedules(workspace)), schedules.set_active
    from aml_pipeline.azureml.v1 import published as v1

    return v1.look(workspace, name), v1.set_active
