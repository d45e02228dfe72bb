"""``cancel``: stops a run in Azure ML."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import open_readable, state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import ambiguous, matching
from aml_pipeline.cli.sending import connect, listener, say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.submitted import submitted


def cancel(options: Options, environ: Mapping[str, str]) -> int:
    """Stop a run in Azure ML: the named one, by its name in ``submit`` or ``runs``, else the latest submitted."""
    run, sdk = _to_cancel(options)
    try:
        with waiting.heard_by(listener()):
            workspace = connect(os.path.dirname(state_folder(options)), environ, options.text("sdk") or sdk)
            ended = azureml.cancel(workspace, run)
    except KeyboardInterrupt as error:
        say(f"Stopped. See the portal for whether Azure ML received the request to stop run {run}.")
        return status_of(error)
    print(f"run {run} has ended: {ended}" if ended else f"asked Azure ML to stop run {run}")
    return 0


def _to_cancel(options: Options) -> tuple[str, str]:
    """Return the id of the run in Azure ML, and the SDK that submitted it, or without a record the installed one."""
    if not options.operands:
        about = _last_submitted(options).header["azureml"]
    else:
        name = options.operands[0]
        meant = matching(submitted(state_folder(options)), name)
        if len(meant) > 1:
            raise ambiguous(name, meant)
        about = meant[0].header["azureml"] if meant else {"run": name, "sdk": sdks.installed()}
    return str(about["run"]), str(about.get("sdk", "v1"))


def _last_submitted(options: Options) -> RunRecord:
    """Return the latest submitted run of the pipeline in the file."""
    plan = open_readable(options).plan
    name = plan.name if plan else ""
    records = [record for record in submitted(state_folder(options)) if record.short.get("pipeline") == name]
    if not records:
        raise UsageError(f"No run of {name} was submitted from this folder. Name a run; the portal lists them.")
    return records[-1]
