"""Shared by `report --all` and `compare`: the rows of many runs, and their page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aml_pipeline.cli.listing import matching, table_from
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import written
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.many.curves import Source
from aml_pipeline.report.many.reading import read_page, sources_of
from aml_pipeline.report.many.texts import code_of
from aml_pipeline.report.table.rows import Table
from aml_pipeline.report.table.text import lines_of
from aml_pipeline.runs import index
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import summary_of

_MOST_ROWS = 1_000


def write_page(opened: Opened, options: Options, records: Sequence[RunRecord]) -> int:
    """Write the page of the runs that ``--where`` and ``--last`` select, or of the variants of a step in them."""
    step = options.text("variants")
    newest = list(reversed(records))
    summaries = index.summaries_of(newest)
    table, sources = table_from(summaries, opened.state, step), sources_of(summaries, newest, step)
    chosen = matching(table, options)
    if not chosen.rows:
        raise UsageError("No run matches. `aml-pipeline runs` lists the runs.")
    source_of = {id(row): source for row, source in zip(table.rows, sources, strict=True)}
    return _write(opened, options, chosen, [source_of[id(row)] for row in chosen.rows], "runs.html")


def write_page_of(opened: Opened, options: Options, records: Sequence[RunRecord]) -> int:
    """Write the page of these runs."""
    return _write(opened, options, *_rows_of(opened, records), "compared.html")


def differences(opened: Opened, records: Sequence[RunRecord], ids: Sequence[str]) -> Iterator[str]:
    """Yield a table of what differs among runs; ``ids`` are those of all runs."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    yield from lines_of(_rows_of(opened, records)[0], ids, room=room)
    codes = code_of(records, Contents(opened.state))
    if len({tuple((path, digest) for path, digest, _ in code.files) for code in codes}) > 1:
        yield "The code differs. To see the changed lines of two runs: `aml-pipeline compare RUN RUN --code`."


def _write(opened: Opened, options: Options, table: Table, sources: Sequence[Source], name: str) -> int:
    remark, rows = "", table.rows[:_MOST_ROWS]
    if len(rows) < len(table.rows):
        remark = f"Showing the newest {_MOST_ROWS:,} of {len(table.rows):,} rows."
        print(f"{remark} Select others with --where or --last.", file=sys.stderr)
    page = read_page(replace(table, rows=rows), sources[: len(rows)], Contents(opened.state), remark)
    return written(options, page, os.path.join(opened.state, name))


def _rows_of(opened: Opened, records: Sequence[RunRecord]) -> tuple[Table, list[Source]]:
    """Return the rows of a few runs, newest first, with their sources."""
    newest = list(reversed(records))
    summaries = list(map(summary_of, newest))
    return table_from(summaries, opened.state), sources_of(summaries, newest)
