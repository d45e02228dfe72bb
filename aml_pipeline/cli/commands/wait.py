"""``wait``: follows a run in Azure ML until it ends."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline.azureml import following
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.watch import Outcome, Pause, Tell
from aml_pipeline.cli import remote_run
from aml_pipeline.cli.opened import command_line, open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.sending import connect, listener, say_where


def wait(options: Options, environ: Mapping[str, str]) -> int:
    """Wait for the named run, or the latest submitted one; exit with 1 if it failed."""
    run = remote_run.selected(options, next(iter(options.operands), None))
    if run.record is not None and run.record.seconds is not None:
        print(f"run {run.id} has ended: {run.record.state}")
        return remote_run.status_after(run.record.state)
    plan = open_readable(options).plan
    assert plan is not None  # noqa: S101 - it is readable
    with waiting.heard_by(listener()):
        workspace = connect(options, environ, os.path.dirname(plan.file), run.workspace, run.sdk)
        say_where(workspace)
        record, seen = following.taken_up(workspace, run.id, plan, command_line())
    progress = Progress(plan, [step.name for step in plan.steps], titled=False)

    def follow(tell: Tell, pause: Pause) -> Outcome:
        return following.follow(record, seen, tell, pause)

    return remote_run.going_on(run.id, lambda: remote_run.waited(progress, follow))
