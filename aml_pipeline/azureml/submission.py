"""Submits a run with either SDK: checked, tagged with its commit, recorded, watched; and cancels runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aml_pipeline.azureml import following, sdks, sendable
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.watch import Outcome
from aml_pipeline.azureml.workspace.watched import Watched
from aml_pipeline.core.errors import LostRunError, SubmissionStopped
from aml_pipeline.core.masking import redacted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.spec import names
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.runs import code, locks, provenance
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.events import Event
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.recorder import Recorder, new_id


class Group(NamedTuple):
    """Runs that are submitted together: the ``id``, which the record of the first has, and the parameters that vary."""

    id: str
    varies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Request:
    """What to submit: a pipeline, or the single step ``alone``; ``command`` is its command line for the record.

    ``workspace`` is ``subscription/group/name``, ``tags`` are those of the file and of the caller,
    with the git commit. ``force``: no step is reused. ``group``: it is submitted with others.
    """

    plan: Plan
    project: Project
    alone: Step | None
    git: Mapping[str, Any] | None
    command: str
    workspace: str
    tags: Mapping[str, str]
    force: bool = False
    group: Group | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps."""
        return (self.alone,) if self.alone else self.plan.steps

    def names(self, sdk: str) -> list[str]:
        """Return the names of its steps, and of those that register models with SDK v1."""
        names = [step.name for step in self.steps]
        if sdk == "v2" or self.alone:
            return names
        from aml_pipeline.azureml.v1 import registration

        return [*names, *(registration.name(model) for _, _, model in registration.registrations(self.plan))]

    def parts(self, sdk: str) -> dict[str, dict[str, Any]]:
        """Return what decides whether Azure ML must run each of its steps again."""
        if sdk == "v2":
            from aml_pipeline.azureml.v2 import parts as v2

            return v2.parts(self.plan, self.project, self.steps)
        return {step.name: sendable.parts(self.plan, self.project, step) for step in self.steps}

    def record(self, run: str, portal: str, sdk: str) -> RunRecord:
        """Record the run with that id, so that `cancel` can find it."""
        plan, project = self.plan, self.project
        # Before secrets are sealed, because it has the salt.
        folder = locks.prepare(os.path.dirname(project.state), plan.name)
        parts = self.parts(sdk)
        header = {
            **redaction.for_record(plan),
            **provenance.beginning(self.command, self.git),
            "azureml": {
                "run": run,
                "experiment": plan.experiment,
                "portal": portal,
                "sdk": sdk,
                "workspace": self.workspace,
                "tags": redacted(self.tags),
                **({"forced": True} if self.force or self.alone else {}),  # Azure ML does not reuse its results
                "steps": self.names(sdk),
            },
            "parts": parts,
            "state": "submitted",
            **({"group": {"id": self.group.id, "varies": list(self.group.varies)}} if self.group else {}),
        }
        runs = os.path.join(folder, "runs")
        recorder = Recorder(runs, self._name(runs))
        with locks.recording(folder):
            recorder.open(lambda: header)
            recorder.close()
            for step in self.steps:
                contents = Contents(project.state)
                code.keep_environment(contents, project.environment_text(step))
                code.keep_files(contents, project.source(step).path, parts[step.name]["snapshot"])
        return RunRecord(recorder.run, recorder.folder)

    def _name(self, runs: str) -> str:
        """Return the name of its record."""
        is_first = self.group and not os.path.lexists(os.path.join(runs, self.group.id))
        return self.group.id if self.group and is_first else new_id()


