"""``report``: the page of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import read_run, written
from aml_pipeline.cli.recorded import chosen, records_of
from aml_pipeline.report.run_page import page


def report(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the page of a run."""
    opened = open_readable(options)
    run = chosen(records_of(opened), options.operands[0] if options.operands else None)
    return written(options, page(read_run(opened, run)), os.path.join(run.folder, "report.html"))
