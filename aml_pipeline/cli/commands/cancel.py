"""``cancel``: stops a run in Azure ML."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import remote_run
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.sending import connect, listener, say, say_where


def cancel(options: Options, environ: Mapping[str, str]) -> int:
    """Stop a run in Azure ML: the named one, by its name in ``submit`` or ``runs``, else the latest submitted."""
    run = remote_run.selected(options, next(iter(options.operands), None))
    runs = remote_run.of_group(options, run) if options.flag("group") else [run]
    with waiting.heard_by(listener()):
        for each in runs:
            try:
                workspace = connect(options, environ, os.path.dirname(state_folder(options)), each.workspace, each.sdk)
                if each is runs[0]:
                    say_where(workspace)
                ended = azureml.cancel(workspace, each.id)
            except KeyboardInterrupt as error:
                say(f"Stopped. See the portal for whether Azure ML received the request to stop run {each.id}.")
                return status_of(error)
            print(f"run {each.id} has ended: {ended}" if ended else f"asked Azure ML to stop run {each.id}", flush=True)
    return 0
