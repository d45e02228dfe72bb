"""What a submission with SDK v2 would do with each step, and why, from queries to Azure ML without submitting.

Azure ML reuses a step that allows it if its code, environment, inputs, parameters, output settings and run settings are
those of an earlier run that was not forced (learn.microsoft.com, how-to-debug-pipeline-reuse-issues). It cannot be
asked whether it has such a run, only whether it has the environment and the code: without them, there is none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence

from aml_pipeline.azureml import since
from aml_pipeline.azureml.adaptation import by_hand, said
from aml_pipeline.azureml.v2 import assets, export, needs, parts
from aml_pipeline.azureml.v2.needs import Missing
from aml_pipeline.azureml.v2.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace import storage
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Environment
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
    differing = since.last_submission(plan, project, client, parts.parts(plan, project, plan.steps))
    never = {step.name: _never_reused(step, missing) for step in sent.steps}
    unsure = [step for step in sent.steps if differing[step.name] != [] and not never[step.name]]
    for name in _with_new_code(unsure, client, project):
        never[name] = "Azure ML does not know its code"
    doubtful: dict[str, bool] = {}  # steps whose outputs may be new, and whether they certainly are
    verdicts = []
    for step in sent.steps:
        condition = _condition([sent.step(name) for name in step.upstream if name in doubtful], doubtful)
        changes, latest = differing[step.name], _latest(step, plan, sent)
        otherwise = since.may_be_reused(changes, latest, otherwise=_KNOWN, condition=condition)
        verdicts.append((step.name, _verdict(changes or (), never[step.name], otherwise)))
        if never[step.name] or condition or changes:
            doubtful[step.name] = bool(never[step.name])
    return verdicts


def _condition(read: Sequence[Step], doubtful: Mapping[str, bool]) -> str:
    """Return when a step that reads from these steps may be reused: it depends on the first, in all its variants."""
    if not read:
        return ""
    first, is_new = read[0], doubtful[read[0].name]
    alike = [step for step in read if step.declared == first.declared and doubtful[step.name] == is_new]
    several = f"the {counted(len(alike), 'variant')} of {first.declared}" if len(alike) > 1 else ""
    if is_new:
        return f"if Azure ML takes the new outputs of {several or f'step {first.title}'} for the same inputs"
    return f"if {several} are reused" if several else f"if step {first.title} is reused"


_KNOWN = "Azure ML knows its code and environment"
_ALWAYS = "allow_reuse is false"


def _never_reused(step: Step, missing: Missing) -> str:
    """Return why no earlier run can be reused, as far as it needs no query of its own; "" if one may be."""
    if not step.allow_reuse:
        return _ALWAYS
    environment = next((one for one in missing.environments if one.environment == step.environment), None)
    return f"environment {environment.name} is not registered yet" if environment else ""


def _to_create(missing: Missing) -> Iterator[str]:
    for upload in missing.data:
        with doing(f"looking up dataset {upload.name}"):
            lacking = storage.missing(missing.containers[upload.datastore], upload)
        if lacking:
            size = f"({upload.size})"
            yield f"A submission would upload dataset {upload.name} {size}, or the files of it that are missing."
    for cluster in missing.clusters:
        yield f"A submission would create compute target {cluster.name}."


def _with_new_code(steps: Sequence[Step], client: Sdk, project: Project) -> Iterator[str]:
    """Yield the steps whose code the workspace does not have: one query for each folder of files."""
    known: dict[str, bool] = {}
    for step in steps:
        snapshot = project.snapshot(step)
        files = repr(sorted(snapshot.digests.items()))
        if files not in known:
            with tempfile.TemporaryDirectory() as folder:
                place = os.path.join(folder, "code")
                export.write_code(snapshot, place)
                known[files] = assets.has_code(client, place)
        if not known[files]:
            yield step.name


def _verdict(changes: Sequence[str], never: str, otherwise: str) -> Verdict:
    """Return the verdict of a step: it runs if it is ``never`` reused, and what changed says why, if anything did."""
    if not never:
        return Verdict("depends", otherwise, tuple(changes))
    reason = never if never == _ALWAYS else differences.summary(changes) or never
    return Verdict("run", reason, tuple(changes))


def _latest(step: Step, plan: Plan, sent: Plan) -> list[str]:
    """Return remarks on the datasets and the environment for which the file gives no version."""
    places = {name: plan.datasets[name] for name in step.datasets}
    names = [name for name, place in places.items() if place.registered and place.version in {None, "latest"}]
    datasets = [f"dataset {name} in version {sent.datasets[name].version}" for name in names]
    return since.reads_latest(datasets) + _latest_environment(plan.step(step.name).environment, step.environment)


def _latest_environment(wanted: Environment | None, sent: Environment | None) -> list[str]:
    name = wanted and (wanted.curated or wanted.registered)
    if wanted is None or sent is None or not name or wanted.version:
        return []
    if wanted.registry:
        return [
            f"it uses the latest version of environment {name} in registry {wanted.registry}, which was not looked up"
        ]
    return [f"it uses environment {name} in version {sent.version}, currently the latest"]
