"""The runs of a pipeline that Azure ML has, whoever submitted them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from aml_pipeline.azureml.sdk import Sdk, doing


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in Azure ML; ``started`` in seconds since 1970, ``status`` as Azure ML calls it."""

    run: str
    status: str
    started: float | None
    profile: str | None
    commit: str | None
    portal: str


def runs(workspace: Sdk, experiment: str, pipeline: str) -> list[RemoteRun]:
    """Return the runs that ``submit`` sent of the pipeline called so, the newest first. Raises AzureError."""
    with doing(f"listing the runs of experiment {experiment}"):
        return list(_runs(workspace, experiment, pipeline))


def _runs(workspace: Sdk, experiment: str, pipeline: str) -> Iterator[RemoteRun]:
    from azureml.core import Experiment

    for one in Experiment.list(workspace, experiment_name=experiment):  # the constructor would make a missing one
        for run in one.get_runs(tags={"pipeline": pipeline}):
            tags = run.tags
            yield RemoteRun(
                run=run.id,
                status=run.status,
                started=_seconds(run.get_details().get("startTimeUtc")),
                profile=tags.get("profile"),
                commit=tags.get("git_commit"),
                portal=run.get_portal_url(),
            )


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    plain = text.rstrip("Z").partition(".")[0]
    return dt.datetime.fromisoformat(plain).replace(tzinfo=dt.timezone.utc).timestamp()
