"""Pauses and resumes the published schedules of a pipeline with either SDK; `publish` leaves a paused one paused."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.publication import Actual, Change, Whose, endpoint_name, identity, paused, resumed
from aml_pipeline.azureml.workspace.origin import origin
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
    return _applied(plan, workspace, resumed, schedules, active=True)


def _applied(
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    decide: Callable[[Whose, Actual, Collection[str]], list[Change]],
    schedules: Collection[str],
    *,
    active: bool,
) -> list[Change]:
    sdks.require_v1(workspace)
    from aml_pipeline.azureml.v1 import published as of_sdk

    whose = Whose(identity(plan.name, plan.profile), origin(plan.file).names)
    changes = decide(whose, of_sdk.look(workspace, endpoint_name(plan.name, plan.profile)), schedules)
    for change in changes:
        if change.action != "unchanged":
            of_sdk.set_active(workspace, change, active=active)
    return changes
