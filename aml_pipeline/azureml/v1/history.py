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

    experiments = Experiment.list(workspace, experiment_name=experiment)  # the constructor would create a missing one
    for run in (run for known in experiments for run in known.get_runs(tags={"pipeline": pipeline})):
        listed = run._run_dto  # noqa: SLF001 - the run's details would take five more requests
        yield RemoteRun(
            run=run.id,
            status=run.status,
            started=seconds_of(str(listed.get("start_time_utc") or listed.get("created_utc") or "")),
            profile=run.tags.get("profile"),
            commit=run.tags.get("git_commit"),
            portal=run.get_portal_url(),
        )
