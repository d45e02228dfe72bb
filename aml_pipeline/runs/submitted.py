"""The recorded runs that were sent to Azure ML from here."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline.core import files
from aml_pipeline.runs.differences import Parts
from aml_pipeline.runs.record import RunRecord, records, titles


def submitted(state: str) -> list[RunRecord]:
    """Return the runs in Azure ML of all pipelines with their state in the folder ``state``, oldest first."""
    runs = [run for name in files.names(state) for run in records(os.path.join(state, name, "runs"))]
    return sorted((run for run in runs if isinstance(run.short.get("azureml"), dict)), key=lambda run: run.id)


def with_id(state: str, run: str) -> RunRecord | None:
    """Return the record of the run with that id in Azure ML, if there is one; the newest of several."""
    return next((record for record in reversed(submitted(state)) if record.short["azureml"].get("run") == run), None)


def last_parts(state: str, pipeline: str, sdk: str, workspace: str) -> tuple[Mapping[str, Parts], Mapping[str, str]]:
    """Return the parts of each step of a pipeline at its last submission to ``workspace`` by ``sdk``, and all titles.

    Runs that were forced do not count: Azure ML reuses none of their results (learn.microsoft.com,
    how-to-debug-pipeline-reuse-issues, and ``regenerate_outputs`` of SDK v1).
    """
    parts: dict[str, Parts] = {}
    known: dict[str, str] = {}
    for run in submitted(state):
        about = run.short["azureml"]
        there = about.get("workspace", workspace) == workspace  # records of earlier versions do not say it
        if (
            run.short.get("pipeline") == pipeline
            and about.get("sdk", "v1") == sdk
            and there
            and not about.get("forced")
        ):
            parts |= run.parts
            known |= titles(run.short)
    return parts, known
