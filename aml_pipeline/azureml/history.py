"""The runs of a pipeline in Azure ML, whoever began them: with the SDK of the workspace."""

from __future__ import annotations

from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.pipeline.plan.model import Plan


def runs(plan: Plan, workspace: Any) -> list[RemoteRun]:  # noqa: ANN401 - the SDK's
    """Return the runs of a pipeline in its experiment, newest first, with those that what it published began.

    Archived runs are omitted. Raises AzureError.
    """
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import history as v2

        listed = v2.runs(plan, workspace)
    else:
        from aml_pipeline.azureml.v1 import history as v1

        listed = v1.runs(plan, workspace)
    return sorted(listed, key=lambda run: run.started or 0.0, reverse=True)
