"""What a submission would do with each step, and why, from queries to Azure ML without submitting."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.v1 import registration
from aml_pipeline.azureml.v1.compile import Compilation, compilation
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.runs import differences
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.differences import Parts
from aml_pipeline.runs.reuse import Verdict
from aml_pipeline.runs.submitted import last_parts


def forecast(
    plan: Plan, workspace: Sdk, project: Project | None = None, then: Mapping[str, Parts] | None = None
) -> list[tuple[str, Verdict]]:
    """Return for each step whether it runs or may be reused.

    ``then`` are the parts of each step at the last submission; by default those of the records here.

    Azure ML reuses by identity: a step that it knows by the SDK's fingerprint and whose inputs come from reused runs.
    Nothing is registered, created or sent, except that a dataset that is a path on a datastore is saved, as in any
    compilation. Raises PipelineError and AzureError as ``compile`` does.
    """
    project = project or project_of(plan)
    work = compilation(by_hand(plan), workspace, project, plan.steps)
    for upload in work.needs.missing_data():
        say(f"A submission would upload dataset {upload.name} ({upload.size}), or the files of it that are missing.")
    before_now = last_parts(os.path.dirname(project.state), plan.name) if then is None else then
    known = _known(work)
    contents = Contents(project.state)
    verdicts: dict[str, Verdict] = {}
    for step in plan.steps:
        before = before_now.get(step.name)
        worded = contents.wording(project.environment_text(step))
        changes = _changes(worded(before), worded(sendable.parts(plan, project, step))) if before else []
        changed = differences.summary(changes)
        own = _own_reason(work, step, changed, known=known[step.name])
        again = next((name for name in step.upstream if verdicts[name].action == "run"), None)
        if own or again:
            reason = own or f"step {again} runs, and Azure ML reuses by identity, not by content"
            verdicts[step.name] = Verdict("run", reason, tuple(changes))
        else:
            reason = _what_it_depends_on(changed, work.bindings.latest(step), submitted=before is not None)
            verdicts[step.name] = Verdict("depends", reason, tuple(changes))
    for step, _, model in registration.registrations(work.plan):
        name = registration.name(model)
        verdicts[name] = _of_registration(step, verdicts[step.name], known=known[name])
    return list(verdicts.items())


def _of_registration(step: Step, written: Verdict, *, known: bool) -> Verdict:
    """Return the verdict of the step that registers what ``step`` has ``written``."""
    if written.action == "run":
        return Verdict("run", f"step {step.name} runs")
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


def _changes(before: Parts, now: Parts) -> list[str]:
    """Return all differences in words, those of the settings last."""
    settings, then = now["settings"], before.get("settings") or {}
    changed = [name for name in settings if then.get(name, settings[name]) != settings[name]]
    return [*differences.changes(before, now), *(f"{name} {then[name]} → {settings[name]}" for name in changed)]


def _what_it_depends_on(changed: str, latest: Sequence[str], *, submitted: bool) -> str:
    """Return the reason for a step that Azure ML knows, and may have run with the same values and inputs."""
    reads = f"; it reads {', '.join(latest)}, currently the latest" if latest else ""
    if changed:
        return f"{changed} since the last submission, and Azure ML may have run that before{reads}"
    return f"{'nothing changed since the last submission' if submitted else 'Azure ML knows it'}{reads}"
