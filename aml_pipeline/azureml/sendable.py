"""Plan + project → problems that Azure ML's SDK would miss or report too late, reported before anything is sent.

The source of each rule is noted beside it. Uses neither an SDK nor a workspace.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from aml_pipeline import __version__
from aml_pipeline.azureml import file_names, uploads
from aml_pipeline.azureml.adaptation import without
from aml_pipeline.core.problems import Problem
from aml_pipeline.core.sealing import Hide
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of, one_of_each
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace, Distribution, OutputSettings, Resources
from aml_pipeline.project.environment import unbuildable
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.size import too_large
from aml_pipeline.project.snapshot.snapshot import Snapshot, contents

# The SDK's rule (azureml-core, _base_sdk_common.common), which it checks only after it has registered the environment.
_EXPERIMENT = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}", re.ASCII)
# Names reserved by the service (learn.microsoft.com, how-to-use-environments, v1).
_RESERVED_ENVIRONMENT = re.compile(r"(azureml|microsoft)", re.IGNORECASE)
# The SDK sets these in each process of a step.
_RESERVED_VARIABLE = re.compile(r"AML_PARAMETER_|AZUREML_", re.IGNORECASE)
# Characters that would lead to a different address than that of a compute target.
_COMPUTE = re.compile(r"[\w-]+", re.ASCII)


def problems(plan: Plan, project: Project, steps: Iterable[Step], *, alone: bool = False) -> list[Problem]:
    """Return what prevents sending ``steps`` to Azure ML; ``alone``: each as a run of its own."""
    chosen = list(steps)
    declared = one_of_each(chosen)
    found = [*_experiment(plan), *_lacking(declared), *_reads_many(chosen)]
    for step in declared:
        snapshot = project.snapshot(step)
        found += [*_targets(step), *_nodes(plan, step), *_variables(step), *too_large(step, snapshot, "error")]
        found += [*_file_names(step, snapshot), *_secrets(step, snapshot)]
        found += [*(_inputs(step) if alone else ()), *unbuildable.lines(step, project)]
    names = datasets_of(chosen)
    return [*found, *(problem for name in names for problem in _dataset(plan, project, name))]


def same_names(plan: Plan) -> Iterator[Problem]:
    """Yield a warning for each dataset with the name of a parameter: both are inputs of a pipeline in Azure ML."""
    for name in datasets_of(plan.steps):
        known = ports.pipeline_input(plan, name)
        if known != name:
            message = (
                f'a parameter is called "{name}" too, so the dataset is the input "{known}" of the pipeline there.'
            )
            cure = "Rename one of them, or use that name to set the dataset for a run in Azure ML."
            yield Problem("same-name", message, cure, ("datasets", name), on_key=True, severity="warning")


def is_pattern(path: str) -> bool:
    """Whether a path on a datastore stands for several files or folders."""
    return re.search(r"[*?\[\]]", path) is not None


def is_path(place: DatasetPlace) -> bool:
    """Whether a dataset is a path parameter of a pipeline that SDK v1 publishes, not a dataset parameter."""
    if not place.is_remote or place.registered is not None or place.url is not None:
        return False
    return place.upload > 0 or not is_pattern(place.path or "")  # the file's own name may look like a pattern


def is_serverless(compute: Compute | None) -> bool:
    """Whether serverless compute of Azure ML v2 is meant rather than a cluster."""
    return compute is not None and compute.name.lower() == "serverless"


def parts(plan: Plan, project: Project, step: Step) -> dict[str, Any]:
    """Return the parts of ``step`` that decide whether Azure ML must run it again, named as in ``reuse``."""
    plan = uploads.here(plan, project)
    names = {"names": ports.declared(step)} if step.names else {}
    step, _ = without(step, [name for name in step.datasets if not plan.datasets[name].is_remote])
    snapshot = project.snapshot(step)
    sent = uploads.digests(plan, project, step)
    return {
        **({"datasets": sent} if sent else {}),
        **names,
        "script": redaction.started(step, project.hide),
        "snapshot": contents(snapshot),
        "parameters": {name: project.kept_parameters[name] for name in plan.parameters if name in step.parameters},
        "arguments": redaction.arguments(step.arguments, project.hide),
        "after": dict.fromkeys(step.after, ""),
        "environment": project.environment_digest(step),
        "environment_variables": redaction.variables(step, project.hide),
        "settings": {
            "compute": step.compute.name if step.compute else "",
            "timeout": f"{step.timeout} s" if step.timeout else "none",
            **({"distribution": _distribution(step.distribution)} if step.distribution else {}),
            **_of_node(step),
            **{f"output {name}": _settings(output) for name, output in step.outputs.items()},
            **{f"dataset {dataset}": _place(plan.datasets[dataset], project.hide) for dataset in step.datasets},
        },
    }


def _of_node(step: Step) -> dict[str, str]:
    """Return the settings of a step about the container and the identity that it gets on a node."""
    resources = step.resources or Resources()
    return {
        "shm_size": resources.shm_size or "default",
        "docker_arguments": " ".join(redaction.words(resources.docker_arguments)) or "none",
        "identity": step.identity or "default",
    }


def _settings(settings: OutputSettings) -> str:
    model = f"{settings.model.name} {settings.model.type}" if settings.model else None
    return " ".join(filter(None, (*settings.sent.values(), model)))


def _distribution(distribution: Distribution) -> str:
    processes = counted(distribution.processes_per_node, "process", "processes")
    return f"{distribution.type}, {counted(distribution.nodes, 'node')} with {processes} each"


def _place(place: DatasetPlace, hide: Hide) -> str:
    sent = "upload" if place.upload else None
    url = hide("url", place.url) if place.url else None  # it may be signed
    return " ".join(filter(None, (sent, place.registered, place.version, place.datastore, place.path, url, place.mode)))


def tags(plan: Plan, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags that identify a run, those of the file, and those ``given``, which go first."""
    own = {"aml_pipeline": __version__, "pipeline": plan.name, "profile": plan.profile}
    return {**plan.tags, **(given or {}), **{name: text for name, text in own.items() if text}}


