"""``runs --to-mlflow``: writes the recorded runs into a store of MLflow."""

from __future__ import annotations

import os
import sys

from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.wording import counted, listed
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.history import history_of
from aml_pipeline.report.mlflow_store import write
from aml_pipeline.runs import locks

_MOST_NAMED = 5


def write_to_mlflow(opened: Opened, address: str) -> int:
    """Write all recorded runs that have ended, and print how many were new."""
    runs = history_of(os.path.join(opened.state, "runs"))
    written = write(runs, address, busy=locks.is_locked(opened.state))
    there = f"; {counted(len(written.present), 'run')} already there" if written.present else ""
    print(f"Wrote {counted(len(written.new), 'run')} to {without_secrets(address)}{there}.")
    if written.unfinished:
        names = written.unfinished[-_MOST_NAMED:]
        more = f" and {len(written.unfinished) - len(names)} more" if len(written.unfinished) > len(names) else ""
        print(f"Skipped {listed(names)}{more}: not finished, or damaged. Write them later.", file=sys.stderr)
    return 0
