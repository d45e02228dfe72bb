"""Sends a pipeline, or one step, to Azure ML; and stops what was sent."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import remote
from aml_pipeline.azureml.compile import compiled, script_run
from aml_pipeline.azureml.sdk import Sdk, doing
from aml_pipeline.plan import Plan, Step
from aml_pipeline.project import Project
from aml_pipeline.workspace.ending import ENDS


def submit(
    plan: Plan,
    workspace: Sdk,
    project: Project | None = None,
    *,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Compile ``plan`` and send it; return the ``PipelineRun``. With ``force`` no step is reused.

    Raises PipelineError for what Azure ML could not run, AzureError when it refuses.
    """
    pipeline, given = compiled(plan, workspace, project)
    with doing("submitting the pipeline"):
        from azureml.core import Experiment

        experiment = Experiment(workspace, plan.experiment)
        return experiment.submit(
            pipeline, tags=remote.tags(plan, tags), pipeline_parameters=given, regenerate_outputs=force
        )


def submit_step(
    plan: Plan,
    step: Step,
    workspace: Sdk,
    project: Project | None = None,
    *,
    tags: Mapping[str, str] | None = None,
) -> Sdk:
    """Send ``step`` alone, as a ``ScriptRun`` of the experiment.

    Raises PipelineError when it reads from other steps, AzureError when Azure ML refuses.
    """
    config = script_run(plan, step, workspace, project)
    with doing(f"submitting step {step.name}"):
        from azureml.core import Experiment

        return Experiment(workspace, plan.experiment).submit(config, tags=remote.tags(plan, tags))


def cancel(workspace: Sdk, run: str) -> str | None:
    """Stop the run of Azure ML with that id; return its status if it is over. Raises AzureError when there is none."""
    with doing(f"cancelling run {run}"):
        from azureml.core import Run

        found = Run.get(workspace, run)
        status = str(found.get_status())
        if status in ENDS:
            return status
        found.cancel()
        return None
