"""``logs``: what a step printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from aml_pipeline.cli.opened import open_readable, refuse_without_remote
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import chosen, records_of, steps_called
from aml_pipeline.cli.screen.logged import log
from aml_pipeline.cli.screen.printing import is_coloured
from aml_pipeline.cli.selected import whole_number
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.wording import listed
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.sources import source_directory, to_sources
from aml_pipeline.runs import locks
from aml_pipeline.runs.record import RunRecord, titles


def logs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the log of a step."""
    file = options.text("file") or ""
    if "." not in file and not os.path.exists(file):
        cure = f"To follow the log of step {file}, write `aml-pipeline logs --follow {file}`."
        raise UsageError(f'There is no pipeline file "{file}", which -f names. {cure}')
    opened = open_readable(options)
    if options.flag("remote"):
        from aml_pipeline.cli.commands.logs_remote import print_log

        return print_log(opened, options, environ)
    refuse_without_remote(options, "sdk", "workspace")
    if len(options.operands) > 1:
        what = f'Unexpected operand "{options.operands[1]}"'
        raise UsageError(f"{what}: `logs` takes one step. --run names its run, or --remote a run in Azure ML.")
    if options.flag("follow") and locks.is_locked(opened.state):
        return _follow(options, opened)
    run, step = _logged(records_of(opened), options.text("run"), options.operands)
    rank = whole_number(options, "rank", 0, least=0)
    others = run.ranks.get(step, [])
    if rank and rank not in others:
        known = listed([str(number) for number in (0, *others)])
        raise UsageError(f"There is no log of rank {rank} of step {step} in run {run.id}. Ranks with a log: {known}.")
    to_source, coloured = to_sources(run, step, source_directory(run, step)), is_coloured(sys.stdout, environ)
    with files.opened_text(run.log(step, rank)) as stream:
        for piece in to_source.pieces(stream):
            log(sys.stdout, piece, coloured=coloured)
    return 0


def _follow(options: Options, opened: Opened) -> int:
    from aml_pipeline.cli.commands.logs_follow import follow

    plan, name = opened.plan, options.text("run")
    run = chosen(records_of(opened), name).id if name else None
    steps = set(options.operands)
    if plan:
        steps = {step.name for text in options.operands for step in plan.steps_called(text)}
    return follow(opened.state, run, steps, whole_number(options, "rank", 0, least=0))


def _logged(records: list[RunRecord], name: str | None, operands: list[str]) -> tuple[RunRecord, str]:
    """Return the newest run, or the named one, with a log of the named step, or of any step."""
    among = records if name is None else [chosen(records, name)]
    for record in reversed(among):
        logged = record.logged_steps
        meant = steps_called(record, operands[0]) if operands else logged
        if there := [step for step in logged if step in meant]:
            return record, _one_of(record, there) if operands else there[-1]
    what = f'step "{operands[0]}"' if operands else "any step"
    steps = sorted({titles(record.short).get(step, step) for record in among for step in record.logged_steps})
    if name is None and not steps:
        raise UsageError("There are no logs yet: no step has run. Start with `aml-pipeline run`.")
    where = "here" if name is None else f"in run {among[0].id}"
    raise UsageError(
        f"There is no log of {what} {where}. {suggest(operands[0] if operands else '', steps, noun='log')}"
    )


def _one_of(record: RunRecord, steps: list[str]) -> str:
    """Return the first of some variants that failed, else the last; say which if there are several."""
    states = record.states
    step = next((step for step in steps if states.get(step) == "failed"), steps[-1])
    if len(steps) > 1:
        which = f"{titles(record.short).get(step, step)}, one of {len(steps)} variants with a log"
        print(f"The log of {which}:", file=sys.stderr)
    return step
