"""``cancel``: stops a run in Azure ML."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import open_readable, state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import ambiguous, matching
from aml_pipeline.cli.sending import connect, listener, say, say_where
from aml_pipeline.core.errors import UsageError, UserError
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.submitted import submitted


def cancel(options: Options, environ: Mapping[str, str]) -> int:
    """Stop a run in Azure ML: the named one, by its name in ``submit`` or ``runs``, else the latest submitted."""
    about = _to_cancel(options)
    run, sdk = str(about["run"]), options.text("sdk") or str(about.get("sdk", "v1"))
    try:
        with waiting.heard_by(listener()):
            workspace = connect(options, environ, _folder(options), about.get("workspace"), sdk)
            say_where(workspace)
            ended = azureml.cancel(workspace, run)
    except KeyboardInterrupt as error:
        say(f"Stopped. See the portal for whether Azure ML received the request to stop run {run}.")
        return status_of(error)
    print(f"run {run} has ended: {ended}" if ended else f"asked Azure ML to stop run {run}")
    return 0


def _folder(options: Options) -> str:
    return os.path.dirname(state_folder(options))


def _to_cancel(options: Options) -> Mapping[str, Any]:
    """Return the run in Azure ML, its workspace and the SDK that submitted it, as recorded; else as the file has it."""
    if not options.operands:
        return _recorded(_last_submitted(options))
    name = options.operands[0]
    meant = matching(submitted(state_folder(options)), name)
    if len(meant) > 1:
        raise ambiguous(name, meant)
    return _recorded(meant[0]) if meant else {"run": name, **_of_file(options)}


def _recorded(run: RunRecord) -> Mapping[str, Any]:
    about: Mapping[str, Any] = run.header["azureml"]
    return about


def _of_file(options: Options) -> dict[str, str | None]:
    """Return the SDK and the workspace that the file names, if it can be read."""
    with contextlib.suppress(UserError):
        plan = open_readable(options).plan
        if plan:
            return {"sdk": sdks.chosen(plan), "workspace": plan.workspace}
    return {"sdk": sdks.installed()}


def _last_submitted(options: Options) -> RunRecord:
    """Return the latest submitted run of the pipeline in the file."""
    plan = open_readable(options).plan
    name = plan.name if plan else ""
    records = [record for record in submitted(state_folder(options)) if record.short.get("pipeline") == name]
    if not records:
        raise UsageError(f"No run of {name} was submitted from this folder. Name a run; the portal lists them.")
    return records[-1]
