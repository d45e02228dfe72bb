"""``plan --remote``: what ``submit`` would do with each step."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline import azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.folding import lines, lines_in_full
from aml_pipeline.cli.opened import open_with, refuse_several
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.cli.sending import connect, say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.graph import closure
from aml_pipeline.runs.reuse import Verdict


def forecast_remotely(options: Options, environ: Mapping[str, str]) -> int:
    """Print for each step whether Azure ML will run it or may reuse a result, and why."""
    _refuse_local(options)
    opened = open_with(options)
    plan, project = opened.require()
    refuse_several(opened.loaded.several, "plan --remote")
    sdk = sdks.chosen(plan, options.text("sdk"))
    chosen = list(dict.fromkeys(step.name for text in options.operands for step in plan.steps_called(text)))
    with waiting.heard_by(say), waiting.reminding("querying Azure ML"):
        azureml.check(by_hand(plan), project, sdk=sdk)
        workspace = connect(options, environ, project.folder, plan.workspace, sdk)
        verdicts = dict(azureml.forecast(plan, workspace, project))
    names = chosen or list(verdicts)  # with the steps that register models
    texts = {name: _forecast(verdicts[name]) for name in names}
    changes = {name: each(verdicts[name].changes) for name in names}
    print(*(lines_in_full(plan, texts, changes) if options.flag("verbose") else lines(plan, texts)), sep="\n")
    needed = closure(names, {name: [] for name in verdicts} | {step.name: step.upstream for step in plan.steps})
    something = any(verdicts[name].action == "run" or verdicts[name].changes for name in needed)
    return EXIT_SOMETHING_TO_DO if something and options.flag("exit_code") else 0


def _forecast(verdict: Verdict) -> str:
    return f"{'will run' if verdict.action == 'run' else 'may be reused'}  {verdict.reason}"


def _refuse_local(options: Options) -> None:
    """Raise UsageError for options that apply only to local runs."""
    given = [name for name in ("only", "force") if options.flag(name)]
    given += [name for name in ("from", "until", "python") if options.text(name)]
    if given:
        raise UsageError(
            f"`plan --remote` does not accept --{given[0]}: Azure ML runs the whole pipeline. Delete the option."
        )
