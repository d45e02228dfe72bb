"""The runs of a pipeline in Azure ML: by its tag, and by the property that names its published pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aml_pipeline.azureml.publication import Actual, Mark, Whose, endpoint_name, identity
from aml_pipeline.azureml.v1 import published
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.v1.watched import is_scheduled, parameters
from aml_pipeline.azureml.workspace.ending import seconds_of
from aml_pipeline.azureml.workspace.remote_run import RemoteRun
from aml_pipeline.pipeline.plan.model import Plan

# Of a run that a schedule or a call of an endpoint began; the command line of SDK v1 shows it (azureml/_cli/run).
_PUBLISHED = "azureml.pipelineid"


def runs(plan: Plan, workspace: Sdk) -> list[RemoteRun]:
    """Return the runs of the pipeline in its experiment, those sent by `submit` and those of what it published."""
    with doing(f"listing the runs of experiment {plan.experiment}"):
        from azureml.core import Experiment, Run

        plain = {"_rehydrate_runs": False}  # as it was listed; else each run is two more requests
        # The constructor would create a missing one.
        experiments = Experiment.list(workspace, experiment_name=plan.experiment)
        tagged = [run for known in experiments for run in Run.list(known, tags={"pipeline": plan.name}, **plain)]
        begun = [run for known in experiments for run in Run.list(known, properties=_PUBLISHED, **plain)]
    own = dict(_of_published(plan, workspace, begun)) if begun else {}
    return [*(_run(run) for run in tagged if run.id not in own), *own.values()]


def is_of_published(plan: Plan, workspace: Sdk, properties: Mapping[str, str]) -> bool:
    """Whether something that this pipeline published, with any profile, began the run with those properties."""
    if _PUBLISHED not in properties:
        return False
    return properties[_PUBLISHED] in _marks(plan, _published(plan, workspace))


def _published(plan: Plan, workspace: Sdk) -> Actual:
    whose = Whose(identity(plan.name, plan.profile), ("",))  # only names and digests of marks are read
    return published.of_plan(plan, workspace, whose, endpoint_name(plan.name, plan.profile))


def _marks(plan: Plan, actual: Actual) -> dict[str, Mark]:
    """Return the marks of what this pipeline published, by id."""
    marks = {pipeline.id: pipeline.mark for pipeline in actual.pipelines}
    return {known: mark for known, mark in marks.items() if mark and mark.pipeline == plan.name}


def _of_published(plan: Plan, workspace: Sdk, begun: list[Sdk]) -> Iterator[tuple[str, RemoteRun]]:
    """Yield the runs, by id, that were begun by what this pipeline published, with any profile."""
    actual = _published(plan, workspace)
    marks = _marks(plan, actual)
    schedules = _schedules(plan, workspace, actual) if any(map(is_scheduled, begun)) else {}
    for run in begun:
        mark = marks.get(run.properties.get(_PUBLISHED))
        if mark is not None:
            identity, schedule = mark.identity, schedules.get(run.id)
            called = None if is_scheduled(run) else identity.replace("/", "-")
            yield run.id, _run(run, identity.partition("/")[2] or None, schedule, called)


def _schedules(plan: Plan, workspace: Sdk, actual: Actual) -> dict[str, str]:
    """Return the names of this pipeline's schedules by the runs that they began."""
    own = [schedule for schedule in actual.schedules if schedule.mark and schedule.mark.pipeline == plan.name]
    with doing("listing the runs of schedules"):
        service = published.provider(workspace)._service_caller  # noqa: SLF001 - the SDK's own would ask for each run
        listed = [(schedule.name, service.get_pipeline_runs_by_schedule_id_async(schedule.id)) for schedule in own]
    return {run.id: name for name, begun in listed for run in begun}


def _run(run: Sdk, profile: str | None = None, schedule: str | None = None, endpoint: str | None = None) -> RemoteRun:
    listed = run._run_dto  # noqa: SLF001 - the run's details would take five more requests
    return RemoteRun(
        run=run.id,
        status=run.status,
        started=seconds_of(str(listed.get("start_time_utc") or listed.get("created_utc") or "")),
        profile=profile or run.tags.get("profile"),
        commit=run.tags.get("git_commit"),
        portal=run.get_portal_url(),
        schedule=schedule,
        endpoint=endpoint,
        parameters=parameters(listed.get("properties") or {}),
    )
