"""Submits a pipeline or a step to Azure ML with SDK v2, and cancels runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from uuid import uuid4

from aml_pipeline.azureml import refusal, sendable
from aml_pipeline.azureml.adaptation import by_hand, said
from aml_pipeline.azureml.v2 import export, needs
from aml_pipeline.azureml.v2.sdk import Sdk, doing, import_all, with_progress, word
from aml_pipeline.azureml.workspace.ending import ENDS
from aml_pipeline.azureml.workspace.refusals import FAULT, may_pass, status_of
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError, LostRunError, SubmissionStopped
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.runs.provenance import git_state


def submit(
    plan: Plan,
    client: Sdk,
    project: Project,
    *,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Export and submit the checked ``plan``; return the ``PipelineJob``. With ``force`` no step is reused.

    Raises AzureError when Azure ML refuses, LostRunError when it is unknown whether the run started, SubmissionStopped
    when a signal came and that is unknown.
    """
    return _submitted(plan, None, client, project, force=force, tags=tags)


def submit_step(
    plan: Plan,
    step: Step,
    client: Sdk,
    project: Project,
    *,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Submit a single ``step`` as a pipeline with one node, without reuse; return the ``PipelineJob``.

    Raises the errors of ``submit``.
    """
    return _submitted(plan, step, client, project, force=True, tags=tags)


def require_sendable(plan: Plan, project: Project, alone: Step | None = None) -> None:
    """Raise PipelineError for what Azure ML would not accept of ``plan``, or of the step ``alone``."""
    refusal.require_sendable(
        plan,
        project,
        [alone] if alone else plan.steps,
        lambda: export.problems(by_hand(plan, alone)),
        sdk="v2",
        alone=alone is not None,
    )


def _submitted(  # noqa: PLR0913 - what is sent, where, and how
    plan: Plan, alone: Step | None, client: Sdk, project: Project, *, force: bool, tags: Mapping[str, str] | None
) -> Sdk:
    import_all()
    plan = by_hand(plan, alone)
    plan, new_data, remarks = needs.resolved(plan, client, project)
    for text in said(remarks, alone):
        say(text)
    os.makedirs(project.uploads, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.uploads) as folder:
        place = os.path.join(folder, "v2")
        export.fill(plan, project, place)
        for _, make in needs.missing(plan, new_data, client, project).ways():
            make(client, project, place)
        return _sent(client, _job(place, plan, project, force=force, tags=tags))


def _job(place: str, plan: Plan, project: Project, *, force: bool, tags: Mapping[str, str] | None) -> Sdk:
    """Return the job of an export, with a unique name and the origin of its code."""
    with doing("reading the export"):
        from azure.ai.ml import load_job

        job: Sdk = load_job(os.path.join(place, "pipeline.yml"))
    job.name = f"{plan.name}-{uuid4().hex[:12]}"
    job.tags = sendable.tags(plan, tags)
    job.properties = _origin(project.folder)
    if force:
        job.settings.force_rerun = True
    return job


def _origin(folder: str) -> dict[str, str]:
    """Return the properties about the code of a job.

    The SDK would use the current folder, and the address of its repository, which may contain a password; it does not
    change a job that has one of these properties.
    """
    git = git_state(folder) or {}
    known = {"mlflow.source.git.commit": git.get("commit"), "mlflow.source.git.branch": git.get("branch")}
    return {**{name: text for name, text in known.items() if text}, "azureml.git.dirty": str(bool(git.get("dirty")))}


def _sent(client: Sdk, job: Sdk) -> Sdk:
    try:
        with doing("submitting the pipeline"), with_progress(client):
            # Its validation would query the compute target of each node, which was looked up already.
            return client.jobs.create_or_update(job, skip_validation=True)
    except (AzureError, KeyboardInterrupt) as error:
        if not _may_have_begun(job, error):
            raise
        if isinstance(error, AzureError):
            raise LostRunError(str(error), job.name) from error
        raise SubmissionStopped(job.name) from error


def _may_have_begun(job: Sdk, error: BaseException) -> bool:
    """Whether ``error`` occurred when the job itself was sent, after its components, and was not a refusal."""
    is_put = all(isinstance(node.component, str) for node in job.jobs.values())
    status = status_of(error) or FAULT
    return is_put and status >= FAULT and (isinstance(error, KeyboardInterrupt) or may_pass(error))


def cancel(client: Sdk, run: str) -> str | None:
    """Stop the job of that name; return its status if it has ended. Raises AzureError when there is none."""
    with doing(f"cancelling run {run}"):
        status = word(client.jobs.get(run).status)
        if status in ENDS:
            return status
        client.jobs.begin_cancel(run)
        return None
