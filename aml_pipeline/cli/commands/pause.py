"""``pause``: pauses the published schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.publication import Change, as_text
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.sending import connect, say, say_where
from aml_pipeline.core.wording import counted


def pause(options: Options, environ: Mapping[str, str]) -> int:
    """Pause the named schedules, by default all of the pipeline."""
    return changed(options, environ, azureml.pause, "pause", _until)


def changed(
    options: Options,
    environ: Mapping[str, str],
    change: Callable[..., list[Change]],
    verb: str,
    done: Callable[[list[Change]], str],
) -> int:
    """Pause or resume schedules, and print what changed."""
    plan, project = open_with(options).require()
    sdk = sdks.chosen(plan, options.text("sdk"))
    with waiting.heard_by(say):
        workspace = connect(options, environ, project.folder, plan.workspace, sdk)
        say_where(workspace)
        changes = change(plan, workspace, options.operands)
    if not changes:
        print(f"No schedules of {plan.name} are published.")
        return 0
    print(as_text(changes))
    count = sum(row.action != "unchanged" for row in changes)
    print(f"{counted(count, 'schedule')} {done(changes)}." if count else f"Nothing to {verb}.")
    return 0


def _until(changes: list[Change]) -> str:
    """Return until when schedules are paused; named, because others may have been paused before."""
    keys = dict.fromkeys(row.key for row in changes if row.action != "unchanged")
    return f"paused until `aml-pipeline resume {' '.join(keys)}`, whoever publishes"
