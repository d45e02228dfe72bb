"""``export``: the pipeline as Azure ML v2 YAML."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import uploads
from aml_pipeline.azureml.v2 import export as v2
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.sending import say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan


def export(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the export; print the map of names and where to continue."""
    if not options.operands:
        raise UsageError("Name the target folder, for example `aml-pipeline export v2`.")
    place = options.operands[0]
    plan, project = open_with(options).require()
    with waiting.heard_by(say):
        count = azureml.export(plan, place, project, force=options.flag("force"))
    _tell(uploads.here(plan, project))
    print(f"{counted(count, 'file')} in {place}; {os.path.join(place, 'README.md')} lists the `az ml` commands to run.")
    return 0


def _tell(plan: Plan) -> None:
    for step in plan.steps:
        print(f"{step.name} → {v2.node(step.name)}")
    for line in v2.omitted(plan):
        say(f"Not exported: {line}")
    if plan.schedules:
        say(v2.twice(plan))
