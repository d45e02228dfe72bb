"""A run seen through SDK v1: the statuses of its steps, and their logs and metrics."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.v1.sdk import Sdk, seconds_of
from aml_pipeline.azureml.workspace.ending import LOGS, End, Metric, has_log, metrics_of, said, save_log, state_of, tail
from aml_pipeline.azureml.workspace.installing import V1
from aml_pipeline.azureml.workspace.watch import StepRun
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.runs.metrics import jsonable


@dataclass(frozen=True, slots=True)
class Watched:
    """A ``PipelineRun``, or the ``ScriptRun`` of the step ``alone``."""

    run: Sdk
    alone: str | None = None
    extra: str = V1
    failed: Counter[str] = field(default_factory=Counter)

    def look(self, without: Sequence[str]) -> tuple[str, list[StepRun]]:
        """Return the status of the run, and its started steps except those called ``without``."""
        status = str(self.run.get_status())
        if self.alone is not None:  # the run is that of its single step
            return status, [] if self.alone in without else [StepRun(self.alone, self.run.id, status, self.run)]
        runs = [run for run in self.run.get_steps() if run.name not in without]
        return status, [StepRun(run.name, run.id, str(run.get_status()), run) for run in runs]

    def end(self, step: StepRun, log: str) -> End:
        """Return how a step ended; save its log in ``log``."""
        run = step.run
        state = state_of(step.status, run.get_properties())
        if has_log(state):
            save_log(lambda place: _fetch_log(run, place), log)
        details = run.get_details()
        why, lines = (_said(details), tail(log)) if state == "failed" else ("", ())
        return End(state, _seconds(details), metrics_of(step.name, lambda: _metrics(run), self.failed), why, lines)

    def message(self) -> str:
        """Return why the run failed, if Azure ML says so."""
        return _said(self.run.get_details())


def watched(run: Sdk, alone: Step | None = None) -> Watched:
    """Return a run from ``submit``, or with ``alone`` from ``submit_step``, for watching."""
    return Watched(run, alone.name if alone else None)


def _said(details: Mapping[str, Any]) -> str:
    error = (details.get("error") or {}).get("error") or {}
    return said(error.get("message"))


def _seconds(details: Mapping[str, Any]) -> float | None:
    begun, ended = (seconds_of(details.get(f"{name}TimeUtc")) for name in ("start", "end"))
    return max(0.0, ended - begun) if begun and ended else None


def _metrics(run: Sdk) -> Iterator[Metric]:
    """Yield what was logged; the SDK returns a list for a name that was logged several times."""
    for name, value in run.get_metrics().items():
        for single in value if isinstance(value, list) else [value]:
            yield name, "row" if isinstance(single, dict) else "scalar", jsonable(single)


def _fetch_log(run: Sdk, place: str) -> None:
    """Write the log of a step to ``place``; a step that never got a node has none."""
    names = sorted(run.get_file_names())
    name = next((name for pattern in LOGS for name in fnmatch.filter(names, pattern)), None)
    if name:
        run.download_file(name, output_file_path=place)
