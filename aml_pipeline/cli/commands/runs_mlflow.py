"""``runs --to-mlflow``: writes the recorded runs into a store of MLflow."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.known_state import state_of
from aml_pipeline.cli.listing import selected, table_from
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.sending import listener
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.wording import counted, listed
from aml_pipeline.report.history import history_of
from aml_pipeline.report.mlflow_store import write
from aml_pipeline.runs import index, locks

_MOST_NAMED = 5


def write_to_mlflow(options: Options, environ: Mapping[str, str]) -> int:
    """Write the recorded runs that the options select and that have ended, and print how many were new."""
    if options.flag("remote"):
        raise UsageError("Only runs recorded on this machine can be written to MLflow. Delete --remote.")
    for name, default in (("columns", None), ("format", "text")):
        if options.text(name) != default:
            raise UsageError(f"--{name} does not apply to --to-mlflow. Delete it.")
    address, state = options.text("to_mlflow") or "", state_of(options, environ)
    table = table_from(index.summaries(state)[::-1], state)
    chosen = {row["run"] for row in (selected(table, options) if table.rows else table).rows}
    if not chosen:
        print("No run matches." if table.rows else "There are no runs yet. Start one with `aml-pipeline run`.")
        return 0
    runs = [run for run in history_of(os.path.join(state, "runs")) if run.id in chosen]
    with waiting.heard_by(listener()), waiting.reminding(f"writing to {without_secrets(address)}"):
        written = write(runs, address, busy=locks.is_locked(state))
    there = f"; {counted(len(written.present), 'run')} already there" if written.present else ""
    print(f"Wrote {counted(len(written.new), 'run')} to {without_secrets(address)}{there}.")
    if written.unfinished:
        names = written.unfinished[-_MOST_NAMED:]
        more = f" and {len(written.unfinished) - len(names)} more" if len(written.unfinished) > len(names) else ""
        print(f"Skipped {listed(names)}{more}: not finished, or damaged. Write them later.", file=sys.stderr)
    return 0
