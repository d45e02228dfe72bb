"""``runs``: the table of the runs; pins, notes and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.known_state import state_of
from aml_pipeline.cli.listing import print_rows, print_table, selected, table_from
from aml_pipeline.cli.options import Options
from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs import index
from aml_pipeline.runs.summaries import Summary

_SAYS = ("pin", "unpin", "note", "tag")
_REMOTE = ("profile", "sdk", "workspace")


def runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs, newest first; with ``--remote`` those in Azure ML."""
    if any(options.texts(name) or options.text(name) is not None for name in _SAYS):
        from aml_pipeline.cli.commands.runs_noted import annotate

        return annotate(options)
    if options.operands:
        what = f'Unexpected operand "{options.operands[0]}"'
        cure = 'To note something about a run, write `runs --note RUN "a text"`; to name the pipeline file, `-f FILE`.'
        raise UsageError(f"{what}. {cure}")
    if options.text("to_mlflow"):
        from aml_pipeline.cli.commands.runs_mlflow import write_to_mlflow

        return write_to_mlflow(options, environ)
    if options.flag("remote"):
        from aml_pipeline.cli.commands.runs_remote import print_runs

        return print_runs(options, environ)
    if any(map(options.text, _REMOTE)):
        from aml_pipeline.cli.opened import refuse_without_remote

        refuse_without_remote(options, *_REMOTE)
    with Uncollected():
        _print(options, environ)
    return 0


def _print(options: Options, environ: Mapping[str, str]) -> None:
    state = state_of(options, environ)
    summaries = index.summaries(state)[::-1]
    table = table_from(summaries, state, options.text("variants"))
    if not summaries and options.text("format") == "text":
        print("There are no runs yet. Start one with `aml-pipeline run`.")
        return
    chosen = selected(table, options) if summaries else table
    if options.text("format") != "json" or any(options.text(name) is not None for name in ("columns", "variants")):
        print_table(chosen, table, [str(summary["run"]) for summary in summaries], options, environ)
    else:
        by_run = {summary["run"]: summary for summary in summaries}
        print_rows({**_as_data(by_run[row["run"]]), "state": row["state"]} for row in chosen.rows)


# What only the table needs of a summary.
_INNER = frozenset({"durations", "extremes", "made_by", "selected", "variants", "written"})


def _as_data(summary: Summary) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if name not in _INNER}
