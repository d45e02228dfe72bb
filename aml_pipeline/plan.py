"""A spec becomes one plan: references resolved into typed tokens, steps in order, plain data.

Knows no disk, no clock and no backend. Every backend renders the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aml_pipeline import graph, spec
from aml_pipeline.arguments import read_arguments
from aml_pipeline.parameters import ParameterType
from aml_pipeline.problems import Path, Problem, suggest
from aml_pipeline.scalars import written
from aml_pipeline.tokens import Argument, Dataset, Input, Output, Parameter, Token, is_expression, parse_expression


@dataclass(frozen=True, slots=True)
class Environment:
    """The definition of an environment; see ``spec.Environment``."""

    name: str | None
    conda_file: str | None
    pip_requirements: str | None
    conda_environment: str | None
    docker_image: str | None
    curated: str | None
    registered: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Compute:
    """A compute target; see ``spec.Compute``."""

    name: str
    vm_size: str | None
    vm_priority: str | None
    min_nodes: int | None
    max_nodes: int | None
    idle_seconds_before_scaledown: int | None


@dataclass(frozen=True, slots=True)
class DatasetPlace:
    """Where a dataset is, here and in Azure ML; see ``spec.Dataset``."""

    local: str | None
    optional: bool
    datastore: str | None
    path: str | None
    registered: str | None
    version: str | None
    mode: str


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter's value as text, its default (of the file and the profile) as text, and its type."""

    text: str
    default: str
    type: ParameterType


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Settings of an output in Azure ML; see ``spec.Output``."""

    datastore: str | None = None
    mode: str = "upload"
    register_as: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step, complete: the pipeline's settings are filled in."""

    name: str
    script: str
    source_directory: str
    arguments: tuple[Argument, ...]
    outputs: Mapping[str, OutputSettings]
    after: tuple[str, ...]
    compute: Compute | None
    environment: Environment | None
    environment_variables: Mapping[str, str]
    snapshot: tuple[str, ...] | None
    allow_reuse: bool
    timeout: int | None
    retries: int

    def _distinct(self, kind: type[Token]) -> Iterator[Any]:
        tokens = (token for argument in self.arguments for token in argument.tokens)
        return iter(dict.fromkeys(token for token in tokens if isinstance(token, kind)))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The outputs of other steps that it reads."""
        return tuple(self._distinct(Input))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that it uses."""
        return tuple(token.name for token in self._distinct(Parameter))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the datasets that it reads."""
        return tuple(token.name for token in self._distinct(Dataset))

    @property
    def upstream(self) -> tuple[str, ...]:
        """The steps that come before it, by data or by ``after``."""
        return tuple(dict.fromkeys([*(one.step for one in self.inputs), *self.after]))


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline ready for any backend; ``steps`` stand in the order in which they run.

    ``file`` is the absolute path of the pipeline file; paths in the plan are relative to its folder.
    """

    file: str
    name: str
    description: str | None
    experiment: str
    profile: str | None
    parameters: Mapping[str, ParameterValue]
    datasets: Mapping[str, DatasetPlace]
    steps: tuple[Step, ...]

    @property
    def upstream(self) -> dict[str, tuple[str, ...]]:
        """Each step, in order, with the steps before it."""
        return {step.name: step.upstream for step in self.steps}

    def step(self, name: str) -> Step:
        """Return the step called ``name``."""
        return next(step for step in self.steps if step.name == name)

    def as_data(self) -> dict[str, Any]:
        """Return the plan as JSON data; a token is a mapping of its kind to its fields."""
        data = asdict(self)
        for step, row in zip(self.steps, data["steps"], strict=True):
            row["arguments"] = [[token_as_data(token) for token in one.tokens] for one in step.arguments]
        return data


def token_as_data(token: Token) -> dict[str, Any]:
    """Return a token as JSON data, such as ``{"input": {"step": "train", "name": "model"}}``."""
    return {type(token).__name__.lower(): asdict(token)}


