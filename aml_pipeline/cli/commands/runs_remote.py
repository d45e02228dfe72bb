"""``runs --remote``: the runs of this pipeline in Azure ML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import moment
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.cli.sending import connect, listener


def print_runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs of the pipeline in its experiment, newest first."""
    opened = open_readable(options)
    plan = opened.plan
    assert plan is not None  # noqa: S101 - it is readable
    with waiting.heard_by(listener()):
        sdk = sdks.chosen(plan, options.text("sdk"))
        workspace = connect(options, environ, os.path.dirname(plan.file), plan.workspace, sdk)
        found = azureml.runs(plan, workspace)
    if options.text("format") == "json":
        print_json([asdict(row) for row in found])
        return 0
    if not found:
        print(f"Azure ML has no runs of {plan.name}. Start one with `aml-pipeline submit`.")
    width = max((len(row.run) for row in found), default=0)
    for row in found:
        print(f"{row.run:<{width}}  {moment(row.started)}  {row.status:<11}  {_about(row)}".rstrip())
    return 0


def _about(run: RemoteRun) -> str:
    began = f"schedule {run.schedule}" if run.schedule else f"endpoint {run.endpoint}" if run.endpoint else ""
    return "  ".join(text for text in (run.profile, (run.commit or "")[:9], began) if text)
