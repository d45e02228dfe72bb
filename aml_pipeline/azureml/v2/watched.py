"""A job seen through azure-ai-ml: the statuses of its nodes, and their logs and metrics."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.v2 import export, logged
from aml_pipeline.azureml.v2.sdk import Sdk, scope, word
from aml_pipeline.azureml.workspace.ending import LOGS, End, Span, has_log, metrics_of, said, save_log, state_of, tail
from aml_pipeline.azureml.workspace.installing import V2
from aml_pipeline.azureml.workspace.watched import About, StepRun, Whole
from aml_pipeline.core.errors import AzureError

# The names of a job that a schedule began (learn.microsoft.com, how-to-schedule-pipeline-job, "Query triggered jobs").
_SCHEDULED = re.compile(r"(.+)-\d{8}T\d{6}Z")


@dataclass(frozen=True, slots=True)
class Watched:
    """A ``PipelineJob`` by name; ``steps`` are the known steps by the names of their nodes."""

    client: Sdk
    job: str
    steps: Mapping[str, str]
    extra: str = V2
    failed: Counter[str] = field(default_factory=Counter)

    def look(self, without: Sequence[str]) -> tuple[str, list[StepRun]]:
        """Return the status of the job, and its started steps except those called ``without``."""
        status = word(self.client.jobs.get(self.job).status)
        children = [child for child in self._children() if child is not None]
        # A child is shown by the name of its node (so azureml-examples finds it, share-models-components-environments),
        # also where nodes share a component.
        names = (str(child.display_name or child.name) for child in children)
        named = zip((self.steps.get(name, name) for name in names), children, strict=True)
        wanted = [(name, child) for name, child in named if name not in without]
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
            _save_log(details, log)
        why, lines = (_said(details), tail(log)) if state == "failed" else ("", ())
        metrics = metrics_of(step.name, lambda: logged.metrics(self.client, step.id), self.failed)
        return End(state, _span(details), metrics, why, lines)

    def save_log(self, step: StepRun, place: str) -> None:
        """Save the log of a step in the file ``place``, without secrets."""
        _save_log(self._details(step.id), place)

    def whole(self) -> Whole:
        """Return when the job began and ended, and why it failed."""
        details = self._details(self.job)
        return Whole(_span(details), _said(details))

    def about(self) -> About:
        """Return what Azure ML knows about the job."""
        service = self.client.jobs.service_client_01_2024_preview_arm.jobs  # the public ``get`` hides the inputs
        job = service.get(id=self.job, **scope(self.client))
        about, created = job["properties"] or {}, job.get("systemData")
        return About(
            str(about.get("experimentName") or ""),
            str(((about.get("services") or {}).get("Studio") or {}).get("endpoint") or ""),
            created.created_at.timestamp() if created else None,
            dict(about.get("tags") or {}),
            dict(about.get("properties") or {}),
            parameters(about),
            schedule(about),
        )

    def _details(self, run: str) -> Sdk:
        """Return the run from run history; ``jobs.stream`` queries it too, but refuses nodes of a pipeline."""
        return self.client.jobs._runs_operations.get_run_details(run)  # noqa: SLF001 - there is no other way


def watched(client: Sdk, job: str, steps: Sequence[str]) -> Watched:
    """Return the job of that name for watching; ``steps`` are all of its steps that are known."""
    return Watched(client, job, {export.node(name): name for name in steps})


def parameters(job: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of the parameters in the description of a job."""
    inputs = {name: given or {} for name, given in (job.get("inputs") or {}).items()}
    return {name: str(given["value"]) for name, given in inputs.items() if given.get("jobInputType") == "literal"}


def schedule(job: Mapping[str, Any]) -> str | None:
    """Return the name of the schedule that began the job with that description, if one did."""
    scheduled = _SCHEDULED.fullmatch(str(job.get("displayName")))
    return scheduled[1] if scheduled else None


def _span(details: Sdk) -> Span:
    return Span(*(moment.timestamp() if moment else None for moment in (details.start_time_utc, details.end_time_utc)))


def _said(details: Sdk) -> str:
    inner = details.error.error if details.error else None
    return said(inner.message if inner else None)


def _save_log(details: Sdk, place: str) -> None:
    save_log(lambda fetched: _fetch_log(details.log_files or {}, fetched), place)


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
