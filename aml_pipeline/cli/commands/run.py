"""``run``: the steps here, in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from aml_pipeline.cli.commands.plan import plan
from aml_pipeline.cli.commands.run_combined import Wanted, run_combined
from aml_pipeline.cli.exits import EXIT_FAILED
from aml_pipeline.cli.github import summarize
from aml_pipeline.cli.opened import command_line, open_with, refuse_several
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import asking_python
from aml_pipeline.cli.screen.progress import Progress, title_of
from aml_pipeline.cli.screen.summary import output_lines
from aml_pipeline.cli.selected import patience, say, selection, warn_of_left_out, whole_number, with_processes
from aml_pipeline.core import removal
from aml_pipeline.core.errors import UsageError
from aml_pipeline.local import Context, Wishes, context_of, debug, process, ranks, recorded, secrets
from aml_pipeline.pipeline.combinations import combined, require_difference
from aml_pipeline.runs import formats, locks


def _debug(context: Context, names: list[str]) -> int:
    if len(names) != 1:
        raise UsageError("--debug needs the name of one step, for example `run --debug train`.")
    if shown := secrets.given(context):
        print(
            f"--debug masks no secrets ({', '.join(shown)}): the terminal shows what the step prints.", file=sys.stderr
        )
    status, outputs = debug(context, names[0])
    step = context.plan.step(names[0])
    how = (
        f"exit status {status}; nothing"
        if status >= 0
        else f"{process.failure(status, ranks.subject(step, 0))} Nothing"
    )
    print(f"{step.title}: {how} was accepted.")
    for name, place in outputs.items():
        print(f"{step.title}.{name}  {place}")
    return EXIT_FAILED if status else 0


def run(options: Options, environ: Mapping[str, str]) -> int:
    """Run the steps, once for each combination of parameters; exit with 1 if one failed."""
    if options.flag("dry_run"):
        return plan(options, environ)
    locks.require_locks()
    wanted = _wanted(options, environ)
    lock = locks.locked(wanted.state, command_line(), patience=patience(options), say=say)
    with lock as has_waited:
        if has_waited:  # what was read may have changed meanwhile
            wanted = _wanted(options, environ)
        if options.flag("debug"):
            return _debug(wanted.contexts[0], options.operands)
        if len(wanted.contexts) > 1:
            return run_combined(options, wanted, environ)
        return _run(options, wanted, environ)


def _wanted(options: Options, environ: Mapping[str, str]) -> Wanted:
    with asking_python(options, environ) as pythons:
        opened = open_with(options)
        given, project = opened.require()
        several = opened.loaded.several
        if options.flag("debug"):
            refuse_several(several, "run --debug")
        pipeline = with_processes(options, given)
        plans = combined(pipeline, several)
        selected, forced = selection(options, pipeline)
        require_difference(pipeline, several, selected)
        _put_aside(project.state)
        locks.prepare(os.path.dirname(project.state), pipeline.name)
        context = context_of(pipeline, project, selected, pythons, environ, durable=options.flag("fsync"))
    wishes = Wishes(forced, whole_number(options, "jobs", 1, least=1), options.flag("keep_going"))
    return Wanted(project.state, [context.of(plan) for plan in plans], list(several), selected, wishes)


def _put_aside(state: str) -> None:
    """Put a state aside that a newer version wrote, and say so. Raises MachineError while a run works in it."""
    if formats.newer(state):
        locks.require_unlocked(state)
        say(formats.put_aside(state))


def _run(options: Options, wanted: Wanted, environ: Mapping[str, str]) -> int:
    context, selected = wanted.contexts[0], wanted.selected
    warned = warn_of_left_out([context], selected, verbose=options.flag("verbose"))
    progress = Progress(
        context.project.folder,
        selected,
        title=title_of(context.plan, len(selected)),
        verbose=options.flag("verbose"),
        remark=lambda: _remark(context, selected),
        jobs=wanted.wishes.jobs,
        before=context.store.facts,
        manner=lambda name: ranks.in_words(context.plan.step(name)),
        titles=context.plan.titles,
    )
    command, durable = command_line(), options.flag("fsync")
    done = recorded(context, selected, wanted.wishes, progress, command=command, durable=durable)
    progress.finish()
    if done.refused:
        print(removal.in_words(list(done.refused.values())), file=sys.stderr)
    outputs = output_lines(context.plan, context.store, done, context.plan.file)
    progress.show(outputs, sys.stdout)
    summarize(environ, title_of(context.plan, len(selected)), [("", context.plan, done)], wanted.state)
    if all(step.state == "up to date" for step in done.steps.values()):
        options.answer = None if warned else "\n".join([*progress.lines, *outputs])
    elif sys.stderr.isatty():
        progress.say("`aml-pipeline report --open` shows the page of this run.")
    return 0 if done.state == "done" else EXIT_FAILED


def _remark(context: Context, selected: list[str]) -> str:
    """Return a remark for when a step runs, so that a run with nothing to do does not compute it."""
    from aml_pipeline.cli.commands.environment import warning

    return warning(context.plan, selected, context.project, context.interpreters)
