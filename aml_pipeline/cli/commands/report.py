"""``report``: the page of a run, or of many."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline.cli.many_runs import write_page
from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import read_run, written
from aml_pipeline.cli.recorded import chosen, records_of
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.run_page import page
from aml_pipeline.runs.record import RunRecord

_OF_MANY = ("last", "variants")


def report(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the page of a run; with ``--all`` that of many."""
    opened = open_readable(options)
    records = records_of(opened)
    if options.flag("all"):
        return _report_all(opened, options, records)
    alone = [name for name in _OF_MANY if options.text(name) is not None]
    if alone:
        raise UsageError(f"--{alone[0]} needs --all. See `aml-pipeline report --help`.")
    run = chosen(records, options.operands[0] if options.operands else None)
    return written(options, page(read_run(opened, run)), os.path.join(run.folder, "report.html"))


def _report_all(opened: Opened, options: Options, records: list[RunRecord]) -> int:
    if options.operands:
        raise UsageError(
            "`report --all` takes no run. To compare some runs: `aml-pipeline compare RUN RUN RUN --page`."
        )
    chosen(records, None)  # refuses if there are none
    return write_page(opened, options, records[-_last(options, len(records)) :], "runs.html")


def _last(options: Options, default: int) -> int:
    text = options.text("last")
    if text is None:
        return default
    if not text.isdecimal() or not int(text):
        raise UsageError(f'--last expects a number of runs, such as 20, got "{text}".')
    return int(text)
