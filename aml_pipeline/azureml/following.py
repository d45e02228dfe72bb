"""Waits for a run in Azure ML with either SDK, and records it: its states, logs and metrics join the record it has."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from aml_pipeline.azureml import history, sdks
from aml_pipeline.azureml.workspace import watch
from aml_pipeline.azureml.workspace.calls import doing
from aml_pipeline.azureml.workspace.watch import Outcome
from aml_pipeline.azureml.workspace.watched import About, Watched
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import redacted
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import STATE
from aml_pipeline.runs import locks, provenance, submitted
from aml_pipeline.runs.events import Event, State, StepStarted
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.recorder import Recorder, continued, new_id

OnEvent = Callable[[Event], None]
Pause = Callable[[float], None]


def wait(
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    run: str,
    *,
    on_event: OnEvent = lambda _event: None,
    pause: Pause = time.sleep,
) -> Outcome:
    """Wait until the run with that id in Azure ML ends; return how it ended.

    It is one of ``plan``'s pipeline, whoever began it. Its events, logs and metrics are added to its record here, which
    is made if there is none; what is recorded already is not asked for again. Interrupting this does not affect the
    run, and another call goes on. Raises UsageError for a run of another pipeline, AzureError when there is no such run
    or Azure ML stays unreachable, MachineError while another process waits for it.
    """
    record = record_of(plan, run)
    if record and has_ended(record):
        return _outcome(record)
    record, seen = taken_up(plan, workspace, run, "aml_pipeline.azureml.wait")
    return follow(record, seen, on_event, pause)


def taken_up(plan: Plan, workspace: Any, run: str, command: str) -> tuple[RunRecord, Watched]:  # noqa: ANN401
    """Return the record of a run of ``plan``'s pipeline, a new one if it has none here, and the run for watching."""
    record = record_of(plan, run)
    seen = watched(workspace, run, plan, record)
    return record or _recorded(plan, run, workspace, seen, command), seen


def record_of(plan: Plan, run: str) -> RunRecord | None:
    """Return the record here of the run with that id in Azure ML, if it has one."""
    return submitted.with_id(os.path.join(os.path.dirname(plan.file), STATE), run)


def follow(record: RunRecord, run: Watched, on_event: OnEvent, pause: Pause = time.sleep) -> Outcome:
    """Wait until a recorded run ends; add to its record what it does not have."""
    if has_ended(record):
        return _outcome(record)
    with continued(record) as (recorder, past):
        if has_ended(record):  # meanwhile, or an earlier wait was killed while it recorded the end
            return _outcome(record)

        def tell(event: Event) -> None:
            recorder(event)
            on_event(event)

        for begun in _still_running(past, recorder):
            on_event(begun)
        return watch.wait(run, steps_of(record), tell, recorder.log, pause, past)


def _still_running(past: Sequence[watch.Row], recorder: Recorder) -> Iterator[StepStarted]:
    """Yield the starts of steps whose ends are not recorded, which this wait has not shown yet."""
    ended = {row.get("step") for row in past if row.get("event") == "StepEnded"}
    for row in past:
        step = str(row.get("step"))
        if row.get("event") == "StepStarted" and step not in ended:
            yield StepStarted(row["time"], step, str(row["reason"]), str(row["attempt"]), recorder.log(step))


def has_ended(record: RunRecord) -> bool:
    """Whether the end of a run is recorded."""
    return record.seconds is not None


def _outcome(record: RunRecord) -> Outcome:
    return Outcome(cast("State", record.short.get("state")))


def steps_of(record: RunRecord) -> list[str]:
    """Return the names of a recorded run's steps, as far as they are known before it runs."""
    about = mapping(record.header.get("azureml"))
    return [str(name) for name in about.get("steps") or record.parts]


def watched(workspace: Any, run: str, plan: Plan | None, record: RunRecord | None) -> Watched:  # noqa: ANN401
    """Return the run with that id in Azure ML, for watching; its steps are named as in its record or in ``plan``.

    Raises AzureError if SDK v1 knows no such run.
    """
    steps = steps_of(record) if record else []
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import watched as v2

        return v2.watched(workspace, run, [*(step.name for step in (plan.steps if plan else ())), *steps])
    from aml_pipeline.azureml.v1 import watched as v1

    return v1.watched(v1.run_of(workspace, run), steps)


def _recorded(plan: Plan, run: str, workspace: Any, seen: Watched, command: str) -> RunRecord:  # noqa: ANN401
    """Return a new record of a run that was not submitted from here, such as one that a schedule began."""
    with doing(f"looking up run {run}", seen.extra):
        about = seen.about()
    _require_own(plan, workspace, run, about)
    header = {**_header(plan, about, command), "azureml": _place(run, workspace, about)}
    folder = locks.prepare(os.path.join(os.path.dirname(plan.file), STATE), plan.name)
    recorder = Recorder(os.path.join(folder, "runs"), new_id())
    with locks.recording(folder):
        known = record_of(plan, run)  # by another process, meanwhile
        if known is None:
            recorder.open(lambda: header)
            recorder.close()
    return known or RunRecord(recorder.run, recorder.folder)


def _require_own(plan: Plan, workspace: Any, run: str, about: About) -> None:  # noqa: ANN401 - the SDK's
    """Raise UsageError for a run that neither `submit` nor something published of ``plan``'s pipeline began."""
    if history.is_own(plan, workspace, about.tags, about.properties):
        return
    pipeline = about.tags.get("pipeline")
    if pipeline:
        what = f'Run {run} is one of pipeline "{pipeline}", not of "{plan.name}"'
        raise UsageError(f"{what}. Name the file of that pipeline with -f.")
    what = f"Run {run} was begun neither by `aml-pipeline submit` nor by something that {plan.name} published"
    raise UsageError(f"{what}, so it is not recorded. Read its logs: `aml-pipeline logs --remote {run}`.")


def _header(plan: Plan, about: About, command: str) -> dict[str, Any]:
    commit = about.tags.get("git_commit")
    beginning = provenance.beginning(command, {"commit": commit} if commit else None)
    return {
        "pipeline": plan.name,
        "profile": about.tags.get("profile"),
        "parameters": history.without_secrets(plan, about.parameters),
        "schedule": about.schedule,
        **beginning,
        "started": about.begun or beginning["started"],
        "state": "submitted",
    }


def _place(run: str, workspace: Any, about: About) -> dict[str, Any]:  # noqa: ANN401 - the SDK's
    return {
        "run": run,
        "experiment": about.experiment,
        "portal": about.portal,
        "sdk": sdks.of(workspace),
        "workspace": sdks.names_of(workspace).text,
        "tags": redacted(about.tags),
    }
