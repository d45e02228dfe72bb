"""Submits a pipeline or a step to Azure ML, and cancels runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v1 import published
from aml_pipeline.azureml.v1.compile import compiled, script_run
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.v1.watched import STEP
from aml_pipeline.azureml.workspace.ending import ENDS
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, address_of, may_pass, status_of
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError, LostRunError, SubmissionStopped
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project

# How long to look for a run after a lost answer: Azure ML may still be creating it.
_LOOKS_AFTER = (0.0, 1.0, 3.0)


def submit(
    plan: Plan,
    workspace: Sdk,
    project: Project | None = None,
    *,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Compile and submit ``plan``; return the ``PipelineRun``. With ``force`` no step is reused.

    Raises PipelineError for what Azure ML could not run, AzureError when it refuses, LostRunError when it is unknown
    whether the run started, SubmissionStopped when a signal came and that is unknown.
    """
    pipeline, given = compiled(plan, workspace, project)
    made, own = _noted(pipeline), sendable.tags(plan, tags)
    with _told_if_stopped(made):
        try:
            with doing("submitting the pipeline"):
                experiment = _experiment(workspace, plan)
                return experiment.submit(pipeline, tags=own, pipeline_parameters=given, regenerate_outputs=force)
        except AzureError as error:
            if not made or _is_refused(error):
                raise
            return _tagged(_looked_for(lambda: _pipeline_run(plan, workspace, made[-1]), made[-1], error), own)


def submit_step(
    plan: Plan,
    step: Step,
    workspace: Sdk,
    project: Project | None = None,
    *,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Submit a single ``step`` as a ``ScriptRun`` of the experiment.

    Raises PipelineError when it reads from other steps, AzureError when Azure ML refuses, LostRunError when it is
    unknown whether the run started, SubmissionStopped when a signal came and that is unknown.
    """
    config = script_run(plan, step, workspace, project)
    own = {**sendable.tags(plan, tags), STEP: step.name}
    run = f"{plan.experiment}_{int(time.time())}_{uuid4().hex[:8]}"  # as the SDK calls it
    with _told_if_stopped([run]):
        try:
            with doing(f"submitting step {step.name}"):
                return _experiment(workspace, plan).submit(config, tags=own, run_id=run)
        except AzureError as error:
            return _tagged(_looked_for(lambda: _script_run(workspace, run), run, error), own)


def _experiment(workspace: Sdk, plan: Plan) -> Sdk:
    from azureml.core import Experiment

    return Experiment(workspace, plan.experiment)


def _noted(pipeline: Sdk) -> list[str]:
    """Return a list that receives the id of the run as soon as Azure ML returns it, before the run starts.

    It stays empty with versions of the SDK that submit differently.
    """
    made: list[str] = []
    try:
        provider = pipeline.graph._graph_provider  # noqa: SLF001 - it sends two requests, and tells after the second
        create = provider.create_pipeline_run
    except AttributeError:
        return made

    def noted(*words: object, **named: object) -> str:
        made.append(str(create(*words, **named)))
        return made[-1]

    provider.create_pipeline_run = noted
    return made


@contextlib.contextmanager
def _told_if_stopped(made: list[str]) -> Iterator[None]:
    """Raise SubmissionStopped with the id of the run, if known, when a signal stops the block."""
    try:
        yield
    except KeyboardInterrupt as error:
        if not made:
            raise
        raise SubmissionStopped(made[-1]) from error


def _is_refused(error: AzureError) -> bool:
    """Whether Azure ML refused to start a pipeline run."""
    return not may_pass(error) and "/PipelineRuns/Submit/" in address_of(error)


def _looked_for(look: Callable[[], Sdk], run: str, error: AzureError) -> Sdk:
    """Return the run whose submission failed with ``error``, if it started nevertheless; else raise ``error``.

    Raises LostRunError when the service does not answer.
    """
    try:
        for seconds in _LOOKS_AFTER if may_pass(error) else (0.0,):
            time.sleep(seconds)
            with doing(f"looking for run {run}"):
                begun = look()
            if begun is not None:
                say(f"Azure ML did not confirm the submission, but run {run} has started.")
                return begun
    except AzureError:
        if address_of(error) and run not in address_of(error):
            raise error from None  # it failed before anything could start
        raise LostRunError(str(error), run) from error
    raise error


def _pipeline_run(plan: Plan, workspace: Sdk, run: str) -> Sdk:
    """Return a pipeline run if it started: until then Azure ML lists it as not submitted."""
    service = published.provider(workspace)._service_caller  # noqa: SLF001 - the SDK's own objects do not tell
    if not service.get_pipeline_run_async(run).is_submitted:
        return None
    from azureml.pipeline.core import PipelineRun

    return PipelineRun(_experiment(workspace, plan), run)


def _script_run(workspace: Sdk, run: str) -> Sdk:
    """Return a script run if it started."""
    from azureml.core import Run

    try:
        return Run.get(workspace, run)
    except Exception as error:  # the SDK raises bare Exception
        if status_of(error) == NOT_FOUND:
            return None
        raise


def _tagged(run: Sdk, tags: Mapping[str, str]) -> Sdk:
    """Return a run with its tags; if tagging fails, it goes on without."""
    try:
        with doing(f"tagging run {run.id}"):
            run.set_tags(tags)
    except AzureError as error:
        say(f"{error} So `aml-pipeline runs --remote` does not list the run.")
    return run


def cancel(workspace: Sdk, run: str) -> str | None:
    """Stop the run with that id; return its status if it has ended. Raises AzureError when there is none."""
    with doing(f"cancelling run {run}"):
        from azureml.core import Run

        pipeline_run = Run.get(workspace, run)
        status = str(pipeline_run.get_status())
        if status in ENDS:
            return status
        pipeline_run.cancel()
        return None
