"""Reports what v2 cannot express or would change, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.v2.export import schedules
from aml_pipeline.azureml.v2.export.command import MARKS
from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of, one_of_each
from aml_pipeline.pipeline.plan.settings import DatasetPlace, Environment

# What v2 accepts as the name of an environment, a data asset or a datastore.
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
# That of the service for names of schedules: 255 letters, digits, - and _ (as for other resources of Azure ML).
_LONGEST_OF_SCHEDULE = 255
# The rule of azure-ai-ml for the name of an output, ``_assert_name_and_version`` of entities/_job/pipeline/_io/base.py.
_OUTPUT = re.compile(r"[A-Za-z0-9_-]{1,255}")


def problems(plan: Plan) -> list[Problem]:
    """Return what prevents an export of ``plan``; problems of Azure ML in general are reported elsewhere."""
    plan, _ = adapt(plan)
    return [
        *(value for name in plan.parameters for value in _values(plan, name)),
        *(problem for step in one_of_each(plan.steps) for problem in (*_environment(step), *_outputs(step))),
        *_datasets(plan),
        *_schedules(plan),
        *sendable.same_names(plan),
    ]


def untyped(plan: Plan) -> Iterator[Problem]:
    """Yield the registered datasets whose type is not known: `submit` asks the workspace, an export cannot."""
    plan, _ = adapt(plan)
    names = datasets_of(plan.steps)
    datasets: list[tuple[Path, str, DatasetPlace]] = [
        (("datasets", name, "registered"), name, plan.datasets[name]) for name in names
    ]
    for key in plan.schedules:
        elsewhere = plan.data_of(key).items()
        datasets += [(("schedules", key, "datasets", name), name, place) for name, place in elsewhere if name in names]
    for path, name, place in datasets:
        if place.registered is not None and place.type is None and not place.mode.startswith("eval_"):
            message = f'dataset "{name}" is registered, and an export cannot ask the workspace for its type.'
            cure = "Add `type: folder`, `file` or `table`; for a FileDataset of SDK v1, `mode: eval_mount`."
            yield Problem("export-dataset", message, cure, path)


def _values(plan: Plan, name: str) -> Iterator[Problem]:
    yield from _value(name, plan.parameters[name].text, ("parameters", name))
    for key, schedule in plan.schedules.items():
        if name in schedule.parameters:
            yield from _value(name, schedule.parameters[name], ("schedules", key, "parameters", name))


def _value(name: str, text: str, place: Path) -> Iterator[Problem]:
    """Yield what is wrong with a value, which v2 inserts in single quotes into a shell command (see ``command``)."""
    mark = next((mark for mark in MARKS if mark in text), None)
    if mark is not None:
        message = f"Azure ML v2 inserts the value of {name} into a shell command, where {mark} has a special meaning."
        yield Problem(
            "export-value", message, f"Choose a value without {mark}, or write it directly as an argument.", place
        )


def _environment(step: Step) -> Iterator[Problem]:
    environment, place = step.environment, ("steps", step.declared, "environment")
    if environment is None:
        return
    if environment.conda_environment is not None:
        name = environment.conda_environment
        message = f"an export needs project files only, but {name} is a local conda environment."
        cure = (
            f"Export it with `conda env export --no-builds --name {name} > {name}.yml`, and use that as `conda_file:`."
        )
        yield Problem("export-environment", message, cure, (*place, "conda_environment"))
    if environment.registry is not None:
        yield from _named(environment.registry, "a registry", (*place, "registry"))
    key = _key(environment)
    yield from _named(getattr(environment, key), "an environment", (*place, key))


def _key(environment: Environment) -> str:
    return next(key for key in ("curated", "registered", "name") if getattr(environment, key) is not None)


def _outputs(step: Step) -> Iterator[Problem]:
    for name, settings in step.outputs.items():
        place = ("steps", step.declared, "outputs", name)
        if settings.register_as is not None:
            yield from _named(settings.register_as, "an output", (*place, "register_as"), _OUTPUT)
        if settings.datastore is not None:
            yield from _named(settings.datastore, "a datastore", (*place, "datastore"))


def _datasets(plan: Plan) -> Iterator[Problem]:
    for name in datasets_of(plan.steps):
        yield from _dataset(plan.datasets[name], ("datasets", name))
    for key in plan.schedules:
        for name, place in plan.data_of(key).items():
            path = ("schedules", key, "datasets", name)
            yield from (replace(problem, path=path) for problem in _dataset(place, path))


def _schedules(plan: Plan) -> Iterator[Problem]:
    for key in plan.schedules:
        length = len(schedules.name(plan, key))
        if length > _LONGEST_OF_SCHEDULE:
            message = (
                f"the name of this schedule in Azure ML v2 has {length} characters; {_LONGEST_OF_SCHEDULE} are allowed."
            )
            cure = "Shorten the name of the pipeline, of the profile or of the schedule: it consists of these."
            yield Problem("export-name", message, cure, ("schedules", key))


def _dataset(place: DatasetPlace, path: Path) -> Iterator[Problem]:
    for key, what in (("registered", "a data asset"), ("datastore", "a datastore")):
        if getattr(place, key) is not None:
            yield from _named(getattr(place, key), what, (*path, key))
    if place.path is not None and sendable.is_pattern(place.path):
        message = f'"{place.path}" is a pattern, but Azure ML v2 reads a single file or folder of a datastore.'
        yield Problem("export-dataset", message, "Name the folder.", (*path, "path"))


def _named(name: str, what: str, place: Path, rule: re.Pattern[str] = _ASSET) -> Iterator[Problem]:
    if not rule.fullmatch(name):
        signs = (
            "letters, digits, - and _"
            if rule is _OUTPUT
            else "letters, digits, -, _ and ., starting with a letter or digit"
        )
        yield Problem("export-name", f'"{name}" is not a valid name of {what} in Azure ML v2.', f"Use {signs}.", place)
