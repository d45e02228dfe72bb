"""``publish``: brings the workspace up to date with the file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from aml_pipeline import azureml
from aml_pipeline.azureml import publishing, sdks
from aml_pipeline.azureml.publication import Change, as_text, listed
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli import stopping
from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO, status_of
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.aligned import aligned
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.cli.sending import connect, listener, say, say_where
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project


def publish(options: Options, environ: Mapping[str, str]) -> int:
    """Publish, or print what would change; with ``--exit-code`` exit with 5 if there are changes."""
    plan, project = open_with(options).require()
    adopt, version = options.text("adopt"), options.text("version")
    if adopt is not None and version is not None:
        raise UsageError("--adopt and --version cannot be combined. Publish with --adopt first, then with --version.")
    try:
        with waiting.heard_by(listener()), waiting.reminding("determining what to publish"):
            changes = _changes(plan, project, options, environ)
    except KeyboardInterrupt as error:
        say(f"Stopped. Completed changes stay; {_rest(version, adopt)}")
        return status_of(error)
    if options.text("format") == "json":
        print_json([_row(change) for change in changes])
    else:
        print(as_text(changes))
        print(_summary(changes, options))
        for line in dict.fromkeys(_addresses(changes)):  # an endpoint may change twice
            print(line)
    something = any(change.action != "unchanged" for change in changes)
    return EXIT_SOMETHING_TO_DO if something and options.flag("exit_code") else 0


def _rest(version: str | None, adopt: str | None) -> str:
    """Return the command that completes an interrupted one; ``previous`` may mean another version by then."""
    if version == "previous":
        return "`aml-pipeline publish --version VERSION` will do the rest: name the version, not `previous`."
    words = ["--adopt", *([adopt] if adopt else [])] if adopt is not None else []
    words += ["--version", version] if version is not None else []
    command = shlex.join(["aml-pipeline", "publish", *words])
    return f"`{command}` will do the rest."


def _changes(plan: Plan, project: Project, options: Options, environ: Mapping[str, str]) -> list[Change]:
    dry, version, sdk = options.flag("dry_run"), options.text("version"), sdks.chosen(plan, options.text("sdk"))
    adopt = options.text("adopt")
    if sdk == "v2" and adopt:
        publishing.require_no_endpoint(adopt)
    if version is None:
        publishing.require_publishable(plan, project, sdk=sdk)
    with stopping.heard(stopping.UPLOADS if sdk == "v2" and not dry else "") as raise_what_was_heard:
        workspace = connect(options, environ, project.folder, plan.workspace, sdk)
        say_where(workspace)
        if version is not None:
            changes = azureml.go_back(plan, workspace, version, dry_run=dry)
        else:
            changes = azureml.publish(plan, workspace, project, dry_run=dry, adopt=adopt or adopt is not None)
    raise_what_was_heard()
    return changes


def _row(change: Change) -> dict[str, object]:
    left_out = {"key", "only_mark", "fires", *(() if change.body else ("body",))}
    return {key: value for key, value in asdict(change).items() if key not in left_out}


def _summary(changes: list[Change], options: Options) -> str:
    count = sum(change.action != "unchanged" for change in changes)
    if not count:
        back = options.text("version") is not None
        return "This version is already in use." if back else "Azure ML is up to date with the file."
    number = counted(count, "change")
    return f"{number} pending; nothing was changed." if options.flag("dry_run") else f"{number} made."


def _addresses(changes: list[Change]) -> Iterator[str]:
    """Yield addresses: of the page in the portal, and for starting runs of the default version."""
    for change in changes:
        if change.page:
            yield f"page      {change.page}"
        if change.address and change.kind == "endpoint":
            yield f"endpoint  {change.address}"
        if change.body:
            yield f"body      {change.body}"


def print_schedules(plan: Plan, project: Project, options: Options, environ: Mapping[str, str]) -> int:
    """Print the pipeline's schedules in Azure ML and how each differs from the file, and those of others."""
    with waiting.heard_by(listener()):
        sdk = sdks.chosen(plan, options.text("sdk"))
        workspace = connect(options, environ, project.folder, plan.workspace, sdk)
        found, whose, changes = azureml.schedules(plan, workspace, project)
    rows = listed(found, whose, changes)
    if options.text("format") == "json":
        print_json(rows)
    elif not rows:
        print(f"There are no schedules of {plan.name} in Azure ML or in the file.")
    else:
        print(aligned([_cells(row) for row in rows]))
    return 0


def _cells(row: Mapping[str, object]) -> list[str]:
    """Return name, state, when it fires, and how it differs from the file."""
    cells = [str(row[key] or "") for key in ("name", "state", "fires", "compared")]
    return [*cells[:2], cells[3], ""] if row["state"] == "not published" else cells
