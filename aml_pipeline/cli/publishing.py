"""``publish``: the workspace made to agree with the file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict

from aml_pipeline import azureml, remote
from aml_pipeline.azureml import waiting
from aml_pipeline.cli import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_with
from aml_pipeline.cli.remote import connect, say
from aml_pipeline.plan import Plan
from aml_pipeline.publication import Change, Mark, Schedule, as_text


def publish(options: Options, environ: Mapping[str, str]) -> int:
    """Publish, or tell what that would change; with ``--exit-code`` exit with 5 when there is something."""
    opened = open_with(options)
    plan, project = opened.require()
    dry, version = options.flag("dry_run"), options.text("version")
    if version is None:
        opened.require(remote.problems(plan, project, plan.steps))
    with waiting.heard_by(say), waiting.told("working out what is to be published"):
        workspace = connect(project.folder, environ)
        if version is None:
            changes = azureml.publish(plan, workspace, project, dry_run=dry)
        else:
            changes = azureml.go_back(plan, workspace, version, dry_run=dry)
    if options.text("format") == "json":
        print(json.dumps([_row(one) for one in changes], indent=2, ensure_ascii=False))
    else:
        print(as_text(changes))
        print(_summary(changes, dry=dry))
    something = any(one.action != "unchanged" for one in changes)
    return EXIT_SOMETHING_TO_DO if something and options.flag("exit_code") else 0


def _row(one: Change) -> dict[str, object]:
    return {key: value for key, value in asdict(one).items() if key != "key"}


def _summary(changes: list[Change], *, dry: bool) -> str:
    count = sum(one.action != "unchanged" for one in changes)
    if not count:
        return "Azure ML agrees with the file."
    noun = "change" if count == 1 else "changes"
    return f"{count} {noun} to make; nothing was written." if dry else f"{count} {noun} made."


def print_schedules(plan: Plan, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print the schedules that Azure ML has of a pipeline, and how each differs from the file."""
    with waiting.heard_by(say):
        found, changes = azureml.schedules(plan, connect(os.path.dirname(plan.file), environ))
    rows = [_schedule_row(mark, one, changes) for mark, one in found]
    rows += [_missing_row(one) for one in changes if one.action == "create"]
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        print(f"Neither Azure ML nor the file has a schedule of {plan.name}.")
    for row in [] if as_json else rows:
        print("  ".join(str(row[key]) for key in ("name", "state", "fires", "compared") if row[key]))
    return 0


def _schedule_row(mark: Mark, one: Schedule, changes: list[Change]) -> dict[str, object]:
    state = "active" if one.active else "disabled by publish" if mark.disabled else "paused"
    change = next((known for known in changes if known.id == one.id), None)
    compared = "; ".join(change.details) if change and change.action != "unchanged" else "as the file says"
    if change is None:
        compared = "the file has it no longer"
    return {
        "name": one.name,
        "key": mark.schedule,
        "state": state,
        "fires": str(one.timing) if one.timing else None,
        "experiment": one.experiment,
        "parameters": None if one.parameters is None else dict(one.parameters),
        "compared": compared,
        "id": one.id,
    }


def _missing_row(one: Change) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("experiment", "parameters", "fires", "id"))
    return {**row, "name": one.name, "key": one.key, "state": "not published", "compared": "; ".join(one.details)}
