"""What a submission with SDK v2 would do with each step, and why, from queries to Azure ML without submitting.

Azure ML reuses a step that allows it if its code, environment, inputs, parameters, output settings and run settings are
those of an earlier run that was not forced (learn.microsoft.com, how-to-debug-pipeline-reuse-issues). It cannot be
asked whether it has such a run, only whether it has the environment and the code: without them, there is none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from aml_pipeline.azureml import since
from aml_pipeline.azureml.adaptation import by_hand, said
from aml_pipeline.azureml.v2 import assets, export, needs
from aml_pipeline.azureml.v2.needs import Missing
from aml_pipeline.azureml.v2.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace import storage
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import differences
from aml_pipeline.runs.reuse import Verdict


def forecast(plan: Plan, client: Sdk, project: Project) -> list[tuple[str, Verdict]]:
    """Return for each step whether it runs or may be reused; say what a submission would create besides.

    Nothing is created or sent. Raises AzureError as ``submit`` does.
    """
    import_all()
    sent, new_data, remarks = needs.resolved(by_hand(plan), client, project, pinned=True)
    missing = needs.missing(sent, new_data, client, project)
    for text in [*said(remarks), *_to_create(missing)]:
        say(text)
    differing = since.last_submission(plan, project, client)
    unsure = [step for step in sent.steps if differing[step.name] != []]
    facts = _Facts(plan, sent, missing, _with_new_code(unsure, client, project))
    verdicts: dict[str, Verdict] = {}
    again: dict[str, str] = {}  # steps whose outputs may be new, and what their readers depend on
    for step in sent.steps:
        condition = next((again[name] for name in step.upstream if name in again), "")
        verdict = verdicts[step.name] = _verdict(step, facts, differing[step.name], condition)
        if verdict.action == "run":
            again[step.name] = f"if Azure ML takes the new outputs of step {step.name} for the same inputs"
        elif condition:
            again[step.name] = f"if step {step.name} is reused"
    return list(verdicts.items())


class _Facts(NamedTuple):
    """What was found out: the ``plan``, and as it is ``sent``; what is ``missing``; the steps with new code."""

    plan: Plan
    sent: Plan
    missing: Missing
    new_code: frozenset[str]


def _to_create(missing: Missing) -> Iterator[str]:
    for upload in missing.data:
        with doing(f"looking up dataset {upload.name}"):
            lacking = storage.missing(missing.containers[upload.datastore], upload)
        if lacking:
            size = f"({upload.size})"
            yield f"A submission would upload dataset {upload.name} {size}, or the files of it that are missing."
    for cluster in missing.clusters:
        yield f"A submission would create compute target {cluster.name}."


def _with_new_code(steps: list[Step], client: Sdk, project: Project) -> frozenset[str]:
    """Return the steps whose code the workspace does not have: one query for each folder of files."""
    known: dict[str, bool] = {}
    new = []
    for step in steps:
        snapshot = project.snapshot(step)
        files = repr(sorted(snapshot.digests.items()))
        if files not in known:
            with tempfile.TemporaryDirectory() as folder:
                place = os.path.join(folder, "code")
                export.write_code(snapshot, place)
                known[files] = assets.has_code(client, place)
        if not known[files]:
            new.append(step.name)
    return frozenset(new)


def _verdict(step: Step, facts: _Facts, changes: list[str] | None, condition: str) -> Verdict:
    changed = tuple(changes or ())
    own = _own_reason(step, facts, differences.summary(changed))
    if own:
        return Verdict("run", own, changed)
    reason = condition or since.may_be_reused(
        changes, _latest(step, facts), otherwise="Azure ML knows its code and environment"
    )
    return Verdict("depends", reason, changed)


def _own_reason(step: Step, facts: _Facts, changed: str) -> str:
    """Return why a step will surely run, whatever the others do; "" if it may be reused."""
    if not step.allow_reuse:
        return "allow_reuse is false"
    environment = next((one.name for one in facts.missing.environments if one.environment == step.environment), None)
    if environment:
        return changed or f"environment {environment} is not registered yet"
    return (changed or "Azure ML does not know its code") if step.name in facts.new_code else ""


def _latest(step: Step, facts: _Facts) -> list[str]:
    """Return the datasets that a step reads in the latest version, in words."""
    read = {name: facts.plan.datasets[name] for name in step.datasets}
    open_ones = [name for name, place in read.items() if place.registered and place.version in {None, "latest"}]
    return [f"dataset {name} in version {facts.sent.datasets[name].version}" for name in open_ones]