@dataclass(slots=True)
class Submission:
    """A run submitted to Azure ML: its ``id``, and its SDK object ``run``.

    That is a ``PipelineRun`` or ``ScriptRun`` of SDK v1, or a ``PipelineJob`` of v2.
    """

    id: str
    run: Any
    request: Request = field(repr=False)
    sdk: str
    watched: Watched = field(repr=False)
    recorded: RunRecord | None = field(default=None, repr=False)

    @property
    def plan(self) -> Plan:
        """Its plan."""
        return self.request.plan

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps."""
        return self.request.steps

    @property
    def portal(self) -> str:
        """The address of its page."""
        return str((self.run.studio_url if self.sdk == "v2" else self.run.get_portal_url()) or "")

    def record(self) -> RunRecord:
        """Record it among the runs of the pipeline, once."""
        self.recorded = self.recorded or self.request.record(self.id, self.portal, self.sdk)
        return self.recorded

    def wait(
        self, on_event: Callable[[Event], None] = lambda _event: None, pause: Callable[[float], None] = time.sleep
    ) -> Outcome:
        """Wait until it ends; return how it ended. Events, logs and metrics are added to its record.

        ``on_event`` is called with each event. Interrupting this does not affect the run, and another call goes on.
        Raises AzureError when Azure ML stays unreachable.
        """
        return following.follow(self.record(), self.watched, on_event, pause)


def submit(  # noqa: PLR0913 - each says another thing of how
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    project: Project | None = None,
    *,
    step: str | None = None,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Submission:
    """Submit ``plan``, or one ``step`` of it, to Azure ML with the SDK of ``workspace``; record the run.

    With ``force`` no step is reused. The run gets ``tags``, and one with the git commit. Warnings go to ``heard_by``.
    Raises PipelineError for what Azure ML could not run, AzureError when it refuses, LostRunError when it is unknown
    whether the run started.
    """
    submission = send(plan, workspace, project, step=step, force=force, tags=tags)
    try:
        submission.record()
    except BaseException:
        waiting.say(f"Run {submission.id} was submitted, but could not be recorded. It continues in Azure ML.")
        raise
    return submission


def send(  # noqa: PLR0913 - each says another thing of how
    plan: Plan,
    workspace: Any,  # noqa: ANN401 - the SDK's
    project: Project | None = None,
    *,
    step: str | None = None,
    force: bool = False,
    tags: Mapping[str, str] | None = None,
    command: str = "aml_pipeline.azureml.submit",
    group: Group | None = None,
) -> Submission:
    """Submit like ``submit``, but leave the record to the caller, which may have to report the run in any case.

    A run that may or may not have started is recorded, so that it can be stopped.
    """
    project = project or project_of(plan)
    sdk = sdks.of(workspace)
    check(by_hand(plan), project, sdk=sdk, step=step)
    with waiting.reminding("preparing the submission"):
        git = provenance.git_state(project.folder)
        commit = (git or {}).get("commit")
        named = sdks.names_of(workspace).text
        together = {names.GROUP_TAG: group.id} if group else {}
        own = {**({"git_commit": commit} if commit else {}), **together, **(tags or {})}
        alone = plan.step(step) if step else None
        request = Request(plan, project, alone, git, command, named, {**plan.tags, **own}, force, group)
        try:
            return (_send_v2 if sdk == "v2" else _send_v1)(request, workspace)
        except (LostRunError, SubmissionStopped) as error:
            try:
                request.record(error.run, "", sdk)
            except BaseException:
                waiting.say(f"Run {error.run} may have started, but could not be recorded.")
                raise
            raise


def _send_v1(request: Request, workspace: Any) -> Submission:  # noqa: ANN401
    from aml_pipeline.azureml.v1 import submit as v1
    from aml_pipeline.azureml.v1.watched import watched

    plan, project, alone, tags = request.plan, request.project, request.alone, request.tags
    if alone:
        run = v1.submit_step(plan, alone, workspace, project, tags=tags)
    else:
        run = v1.submit(plan, workspace, project, force=request.force, tags=tags)
    return Submission(run.id, run, request, "v1", watched(run, [step.name for step in request.steps] if alone else []))


def _send_v2(request: Request, client: Any) -> Submission:  # noqa: ANN401
    from aml_pipeline.azureml.v2 import submit as v2
    from aml_pipeline.azureml.v2.watched import watched

    plan, project, alone, tags = request.plan, request.project, request.alone, request.tags
    if alone:
        job = v2.submit_step(plan, alone, client, project, tags=tags)
    else:
        job = v2.submit(plan, client, project, force=request.force, tags=tags)
    return Submission(job.name, job, request, "v2", watched(client, job.name, request.names("v2")))


def check(plan: Plan, project: Project | None = None, *, sdk: str | None = None, step: str | None = None) -> None:
    """Raise PipelineError for what Azure ML would not accept of ``plan``, or of one ``step``, with ``sdk``.

    Works offline. ``submit`` and ``publish`` check the same.
    """
    project = project or project_of(plan)
    alone = plan.step(step) if step else None
    if sdks.chosen(plan, sdk) == "v2":
        from aml_pipeline.azureml.v2 import submit as v2

        v2.require_sendable(plan, project, alone)
    else:
        from aml_pipeline.azureml.v1 import compile as v1

        v1.require_sendable(plan, project, [alone] if alone else plan.steps, alone=alone is not None)


def cancel(workspace: Any, run: str) -> str | None:  # noqa: ANN401 - the SDK's
    """Stop the run with that id in Azure ML; return its status if it has ended. Raises AzureError if there is none."""
    if sdks.of(workspace) == "v2":
        from aml_pipeline.azureml.v2 import submit as v2

        return v2.cancel(workspace, run)
    from aml_pipeline.azureml.v1 import submit as v1

    return v1.cancel(workspace, run)
