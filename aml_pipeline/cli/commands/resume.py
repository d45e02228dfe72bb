"""``resume``: resumes the published schedules that someone paused."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.cli.commands.pause import changed
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.core.wording import counted


def resume(options: Options, environ: Mapping[str, str]) -> int:
    """Resume the named schedules, by default all of the pipeline."""
    done = changed(options, environ, open_with(options), azureml.resume, "resume")
    if done:
        print(f"{counted(len(done), 'schedule')} resumed.")
    return 0
