"""``run``: the steps here, in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from aml_pipeline.cli.commands.plan import plan
from aml_pipeline.cli.exits import EXIT_FAILED
from aml_pipeline.cli.opened import command_line, open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import asking_python
from aml_pipeline.cli.screen.progress import Progress, output_lines
from aml_pipeline.cli.selected import context_of, selection, warn_of_left_out
from aml_pipeline.core import removal
from aml_pipeline.core.errors import UsageError
from aml_pipeline.local import Context, Wishes, debug, process
from aml_pipeline.local import run as run_locally
from aml_pipeline.local.tracking import prepare
from aml_pipeline.pipeline import redaction
from aml_pipeline.runs import locks, provenance
from aml_pipeline.runs.record import last_done
from aml_pipeline.runs.recorder import Recorder, new_id


def _debug(context: Context, names: list[str]) -> int:
    if len(names) != 1:
        raise UsageError("--debug needs the name of one step, for example `run --debug train`.")
    status, outputs = debug(context, names[0])
    how = f"exit status {status}; nothing" if status >= 0 else f"{process.failure(status)} Nothing"
    print(f"{names[0]}: {how} was accepted.")
    for name, place in outputs.items():
        print(f"{names[0]}.{name}  {place}")
    return EXIT_FAILED if status else 0


def run(options: Options, environ: Mapping[str, str]) -> int:
    """Run the steps; exit with 1 if one failed."""
    if options.flag("dry_run"):
        return plan(options, environ)
    with asking_python(options, environ) as python:
        opened = open_with(options)
        selected, forced = selection(options, opened)
        folder = locks.prepare(os.path.dirname(opened.state), os.path.basename(opened.state))
        context = context_of(environ, opened, selected, python, durable=options.flag("fsync"))
    with locks.locked(folder, command_line()):
        if options.flag("debug"):
            return _debug(context, options.operands)
        jobs = _jobs(options.text("jobs"))
        warned = warn_of_left_out(context, selected, verbose=options.flag("verbose"))
        recorder = Recorder(os.path.join(folder, "runs"), new_id(), durable=options.flag("fsync"))
        progress = Progress(
            context.plan,
            selected,
            verbose=options.flag("verbose"),
            remark=lambda: _remark(context, selected),
            before=lambda: last_done(os.path.join(folder, "runs"), selected),
        )
        done = run_locally(
            context,
            selected,
            recorder,
            lambda: _begun(context, jobs),
            wishes=Wishes(forced, jobs, options.flag("keep_going")),
            on_event=progress,
        )
    if done.refused:
        print(removal.in_words(list(done.refused.values())), file=sys.stderr)
    outputs = output_lines(context.plan, context.store, done, opened.loaded.name)
    print(*outputs, sep="\n", end="\n" if outputs else "")
    if all(step.state == "up to date" for step in done.steps.values()):
        options.answer = None if warned else "\n".join([*progress.lines, *outputs])
    elif sys.stderr.isatty():
        progress.say("`aml-pipeline report --open` shows the page of this run.")
    return 0 if done.state == "done" else EXIT_FAILED


def _remark(context: Context, selected: list[str]) -> str:
    """Return a remark for when a step runs, so that a run with nothing to do does not compute it."""
    from aml_pipeline.cli.commands.environment import warning

    return warning(context.plan, selected, context.project, context.interpreter)


def _begun(context: Context, jobs: int) -> dict[str, Any]:
    """Get ready for a first step that runs; return what the record says of the run."""
    if jobs > 1:
        prepare(context.store.folder, context.plan.name)
    return _header(context)


def _header(context: Context) -> dict[str, Any]:
    """Return what a record says of a run before its steps."""
    python = context.interpreter
    return {
        **redaction.for_record(context.plan),
        **provenance.beginning(command_line(), provenance.git_state(context.project.folder)),
        "python": {"path": python.path, "version": python.full_version, "platform": python.platform},
        "distributions": dict(python.distributions),
    }


def _jobs(text: str | None) -> int:
    if text is None:
        return 1
    if not text.isdecimal() or not int(text):
        raise UsageError(f'--jobs expects an integer of at least 1, got "{text}". For example, write --jobs 4.')
    return int(text)
