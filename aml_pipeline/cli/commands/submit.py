"""``submit``: runs the pipeline, or one step, in Azure ML."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping, Sequence

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks, uploads
from aml_pipeline.azureml.adaptation import adapt, by_hand, said
from aml_pipeline.azureml.submission import Group, Submission, send
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import remote_run, stopping
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import by_name, command_line, open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress, title_of
from aml_pipeline.cli.sending import connect, listener, say, say_where
from aml_pipeline.core.errors import SubmissionStopped, UsageError
from aml_pipeline.core.masking import redacted
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.combinations import combined, labels
from aml_pipeline.pipeline.plan import drawing
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.spec.names import OWN_TAGS
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.project.folder import Project
from aml_pipeline.runs.recorder import new_id

_MOST_NAMED = 5


def submit(options: Options, environ: Mapping[str, str]) -> int:
    """Submit the pipeline or the named step; with ``--wait`` exit with 1 if it failed."""
    opened = open_with(options)
    plan, project = opened.require()
    step = next(iter(options.operands), None)
    tags = _tags(options.texts("tag"))
    if opened.loaded.several:
        return _submit_combined(options, environ, plan, project, tags=tags, several=opened.loaded.several)
    sdk = sdks.chosen(plan, options.text("sdk"))
    with waiting.heard_by(listener()), waiting.reminding("preparing the submission"):
        azureml.check(by_hand(plan), project, sdk=sdk, step=step)
        if options.flag("dry_run"):
            _show(plan, project, plan.step(step) if step else None, {**plan.tags, **tags})
            return 0
        try:
            with stopping.heard(
                stopping.UPLOADS if sdk == "v2" or uploads.names(plan, plan.steps) else ""
            ) as raise_what_was_heard:
                workspace = connect(options, environ, project.folder, plan.workspace, sdk)
                say_where(workspace)
                sent = send(
                    plan,
                    workspace,
                    project,
                    step=step,
                    force=options.flag("force"),
                    tags=tags,
                    command=command_line(),
                )
        except KeyboardInterrupt as error:
            lost = f"If it started nevertheless, the portal shows it in experiment {plan.experiment}."
            say(f"Stopped while the run was being submitted. {error if isinstance(error, SubmissionStopped) else lost}")
            return status_of(error)

    def finish() -> int:
        _record(sent)
        raise_what_was_heard()
        return _waited(sent) if options.flag("wait") else 0

    return remote_run.going_on(sent.id, finish)


def _submit_combined(  # noqa: PLR0913 - what is sent, where and how
    options: Options,
    environ: Mapping[str, str],
    first: Plan,
    project: Project,
    *,
    tags: Mapping[str, str],
    several: Mapping[str, Sequence[str]],
) -> int:
    """Submit a run of each combination of the values of parameters; they have one tag in common."""
    plans, varies, step = combined(first, several), list(several), next(iter(options.operands), None)
    names = labels(plans, varies)
    group = Group(new_id(), varies)
    sdk = sdks.chosen(first, options.text("sdk"))
    sent: list[Submission] = []
    with waiting.heard_by(listener()), waiting.reminding("preparing the submission"):
        for plan in plans:
            azureml.check(by_hand(plan), project.of(plan), sdk=sdk, step=step)
        if options.flag("dry_run"):
            alone = first.step(step) if step else None
            _show(first, project, alone, {**first.tags, **tags}, names=names, varies=varies)
            return 0
        try:
            with stopping.heard("Stopping after the current run; interrupt again to stop at once.") as raise_if_heard:
                workspace = connect(options, environ, project.folder, first.workspace, sdk)
                say_where(workspace)
                for name, plan in zip(names, plans, strict=True):
                    sent.append(
                        send(plan, workspace, project.of(plan), step=step, force=options.flag("force"), tags=tags,
                             command=command_line(), group=group)
                    )  # fmt: skip
                    _record(sent[-1], f"  {name}")
                    raise_if_heard()
        except BaseException as error:
            _say_what_is_left(sent, names, plans, varies)
            if not isinstance(error, KeyboardInterrupt):
                raise
            say(f"Stopped. {error}" if isinstance(error, SubmissionStopped) else "Stopped.")
            return status_of(error)
    goes_on = f"The runs continue in Azure ML. To stop them: `aml-pipeline cancel --group {group.id}`."
    wait = options.flag("wait")
    return remote_run.saying(goes_on, lambda: max(_waited(submission) for submission in sent) if wait else 0)


def _say_what_is_left(
    sent: Sequence[Submission], names: Sequence[str], plans: Sequence[Plan], varies: Sequence[str]
) -> None:
    """Say which runs were not submitted, and how to submit them."""
    left = names[len(sent) :]
    if not left:
        return
    shown_names = [*left[:_MOST_NAMED], *([f"and {len(left) - _MOST_NAMED} more"] if len(left) > _MOST_NAMED else [])]
    texts = redaction.parameters(plans[len(sent)])
    words = " ".join(f"--param {shlex.quote(f'{name}={texts[name]}')}" for name in varies)
    say(f"{len(sent)} of {counted(len(names), 'run')} submitted, but not: {'; '.join(shown_names)}.")
    say(f"To submit the next one, give the same command with {words} instead; then the others likewise.")


def _tags(given: list[str]) -> dict[str, str]:
    """Return the tags of the command line. Raises UsageError."""
    tags = by_name("--tag", given, "team=vision")
    for name in tags.keys() & OWN_TAGS:
        raise UsageError(f'The tag "{name}" is set by aml-pipeline itself. Choose another name.')
    return tags


def _record(sent: Submission, name: str = "") -> None:
    """Record the run before printing it: the reader of the output may be gone."""
    portal = sent.portal
    try:
        sent.record()
    finally:
        print(f"run {sent.id}{name}\n{portal}", flush=True)


def _show(  # noqa: PLR0913 - what a dry run shows
    plan: Plan,
    project: Project,
    alone: Step | None,
    tags: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    varies: Collection[str] = (),
) -> None:
    """Print what would be sent; ``names`` are those of the combinations of the parameters in ``varies``."""
    plan = uploads.here(plan, project)
    sent, remarks = adapt(by_hand(plan, alone))
    print(f"experiment {plan.experiment}")
    for steps in [[alone]] if alone else drawing.declared(plan).values():
        _show_step(plan, project, steps, alone=bool(alone))
    texts = redaction.parameters(plan)
    for tag, value in redacted(tags).items():
        print(f"tag {tag} {shown(value)}")
    for parameter in sent.parameters:
        if parameter not in varies:
            print(f"parameter {parameter} {shown(texts[parameter])}")
    for number, name in enumerate(names, 1):
        print(f"run {number} with {name}")
    for dataset, place in redaction.data(plan).items():
        print(f"dataset {dataset} {shown(place)}")
    for text in [*uploads.announced(plan, project, sent.steps), *said(remarks, alone)]:
        print(text)
    print("Nothing was submitted.")


def _show_step(plan: Plan, project: Project, steps: Sequence[Step], *, alone: bool) -> None:
    """Print what would be sent of a step, which may be several variants."""
    step, name = steps[0], steps[0].title if alone else drawing.label(steps)
    where = step.compute.name if step.compute else ""
    environment = step.environment
    image = (environment.name or environment.registered or environment.curated) if environment else ""
    reads = dict.fromkeys(f"{plan.step(token.step).declared}.{token.name}" for each in steps for token in each.inputs)
    comes_after = dict.fromkeys(plan.step(name).declared for each in steps for name in each.after)
    after = f", after {', '.join([*reads, *comes_after])}" if step.upstream else ""
    more = len(project.snapshot(step).digests) - (step.script is not None)
    others = f" and {counted(more, 'more file' if step.script else 'file')}" if more else ""
    print(f"{name}: {redaction.program(step)}{others}, on {where}, in {image}{after}")
    for output, settings in step.outputs.items() if not alone else ():
        if settings.model:
            print(f"{name}.{output}: registered as model {settings.model.name}")


def _waited(sent: Submission) -> int:
    plan, steps = sent.plan, [step.name for step in sent.steps]
    progress = Progress(os.path.dirname(plan.file), steps, titles=plan.titles)
    progress.say(title_of(plan, len(steps)))
    return remote_run.waited(progress, sent.wait)
