"""Shared by `report --all` and `compare`: the rows of many runs, and their page."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aml_pipeline.cli.listing import matching
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import written
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.many.curves import Source
from aml_pipeline.report.many.reading import read_page, sources_of
from aml_pipeline.report.many.texts import code_of
from aml_pipeline.report.table.rows import Table, table_of, variants_of
from aml_pipeline.report.table.text import lines_of
from aml_pipeline.runs import index, locks
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import Summary, summary_of

_MOST_ROWS = 1_000


def write_page(opened: Opened, options: Options, records: Sequence[RunRecord]) -> int:
    """Write the page of the runs that ``--where`` and ``--last`` select, or of the variants of a step in them."""
    step = options.text("variants")
    newest = list(reversed(records))
    table, sources = _rows(opened, newest, index.summaries_of(newest), step)
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
    return _rows(opened, newest, list(map(summary_of, newest)))


def _rows(
    opened: Opened, newest: Sequence[RunRecord], summaries: Sequence[Summary], step: str | None = None
) -> tuple[Table, list[Source]]:
    """Return the rows of runs, or of the variants of a step in them, with their sources."""
    now, busy = time.time(), locks.is_locked(opened.state)
    if step is None:
        return table_of(summaries, now=now, busy=busy), sources_of(summaries, newest)
    table = variants_of(summaries, step, now=now, busy=busy)
    if not table.rows:
        raise _no_variants(step, summaries)
    return table, sources_of(summaries, newest, step)


def _no_variants(step: str, summaries: Sequence[Summary]) -> UsageError:
    known = {str(variant["declared"]) for summary in summaries for variant in summary["variants"].values()}
    return UsageError(f'No recorded run has variants of a step "{step}". {suggest(step, known, noun="matrix")}')
