"""``submit`` and ``cancel``: what goes to Azure ML, and what comes back."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aml_pipeline import export, files, locks, redaction, remote, secret_values, store, validation
from aml_pipeline.cli import EXIT_FAILED, status_of, stopping
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable, open_with, record_header, state_folder
from aml_pipeline.cli.progress import Progress
from aml_pipeline.cli.recorded import ambiguous, matching
from aml_pipeline.cli.sending import Request, Sent, installed_sdk, listener, send
from aml_pipeline.cli.sending import cancel as cancel_run
from aml_pipeline.contents import Contents
from aml_pipeline.errors import LostRunError, SubmissionStopped, UsageError
from aml_pipeline.events import Event
from aml_pipeline.interpreter import unasked
from aml_pipeline.local.code import keep_texts
from aml_pipeline.opening import Opened
from aml_pipeline.parameters import shown
from aml_pipeline.plan import Plan, Step
from aml_pipeline.problems import Problem, as_text, suggest
from aml_pipeline.provenance import git_state
from aml_pipeline.record import Recorder, RunRecord, new_id, records
from aml_pipeline.wording import counted
from aml_pipeline.workspace import waiting, watch

# azure-ai-ml does not let go of files that it uploads.
_UPLOADS = "Stopping, once files that are being uploaded have arrived; a second time, at once."


def submit(options: Options, environ: Mapping[str, str]) -> int:
    """Send the pipeline, or the one step named; with ``--wait`` exit with 1 when it failed."""
    opened = open_with(options)
    plan, project = opened.require()
    steps, alone = chosen(plan, options.operands), bool(options.operands)
    sdk = options.text("sdk") or installed_sdk()
    others = export.problems(export.by_hand(plan, steps[0] if alone else None)) if sdk == "v2" else remote.of_v1(steps)
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


def require_sendable(
    opened: Opened, steps: Sequence[Step], others: Sequence[Problem] = (), *, alone: bool = False
) -> None:
    """Raise PipelineError for what Azure ML would not take, and for ``others``.

    Say which files look like secrets, and what scripts will miss there: that shows after an image and a node were
    waited for. No Python is asked, as the image has its own.
    """
    plan, project = opened.require()
    found = remote.problems(plan, project, steps, alone=alone)
    opened.require([*found, *remote.secret_files(project, steps), *secret_values.warnings(plan, steps), *others])
    told = {"secret-file", "plain-secret"}
    warnings = validation.of_scripts(replace(plan, steps=tuple(steps)), project, unasked)
    opened.tell(warnings)
    for one in opened.loaded.problems:
        if one.code in told | {each.code for each in warnings}:
            say(as_text([one], {}))


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
    folder = store.prepare(os.path.dirname(opened.state), plan.name)  # before secrets are sealed: it holds the salt
    parts = {step.name: remote.parts(plan, project, step) for step in steps}
    header = {**record_header(plan, git), "azureml": about, "parts": parts, "state": "submitted"}
    recorder = Recorder(os.path.join(folder, "runs"), new_id())
    with locks.recording(folder):
        recorder.open(lambda: header)
        for step in steps:
            keep_texts(Contents(opened.state), project, step, parts[step.name])
    return recorder


def chosen(plan: Plan, names: list[str]) -> list[Step]:
    """Return the steps called so, all if none is named. Raises UsageError."""
    known = {step.name: step for step in plan.steps}
    unknown = next((name for name in names if name not in known), None)
    if unknown:
        raise UsageError(f'There is no step "{unknown}". {suggest(unknown, known, noun="step")}')
    return [known[name] for name in names] or list(known.values())


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
        for argument, dataset in remote.left_out(plan, step):
            print(f"  without {argument.option or 'an argument'}: dataset {dataset} has no place in Azure ML")
    texts = redaction.parameters(plan)
    for parameter in remote.received(plan, steps):
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


def say(text: str) -> None:
    """Tell what is no result."""
    print(text, file=sys.stderr, flush=True)


def cancel(options: Options, environ: Mapping[str, str]) -> int:
    """Stop a run in Azure ML: the one named, as ``submit`` or ``runs`` names it, else the last one submitted."""
    run, sdk = _to_cancel(options)
    try:
        with waiting.heard_by(listener()):
            ended = cancel_run(options.text("sdk") or sdk, os.path.dirname(state_folder(options)), environ, run)
    except KeyboardInterrupt as error:
        say(f"Stopped; whether Azure ML was asked to stop run {run}, its portal tells.")
        return status_of(error)
    print(f"run {run} is over: {ended}" if ended else f"asked Azure ML to stop run {run}")
    return 0


def _to_cancel(options: Options) -> tuple[str, str]:
    """Return the run of Azure ML that is meant, and the SDK that sent it, or where no record tells, that is here."""
    if not options.operands:
        about = _last_submitted(options).header["azureml"]
    else:
        name = options.operands[0]
        meant = matching(submitted(options), name)
        if len(meant) > 1:
            raise ambiguous(name, meant)
        about = meant[0].header["azureml"] if meant else {"run": name, "sdk": installed_sdk()}
    return str(about["run"]), str(about.get("sdk", "v1"))


def _last_submitted(options: Options) -> RunRecord:
    """Return the run that was submitted last, of the pipeline that the file names."""
    plan = open_readable(options).plan
    name = plan.name if plan else ""
    found = [one for one in submitted(options) if one.short.get("pipeline") == name]
    if not found:
        raise UsageError(f"No run of {name} was submitted from here. Name the run; the portal lists them.")
    return found[-1]


def submitted(options: Options) -> list[RunRecord]:
    """Return the runs that were submitted from here, of all pipelines, the oldest first."""
    state = state_folder(options)
    runs = [one for name in files.names(state) for one in records(os.path.join(state, name, "runs"))]
    return sorted((one for one in runs if isinstance(one.short.get("azureml"), dict)), key=lambda one: one.run)
