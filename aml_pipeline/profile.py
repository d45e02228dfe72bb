"""A spec and overrides → a spec; positions follow the override.

Overrides come from a profile of the file and from values given by the caller (``--param``). ``origins`` tells where an
overridden value now comes from, so that a later complaint about it points at the override.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline import scalars
from aml_pipeline.problems import Path, Problem, suggest
from aml_pipeline.spec import Parameter, PipelineSpec, Profile, Schedule

Origin = Path | str


@dataclass(slots=True)
class Applied:
    """The spec as a profile changed it, and the ``values`` that the caller gave to parameters.

    ``origins`` maps a place in the spec to a path, or to words (``--param a=b``).
    """

    spec: PipelineSpec
    values: dict[str, str | float] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply(pipeline: PipelineSpec, name: str | None, values: Mapping[str, str]) -> Applied:
    """Apply the profile called ``name`` (None: no profile), then ``values`` as text by parameter."""
    applied = Applied(pipeline)
    if name is not None and name not in pipeline.profiles:
        cure = suggest(name, pipeline.profiles, noun="profile")
        applied.problems.append(Problem("unknown-profile", f'no profile is called "{name}".', cure, origin="--profile"))
    elif name is not None:
        _apply_profile(applied, name, pipeline.profiles[name])
    _apply_values(applied, values)
    return applied


def faults(pipeline: PipelineSpec) -> list[Problem]:
    """Return what is wrong with any profile or schedule of the file, whether it is in use or not."""
    found = [problem for name in pipeline.profiles for problem in apply(pipeline, name, {}).problems]
    for name, schedule in pipeline.schedules.items():
        found += _schedule_faults(pipeline, schedule, ("schedules", name))
    return found


def _apply_profile(applied: Applied, name: str, profile: Profile) -> None:
    root: Path = ("profiles", name)
    _override_parameters(applied, profile.parameters, root)
    _override_datasets(applied, profile, root)
    _override_steps(applied, profile, root)
    for key in ("compute", "environment"):
        if getattr(profile, key) is not None:
            _replace(applied, {key: getattr(profile, key)}, {(key,): (*root, key)})
    for schedule_name, schedule in profile.schedules.items():
        place = (*root, "schedules", schedule_name)
        applied.problems += _schedule_faults(applied.spec, schedule, place)
        schedules = {**applied.spec.schedules, schedule_name: schedule}
        _replace(applied, {"schedules": schedules}, {("schedules", schedule_name): place})


def _replace(applied: Applied, update: Mapping[str, Any], origins: Mapping[Path, Origin]) -> None:
    applied.spec = applied.spec.model_copy(update=dict(update))
    applied.origins.update(origins)


def _override_parameters(applied: Applied, values: Mapping[str, Any], root: Path) -> None:
    for name, value in values.items():
        path = (*root, "parameters", name)
        problem = _value_fault(applied.spec, name, value, path)
        if problem:
            applied.problems.append(problem)
            continue
        parameters = applied.spec.parameters
        changed = parameters[name].model_copy(update={"default": value, "type": parameters[name].declared_type})
        _replace(applied, {"parameters": {**parameters, name: changed}}, {("parameters", name): path})


def _value_fault(pipeline: PipelineSpec, name: str, value: Any, path: Path) -> Problem | None:  # noqa: ANN401 - a scalar
    if name not in pipeline.parameters:
        cure = suggest(name, pipeline.parameters, noun="parameter")
        return Problem("unknown-parameter", f'no parameter is called "{name}".', cure, path, on_key=True)
    wrong = pipeline.parameters[name].fault(value)
    return Problem("bad-parameter", f"parameter {name}: {wrong[0]}", wrong[1], path) if wrong else None


def _override_datasets(applied: Applied, profile: Profile, root: Path) -> None:
    for name, override in profile.datasets.items():
        path = (*root, "datasets", name)
        if name not in applied.spec.datasets:
            cure = suggest(name, applied.spec.datasets, noun="dataset")
            message = f'no dataset is called "{name}".'
            applied.problems.append(Problem("unknown-dataset", message, cure, path, on_key=True))
            continue
        changed = applied.spec.datasets[name].model_copy(update={"local": override.local})
        origins: dict[Path, Origin] = {("datasets", name, "local"): (*path, "local")}
        _replace(applied, {"datasets": {**applied.spec.datasets, name: changed}}, origins)


def _override_steps(applied: Applied, profile: Profile, root: Path) -> None:
    for name, override in profile.steps.items():
        path = (*root, "steps", name)
        if name not in applied.spec.steps:
            cure = suggest(name, applied.spec.steps, noun="step")
            message = f'no step is called "{name}".'
            applied.problems.append(Problem("unknown-step", message, cure, path, on_key=True))
            continue
        step = applied.spec.steps[name]
        given = {key: getattr(override, key) for key in override.model_fields_set}
        if "environment_variables" in given:
            given["environment_variables"] = {**step.environment_variables, **override.environment_variables}
        origins: dict[Path, Origin] = {("steps", name, key): (*path, key) for key in given}
        _replace(applied, {"steps": {**applied.spec.steps, name: step.model_copy(update=given)}}, origins)


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
    """Return ``text`` as a value of the parameter's type, as far as it is one."""
    value = text if declared is None or declared.declared_type == "string" else scalars.resolve(text)
    return text if value is None else value
