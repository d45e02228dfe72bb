"""What a submission would do with each step, and why, with the SDK of the workspace, without submitting."""

from __future__ import annotations

from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.runs.reuse import Verdict


def forecast(plan: Plan, workspace: Any, project: Project | None = None) -> list[tuple[str, Verdict]]:  # noqa: ANN401 - the SDK's
    """Return for each step whether a submission would run it or may reuse an earlier result.

    With SDK v1, the steps that register models follow. What is created and uploaded besides goes to ``heard_by``.
    Raises PipelineError for what Azure ML could not run, AzureError when it refuses.
    """
    project = project or project_of(plan)
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import forecast as v2

        return v2.forecast(plan, workspace, project)
    from aml_pipeline.azureml.v1 import forecast as v1

    return v1.forecast(plan, workspace, project)
