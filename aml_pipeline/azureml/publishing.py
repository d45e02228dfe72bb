"""Publishes a pipeline, and compares what is published, with the SDK of the workspace."""

from __future__ import annotations

import datetime as dt
from typing import Any

from aml_pipeline.azureml import left_in_v1, sdks
from aml_pipeline.azureml.publication import Actual, Change, Whose
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of


def publish(  # noqa: PLR0913 - each says another thing of how
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    project: Project | None = None,
    *,
    dry_run: bool = False,
    adopt: bool | str = False,
    now: dt.datetime | None = None,
) -> list[Change]:
    """Bring the workspace up to date with ``plan``; return what changed, or with ``dry_run`` what would change.

    If nothing has to change, nothing is written. If it is stopped, the next call does the rest. Things that another
    project published under the same name are an error, or taken over with ``adopt``. Schedules of SDK v1 begin after
    ``now``. With SDK v1, ``adopt`` may be the name or id of a pipeline endpoint that was made without this program: it
    and its schedules are taken over. Raises UsageError if there is no such endpoint, PipelineError for what Azure ML
    could not run, AzureError when it refuses, MachineError when this machine does not know a schedule's time zone, or
    git cannot report the project's remote.
    """
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import publish as v2

        require_no_endpoint(adopt)
        changes = v2.publish(plan, workspace, project, dry_run=dry_run, adopt=bool(adopt))
        for line in left_in_v1.firing_too(plan, workspace, changes):
            say(line)
        return changes
    from aml_pipeline.azureml.v1 import publish as v1

    return v1.publish(plan, workspace, project, dry_run=dry_run, adopt=adopt, now=now)


def require_no_endpoint(adopt: bool | str) -> None:  # noqa: FBT001 - or a name
    """Raise UsageError if ``adopt`` names an endpoint, which only SDK v1 can take over."""
    if isinstance(adopt, str) and adopt:
        what = f"With SDK v2, publish cannot take over endpoint {adopt}: pipeline endpoints exist only in SDK v1."
        raise UsageError(f"{what} Write `--adopt` without a name, or publish with `--sdk v1`.")


def go_back(plan: Plan, workspace: Any, version: str, *, dry_run: bool = False) -> list[Change]:  # noqa: ANN401 - the SDK's
    """Let everything run an earlier version; ``version`` is the beginning of its digest, or ``previous``.

    The next ``publish`` returns to the file's content. Raises UsageError when there is no such version.
    """
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import publish as v2

        return v2.go_back(plan, workspace, version, dry_run=dry_run)
    from aml_pipeline.azureml.v1 import publish as v1

    return v1.go_back(plan, workspace, version, dry_run=dry_run)


def schedules(plan: Plan, workspace: Any, project: Project | None = None) -> tuple[Actual, Whose, list[Change]]:  # noqa: ANN401 - the SDK's
    """Return what is published, the owner of ``plan``'s things, and the changes of schedules to make.

    Raises PipelineError for what Azure ML could not run, AzureError when it refuses.
    """
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import publish as v2

        return v2.schedules(plan, workspace, project)
    from aml_pipeline.azureml.v1 import publish as v1

    return v1.schedules(plan, workspace)


def require_publishable(plan: Plan, project: Project | None = None, *, sdk: str | None = None) -> None:
    """Raise PipelineError for what Azure ML would not accept of ``plan`` and its schedules. Works offline."""
    project = project or project_of(plan)
    if sdks.chosen(plan, sdk) == "v2":
        from aml_pipeline.azureml.v2 import publish as v2

        v2.require_publishable(plan, project)
    else:
        from aml_pipeline.azureml.v1 import compile as v1

        v1.require_sendable(plan, project, plan.steps)
