"""``runs --remote``: the runs of this pipeline in Azure ML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import moment
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.cli.sending import connect, say
from aml_pipeline.project.opening import Opened


def print_runs(opened: Opened, options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs of the pipeline in its experiment, newest first."""
    plan = opened.plan
    assert plan is not None  # noqa: S101 - the caller opened it
    sdks.require_v1_of(plan, "aml-pipeline runs --remote")
    with waiting.heard_by(say):
        workspace = connect(options, environ, os.path.dirname(plan.file), plan.workspace, "v1")
        found = azureml.runs(workspace, plan.experiment, plan.name)
    if options.text("format") == "json":
        print_json([asdict(row) for row in found])
        return 0
    if not found:
        print(f"Azure ML has no runs of {plan.name}. Start one with `aml-pipeline submit`.")
    for row in found:
        about = "  ".join(text for text in (row.profile, (row.commit or "")[:9]) if text)
        print(f"{row.run}  {moment(row.started)}  {row.status:<11}  {about}".rstrip())
    return 0
