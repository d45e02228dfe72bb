"""``wait``: follows a run in Azure ML until it ends."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline.azureml import following
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.watch import Outcome, Pause, Tell
from aml_pipeline.cli import remote_run
from aml_pipeline.cli.opened import command_line, open_readable, state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress, failure
from aml_pipeline.cli.sending import connect, listener, say, say_where
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.runs.record import RunRecord, titles


def wait(options: Options, environ: Mapping[str, str]) -> int:
    """Wait for the named run, or the latest submitted one; exit with 1 if it failed."""
    run = remote_run.selected(options, next(iter(options.operands), None))
    folder = os.path.dirname(state_folder(options))
    if run.record is not None and following.has_ended(run.record):
        return _ended(run.id, run.record, folder)
    plan = remote_run.plan_if_readable(options) if run.record else open_readable(options).plan
    with waiting.heard_by(listener()):
        workspace = connect(options, environ, folder, run.workspace, run.sdk)
        say_where(workspace)
        if run.record is not None:
            record, seen = run.record, following.watched(workspace, run.id, plan, run.record)
        else:
            assert plan is not None  # noqa: S101 - it is readable
            record, seen = following.taken_up(plan, workspace, run.id, command_line())
    steps = [step.name for step in plan.steps] if plan else following.steps_of(record)

    def follow(tell: Tell, pause: Pause) -> Outcome:
        return following.follow(record, seen, tell, pause)

    progress = Progress(folder, steps, titles={**(plan.titles if plan else {}), **titles(record.header)})
    return remote_run.going_on(run.id, lambda: remote_run.waited(progress, follow))


def _ended(run: str, record: RunRecord, folder: str) -> int:
    """Print how a run ended according to its record, and why; return the exit status."""
    print(f"run {run} has ended: {record.state}")
    called = titles(record.header)
    for step, row in mapping(record.header.get("steps")).items():
        ended, title = mapping(row), called.get(step, step)
        if ended.get("state") == "failed":
            tail = [str(line) for line in sequence(ended.get("tail"))]
            for line in failure(title, str(ended.get("message")), tail, record.log(str(step)), folder):
                say(line)
    return remote_run.status_after(record.state)
