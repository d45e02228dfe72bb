"""``report``: the page of a run, or of many; or a run as JUnit's XML."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from aml_pipeline.cli.many_runs import write_page
from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import compared_page, read_run, written
from aml_pipeline.cli.recorded import chosen, records_of
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.changes_part import Before
from aml_pipeline.report.code import diffs
from aml_pipeline.report.junit import junit
from aml_pipeline.report.reading import outline, with_parts
from aml_pipeline.report.run_page import page
from aml_pipeline.report.story import ShownRun
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord

_OF_MANY = ("where", "last", "variants")
_MOST_DIFFS = 50  # of the files that are all named


def report(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the page of a run, or its JUnit XML; with ``--all`` the page of many."""
    opened = open_readable(options)
    records = records_of(opened)
    if options.flag("all"):
        return _report_all(opened, options, records)
    alone = [name for name in _OF_MANY if options.text(name) is not None]
    if alone:
        raise UsageError(f"--{alone[0]} needs --all. See `aml-pipeline report --help`.")
    return _report_one(opened, options, records)


def _report_one(opened: Opened, options: Options, records: list[RunRecord]) -> int:
    record = chosen(records, options.operands[0] if options.operands else None)
    if options.text("format") == "junit":
        return written(options, junit(read_run(opened, record)), os.path.join(record.folder, "junit.xml"))
    contents = Contents(opened.state)
    run = with_parts(read_run(opened, record), record, contents)
    before = _before(run, record, records, contents)
    place = os.path.join(record.folder, "report.html")
    if options.text("output"):  # links lead from the folder of the record
        run, before = replace(run, links={}), before and before._replace(page="")
    return written(options, page(run, before), place)


def _before(run: ShownRun, record: RunRecord, records: Sequence[RunRecord], contents: Contents) -> Before | None:
    """Return the newest earlier run that has ended, and the code that changed since."""
    earlier = (each for each in reversed(records) if each.id < record.id and each.states)
    before = next(earlier, None)
    if before is None:
        return None
    story = with_parts(outline(before), before, contents)
    compared = compared_page(before, record)
    link = os.path.basename(compared) if os.path.exists(compared) else ""
    return Before(story, tuple(islice(diffs(story, run, contents.read), _MOST_DIFFS)), link)


def _report_all(opened: Opened, options: Options, records: list[RunRecord]) -> int:
    if options.text("format") == "junit":
        raise UsageError("--format junit reports on one run. Leave out --all.")
    if options.operands:
        raise UsageError(
            "`report --all` takes no run. To compare some runs: `aml-pipeline compare RUN RUN RUN --page`."
        )
    chosen(records, None)  # refuses if there are none
    return write_page(opened, options, records)