def build(
    pipeline: spec.PipelineSpec,
    values: Mapping[str, str | float] | None = None,
    *,
    file: str = "",
    profile: str | None = None,
) -> tuple[Plan, list[Problem]]:
    """Return the plan of ``pipeline`` and the problems of its references; ``values`` stand instead of defaults.

    The plan is complete when no problem is an error; else it holds what could be resolved, for further checks.
    """
    problems: list[Problem] = []
    steps = {name: _step(pipeline, name, problems) for name in pipeline.steps}
    problems += [*_unknown_inputs(pipeline, steps), *_unknown_after(pipeline), *_unused(pipeline, steps)]
    ordered, cyclic = _ordered(steps)
    plan = Plan(
        file=file,
        name=pipeline.name,
        description=pipeline.description,
        experiment=pipeline.experiment or pipeline.name,
        profile=profile,
        parameters={
            name: _parameter(one, (values or {}).get(name, one.default)) for name, one in pipeline.parameters.items()
        },
        datasets={name: DatasetPlace(**one.model_dump()) for name, one in pipeline.datasets.items()},
        steps=tuple(ordered),
    )
    return plan, problems + cyclic


def _step(pipeline: spec.PipelineSpec, name: str, problems: list[Problem]) -> Step:
    declared = pipeline.steps[name]
    path: Path = ("steps", name)
    arguments, found = read_arguments(declared.arguments, (*path, "arguments"), name)
    problems += found
    step = Step(
        name=name,
        script=declared.script,
        source_directory=declared.source_directory or pipeline.source_directory,
        arguments=arguments,
        outputs={},
        after=tuple(one for one in dict.fromkeys(declared.after) if one in pipeline.steps and one != name),
        compute=_copied(Compute, declared.compute or pipeline.compute),
        environment=_copied(Environment, declared.environment or pipeline.environment),
        environment_variables={**pipeline.environment_variables, **declared.environment_variables},
        snapshot=declared.snapshot if declared.snapshot is not None else pipeline.snapshot,
        allow_reuse=pipeline.allow_reuse if declared.allow_reuse is None else declared.allow_reuse,
        timeout=declared.timeout or pipeline.timeout,
        retries=pipeline.retries if declared.retries is None else declared.retries,
    )
    problems += _unknown_names(pipeline, step)
    return _with_outputs(step, declared, problems)


def _parameter(declared: spec.Parameter, value: str | float) -> ParameterValue:
    return ParameterValue(written(value), written(declared.default), declared.declared_type)


def _copied(kind: type[Any], model: spec.Compute | spec.Environment | None) -> Any:  # noqa: ANN401 - kind tells
    return None if model is None else kind(**model.model_dump())


def _with_outputs(step: Step, declared: spec.Step, problems: list[Problem]) -> Step:
    from dataclasses import replace

    named = [token.name for token in step._distinct(Output)]  # noqa: SLF001 - same module
    for name in declared.outputs:
        if name not in named:
            message = f'step "{step.name}" has settings for an output "{name}" that no argument names.'
            cure = suggest(name, named) if named else "Add an argument such as `--output: ${{ outputs." + name + " }}`."
            problems.append(
                Problem("unknown-output", message, cure, ("steps", step.name, "outputs", name), on_key=True)
            )
    settings = {name: declared.outputs.get(name) for name in named}
    outputs = {name: OutputSettings(**one.model_dump()) if one else OutputSettings() for name, one in settings.items()}
    return replace(step, outputs=outputs)


