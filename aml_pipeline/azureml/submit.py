"""Sends a pipeline, or one step, to Azure ML; and stops what was sent."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import __version__
from aml_pipeline.azureml.compile import compiled, script_run
from aml_pipeline.azureml.finished import ENDS
from aml_pipeline.azureml.sdk import Sdk, doing
from aml_pipeline.plan import Plan, Step
from aml_pipeline.project import Project


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
        return experiment.submit(pipeline, tags=_tags(plan, tags), pipeline_parameters=given, regenerate_outputs=force)


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

        return Experiment(workspace, plan.experiment).submit(config, tags=_tags(plan, tags))


def _tags(plan: Plan, tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags by which a run is found again, and those of the caller."""
    own = {"aml_pipeline": __version__, "pipeline": plan.name, "profile": plan.profile}
    return {**{name: text for name, text in own.items() if text}, **(tags or {})}


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
