"""Shared by ``plan`` and ``run``: the selected steps, and warnings about the others."""

from __future__ import annotations

import sys

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.core.errors import UsageError
from aml_pipeline.local import Context, out_of_date, ranks
from aml_pipeline.pipeline.plan import graph
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.step import MOST
from aml_pipeline.runs import differences


def warn_of_left_out(context: Context, selected: list[str], *, verbose: bool) -> bool:
    """Report unselected steps whose results are out of date; return whether there are any."""
    outdated = out_of_date(context, selected)
    for name, changed in outdated:
        said = (
            f"{context.plan.step(name).title} is not part of this run, but out of date: {differences.summary(changed)}"
        )
        print(said, *(each(changed) if verbose else ()), sep="\n", file=sys.stderr)
    return bool(outdated)


def with_processes(options: Options, plan: Plan) -> Plan:
    """Return ``plan`` with the number of processes that ``--processes`` gives to distributed steps."""
    number = whole_number(options, "processes", 1, least=1)
    if number > MOST:
        raise UsageError(f"--processes expects at most {MOST}, got {number}.")
    return plan if options.text("processes") is None else ranks.limited(plan, number)


def whole_number(options: Options, key: str, default: int, *, least: int) -> int:
    """Return the value of an option, or its default. Raises UsageError if it is not an integer, or too small."""
    text = options.text(key)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f'--{key} expects an integer of at least {least}, got "{text}". For example, write --{key} 4.')
    return int(text)


def selection(options: Options, plan: Plan) -> tuple[list[str], frozenset[str]]:
    """Return the selected steps, and those that run in any case."""
    selected = graph.select(
        plan.upstream,
        options.operands,
        only=options.flag("only"),
        start=options.text("from"),
        until=options.text("until"),
    )
    forced = (options.operands or selected) if options.flag("force") else ()
    return selected, frozenset(forced)
