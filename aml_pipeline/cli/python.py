"""Chooses the Python of the steps from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager

from aml_pipeline.cli.opened import state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.project.environment import steps_python
from aml_pipeline.project.environment.steps_python import Pythons


def asking_python(options: Options, environ: Mapping[str, str]) -> AbstractContextManager[Pythons]:
    """Query the Python that runs the steps in parallel, which takes as long as reading the pipeline."""
    return steps_python.asking(options.text("python"), environ, os.path.dirname(state_folder(options)))