def _inputs(step: Step) -> Iterator[Problem]:
    for token in step.inputs[:1]:
        message = f'step "{step.title}" reads {token.name} of step "{token.step}", so it cannot run alone.'
        yield Problem("not-alone", message, "Submit the pipeline: `aml-pipeline submit`.", ("steps", step.declared),
                      on_key=True)  # fmt: skip


# Of a run: "Number of input datasets" (learn.microsoft.com, resource-limits-capacity).
_MOST_INPUTS = 200


def _reads_many(steps: Collection[Step]) -> Iterator[Problem]:
    inputs = {step.name: len(step.inputs) + len(step.datasets) for step in steps}
    for step in one_of_each(step for step in steps if inputs[step.name] > _MOST_INPUTS):
        message = f'step "{step.title}" has {inputs[step.name]} inputs, and Azure ML allows {_MOST_INPUTS} per step.'
        cure = "Add a step with `matrix: {AXIS: …}` whose variants read a part of them each, and read that step here."
        yield Problem("too-many-inputs", message, cure, ("steps", step.declared, "arguments"), on_key=True)


def _experiment(plan: Plan) -> Iterator[Problem]:
    if not _EXPERIMENT.fullmatch(plan.experiment):
        message = f'"{plan.experiment}" is not a valid name of an experiment in Azure ML.'
        cure = "Use at most 255 letters, digits, - and _, starting with a letter or digit."
        yield Problem("experiment-name", message, cure, ("experiment",))


def _lacking(steps: list[Step]) -> Iterator[Problem]:
    """Yield what steps lack, once for all steps: one line at the top of the file is enough."""
    without = [step.declared for step in steps if step.compute is None]
    cure = "Add `compute:`{}, for example `compute: cpu-cluster`."
    yield from _lack(without, "compute target", cure, code="no-compute")
    without = [step.declared for step in steps if step.environment is None]
    cure = "Add `environment:`{} with `name:` and `conda_file:`."
    yield from _lack(without, "environment", cure, code="no-environment")


