"""``plan`` and ``run``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from aml_pipeline import check, graph, locks, removal, reuse, store
from aml_pipeline.cli import EXIT_FAILED, EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import command_line, open_with, record_header
from aml_pipeline.cli.progress import Progress, each, output_lines
from aml_pipeline.cli.python import asking_python, steps_environ
from aml_pipeline.cli.tracking import prepare, tracking_environ
from aml_pipeline.errors import UsageError
from aml_pipeline.interpreter import Interpreter
from aml_pipeline.local import Context, Wishes, debug, forecast, out_of_date, process
from aml_pipeline.local import run as run_locally
from aml_pipeline.opening import Opened
from aml_pipeline.provenance import git_state
from aml_pipeline.record import Recorder, last_done, new_id
from aml_pipeline.reuse import Verdict
from aml_pipeline.store import Store


def plan(options: Options, environ: Mapping[str, str]) -> int:
    """Print what ``run`` would do; with ``--remote`` what ``submit`` would."""
    if options.has("remote") and options.flag("remote"):
        from aml_pipeline.cli.forecasting import forecast_remotely

        return forecast_remotely(options, environ)
    with asking_python(options, environ) as python:
        opened = open_with(options)
        selected, forced = _selection(options, opened)
        context = _context(environ, opened, selected, python)
    verdicts = forecast(context, selected, forced)
    width = max(map(len, selected))
    something = any(verdict.action != "reuse" for _, verdict in verdicts)
    verbose = options.flag("verbose")
    lines = [
        line
        for name, verdict in verdicts
        for line in (f"{name:<{width}}  {_forecast(verdict)}", *(each(verdict.changes) if verbose else ()))
    ]
    text = "\n".join(lines)
    print(text)
    warned = _warn_of_left_out(context, selected, verbose=verbose)
    options.answer = None if something or warned else text
    return EXIT_SOMETHING_TO_DO if something and options.flag("exit_code") else 0


def _debug(context: Context, names: list[str]) -> int:
    if len(names) != 1:
        raise UsageError("--debug needs the name of one step. Write it as `run --debug train`.")
    status, outputs = debug(context, names[0])
    how = f"exit status {status}; nothing" if status >= 0 else f"{process.failure(status)} Nothing"
    print(f"{names[0]}: {how} was accepted.")
    for name, place in outputs.items():
        print(f"{names[0]}.{name}  {place}")
    return EXIT_FAILED if status else 0


def _forecast(verdict: Verdict) -> str:
    action = {"reuse": "up to date", "run": "will run", "depends": "may run"}[verdict.action]
    return action if verdict.action == "reuse" else f"{action}  {verdict.reason}"


def run(options: Options, environ: Mapping[str, str]) -> int:
    """Run the steps; exit with 1 when one failed."""
    if options.flag("dry_run"):
        return plan(options, environ)
    with asking_python(options, environ) as python:
        opened = open_with(options)
        selected, forced = _selection(options, opened)
        folder = store.prepare(os.path.dirname(opened.state), os.path.basename(opened.state))
        context = _context(environ, opened, selected, python, durable=options.flag("fsync"))
    with locks.locked(folder, command_line()):
        if options.flag("debug"):
            return _debug(context, options.operands)
        jobs = _jobs(options.text("jobs"))
        warned = _warn_of_left_out(context, selected, verbose=options.flag("verbose"))
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


def _warn_of_left_out(context: Context, selected: list[str], *, verbose: bool) -> bool:
    """Say which steps are left out though their results are of another state than the file's; return whether any is."""
    told = out_of_date(context, selected)
    for name, changed in told:
        said = f"{name} is left out, and is out of date: {reuse.summary(changed)}"
        print(said, *(each(changed) if verbose else ()), sep="\n", file=sys.stderr)
    return bool(told)


def _selection(options: Options, opened: Opened) -> tuple[list[str], frozenset[str]]:
    """Return the steps chosen, and those that run in any case."""
    pipeline, _ = opened.require()
    selected = graph.select(
        pipeline.upstream,
        options.operands,
        only=options.flag("only"),
        start=options.text("from"),
        until=options.text("until"),
    )
    forced = (options.operands or selected) if options.flag("force") else ()
    return selected, frozenset(forced)


def _context(
    environ: Mapping[str, str],
    opened: Opened,
    selected: list[str],
    python: Callable[[], Interpreter],
    *,
    durable: bool = False,
) -> Context:
    pipeline, project = opened.require()
    opened.require(check.missing_data(pipeline, project, [pipeline.step(name) for name in selected]))
    given = {**tracking_environ(environ, opened.state, pipeline.name), **steps_environ(environ)}
    results = Store(opened.state, project.digests, durable=durable)
    return Context(pipeline, project, results, python(), given)


def _remark(context: Context, selected: list[str]) -> str:
    """Return what is to be said once a step runs: a run with nothing to do neither says nor works out that."""
    from aml_pipeline.cli.environment import warning

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
        **record_header(context.plan, git_state(context.project.folder)),
        "python": {"path": python.path, "version": python.full_version, "platform": python.platform},
        "distributions": dict(python.distributions),
    }


def _jobs(text: str | None) -> int:
    if text is None:
        return 1
    if not text.isdecimal() or not int(text):
        raise UsageError(f'--jobs cannot be "{text}". Give a whole number of 1 or more, such as --jobs 4.')
    return int(text)
