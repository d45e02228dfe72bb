"""A spec and overrides → a spec; positions follow the override.

Overrides come from a profile of the file and from the caller (``--param``, ``--data``). ``origins`` records the source
of each overridden value, so that a later problem points at the override.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aml_pipeline.core.problems import Path, Problem, suggest
from aml_pipeline.pipeline import combinations
from aml_pipeline.pipeline.combinations import Given
from aml_pipeline.pipeline.plan import matrix
from aml_pipeline.pipeline.spec import errors, places
from aml_pipeline.pipeline.spec.data import Dataset
from aml_pipeline.pipeline.spec.parameters import Parameter
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.profile import DatasetOverride, Profile
from aml_pipeline.pipeline.spec.schedule import Schedule
from aml_pipeline.pipeline.spec.step import Step, launcher, two_launchers
from aml_pipeline.pipeline.yaml import scalars

Origin = Path | str


@dataclass(slots=True)
class Applied:
    """The spec as changed by a profile and by the caller's ``data``, and the ``values`` of parameters that he set.

    ``several`` are all values, as texts, of parameters that he gave more than one; ``remarks`` say how his values were
    read. ``origins`` maps a place in the spec to a path, or to words (``--param a=b``).
    """

    spec: PipelineSpec
    values: dict[str, str | float] = field(default_factory=dict)
    several: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def apply(
    pipeline: PipelineSpec, name: str | None, values: Mapping[str, Given], data: Mapping[str, str] | None = None
) -> Applied:
    """Apply the profile ``name`` (None: no profile), then ``values`` by parameter and ``data`` by dataset, as texts."""
    applied = Applied(pipeline)
    if name is not None and name not in pipeline.profiles:
        cure = suggest(name, pipeline.profiles, noun="profile")
        applied.problems.append(Problem("unknown-profile", f'unknown profile "{name}".', cure, origin="--profile"))
    elif name is not None:
        _apply_profile(applied, name, pipeline.profiles[name])
    _apply_values(applied, values)
    _apply_data(applied, data or {})
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
    others = (
        *(getattr(profile, key) for key in _SETTINGS),
        profile.schedules,
        profile.tags,
        profile.publish.model_fields_set,
    )
    overrides = (*profile.steps.values(), *profile.datasets.values())
    return not same or any(others) or any(override.model_fields_set for override in overrides)


def _apply_profile(applied: Applied, name: str, profile: Profile) -> None:
    root: Path = ("profiles", name)
    kept = {key: schedule for key, schedule in applied.spec.schedules.items() if key not in profile.schedules}
    _override_parameters(applied, profile.parameters, root)
    _override_datasets(applied, profile, root)
    _override_steps(applied, profile, root)
    for key in _SETTINGS:
        if getattr(profile, key) is not None:
            _replace(applied, {key: getattr(profile, key)}, {(key,): (*root, key)})
    published = {key: getattr(profile.publish, key) for key in profile.publish.model_fields_set}
    if published:
        places: dict[Path, Origin] = {("publish", key): (*root, "publish", key) for key in published}
        _replace(applied, {"publish": applied.spec.publish.model_copy(update=published)}, places)
    _merge(applied, "tags", profile.tags, {("tags", tag): (*root, "tags", tag) for tag in profile.tags})
    for schedule_name, schedule in profile.schedules.items():
        applied.problems += _schedule_faults(applied.spec, schedule, (*root, "schedules", schedule_name))
    for schedule_name, schedule in kept.items() if profile.datasets else ():
        applied.problems += _schedule_faults(applied.spec, schedule, ("schedules", schedule_name))
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
    origins: dict[Path, Origin] = {}
    for name, override in profile.datasets.items():
        if name not in applied.spec.datasets:
            applied.problems.append(_unknown("dataset", name, applied.spec.datasets, (*root, "datasets", name)))
            continue
        path = (*root, "datasets", name)
        merged, found = _checked(_overridden(applied.spec.datasets[name], override), path)
        applied.problems += found
        if merged is not None:
            changed[name] = merged
            origins.update({("datasets", name, key): (*path, key) for key in override.model_fields_set})
    _merge(applied, "datasets", changed, origins)


def _checked(keys: Mapping[str, Any], path: Path) -> tuple[Dataset | None, list[Problem]]:
    """Return the dataset with ``keys``, or its problems; ``path`` is the place of what changed them."""
    limit = keys["upload"]  # in the file, true or a size
    dataset, found = errors.validated(Dataset, {**keys, "upload": limit > 0}, path)
    return (dataset.model_copy(update={"upload": limit}) if dataset else None), found


def _overridden(dataset: Dataset, override: DatasetOverride) -> dict[str, Any]:
    """Return the keys of a dataset with other settings; another kind of place replaces that of the dataset."""
    given = {key: getattr(override, key) for key in override.model_fields_set}
    kept = dict(dataset)
    for place in (("registered", "version"), ("datastore", "path"), ("url",)):
        if given.keys() & set(place):
            kept |= dict.fromkeys(set(places.REMOTE) - set(place))
    if "registered" in given:
        kept["version"] = None
    if given.keys() & {"registered", "path", "url"}:
        kept["upload"] = 0
    return {**kept, **given}


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
        program = launcher(step.command)
        if override.distribution and program:
            applied.problems.append(Problem(*two_launchers(program), (*path, "distribution"), on_key=True))
        if "environment_variables" in given:
            given["environment_variables"] = {**step.environment_variables, **override.environment_variables}
        if "matrix" in given:
            given["matrix"] = _merged_matrix(applied, name, override.matrix, (*path, "matrix"))
            if given["matrix"] is step.matrix:  # the override is wrong
                del given["matrix"]
        keys: list[Path] = [(key,) for key in given if key != "environment_variables"]
        keys += [("environment_variables", variable) for variable in override.environment_variables]
        origins.update({("steps", name, *key): (*path, *key) for key in keys})
        changed[name] = step.model_copy(update=given)
    _merge(applied, "steps", changed, origins)


def _merged_matrix(applied: Applied, step: str, override: object, path: Path) -> object:
    """Return the matrix of ``step`` with the axes of ``override``, whose place is ``path``; reports what is wrong."""
    declared, datasets = applied.spec.steps[step].matrix, applied.spec.datasets
    if declared is None:
        message = f'step "{step}" has no matrix, so a profile cannot replace its axes.'
        applied.problems.append(Problem("bad-matrix", message, "Add `matrix:` to the step.", path, on_key=True))
    if not isinstance(override, dict) or not override:
        applied.problems += matrix.read(override, step, path, datasets).problems
    if not isinstance(declared, dict) or not isinstance(override, dict):
        return declared
    unknown = [axis for axis in override if axis not in {*declared, *matrix.LISTS}]
    own = matrix.read(declared, step, path, datasets).axes if unknown else {}
    for axis in unknown:
        message, cure = f'the matrix of step "{step}" has no axis "{axis}".', suggest(axis, own, noun="axis")
        if axis in own:
            message = f'axis "{axis}" of step "{step}" has its values in `include`, so they cannot be replaced here.'
            cure = f"Replace `include` as a whole: `include: [{{{axis}: …}}]`."
        applied.problems.append(Problem("unknown-axis", message, cure, (*path, axis), on_key=True))
    merged = {**declared, **{axis: values for axis, values in override.items() if axis not in unknown}}
    kept: list[Path] = [("steps", step, "matrix", axis) for axis in declared if axis not in override]
    applied.origins.update(zip(kept, kept, strict=True))
    overridden = {(), *((axis,) for axis in override)}
    found = [] if unknown else matrix.read(merged, step, path, datasets).problems
    applied.problems += [problem for problem in found if problem.path[len(path) :][:1] in overridden]
    return merged


def datasets_varied(pipeline: PipelineSpec) -> set[str]:
    """Return the datasets that matrices of steps name, without a profile or with one."""
    declared = [step.matrix for step in pipeline.steps.values()]
    declared += [override.matrix for profile in pipeline.profiles.values() for override in profile.steps.values()]
    return {name for each in declared for name in matrix.datasets_in(each)}


def makes_idle(applied: Applied, problem: Problem) -> bool:
    """Whether an entry of a matrix has no effect only because a profile replaced axes."""
    place = problem.path[:4]
    return problem.code in {"idle-exclude", "idle-include"} and applied.origins.get(place) == place


def _unknown(noun: str, name: str, known: Mapping[str, Any], path: Path) -> Problem:
    cure = suggest(name, known, noun=noun)
    return Problem(f"unknown-{noun}", f'unknown {noun} "{name}".', cure, path, on_key=True)


def _schedule_faults(pipeline: PipelineSpec, schedule: Schedule, root: Path) -> list[Problem]:
    found = (
        _value_fault(pipeline, name, value, (*root, "parameters", name)) for name, value in schedule.parameters.items()
    )
    problems = [problem for problem in found if problem]
    for name, place in schedule.datasets.items():
        path = (*root, "datasets", name)
        if name not in pipeline.datasets:
            problems.append(_unknown("dataset", name, pipeline.datasets, path))
        else:
            _, wrong = _moved(pipeline.datasets[name], places.keys_of(place) or {})
            problems += [replace(problem, path=path, on_key=False) for problem in wrong]
    return problems


def _apply_values(applied: Applied, given: Mapping[str, Given]) -> None:
    for name, words in given.items():
        declared = applied.spec.parameters.get(name)
        texts = [(words, words)] if isinstance(words, str) else combinations.separated(declared, words)
        problems = [_given_fault(applied.spec, name, text, word) for text, word in texts]
        problems += combinations.repeated(name, texts)
        if wrong := [problem for problem in problems if problem]:
            applied.problems += wrong
            continue
        applied.values[name] = _typed(declared, texts[0][0])
        applied.origins["parameters", name] = f"--param {name}={texts[0][1]}"
        if len(texts) > 1:
            applied.several[name] = [scalars.written(_typed(declared, text)) for text, _ in texts]
        elif declared and not isinstance(words, str) and "," in texts[0][0]:
            applied.remarks.append(combinations.remark(name, declared, texts[0][0]))


def _given_fault(pipeline: PipelineSpec, name: str, text: str, word: str) -> Problem | None:
    """Return what is wrong with a value in a ``word`` of the command line, which may have several."""
    origin = f"--param {name}={word}"
    if not text and text != word and name in pipeline.parameters:
        message = f"parameter {name}: a value between commas is empty."
        return Problem("bad-parameter", message, "Delete the extra comma.", origin=origin)
    problem = _value_fault(pipeline, name, _typed(pipeline.parameters.get(name), text), ())
    return Problem(problem.code, problem.message, problem.cure, origin=origin) if problem else None


def _apply_data(applied: Applied, data: Mapping[str, str]) -> None:
    """Move datasets to the places of the caller, who wants them there and nowhere else."""
    changed: dict[str, Dataset] = {}
    for name, text in data.items():
        origin, place = f"--data {name}={text}", places.keys_of(text)
        if name not in applied.spec.datasets:
            problem = _unknown("dataset", name, applied.spec.datasets, ())
            applied.problems.append(replace(problem, origin=origin, on_key=False))
        elif place is None:
            message = f'"{text}" is not a place of a dataset.'
            applied.problems.append(Problem("dataset-place", message, f"{places.CURE[:-1]}, or a path.", origin=origin))
        else:
            moved, wrong = _moved(applied.spec.datasets[name], place)
            applied.problems += [replace(problem, path=(), origin=origin, on_key=False) for problem in wrong]
            changed[name] = moved or applied.spec.datasets[name]
            applied.data[name] = text
            of_profile = [path for path in applied.origins if path[:2] == ("datasets", name)]
            applied.origins = {path: of for path, of in applied.origins.items() if path not in of_profile}
            applied.origins["datasets", name] = origin
    _merge(applied, "datasets", changed, {})


def _moved(dataset: Dataset, place: Mapping[str, str]) -> tuple[Dataset | None, list[Problem]]:
    """Return a dataset at another place, or the problems that it has there."""
    return _checked(places.moved(dict(dataset), place), ())


def _typed(declared: Parameter | None, text: str) -> str | float:
    """Return ``text`` as a value of the parameter's type, if possible."""
    value = text if declared is None or declared.declared_type == "string" else scalars.resolve(text)
    return text if value is None else value
