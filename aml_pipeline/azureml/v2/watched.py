"""A job seen through azure-ai-ml: the statuses of its nodes, and their logs and metrics."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml.v2 import export, logged
from aml_pipeline.azureml.v2.sdk import Sdk, word
from aml_pipeline.azureml.workspace.ending import LOGS, End, has_log, metrics_of, said, save_log, state_of, tail
from aml_pipeline.azureml.workspace.installing import V2
from aml_pipeline.azureml.workspace.watch import StepRun
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.model import Step


@dataclass(frozen=True, slots=True)
class Watched:
    """A ``PipelineJob`` by name; ``steps`` are the steps by the possible names of their nodes."""

    client: Sdk
    job: str
    steps: Mapping[str, str]
    extra: str = V2
    failed: Counter[str] = field(default_factory=Counter)

    def look(self, without: Sequence[str]) -> tuple[str, list[StepRun]]:
        """Return the status of the job, and its started steps except those called ``without``."""
        status = word(self.client.jobs.get(self.job).status)
        children = [child for child in self._children() if child is not None]
        named = ((self.steps.get(str(child.display_name), ""), child) for child in children)
        wanted = [(name, child) for name, child in named if name and name not in without]
        return status, [StepRun(name, child.name, word(child.status), child) for name, child in wanted]

    def _children(self) -> list[Sdk]:
        try:
            return list(self.client.jobs.list(parent_job_name=self.job))
        except KeyError as error:  # if its query for service addresses fails, the SDK keeps no error
            what = "Azure ML did not return the addresses of its services."
            raise AzureError(f"{what} Check your role in the workspace, and try again in a while.") from error

    def end(self, step: StepRun, log: str) -> End:
        """Return how a step ended; save its log in ``log``."""
        details = self._details(step.id)
        state = state_of(step.status, details.properties or {})
        if has_log(state):
            save_log(lambda place: _fetch_log(details.log_files or {}, place), log)
        why, lines = (_said(details), tail(log)) if state == "failed" else ("", ())
        metrics = metrics_of(step.name, lambda: logged.metrics(self.client, step.id), self.failed)
        return End(state, _seconds(details), metrics, why, lines)

    def message(self) -> str:
        """Return why the job failed, if Azure ML says so."""
        return _said(self._details(self.job))

    def _details(self, run: str) -> Sdk:
        """Return the run from run history; ``jobs.stream`` queries it too, but refuses nodes of a pipeline."""
        return self.client.jobs._runs_operations.get_run_details(run)  # noqa: SLF001 - there is no other way


def watched(client: Sdk, job: Sdk, steps: Sequence[Step]) -> Watched:
    """Return a job from ``submit`` of ``steps``, for watching."""
    nodes = {export.node(step.name): step.name for step in steps}
    return Watched(client, job.name, {**{step.name: step.name for step in steps}, **nodes})


def _seconds(details: Sdk) -> float | None:
    begun, ended = details.start_time_utc, details.end_time_utc
    return max(0.0, (ended - begun).total_seconds()) if begun and ended else None


def _said(details: Sdk) -> str:
    inner = details.error.error if details.error else None
    return said(inner.message if inner else None)


def _fetch_log(urls: Mapping[str, str], place: str) -> None:
    """Write the log of a step to ``place``; a step that never got a node has none."""
    name = next((name for pattern in LOGS for name in fnmatch.filter(sorted(urls), pattern)), None)
    if name is None:
        return
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest

    client: Sdk = PipelineClient(base_url="")
    with client.send_request(HttpRequest("GET", urls[name]), stream=True) as answer:
        answer.raise_for_status()
        with open(place, "wb") as stream:
            stream.writelines(answer.iter_bytes())
