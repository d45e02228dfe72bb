"""Shared by ``plan`` and ``run``: the selected steps, and warnings about the others."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.core.errors import UsageError
from aml_pipeline.local import Context, out_of_date, ranks
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.spec.step import MOST
from aml_pipeline.runs import differences
from aml_pipeline.runs.reuse import Verdict


def warn_of_left_out(
    contexts: Sequence[Context], selected: list[str], names: Sequence[str] = ("",), *, verbose: bool
) -> bool:
    """Report unselected steps whose results are out of date; return whether there are any.

    ``names`` are those of the combinations; a warning that is the same for all of them is given once, without a name.
    """
    warnings: dict[str, list[str]] = {}
    for context, name in zip(contexts, names, strict=True):
        for step, changed in out_of_date(context, selected):
            said = f"{context.plan.step(step).title} is not part of this run, but out of date: "
            text = "\n".join([said + differences.summary(changed), *(each(changed) if verbose else ())])
            warnings.setdefault(text, []).append(name)
    for text, of in warnings.items():
        for label in [""] if len(of) == len(contexts) else of:
            say(f"{label}  {text}" if label else text)
    return bool(warnings)


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


def patience(options: Options) -> float:
    """Return how many seconds to wait for another run. Raises UsageError."""
    text = options.text("wait_for_lock")
    if text == "":
        return math.inf
    if text is not None and not text.isdecimal():
        raise UsageError(f'--wait-for-lock expects seconds, got "{text}". For example, write --wait-for-lock=60.')
    return float(text or 0)


def say(text: str) -> None:
    """Print something other than a result."""
    print(text, file=sys.stderr, flush=True)


def selection(options: Options, plan: Plan) -> tuple[list[str], frozenset[str]]:
    """Return the selected steps, and those that run in any case."""
    selected = plan.select(
        options.operands, only=options.flag("only"), start=options.text("from"), until=options.text("until")
    )
    forced = (plan.named(options.operands) or selected) if options.flag("force") else ()
    return selected, frozenset(forced)


def in_words(step: Step, verdict: Verdict) -> str:
    """Return what a run would do with a step, and why."""
    if verdict.action == "reuse":
        return verdict.reason
    action = {"run": "will run", "depends": "may run"}[verdict.action]
    return f"{action}{ranks.in_words(step)}  {verdict.reason}"
