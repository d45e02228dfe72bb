"""``runs --remote``: the runs of this pipeline in Azure ML."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.cli.listing import print_table, selected
from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.cli.sending import connect, listener
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.report.table.rows import ABOUT, Row, Table, as_written, parameter_columns, table_of
from aml_pipeline.runs import index


def print_runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs of the pipeline in its experiment, newest first."""
    if options.text("variants") is not None:
        raise UsageError("--variants lists variants of runs that are recorded here. Delete --remote.")
    opened = open_readable(options)
    plan = opened.plan
    assert plan is not None  # noqa: S101 - it is readable
    with waiting.heard_by(listener()):
        sdk = sdks.chosen(plan, options.text("sdk"))
        workspace = connect(options, environ, os.path.dirname(plan.file), plan.workspace, sdk)
        runs = azureml.runs(plan, workspace)
    if not runs and options.text("format") == "text":
        print(f"Azure ML has no runs of {plan.name}. Start one with `aml-pipeline submit`.")
        return 0
    table = _table(plan, runs, table_of(index.summaries(opened.state), now=time.time(), busy=False))
    chosen = selected(table, options) if runs else table
    if options.text("format") == "json" and options.text("columns") is None:
        by_id = {run.run: asdict(run) for run in runs}
        print_json([by_id[str(row["run"])] for row in chosen.rows])
    else:
        print_table(chosen, table, [run.run for run in runs], options, environ)
    return 0


def _table(plan: Plan, runs: Sequence[RemoteRun], recorded: Table) -> Table:
    """Return a row for each run: what Azure ML says about it, and metrics, notes and parameters of its record here."""
    records = {row["azureml"]: row for row in recorded.rows if row["azureml"]}
    given = [parameter_columns(_typed(plan, run.parameters)) for run in runs]
    rows: list[Row] = [
        {**dict.fromkeys(ABOUT), **parameters, **records.get(run.run, {}), **_about(run)}
        for run, parameters in zip(runs, given, strict=True)
    ]
    names = dict.fromkeys(name for parameters in [*given, dict.fromkeys(recorded.parameters)] for name in parameters)
    return Table(rows, [], list(names), recorded.metrics)


def _typed(plan: Plan, texts: Mapping[str, str]) -> Row:
    types = {name: parameter.type for name, parameter in plan.parameters.items()}
    return {name: as_written(text, types.get(name)) for name, text in texts.items()}


def _about(run: RemoteRun) -> Row:
    return {
        "run": run.run,
        "state": run.status,
        "failed_steps": None,
        "age": None if run.started is None else max(0.0, time.time() - run.started),
        "started": run.started,
        "profile": run.profile,
        "schedule": run.schedule,
        "endpoint": run.endpoint,
        "commit": run.commit,
        "azureml": None,  # the same as ``run``
    }
