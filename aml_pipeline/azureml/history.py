"""The runs of a pipeline in Azure ML, whoever began them: with the SDK of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.core.masking import masked
from aml_pipeline.pipeline import redaction
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
    listed = [replace(run, parameters=without_secrets(plan, run.parameters)) for run in listed]
    return sorted(listed, key=lambda run: run.started or 0.0, reverse=True)


def without_secrets(plan: Plan, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the values of parameters of a run in Azure ML without secrets."""
    return {
        name: redaction.parameter(plan, name, text) if name in plan.parameters else masked(name, text)
        for name, text in parameters.items()
    }


def is_own(
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    tags: Mapping[str, str],
    properties: Mapping[str, str],
) -> bool:
    """Whether `submit`, or something that this pipeline published with any profile, began a run. Raises AzureError."""
    if "pipeline" in tags:
        return tags["pipeline"] == plan.name
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import history as v2

        return v2.is_of_published(plan, workspace, properties)
    from aml_pipeline.azureml.v1 import history as v1

    return v1.is_of_published(plan, workspace, properties)
