"""A spec and overrides → a spec; positions follow the override.

Overrides come from a profile of the file and from values of the caller (``--param``). ``origins`` records the source of
each overridden value, so that a later problem points at the override.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.core.problems import Path, Problem, suggest
from aml_pipeline.pipeline.spec.data import Dataset
from aml_pipeline.pipeline.spec.parameter import Parameter
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.profile import Profile
from aml_pipeline.pipeline.spec.schedule import Schedule
from aml_pipeline.pipeline.spec.step import Step
from aml_pipeline.pipeline.yaml import scalars

Origin = Path | str


@dataclass(slots=True)
class Applied:
    """The spec as changed by a profile, and the ``values`` of parameters that the caller set.

    ``origins`` maps a place in the spec to a path, or to words (``--param a=b``).
    """

    spec: PipelineSpec
    values: dict[str, str | float] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply(pipeline: PipelineSpec, name: str | None, values: Mapping[str, str]) -> Applied:
    """Apply the profile ``name`` (None: no profile), then ``values`` as text by parameter."""
    applied = Applied(pipeline)
    if name is not None and name not in pipeline.profiles:
        cure = suggest(name, pipeline.profiles, noun="profile")
        applied.problems.append(Problem("unknown-profile", f'unknown profile "{name}".', cure, origin="--profile"))
    elif name is not None:
        _apply_profile(applied, name, pipeline.profiles[name])
    _apply_values(applied, values)
    return applied


def faults(pipeline: PipelineSpec) -> list[Problem]:
    """Return the problems of all profiles and schedules of the file, whether they are in use or not."""
    problems = [problem for name in pipeline.profiles for problem in apply(pipeline, name, {}).problems]
    for name, schedule in pipeline.schedules.items():
        problems += _schedule_faults(pipeline, schedule, ("schedules", name))
    return problems


def idle(pipeline: PipelineSpec) -> list[Problem]:
    """Return a warning for each profile that overrides nothing."""
    cure = "Add an override, or delete the profile."
    return [
        Problem("idle-profile", f'profile "{name}" overrides nothing.', cure, ("profiles", name), on_key=True,
                severity="warning")
        for name, profile in pipeline.profiles.items() if not _overrides(pipeline, profile)
    ]  # fmt: skip


def _overrides(pipeline: PipelineSpec, profile: Profile) -> bool:
    """Whether a profile overrides anything."""
    parameters = pipeline.parameters
    given = profile.parameters.items()
    same = all(name in parameters and scalars.written(parameters[name].default) == scalars.written(value)
               for name, value in given)  # fmt: skip
    others = (*(getattr(profile, key) for key in _SETTINGS), profile.datasets, profile.schedules, profile.tags)
    return not same or any(others) or any(step.model_fields_set for step in profile.steps.values())


def _apply_profile(applied: Applied, name: str, profile: Profile) -> None:
    root: Path = ("profiles", name)
    _override_parameters(applied, profile.parameters, root)
    _override_datasets(applied, profile, root)
    _override_steps(applied, profile, root)
    for key in _SETTINGS:
        if getattr(profile, key) is not None:
            _replace(applied, {key: getattr(profile, key)}, {(key,): (*root, key)})
    _merge(applied, "tags", profile.tags, {("tags", tag): (*root, "tags", tag) for tag in profile.tags})
    for schedule_name, schedule in profile.schedules.items():
        applied.problems += _schedule_faults(applied.spec, schedule, (*root, "schedules", schedule_name))
    origins: dict[Path, Origin] = {
        ("schedules", schedule): (*root, "schedules", schedule) for schedule in profile.schedules
    }
    _merge(applied, "schedules", profile.schedules, origins)


# Keys of a profile whose value replaces the pipeline's.
_SETTINGS = ("compute", "environment", "experiment", "python", "sdk", "workspace")


def _replace(applied: Applied, update: Mapping[str, Any], origins: Mapping[Path, Origin]) -> None:
    applied.spec = applied.spec.model_copy(update=dict(update))
    applied.origins.update(origins)


def _merge(applied: Applied, key: str, changed: Mapping[str, Any], origins: Mapping[Path, Origin]) -> None:
    """Merge ``changed`` into the mapping at ``key`` of the spec: all at once, since a file may contain thousands."""
    if changed:
        _replace(applied, {key: {**getattr(applied.spec, key), **changed}}, origins)


def _override_parameters(applied: Applied, values: Mapping[str, Any], root: Path) -> None:
    changed: dict[str, Parameter] = {}
    for name, value in values.items():
        problem = _value_fault(applied.spec, name, value, (*root, "parameters", name))
        if problem:
            applied.problems.append(problem)
            continue
        declared = applied.spec.parameters[name]
        changed[name] = declared.model_copy(update={"default": value, "type": declared.declared_type})
    _merge(applied, "parameters", changed, {("parameters", name): (*root, "parameters", name) for name in changed})


def _value_fault(pipeline: PipelineSpec, name: str, value: Any, path: Path) -> Problem | None:  # noqa: ANN401 - a scalar
    if name not in pipeline.parameters:
        return _unknown("parameter", name, pipeline.parameters, path)
    wrong = pipeline.parameters[name].fault(value)
    return Problem("bad-parameter", f"parameter {name}: {wrong[0]}", wrong[1], path) if wrong else None


def _override_datasets(applied: Applied, profile: Profile, root: Path) -> None:
    changed: dict[str, Dataset] = {}
    for name, override in profile.datasets.items():
        if name not in applied.spec.datasets:
            applied.problems.append(_unknown("dataset", name, applied.spec.datasets, (*root, "datasets", name)))
            continue
        changed[name] = applied.spec.datasets[name].model_copy(update={"local": override.local})
    origins: dict[Path, Origin] = {("datasets", name, "local"): (*root, "datasets", name, "local") for name in changed}
    _merge(applied, "datasets", changed, origins)


def _override_steps(applied: Applied, profile: Profile, root: Path) -> None:
    changed: dict[str, Step] = {}
    origins: dict[Path, Origin] = {}
    for name, override in profile.steps.items():
        path = (*root, "steps", name)
        if name not in applied.spec.steps:
            applied.problems.append(_unknown("step", name, applied.spec.steps, path))
            continue
        step = applied.spec.steps[name]
        given = {key: getattr(override, key) for key in override.model_fields_set}
        if "environment_variables" in given:
            given["environment_variables"] = {**step.environment_variables, **override.environment_variables}
        keys: list[Path] = [(key,) for key in given if key != "environment_variables"]
        keys += [("environment_variables", variable) for variable in override.environment_variables]
        origins.update({("steps", name, *key): (*path, *key) for key in keys})
        changed[name] = step.model_copy(update=given)
    _merge(applied, "steps", changed, origins)


def _unknown(noun: str, name: str, known: Mapping[str, Any], path: Path) -> Problem:
    cure = suggest(name, known, noun=noun)
    return Problem(f"unknown-{noun}", f'unknown {noun} "{name}".', cure, path, on_key=True)


def _schedule_faults(pipeline: PipelineSpec, schedule: Schedule, root: Path) -> list[Problem]:
    found = (
        _value_fault(pipeline, name, value, (*root, "parameters", name)) for name, value in schedule.parameters.items()
    )
    return [problem for problem in found if problem]


def _apply_values(applied: Applied, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        origin = f"--param {name}={text}"
        declared = applied.spec.parameters.get(name)
        value = _typed(declared, text)
        problem = _value_fault(applied.spec, name, value, ())
        if problem:
            applied.problems.append(Problem(problem.code, problem.message, problem.cure, origin=origin))
        else:
            applied.values[name] = value
            applied.origins["parameters", name] = origin


def _typed(declared: Parameter | None, text: str) -> str | float:
    """Return ``text`` as a value of the parameter's type, if possible."""
    value = text if declared is None or declared.declared_type == "string" else scalars.resolve(text)
    return text if value is None else value
