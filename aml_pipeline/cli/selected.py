"""Shared by ``plan`` and ``run``: the selected steps, and what is known about them before any runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import steps_environ
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.local import Context, out_of_date
from aml_pipeline.local.store import Store
from aml_pipeline.local.tracking import tracking_environ
from aml_pipeline.pipeline.plan import graph
from aml_pipeline.project import check
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs import differences


def warn_of_left_out(context: Context, selected: list[str], *, verbose: bool) -> bool:
    """Report unselected steps whose results are out of date; return whether there are any."""
    told = out_of_date(context, selected)
    for name, changed in told:
        said = f"{name} is not part of this run, but out of date: {differences.summary(changed)}"
        print(said, *(each(changed) if verbose else ()), sep="\n", file=sys.stderr)
    return bool(told)


def selection(options: Options, opened: Opened) -> tuple[list[str], frozenset[str]]:
    """Return the selected steps, and those that run in any case."""
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


def context_of(
    environ: Mapping[str, str],
    opened: Opened,
    selected: list[str],
    python: Callable[[], Interpreter],
    *,
    durable: bool = False,
) -> Context:
    """Return all that is known about the selected steps; a missing result that they need is an error."""
    pipeline, project = opened.require()
    opened.require(check.missing_data(pipeline, project, [pipeline.step(name) for name in selected]))
    given = {**tracking_environ(environ, opened.state, pipeline.name), **steps_environ(environ)}
    results = Store(opened.state, project.digests, durable=durable)
    return Context(pipeline, project, results, python(), given)