def _scalars(arguments: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield every scalar below ``arguments`` with its path in the document."""
    if isinstance(arguments, (dict, list)):
        for key, one in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
            yield from _scalars(one, (*path, key))
    else:
        yield path, arguments


def _places(pipeline: spec.PipelineSpec, step: str) -> dict[Token, Path]:
    """Return the first place in the document of each expression in the arguments of ``step``."""
    found: dict[Token, Path] = {}
    for path, value in _scalars(pipeline.steps[step].arguments, ("steps", step, "arguments")):
        token = parse_expression(value) if isinstance(value, str) and is_expression(value) else None
        if token and not isinstance(token, tuple):
            found.setdefault(token, path)
    return found


def _unknown_names(pipeline: spec.PipelineSpec, step: Step) -> Iterator[Problem]:
    unknown: list[Parameter | Dataset]
    unknown = [Parameter(name) for name in step.parameters if name not in pipeline.parameters]
    unknown += [Dataset(name) for name in step.datasets if name not in pipeline.datasets]
    places = _places(pipeline, step.name) if unknown else {}
    for token in unknown:
        kind = type(token).__name__.lower()
        known = getattr(pipeline, f"{kind}s")
        message = f'step "{step.name}" reads {kind}s.{token.name}, and no {kind} is called "{token.name}".'
        cure = suggest(token.name, known) if known else f"Declare it under `{kind}s:`."
        yield Problem(f"unknown-{kind}", message, cure, places[token])


def _unknown_inputs(pipeline: spec.PipelineSpec, steps: Mapping[str, Step]) -> Iterator[Problem]:
    for step in steps.values():
        unknown = [
            one
            for one in step.inputs
            if one.step == step.name or one.step not in steps or one.name not in steps[one.step].outputs
        ]
        places = _places(pipeline, step.name) if unknown else {}
        for one in unknown:
            yield _unknown_input(step, one, steps, places[one])


def _unknown_input(step: Step, one: Input, steps: Mapping[str, Step], path: Path) -> Problem:
    reads = f'step "{step.name}" reads steps.{one.step}.outputs.{one.name}'
    if one.step == step.name:
        cure = "Write ${{ outputs." + one.name + " }} for the folder that it writes."
        return Problem("own-output", f"{reads}, which is its own output.", cure, path)
    if one.step not in steps:
        message = f'{reads}, and no step is called "{one.step}".'
        return Problem("unknown-step", message, suggest(one.step, set(steps) - {step.name}, noun="step"), path)
    message = f'{reads}, and step "{one.step}" has no output "{one.name}".'
    known = steps[one.step].outputs
    argument = "`--" + one.name + ": ${{ outputs." + one.name + " }}`"
    cure = suggest(one.name, known) if known else f"Let it write one: give it an argument such as {argument}."
    return Problem("unknown-output", message, cure, path)


def _unknown_after(pipeline: spec.PipelineSpec) -> Iterator[Problem]:
    for name, step in pipeline.steps.items():
        for index, other in enumerate(step.after):
            path: Path = ("steps", name, "after", index)
            if other == name:
                yield Problem("cycle", f'step "{name}" comes after itself.', "Delete it.", path)
            elif other not in pipeline.steps:
                message = f'step "{name}" comes after "{other}", and no step is called "{other}".'
                cure = suggest(other, set(pipeline.steps) - {name}, noun="step")
                yield Problem("unknown-step", message, cure, path)


def _unused(pipeline: spec.PipelineSpec, steps: Mapping[str, Step]) -> Iterator[Problem]:
    used = {
        "parameters": {name for step in steps.values() for name in step.parameters},
        "datasets": {name for step in steps.values() for name in step.datasets},
    }
    for section, names in used.items():
        for name in getattr(pipeline, section):
            if name not in names:
                noun = section[:-1]
                message = f'{noun} "{name}" is used by no step.'
                cure = f"Use it as ${{{{ {section}.{name} }}}} in an argument, or delete it."
                yield Problem(f"unused-{noun}", message, cure, (section, name), on_key=True, severity="warning")


def _ordered(steps: Mapping[str, Step]) -> tuple[list[Step], list[Problem]]:
    upstream = {name: [one for one in step.upstream if one in steps and one != name] for name, step in steps.items()}
    problems = [
        Problem(
            "cycle",
            f"these steps wait for each other: {' → '.join(cycle)}.",
            "Remove one of the references, or the `after`.",
            ("steps", cycle[0]),
            on_key=True,
        )
        for cycle in graph.cycles(upstream)
    ]
    names = list(steps) if problems else graph.order(upstream)
    return [steps[name] for name in names], problems
