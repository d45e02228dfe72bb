"""Reports what SDK v1 cannot express or would change, before anything is sent. Needs no SDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aml_pipeline.azureml import sendable, shell_words
from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.core.wording import counted, shortened, size_in_words
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of, one_of_each
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.pipeline.plan.tokens import Text
from aml_pipeline.project.environment.interpreter import unasked
from aml_pipeline.project.environment.providers import Providers
from aml_pipeline.project.folder import Project
from aml_pipeline.project.import_check import provided_packages


def problems(plan: Plan, project: Project, steps: Iterable[Step]) -> list[Problem]:
    """Return what prevents sending ``steps`` with SDK v1, but not with v2."""
    chosen = list(steps)
    names = datasets_of(chosen)
    only = [
        problem
        for step in one_of_each(chosen)
        for rule in (_only_in_v2(step), _texts(step), _registering(step, project), _build_context(step, project))
        for problem in rule
    ]
    words = dict.fromkeys(problem for step in chosen for problem in shell_words.problems(plan, step))
    return [
        *_endpoint(plan),
        *of_schedules(plan),
        *only,
        *words,
        *(problem for name in names for problem in _data_in_v2(plan, name)),
    ]


_USE_V2 = "use v2: `sdk: v2` in the file, or `aml-pipeline export`."


def _only_in_v2(step: Step) -> Iterator[Problem]:
    place = ("steps", step.declared)
    only = "exists only in Azure ML v2, not in SDK v1."
    if sendable.is_serverless(step.compute):
        message = f"serverless compute {only}"
        yield Problem("serverless-compute", message, f"Name a cluster, or {_USE_V2}", (*place, "compute"))
    if step.environment and step.environment.registry:
        message = f'the registry "{step.environment.registry}" of an environment {only}'
        cure = f"Name an environment of the workspace, or {_USE_V2}"
        yield Problem("registry-environment", message, cure, (*place, "environment", "registry"))
    if step.identity:
        message = f"`identity` of a step {only}"
        yield Problem("step-identity", message, f"Delete it, or {_USE_V2}", (*place, "identity"))
    for name, settings in step.outputs.items():
        if settings.is_file:  # an OutputFileDatasetConfig is always a folder (its ``source``)
            message = f'output "{name}" of step "{step.declared}" is a file, and outputs of SDK v1 are folders.'
            cure = f"Let the script write the file into a folder, or {_USE_V2}"
            yield Problem("file-output", message, cure, (*place, "outputs", name, "type"))


def _texts(step: Step) -> Iterator[Problem]:
    """Yield the texts with expressions: SDK v1 replaces whole arguments only.

    It compares each argument with the inputs and outputs (``resolve_input_arguments`` of azureml-pipeline-core).
    """
    for argument in step.arguments:
        for index, token in enumerate(argument.values):
            if isinstance(token, Text):
                message = "an expression inside a longer string exists only in Azure ML v2, not in SDK v1."
                cure = f"Make it the whole value and join the parts in the script, or {_USE_V2}"
                yield Problem("embedded-expression", message, cure, argument.place_of(index))


def _registering(step: Step, project: Project) -> Iterator[Problem]:
    """Yield the model that no step can register, because its environment has no azureml-core."""
    models = [name for name, settings in step.outputs.items() if settings.model]
    packages = provided_packages(project, step.environment) if models else None
    if packages is not None and Providers(packages, unasked()).of("azureml.core").verdict == "not named":
        message = (
            f'the environment of step "{step.declared}" has no azureml-core, with which SDK v1 registers its model.'
        )
        place = ("steps", step.declared, "outputs", models[0], "model", "name")
        yield Problem("model-environment", message, f"Add the package azureml-core to it, or {_USE_V2}", place)


# What the SDK allows in a build context (``_DOCKER_BUILD_CONTEXT_MAX_FILES`` of azureml-core 1.61).
_MOST_FILES = 100
_MOST_BYTES = 1 << 20


def _build_context(step: Step, project: Project) -> Iterator[Problem]:
    """Yield a build context that SDK v1 cannot send: it uploads files by their names, without their folders."""
    context = project.build_context(step.environment) if step.environment else None
    if context is None:
        return
    place = ("steps", step.declared, "environment", "dockerfile")
    inner = [name for name in sorted(context.digests) if "/" in name]
    if inner:
        message = f"SDK v1 sends no folders with a Dockerfile, but next to it is {shortened(inner, 2)}."
        yield Problem("build-context", message, f"Move the files next to it, or {_USE_V2}", place)
    elif len(context.digests) > _MOST_FILES or context.files.bytes > _MOST_BYTES:
        size = f"{counted(len(context.digests), 'file')}, {size_in_words(context.files.bytes)}"
        message = f"SDK v1 sends at most 100 files and 1 MB with a Dockerfile, but its folder has {size}."
        yield Problem("build-context", message, f"Exclude files in its .amlignore, or {_USE_V2}", place)


def _data_in_v2(plan: Plan, name: str) -> Iterator[Problem]:
    """Yield data at a web address, whose path on a node was not measured for v1, a table on a datastore, and a version.

    A TabularDataset needs to know how its files are read; for v2, the file MLTable says it.
    """
    place = plan.datasets[name]
    yield from _version(place, name, ("datasets", name, "version"))
    if place.url is not None:
        message = f'dataset "{name}" is at a web address, which only Azure ML v2 can read.'
        cure = f"Download it, and write `local` and `upload: true`, or {_USE_V2}"
        yield Problem("web-dataset", message, cure, ("datasets", name, "url"))
    if place.type == "table" and (place.datastore is not None or place.upload):
        message = f'dataset "{name}" is a table on a datastore, which only Azure ML v2 can read (from an MLTable file).'
        cure = "Register a TabularDataset and name it with `registered:`, write `type: folder`, or use v2."
        yield Problem("dataset-type", message, cure, ("datasets", name, "type"))


def _endpoint(plan: Plan) -> Iterator[Problem]:
    if plan.endpoint is not None:
        message = f'the batch endpoint "{plan.endpoint}" exists only in Azure ML v2, not in SDK v1.'
        cure = f"Delete it (with SDK v1, `publish` always creates a pipeline endpoint), or {_USE_V2}"
        yield Problem("batch-endpoint", message, cure, ("publish", "endpoint"))


def of_schedules(plan: Plan) -> Iterator[Problem]:
    """Yield what SDK v1 cannot do in schedules.

    There, a published pipeline allows reuse or not, for all its schedules, and a parameter has one kind of value.
    """
    for key in plan.schedules:
        if plan.reuse_of(key) != plan.reuse:
            message = (
                f'with SDK v1, schedule "{key}" cannot differ in reuse: `reuse` of `publish` is for all schedules.'
            )
            yield Problem("schedule-reuse", message, f"Delete it, or {_USE_V2}", ("schedules", key, "reuse"))
        for name, place in plan.data_of(key).items():
            where = ("schedules", key, "datasets", name)
            if place.url is not None:
                message = f'schedule "{key}" sets dataset "{name}" to a web address, which only Azure ML v2 can read.'
                yield Problem("schedule-dataset", message, f"Name a place in Azure ML, or {_USE_V2}", where)
            elif sendable.is_path(plan.datasets[name]) and not sendable.is_path(place):
                message = f'with SDK v1, schedule "{key}" can only set dataset "{name}" to a path on a datastore.'
                cure = (
                    "Write azureml://datastores/DATASTORE/paths/PATH, or give the dataset itself a `registered:` name."
                )
                yield Problem("schedule-dataset", message, cure, where)
            elif place.type == "table" and place.registered is None:
                message = f'with SDK v1, schedule "{key}" can only set dataset "{name}", a table, to a registered one.'
                yield Problem("schedule-dataset", message, "Write azureml:NAME:VERSION.", where)
            else:
                yield from _version(place, name, where)


def _version(place: DatasetPlace, name: str, where: Path) -> Iterator[Problem]:
    """Yield a version that is not a number; those of data in v2 are any texts."""
    if place.version not in {None, "latest"} and not str(place.version).isdecimal():
        message = f'version "{place.version}" of dataset "{name}" is not a number.'
        cure = "Versions in SDK v1 are numbers: write 1, 2 or 3, or use the latest."
        yield Problem("dataset-version", message, cure, where)
