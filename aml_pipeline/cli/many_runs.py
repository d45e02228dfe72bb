"""Shared by `report --all` and `compare`: the table of many runs, and their page."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import written
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.many.curves import Source
from aml_pipeline.report.many.reading import read_page, sources_of
from aml_pipeline.report.table.rows import Table, table_of, variants_of
from aml_pipeline.runs import locks
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import summary_of

MOST_RUNS = 1_000


def write_page(opened: Opened, options: Options, records: Sequence[RunRecord], name: str) -> int:
    """Write the page of many runs into the folder of the pipeline's state, or where ``-o`` says."""
    shown = records[-MOST_RUNS:]
    remark = ""
    if len(shown) < len(records):
        remark = f"Showing the newest {MOST_RUNS:,} of {len(records):,} runs."
        print(remark, file=sys.stderr)
    table, sources = table_and_sources(opened, shown, options.text("variants") if options.has("variants") else None)
    page = read_page(table, sources, Contents(opened.state), remark)
    return written(options, page, os.path.join(opened.state, name))


def table_and_sources(
    opened: Opened, records: Sequence[RunRecord], step: str | None = None
) -> tuple[Table, list[Source]]:
    """Return the rows of runs, newest first, or of the variants of a step in them, with their sources."""
    newest = list(reversed(records))
    summaries = [summary_of(record) for record in newest]
    busy = locks.is_locked(opened.state)
    if step is None:
        return table_of(summaries, now=0.0, busy=busy), sources_of(summaries, newest)
    table = variants_of(summaries, step, now=0.0, busy=busy)
    if not table.rows:
        raise UsageError(f'No recorded run has a step "{step}" with a matrix. `aml-pipeline runs` lists the runs.')
    return table, sources_of(summaries, newest, step)
