"""``resume``: resumes the published schedules that someone paused."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.cli.commands.pause import changed
from aml_pipeline.cli.options import Options


def resume(options: Options, environ: Mapping[str, str]) -> int:
    """Resume the named schedules, by default all of the pipeline."""
    return changed(options, environ, azureml.resume, "resume", lambda _: "resumed")
