"""``submit``: what goes to Azure ML, and what comes back."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.workspace import waiting, watch
from aml_pipeline.cli import stopping
from aml_pipeline.cli.exits import EXIT_FAILED, status_of
from aml_pipeline.cli.opened import open_with, record_header
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.sending import (
    Request,
    Sent,
    chosen,
    installed_sdk,
    listener,
    require_sendable,
    say,
    send,
)
from aml_pipeline.core.errors import LostRunError, SubmissionStopped
from aml_pipeline.core.wording import counted
from aml_pipeline.local.code import keep_texts
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs import locks
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.events import Event
from aml_pipeline.runs.provenance import git_state
from aml_pipeline.runs.record import Recorder, new_id

# azure-ai-ml does not let go of files that it uploads.
_UPLOADS = "Stopping, once files that are being uploaded have arrived; a second time, at once."


def submit(options: Options, environ: Mapping[str, str]) -> int:
    """Send the pipeline, or the one step named; with ``--wait`` exit with 1 when it failed."""
    opened = open_with(options)
    plan, project = opened.require()
    steps, alone = chosen(plan, options.operands), bool(options.operands)
    sdk = options.text("sdk") or installed_sdk()
    others = (
        export.problems(export.by_hand(plan, steps[0] if alone else None)) if sdk == "v2" else sendable.of_v1(steps)
    )
    require_sendable(opened, steps, others, alone=alone)
    if options.flag("dry_run"):
        _show(opened, steps)
        return 0
    with waiting.heard_by(listener()), waiting.told("preparing what goes to Azure ML"):
        git = git_state(project.folder)
        commit = (git or {}).get("commit")
        tags = {"git_commit": commit} if commit else {}
        try:
            with stopping.heard(_UPLOADS if sdk == "v2" else "") as raise_what_was_heard:
                sent = send(sdk, Request(plan, project, steps, alone, options.flag("force"), tags), environ)
        except LostRunError as error:
            _recorded(opened, error.run, "", steps, sdk, git)
            raise
        except SubmissionStopped as error:
            _recorded(opened, error.run, "", steps, sdk, git)
            say(f"Stopped while the run was being sent. {error}")
            return status_of(error)
        except KeyboardInterrupt as error:
            lost = f"If it began all the same, experiment {plan.experiment} shows it in the portal."
            say(f"Stopped while the run was being sent. {lost}")
            return status_of(error)
    goes_on = f"The run goes on in Azure ML; to stop it: `aml-pipeline cancel {sent.id}`."
    try:
        recorder = _told(opened, sent, steps, sdk, git)
        raise_what_was_heard()
        return _waited(opened, sent, steps, recorder) if options.flag("wait") else 0
    except KeyboardInterrupt as error:
        say(goes_on)
        return status_of(error)
    except Exception:
        say(goes_on)
        raise


def _told(opened: Opened, sent: Sent, steps: list[Step], sdk: str, git: Mapping[str, Any] | None) -> Recorder:
    """Record what was sent, then tell it: whoever reads what is printed may go away."""
    portal = sent.portal()
    try:
        return _recorded(opened, sent.id, portal, steps, sdk, git)
    finally:
        print(f"run {sent.id}\n{portal}", flush=True)


def _recorded(  # noqa: PLR0913, PLR0917 - all that a record is made of
    opened: Opened, run: str, portal: str, steps: list[Step], sdk: str, git: Mapping[str, Any] | None
) -> Recorder:
    """Record what was sent, so that `cancel` knows it."""
    plan, project = opened.require()
    about = {"run": run, "experiment": plan.experiment, "portal": portal, "sdk": sdk}
    folder = locks.prepare(os.path.dirname(opened.state), plan.name)  # before secrets are sealed: it holds the salt
    parts = {step.name: sendable.parts(plan, project, step) for step in steps}
    header = {**record_header(plan, git), "azureml": about, "parts": parts, "state": "submitted"}
    recorder = Recorder(os.path.join(folder, "runs"), new_id())
    with locks.recording(folder):
        recorder.open(lambda: header)
        for step in steps:
            keep_texts(Contents(opened.state), project, step, parts[step.name])
    return recorder


def _show(opened: Opened, steps: list[Step]) -> None:
    plan, project = opened.require()
    print(f"experiment {plan.experiment}")
    for step in steps:
        digests = project.snapshot(step).digests
        where = step.compute.name if step.compute else ""
        environment = step.environment
        name = (environment.name or environment.registered or environment.curated) if environment else ""
        reads = [f"{one.step}.{one.name}" for one in step.inputs]
        after = f", after {', '.join([*reads, *step.after])}" if step.upstream else ""
        others = f" and {counted(len(digests) - 1, 'more file')}" if len(digests) > 1 else ""
        print(f"{step.name}: {step.script}{others}, on {where}, in {name}{after}")
        for argument, dataset in sendable.left_out(plan, step):
            print(f"  without {argument.option or 'an argument'}: dataset {dataset} has no place in Azure ML")
    texts = redaction.parameters(plan)
    for parameter in sendable.received(plan, steps):
        print(f"parameter {parameter} {shown(texts[parameter])}")
    print("Nothing was sent.")


def _waited(opened: Opened, sent: Sent, steps: list[Step], recorder: Recorder) -> int:
    plan, _ = opened.require()
    names = [step.name for step in steps]
    progress = Progress(plan, names, verbose=False)

    def tell(event: Event) -> None:
        recorder(event)
        progress(event)

    with waiting.heard_by(progress.say), stopping.heard() as raise_what_was_heard:

        def pause(seconds: float) -> None:
            raise_what_was_heard()
            time.sleep(seconds)

        outcome = watch.wait(sent.watched, names, tell, recorder.log, pause)
    if outcome.message:
        say(f"The run failed. {outcome.message} See the portal.")
    elif outcome.state == "interrupted":
        say("The run was cancelled in Azure ML.")
    return 0 if outcome.state == "done" else EXIT_FAILED
