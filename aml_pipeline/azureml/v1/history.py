"""The runs of a pipeline in Azure ML, whoever submitted them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1.sdk import Sdk, doing, seconds_of


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in Azure ML; ``started`` in seconds since 1970, ``status`` in Azure ML's terms."""

    run: str
    status: str
    started: float | None
    profile: str | None
    commit: str | None
    portal: str


def runs(workspace: Sdk, experiment: str, pipeline: str) -> list[RemoteRun]:
    """Return the runs of that pipeline sent by ``submit``, newest first. Raises AzureError."""
    require_v1(workspace)
    with doing(f"listing the runs of experiment {experiment}"):
        return list(_runs(workspace, experiment, pipeline))


def _runs(workspace: Sdk, experiment: str, pipeline: str) -> Iterator[RemoteRun]:
    from azureml.core import Experiment

    for one in Experiment.list(workspace, experiment_name=experiment):  # the constructor would create a missing one
        for run in one.get_runs(tags={"pipeline": pipeline}):
            tags = run.tags
            yield RemoteRun(
                run=run.id,
                status=run.status,
                started=seconds_of(_began(run)),
                profile=tags.get("profile"),
                commit=tags.get("git_commit"),
                portal=run.get_portal_url(),
            )


def _began(run: Sdk) -> str | None:
    """Return what the list contains; the run's details would take five more requests."""
    told = run._run_dto  # noqa: SLF001 - there is no other way
    begun = told.get("start_time_utc") or told.get("created_utc")
    return str(begun) if begun else None