def _lack(names: list[str], what: str, cure: str, code: str) -> Iterator[Problem]:
    if names:
        have = f" and {len(names) - 1} more have" if len(names) > 1 else " has"
        where = " at the top of the file" if len(names) > 1 else ""
        message = f'step "{names[0]}"{have} no {what}, and Azure ML needs one.'
        yield Problem(code, message, cure.format(where), ("steps", names[0]), on_key=True)


def _targets(step: Step) -> Iterator[Problem]:
    place = ("steps", step.declared)
    if step.compute and not _COMPUTE.fullmatch(step.compute.name):
        message = f'"{step.compute.name}" is not a valid name of a compute target.'
        yield Problem("compute-name", message, "Use letters, digits, - and _.", (*place, "compute"))
    if step.environment and step.environment.name and _RESERVED_ENVIRONMENT.match(step.environment.name):
        message = f'the environment name "{step.environment.name}" starts with a reserved prefix of Azure ML.'
        yield Problem("environment-name", message, "Choose another name.", (*place, "environment", "name"))


def described(plan: Plan, target: Compute) -> Compute:
    """Return a compute target with its size: a cluster that several steps name needs to be described only once."""
    named = [step.compute for step in plan.steps if step.compute and step.compute.name == target.name]
    return target if target.vm_size else next((one for one in named if one.vm_size), target)


def _nodes(plan: Plan, step: Step) -> Iterator[Problem]:
    """Yield whether a step needs more nodes than its cluster has, which is created with one if the file gives none."""
    distribution = step.distribution
    if step.compute is None or distribution is None or is_serverless(step.compute):
        return
    target = described(plan, step.compute)
    created = max(1, target.min_nodes or 0) if target.vm_size else None
    most = created if target.max_nodes is None else target.max_nodes
    if most is not None and distribution.nodes > most:
        needed = counted(distribution.nodes, "node")
        message = f'step "{step.declared}" needs {needed}, but compute target {target.name} has at most {most}.'
        cure = f"Write `max_nodes: {distribution.nodes}` below `compute:`, or use fewer nodes."
        yield Problem("too-few-nodes", message, cure, ("steps", step.declared, "distribution", "nodes"))


def _variables(step: Step) -> Iterator[Problem]:
    for name in (*step.environment_variables, *step.secrets):
        if _RESERVED_VARIABLE.match(name):
            message = f'the environment variable "{name}" of step "{step.declared}" is set by Azure ML itself.'
            place = ("steps", step.declared, "environment_variables", name)
            yield Problem("reserved-variable", message, "Choose another name.", place, on_key=True)


def _secrets(step: Step, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield the secrets of a step that no script can read: what runs is not a Python file.

    Those that the pipeline declares for all steps are for others, since this one could not get them.
    """
    for variable, name in step.secrets.items():
        if snapshot.script is None and variable not in step.inherited:
            program = redaction.program(step)
            message = f'step "{step.declared}" runs {program}, which cannot be given the secret "{name}" in Azure ML.'
            cure = f"Read it in a Python script, and declare {variable} only for steps that start one."
            place = ("steps", step.declared, "environment_variables", variable)
            yield Problem("unread-secret", message, cure, place, on_key=True)


def _dataset(plan: Plan, project: Project, name: str) -> Iterator[Problem]:
    place = plan.datasets[name]
    if place.upload:
        yield from uploads.problems(place, project, name)
    if not place.is_remote and not place.optional:
        message = f'dataset "{name}" exists only on this machine, not in Azure ML.'
        cure = (
            "Add `upload: true` to upload it, or where it is there: `datastore:` and `path:`, or `registered:`. "
            "Or add `optional: true` if the steps can run without it."
        )
        yield Problem("local-dataset", message, cure, ("datasets", name), on_key=True)


def _file_names(step: Step, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield what is wrong with the name of a file: names are sent to Azure ML as JSON."""
    cure = f"Rename it, or exclude it by a line in {step.source_directory}/.amlignore"
    yield from file_names.faults(sorted(snapshot.digests), f'step "{step.declared}"', cure, step.place)
