"""What a submission would do with each step, and why, from queries to Azure ML without submitting."""

from __future__ import annotations

from collections.abc import Sequence

from aml_pipeline.azureml import sendable, since
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.v1 import registration
from aml_pipeline.azureml.v1.compile import Compilation, compilation
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import differences
from aml_pipeline.runs.reuse import Verdict


def forecast(plan: Plan, workspace: Sdk, project: Project) -> list[tuple[str, Verdict]]:
    """Return for each step whether it runs or may be reused.

    Azure ML reuses by identity: a step that it knows by the SDK's fingerprint and whose inputs come from reused runs.
    Nothing is registered, created or sent, except that a dataset that is a path on a datastore is saved, as in any
    compilation. Raises PipelineError and AzureError as ``compile`` does.
    """
    work = compilation(by_hand(plan), workspace, project, plan.steps)
    for upload in work.needs.missing_data():
        say(f"A submission would upload dataset {upload.name} ({upload.size}), or the files of it that are missing.")
    parts = {step.name: sendable.parts(plan, project, step) for step in plan.steps}
    differing = since.last_submission(plan, project, workspace, parts)
    known = _known(work)
    verdicts: dict[str, Verdict] = {}
    for step in plan.steps:
        changes = differing[step.name]
        listed = tuple(changes or ())
        own = _own_reason(work, step, differences.summary(listed), known=known[step.name])
        before = _who_runs([plan.step(name) for name in step.upstream if verdicts[name].action == "run"])
        if own or before:
            reason = own or f"{before}, and Azure ML reuses by identity, not by content"
            verdicts[step.name] = Verdict("run", reason, listed)
        else:
            latest = since.reads_latest(work.bindings.latest(step))
            reason = since.may_be_reused(changes, latest, otherwise="Azure ML knows it")
            verdicts[step.name] = Verdict("depends", reason, listed)
    for step, _, model in registration.registrations(work.plan):
        name = registration.name(model)
        verdicts[name] = _of_registration(step, verdicts[step.name], known=known[name])
    return list(verdicts.items())


def _who_runs(steps: Sequence[Step]) -> str:
    """Return that the first of the steps runs, with all its variants among them; "" without steps."""
    alike = [step for step in steps if step.declared == steps[0].declared]
    if len(alike) > 1:
        return f"{counted(len(alike), 'variant')} of {alike[0].declared} run"
    return f"step {alike[0].title} runs" if alike else ""


def _of_registration(step: Step, written: Verdict, *, known: bool) -> Verdict:
    """Return the verdict of the step that registers what ``step`` has ``written``."""
    if written.action == "run":
        return Verdict("run", f"step {step.title} runs")
    return Verdict("depends", "Azure ML knows it") if known else Verdict("run", "Azure ML does not know it")


def _known(work: Compilation) -> dict[str, bool]:
    """Return for each step whether Azure ML has its module."""
    pipeline = work.pipeline()
    with doing("querying Azure ML for known steps"):
        builders = {node.name: node._module_builder for node in pipeline.graph.module_nodes}  # noqa: SLF001
        return {
            name: builder._module_provider.find_module_by_fingerprint(builder.get_fingerprint()) is not None  # noqa: SLF001
            for name, builder in builders.items()
        }


def _own_reason(work: Compilation, step: Step, changed: str, *, known: bool) -> str:
    """Return why a step will surely run, whatever the others do; "" if it may be reused."""
    if not step.allow_reuse:
        return "allow_reuse is false"
    if known:
        return ""
    environment = step.environment
    if environment and work.needs.environments[environment] is None:
        return changed or f"environment {environment.name} is not registered yet"
    return changed or "Azure ML does not know it"
