"""``submit`` of several values of parameters: a run of each combination, all with one tag."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.submission import Group, Submission, send
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import combinations, remote_run, stopping
from aml_pipeline.cli.combinations import Ended
from aml_pipeline.cli.commands.submit_dry_run import show
from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.opened import command_line
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.sending import connect, listener, record, say, say_where
from aml_pipeline.core.errors import SubmissionStopped
from aml_pipeline.core.wording import counted, shortened
from aml_pipeline.pipeline.combinations import combined, labels, require_difference, rest, words
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs.recorder import new_id

_MOST_NAMED = 5


def submit_combined(options: Options, environ: Mapping[str, str], opened: Opened, tags: Mapping[str, str]) -> int:
    """Submit a run of each combination of the values of parameters; with ``--wait`` exit with 1 if one failed."""
    first, project = opened.require()
    several, step = opened.loaded.several, next(iter(options.operands), None)
    alone = first.step(step) if step else None
    require_difference(first, several, [alone.name] if alone else [each.name for each in first.steps])
    plans = combined(first, several)
    names = labels(plans, list(several))
    group = Group(new_id(), list(several))
    sdk = sdks.chosen(first, options.text("sdk"))
    sent: list[Submission] = []
    send_one = partial(send, step=step, force=options.flag("force"), tags=tags, command=command_line(), group=group)
    with waiting.heard_by(listener()), waiting.reminding("preparing the submission"):
        for plan in plans:
            azureml.check(by_hand(plan), project.of(plan), sdk=sdk, step=step)
        if options.flag("dry_run"):
            asked = replace(first, workspace=options.text("workspace") or first.workspace)
            show(asked, project, alone, {**first.tags, **tags}, names=names, varies=several)
            return 0
        try:
            with stopping.heard("Stopping after the current run; interrupt again to stop at once.") as raise_if_heard:
                workspace = connect(options, environ, project.folder, first.workspace, sdk)
                say_where(workspace)
                for name, plan in zip(names, plans, strict=True):
                    sent.append(send_one(plan, workspace, project.of(plan)))
                    record(sent[-1], f"  {name}")
                    raise_if_heard()
        except BaseException as error:
            _say_what_is_left(first, several, names, len(sent))
            if not isinstance(error, KeyboardInterrupt):
                raise
            say(f"Stopped. {error}" if isinstance(error, SubmissionStopped) else "Stopped.")
            return status_of(error)
    goes_on = f"The runs continue in Azure ML. To stop them: `aml-pipeline cancel --group {group.id}`."
    return remote_run.saying(goes_on, lambda: _waited(sent, names, group.varies)) if options.flag("wait") else 0


def _say_what_is_left(plan: Plan, several: Mapping[str, Sequence[str]], names: Sequence[str], count: int) -> None:
    """Say which runs were not submitted, after the first ``count`` were, and how to submit them."""
    left = names[count:]
    if not left:
        return
    if not count:
        say(f"None of the {len(names)} runs was submitted.")
        return
    done = shortened(names[:count], _MOST_NAMED)
    say(f"{count} of {counted(len(names), 'run')} submitted ({done}), but not {shortened(left, _MOST_NAMED)}.")
    commands = [words(plan, product) for product in rest(several, count)]
    how = f"give the same command with {' and again with '.join(commands)} instead"
    say(f"To submit the rest, {how}. The new runs will not belong to this group.")


def _waited(sent: Sequence[Submission], names: Sequence[str], varies: Sequence[str]) -> int:
    """Wait for all runs, one after the other, and print how they ended; return the highest exit status."""
    plans = [submission.plan for submission in sent]
    steps = [step.name for step in sent[0].steps]
    titles = [combinations.titled(name, plans[0], step) for name in names for step in steps]
    progress = Progress(os.path.dirname(plans[0].file), titles)
    progress.say(combinations.title(plans, varies, len(steps)))
    statuses = [
        remote_run.waited(
            progress, submission.wait, combinations.labelled(name, submission.plan, progress), f"The run of {name}"
        )
        for name, submission in zip(names, sent, strict=True)
    ]
    progress.finish()
    print(*combinations.table(plans, varies, list(map(_ended, sent))), sep="\n")
    return max(statuses)


def _ended(submission: Submission) -> Ended:
    run = submission.record()
    return Ended(str(run.short.get("state")), run.seconds, run.id, run.metrics)
