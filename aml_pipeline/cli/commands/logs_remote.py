"""``logs --remote``: what a step printed in Azure ML."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import remote_run
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.logged import log
from aml_pipeline.cli.screen.printing import is_coloured
from aml_pipeline.cli.sending import connect, listener
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.opening import Opened


def _names(plan: Plan) -> set[str]:
    """Return what an operand that means a step begins with."""
    return {name for step in plan.steps for name in (step.name, step.declared)}


def print_log(opened: Opened, options: Options, environ: Mapping[str, str]) -> int:
    """Print the log of a step of the named run, or of the latest submitted one."""
    plan = opened.plan
    assert plan is not None  # noqa: S101 - the caller opened it
    if options.flag("follow"):
        raise UsageError(
            "`logs --remote` cannot follow. `aml-pipeline wait RUN` shows the progress of a run in Azure ML."
        )
    for name in ("rank", "run"):
        if options.text(name):
            raise UsageError(f"`logs --remote` does not accept --{name}. Write `aml-pipeline logs --remote RUN STEP`.")
    named, step = (*options.operands, None, None)[:2]
    if named and step is None and named.partition("[")[0] in _names(plan):
        named, step = None, named
    run = remote_run.selected(options, named)
    with waiting.heard_by(listener()), tempfile.TemporaryDirectory() as folder:
        workspace = connect(options, environ, os.path.dirname(plan.file), run.workspace, run.sdk)
        place = os.path.join(folder, "log")
        azureml.save_log(plan, workspace, run.id, place, step)
        with files.opened_text(place) as stream:
            for piece in iter(lambda: stream.read(1 << 16), ""):
                log(sys.stdout, piece, coloured=is_coloured(sys.stdout, environ))
    return 0
