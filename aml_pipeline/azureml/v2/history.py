"""The runs of a pipeline in Azure ML: by its tag, and by the property that names its batch endpoint.

The public ``list`` of azure-ai-ml asks for all jobs of a workspace, and reads each one as a whole; its client can ask
for those with a tag or a property. ``test_runs_remote.py`` detects when that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aml_pipeline.azureml.v2.marks import mark_of
from aml_pipeline.azureml.v2.sdk import Sdk, doing, scope, word
from aml_pipeline.azureml.v2.watched import parameters, schedule
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, status_of
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.azureml.workspace.watched import ENDPOINT
from aml_pipeline.pipeline.plan.model import Plan


def runs(plan: Plan, client: Sdk) -> list[RemoteRun]:
    """Return the runs of the pipeline in its experiment, and those that its batch endpoint began anywhere."""
    with doing(f"listing the runs of {plan.name}"):
        tagged = [job for job in _jobs(client, tag="pipeline") if _is_own(plan, job)]
        named = {ENDPOINT: plan.endpoint or ""}
        called = _jobs(client, properties=f"{ENDPOINT}={plan.endpoint}") if is_of_published(plan, client, named) else ()
        jobs = {job["name"]: job for job in (*tagged, *called)}
        return [_run(job) for job in jobs.values()]


def is_of_published(plan: Plan, client: Sdk, properties: Mapping[str, str]) -> bool:
    """Whether a batch endpoint that this pipeline published, with any profile, began the run with those properties.

    Jobs of schedules have the tag ``pipeline``.
    """
    name = properties.get(ENDPOINT)
    if not name:
        return False
    with doing(f"looking up endpoint {name}"):
        try:
            entity = client.batch_endpoints._batch_operation.get(endpoint_name=name, **scope(client))  # noqa: SLF001
        except Exception as error:  # of azure-core
            if status_of(error) == NOT_FOUND:
                return False
            raise
    mark = mark_of(entity.get("tags"))
    return mark is not None and mark.pipeline == plan.name


def _jobs(client: Sdk, **wanted: str) -> Iterator[Mapping[str, Any]]:
    """Yield the jobs with a tag or a property, as Azure ML describes them, page by page; archived ones are omitted."""
    service = client.jobs.service_client_01_2024_preview_arm.jobs
    yield from service.list(list_view_type="ActiveOnly", **wanted, **scope(client))


def _is_own(plan: Plan, job: Mapping[str, Any]) -> bool:
    about = job["properties"]
    is_own = (about.get("tags") or {}).get("pipeline") == plan.name
    return is_own and about.get("experimentName") == plan.experiment


def _run(job: Mapping[str, Any]) -> RemoteRun:
    about = job["properties"]
    tags, properties = about.get("tags") or {}, about.get("properties") or {}
    studio = (about.get("services") or {}).get("Studio") or {}
    created = job.get("systemData")
    return RemoteRun(
        run=job["name"],
        status=word(about.get("status")),
        started=created.created_at.timestamp() if created else None,
        profile=tags.get("profile"),
        commit=tags.get("git_commit"),
        portal=str(studio.get("endpoint") or ""),
        schedule=schedule(about),
        endpoint=properties.get(ENDPOINT),
        parameters=parameters(about),
    )
