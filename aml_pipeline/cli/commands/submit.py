"""``submit``: runs the pipeline, or one step, in Azure ML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks, uploads
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.submission import Submission, send
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import remote_run, stopping
from aml_pipeline.cli.commands.submit_combined import submit_combined
from aml_pipeline.cli.commands.submit_dry_run import show
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import by_name, command_line, open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress, title_of
from aml_pipeline.cli.sending import connect, listener, record, say, say_where
from aml_pipeline.core.errors import SubmissionStopped, UsageError
from aml_pipeline.pipeline.spec.names import OWN_TAGS


def submit(options: Options, environ: Mapping[str, str]) -> int:
    """Submit the pipeline or the named step; with ``--wait`` exit with 1 if it failed."""
    opened = open_with(options)
    plan, project = opened.require()
    step = next(iter(options.operands), None)
    tags = _tags(options.texts("tag"))
    if opened.loaded.several:
        return submit_combined(options, environ, opened, tags)
    sdk = sdks.chosen(plan, options.text("sdk"))
    with waiting.heard_by(listener()), waiting.reminding("preparing the submission"):
        azureml.check(by_hand(plan), project, sdk=sdk, step=step)
        if options.flag("dry_run"):
            asked = replace(plan, workspace=options.text("workspace") or plan.workspace)
            show(asked, project, plan.step(step) if step else None, {**plan.tags, **tags})
            return 0
        has_uploads = sdk == "v2" or uploads.names(plan, plan.steps)
        send_it = partial(send, plan, step=step, force=options.flag("force"), tags=tags, command=command_line())
        try:
            with stopping.heard(stopping.UPLOADS if has_uploads else "") as raise_what_was_heard:
                workspace = connect(options, environ, project.folder, plan.workspace, sdk)
                say_where(workspace)
                sent = send_it(workspace, project)
        except KeyboardInterrupt as error:
            lost = f"If it started nevertheless, the portal shows it in experiment {plan.experiment}."
            say(f"Stopped while the run was being submitted. {error if isinstance(error, SubmissionStopped) else lost}")
            return status_of(error)

    def finish() -> int:
        record(sent)
        raise_what_was_heard()
        return _waited(sent) if options.flag("wait") else 0

    return remote_run.going_on(sent.id, finish)


def _tags(given: list[str]) -> dict[str, str]:
    """Return the tags of the command line. Raises UsageError."""
    tags = by_name("--tag", given, "team=vision")
    for name in tags.keys() & OWN_TAGS:
        raise UsageError(f'The tag "{name}" is set by aml-pipeline itself. Choose another name.')
    return tags


def _waited(sent: Submission) -> int:
    plan, steps = sent.plan, [step.name for step in sent.steps]
    progress = Progress(os.path.dirname(plan.file), steps, titles=plan.titles)
    progress.say(title_of(plan, len(steps)))
    return remote_run.waited(progress, sent.wait)
