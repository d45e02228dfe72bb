"""Checks a plan and exports it as Azure ML v2 YAML."""

from __future__ import annotations

from aml_pipeline.azureml import refusal
from aml_pipeline.azureml.v2 import export as v2
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of


def export(plan: Plan, folder: str, project: Project | None = None, *, force: bool = False) -> int:
    """Write ``plan`` as Azure ML v2 YAML into ``folder``; return the number of files. Needs no SDK.

    Raises PipelineError for what Azure ML v2 could not run, and UsageError when the folder has other files, which
    stay with ``force``, or belongs to the pipeline itself.
    """
    project = project or project_of(plan)
    refusal.require_sendable(plan, project, plan.steps, lambda: [*v2.problems(plan), *v2.untyped(plan)], sdk="export")
    return v2.write(plan, project, folder, force=force)
