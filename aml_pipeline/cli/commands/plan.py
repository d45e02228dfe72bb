"""``plan``: what ``run`` would do, and why."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline.cli.commands.plan_combined import plan_combined
from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.folding import lines, lines_in_full
from aml_pipeline.cli.opened import open_with, refuse_without_remote
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import asking_python
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.cli.selected import in_words, selection, warn_of_left_out, with_processes
from aml_pipeline.local import context_of, forecast
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.combinations import combined, require_difference
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.runs.reuse import UP_TO_DATE


def plan(options: Options, environ: Mapping[str, str]) -> int:
    """Print what ``run`` would do; with ``--remote`` what ``submit`` would."""
    if options.has("remote") and options.flag("remote"):
        from aml_pipeline.cli.commands.plan_remote import forecast_remotely

        return forecast_remotely(options, environ)
    if options.has("remote"):
        refuse_without_remote(options, "workspace", "sdk")
    with asking_python(options, environ) as pythons:
        opened = open_with(options)
        given, project = opened.require()
        several = opened.loaded.several
        pipeline = with_processes(options, given)
        plans = combined(pipeline, several)
        selected, forced = selection(options, pipeline)
        require_difference(pipeline, several, selected)
        context = context_of(pipeline, project, selected, pythons, environ)
    if several:
        return plan_combined(options, [context.of(plan) for plan in plans], list(several), selected, forced)
    verdicts = forecast(context, selected, forced)
    something = any(verdict != UP_TO_DATE for _, verdict in verdicts)
    verbose = options.flag("verbose")
    texts = {name: in_words(pipeline.step(name), verdict) for name, verdict in verdicts}
    changes = {name: each(verdict.changes) for name, verdict in verdicts}
    about_steps = lines_in_full(pipeline, texts, changes) if verbose else lines(pipeline, texts)
    text = "\n".join([*_moved(pipeline), *about_steps])
    print(text)
    warned = warn_of_left_out([context], selected, verbose=verbose)
    options.answer = None if something or warned else text
    return EXIT_SOMETHING_TO_DO if something and options.flag("exit_code") else 0


def _moved(plan: Plan) -> list[str]:
    """Return a line on the data that the command line moved."""
    places = ", ".join(f"{name}={shown(place)}" for name, place in redaction.data(plan).items())
    return [f"with {places}"] if places else []
