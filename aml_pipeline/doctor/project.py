"""The pipeline file, and the workspace that it, the command line, a configuration or variables name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from aml_pipeline.azureml.workspace import configuration
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import errors
from aml_pipeline.core.wording import counted
from aml_pipeline.doctor.finding import Finding, Found
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project import opening


@dataclass(frozen=True, slots=True)
class Chosen:
    """The workspace that commands use, and who says so."""

    names: Names
    source: str


def pipeline_file(path: str, profile: str | None, *, demanded: bool) -> Found[Plan]:
    """Return whether the pipeline file is valid, and its plan if it can be read.

    ``demanded``: the command line names the file, so it must exist.
    """
    name = "pipeline file"
    if not demanded and not files.look(os.path.abspath(path)):
        seen = f"{os.path.abspath(path)} does not exist; `aml-pipeline init` creates one"
        return [Finding(name, "ok", seen)], None
    try:
        opened = opening.open_pipeline(path, profile)
    except UsageError as error:
        return [Finding(name, "problem", str(error).removesuffix(f" {opening.CURE}"), opening.CURE)], None
    wrong = errors(opened.loaded.problems)
    if wrong:
        seen = f"{path} has {counted(len(wrong), 'error')}; the first: {wrong[0].message}"
        return [Finding(name, "problem", seen, "Run `aml-pipeline validate`.")], opened.plan
    steps = counted(len(opened.plan.steps), "step") if opened.plan else "no steps"
    return [Finding(name, "ok", f"{path} is valid: {steps}")], opened.plan


def workspace_names(given: str | None, plan: Plan | None, folder: str, environ: Mapping[str, str]) -> Found[Chosen]:
    """Return the workspace, as the commands for Azure ML choose it: ``given``, the file, a configuration, variables."""
    name = "configuration"
    source = configuration.source_of(given, plan.workspace if plan else None, folder, environ)
    try:
        named = (
            configuration.names_of(source.text, source.folder) if source.text else configuration.found(source.folder)
        )
    except UsageError as error:
        seen, sign, rest = str(error).partition(f" {configuration.CURE}")
        cure = f"{configuration.CURE}{rest}" if sign else "Check --workspace, or `workspace` in the pipeline file."
        return [Finding(name, "problem", seen, cure)], None
    return [Finding(name, "ok", f"workspace {named.text}, named by {source.who}")], Chosen(named, source.who)
