"""``plan --remote``: what ``submit`` would do with each step."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.cli.sending import chosen, connect, require_sendable, say, submitted
from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs.reuse import Parts


def forecast_remotely(options: Options, environ: Mapping[str, str]) -> int:
    """Print for each step whether Azure ML will run it or may reuse what it has, and why."""
    _refuse_local(options)
    opened = open_with(options)
    plan, project = opened.require()
    steps = chosen(plan, options.operands)
    require_sendable(opened, plan.steps, sendable.of_v1(plan.steps))
    with waiting.heard_by(say), waiting.told("asking Azure ML for what it knows"):
        workspace = connect(project.folder, environ)
        verdicts = dict(azureml.forecast(plan, workspace, project, _last_parts(options, plan.name)))
    width = max(len(step.name) for step in steps)
    for step in steps:
        verdict = verdicts[step.name]
        action = "will run" if verdict.action == "run" else "may be reused"
        print(f"{step.name:<{width}}  {action}  {verdict.reason}")
        for line in each(verdict.changes) if options.flag("verbose") else ():
            print(line)
    runs = any(verdicts[step.name].action == "run" for step in steps)
    return EXIT_SOMETHING_TO_DO if runs and options.flag("exit_code") else 0


def _refuse_local(options: Options) -> None:
    """Refuse what goes with runs on this machine alone. Raises UsageError."""
    given = [name for name in ("only", "force") if options.flag(name)]
    given += [name for name in ("from", "until", "python") if options.text(name)]
    if given:
        raise UsageError(f"`plan --remote` takes no --{given[0]}: Azure ML runs the whole pipeline. Delete it.")


def _last_parts(options: Options, pipeline: str) -> Mapping[str, Parts]:
    """Return the parts of each step at its last submission from here."""
    found: dict[str, Parts] = {}
    for one in submitted(options):
        short = one.short
        if short.get("pipeline") == pipeline and short["azureml"].get("sdk", "v1") == "v1":  # v2 shares no results
            found |= one.parts
    return found
