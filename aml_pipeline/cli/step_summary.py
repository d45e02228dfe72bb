"""Writes how runs ended into the summary of a job of GitHub Actions."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice

from aml_pipeline.local import Run
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.report.history import history_of
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.step_summary import MOST_BYTES, Ended, Metrics, summary

# Earlier runs in which the last result of a step is looked for.
_MOST_EARLIER = 50


def write_summary(place: str, title: str, runs: Sequence[tuple[str, Plan, Run]], state: str) -> None:
    """Append how ``runs`` ended, each with its label, to the file of a job; ``state`` is the state of the pipeline."""
    recorded = history_of(os.path.join(state, "runs"))
    ids = {run.id for _, _, run in runs}
    earlier = [record for record in recorded if record.id not in ids]
    records = {record.id: record for record in recorded}
    ended = [_ended(label, plan, run, records.get(run.id), earlier) for label, plan, run in runs]
    text = summary(title, ended).encode("utf-8", "replace")
    try:
        with open(place, "ab") as stream:
            if stream.tell() + len(text) > MOST_BYTES:
                print(f"The summary of the job is full (1 MiB), so this run is not in it: {place}", file=sys.stderr)
                return
            stream.write(text)
    except OSError as error:  # the run itself is what counts
        print(f"The summary of the job could not be written: {error.strerror}: {place}", file=sys.stderr)


def _ended(label: str, plan: Plan, run: Run, record: RecordedRun | None, earlier: Sequence[RecordedRun]) -> Ended:
    names = plan.titles
    return Ended(
        label,
        run.state,
        run.seconds,
        {names.get(step, step): end for step, end in run.steps.items()},
        {names.get(step, step): values for step, values in run.metrics.items() if step in run.steps},
        {names.get(step, step): values for step, values in _before(earlier).items()},
        record,
    )


def _before(earlier: Sequence[RecordedRun]) -> Metrics:
    """Return the metrics of the last result of each step in earlier runs."""
    metrics: dict[str, Mapping[str, object]] = {}
    for record in islice(reversed(earlier), _MOST_EARLIER):
        states = record.states
        for step, values in record.metrics.items():
            if states.get(step) == "done":
                metrics.setdefault(step, values)
    return metrics
