"""Stores the parts of a step's key for the run records, with the texts that they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.core import files
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import code, reuse
from aml_pipeline.runs.contents import Contents


def keep(contents: Contents, project: Project, step: Step, parts: Mapping[str, Any]) -> None:
    """Store the texts of a step's ``parts``, and finally the parts themselves under their key."""
    text = reuse.text_of(parts)
    key = files.digest_of(text)
    if contents.has(key):
        return
    code.keep_environment(contents, project.environment_text(step))
    taken = project.snapshot(step).files
    if not (taken.kept and taken.digests is parts["snapshot"]):
        code.keep_files(contents, project.source(step).path, parts["snapshot"])
        taken.kept = taken.digests is parts["snapshot"]
    contents.keep(key, text)
