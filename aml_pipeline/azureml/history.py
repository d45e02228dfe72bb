"""The runs of a pipeline in Azure ML, whoever began them: with the SDK of the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.pipeline.plan.model import Plan


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in Azure ML; ``started`` in seconds since 1970, ``status`` in Azure ML's terms.

    ``schedule`` is the name of the schedule that began it, if one did; ``endpoint`` that of the endpoint, if the run
    was begun by a call of it.
    """

    run: str
    status: str
    started: float | None
    profile: str | None
    commit: str | None
    portal: str
    schedule: str | None = None
    endpoint: str | None = None


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
