"""``pause``: pauses the published schedules."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.publication import Change, as_text
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.opened import DEFAULT_FILE, open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.sending import connect, say, say_where
from aml_pipeline.core.problems import Problem, errors
from aml_pipeline.core.wording import counted
from aml_pipeline.project.opening import Opened


def pause(options: Options, environ: Mapping[str, str]) -> int:
    """Pause the named schedules, by default all of the pipeline."""
    done = changed(options, environ, _readable(open_with(options)), azureml.pause, "pause")
    if done:  # named, because others may have been paused before
        back = shlex.join(["resume", *dict.fromkeys(change.key for change in done), *_given(options)])
        print(f"{counted(len(done), 'schedule')} paused until `aml-pipeline {back}`, whoever publishes.")
    return 0


# Mistakes in these sections leave open neither whose schedules are meant nor in which workspace.
_OF_RUNS = {"parameters", "datasets", "environment", "steps", "outputs", "schedules"}


def _readable(opened: Opened) -> Opened:
    """Return the pipeline; errors that do not concern schedules are only mentioned, because a pause cannot wait."""
    wrong = errors(opened.loaded.problems)
    if wrong and opened.plan and all(_section(opened, problem) in _OF_RUNS for problem in wrong):
        say(f"{opened.loaded.name} has {counted(len(wrong), 'error')}; pause reads only names from it.")
        opened.loaded.problems = []
    return opened


def _section(opened: Opened, problem: Problem) -> str:
    """Return the key of the file that a problem is below; "" if it is not certain."""
    document = opened.loaded.document
    if problem.origin or problem.file != opened.loaded.name or not problem.position or not document.root:
        return ""
    starts = {key: document.position((key,), on_key=True) for key in document.root.children}
    before = {key: start for key, start in starts.items() if start and start <= problem.position}
    return str(max(before, key=before.__getitem__, default=""))


def changed(
    options: Options, environ: Mapping[str, str], opened: Opened, change: Callable[..., list[Change]], verb: str
) -> list[Change]:
    """Pause or resume schedules and print each; return those that changed."""
    plan, project = opened.require()
    sdk = sdks.chosen(plan, options.text("sdk"))
    with waiting.heard_by(say):
        workspace = connect(options, environ, project.folder, plan.workspace, sdk)
        say_where(workspace)
        changes = change(plan, workspace, options.operands)
    done = [row for row in changes if row.action != "unchanged"]
    print(as_text(changes) if changes else f"No schedules of {plan.name} are published.")
    if changes and not done:
        print(f"Nothing to {verb}.")
    return done


def _given(options: Options) -> list[str]:
    """Return the options that say which schedules are meant, as they were given."""
    file = options.text("file")
    words = ["-f", file] if file and file != DEFAULT_FILE else []
    for name in ("profile", "sdk", "workspace"):
        value = options.text(name)
        words += [f"--{name}", value] if value else []
    return words
