"""A run seen through SDK v1: the statuses of its steps, and their logs and metrics."""

from __future__ import annotations

import fnmatch
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.v1 import published
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.ending import (
    LOGS,
    End,
    Metric,
    Span,
    has_log,
    metrics_of,
    said,
    save_log,
    seconds_of,
    state_of,
    tail,
)
from aml_pipeline.azureml.workspace.installing import V1
from aml_pipeline.azureml.workspace.watched import About, StepRun, Whole
from aml_pipeline.core.plain import mapping
from aml_pipeline.runs.metrics import jsonable

# The tag of the run of a single step: its name in the file.
STEP = "aml-pipeline-step"


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
            self.save_log(step, log)
        details = run.get_details()
        why, lines = (_said(details), tail(log)) if state == "failed" else ("", ())
        return End(state, _span(details), metrics_of(step.name, lambda: _metrics(run), self.failed), why, lines)

    def save_log(self, step: StepRun, place: str) -> None:
        """Save the log of a step in the file ``place``, without secrets."""
        save_log(lambda fetched: _fetch_log(step.run, fetched), place)

    def whole(self) -> Whole:
        """Return when the run began and ended, and why it failed."""
        details = self.run.get_details()
        return Whole(_span(details), _said(details))

    def about(self) -> About:
        """Return what Azure ML knows about the run; two requests if a schedule began it, else none."""
        run, begun = self.run, self.run._run_dto.get("start_time_utc")  # noqa: SLF001 - the details would be a request
        where, begun = (run.experiment.name, run.get_portal_url()), seconds_of(str(begun or ""))
        name = _schedule(run) if is_scheduled(run) else None
        return About(*where, begun, dict(run.tags), dict(run.properties), parameters(run.properties), name)


def watched(run: Sdk, steps: Sequence[str]) -> Watched:
    """Return a run for watching. That of a script is its single step, the one of ``steps`` if known."""
    if hasattr(run, "get_steps"):
        return Watched(run)
    return Watched(run, steps[0] if len(steps) == 1 else str(run.tags.get(STEP) or run.display_name or run.id))


def run_of(workspace: Sdk, run: str) -> Sdk:
    """Return the run with that id. Raises AzureError if there is none."""
    with doing(f"looking up run {run}"):
        import azureml.pipeline.core  # noqa: F401 - so that the run of a pipeline is a ``PipelineRun``
        from azureml.core import Run

        return Run.get(workspace, run)


def parameters(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the parameters that a property of a pipeline's run has as JSON."""
    try:
        values = json.loads(properties.get("azureml.parameters") or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in mapping(values).items()}


def is_scheduled(run: Sdk) -> bool:
    """Whether a schedule began a run."""
    return bool(run.properties.get("runType") == "Schedule")


def _schedule(run: Sdk) -> str:
    """Return the name of the schedule that began a run. Only the entity of the run names it, by its id."""
    service = published.provider(run.experiment.workspace)._service_caller  # noqa: SLF001 - the SDK's run hides the id
    return str(service.get_schedule_async(service.get_pipeline_run_async(run.id).schedule_id).name)


def _said(details: Mapping[str, Any]) -> str:
    error = (details.get("error") or {}).get("error") or {}
    return said(error.get("message"))


def _span(details: Mapping[str, Any]) -> Span:
    return Span(*(seconds_of(details.get(f"{name}TimeUtc")) for name in ("start", "end")))


def _metrics(run: Sdk) -> Iterator[Metric]:
    """Yield what was logged; the SDK returns a list for a name that was logged several times.

    It returns neither times nor steps (``InlineMetric.get_cells_from_metric_v2_dto`` drops them). Names with the same
    number of values were most likely logged in one loop, so their values are put side by side again.
    """
    lists = {name: value if isinstance(value, list) else [value] for name, value in run.get_metrics().items()}
    for length in dict.fromkeys(map(len, lists.values())):
        together = [(name, values) for name, values in lists.items() if len(values) == length]
        for place in range(length):
            for name, values in together:
                value = values[place]
                yield Metric(name, "row" if isinstance(value, dict) else "scalar", jsonable(value))


def _fetch_log(run: Sdk, place: str) -> None:
    """Write the log of a step to ``place``; a step that never got a node has none."""
    names = sorted(run.get_file_names())
    name = next((name for pattern in LOGS for name in fnmatch.filter(names, pattern)), None)
    if name:
        run.download_file(name, output_file_path=place)
