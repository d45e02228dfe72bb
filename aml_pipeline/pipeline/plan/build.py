"""Spec → plan: settings filled in, arguments read, steps in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import graph, matrix, results, variables
from aml_pipeline.pipeline.plan.arguments import read_arguments, text_faults, word_faults
from aml_pipeline.pipeline.plan.inputs import clashes, read_inputs
from aml_pipeline.pipeline.plan.matrix import Matrix
from aml_pipeline.pipeline.plan.model import OtherValue, ParameterValue, Plan, Step
from aml_pipeline.pipeline.plan.references import reference_problems, reference_to, unknown_settings, unused
from aml_pipeline.pipeline.plan.settings import (
    DatasetPlace,
    OutputSettings,
)
from aml_pipeline.pipeline.plan.tokens import Argument, Data, Output
from aml_pipeline.pipeline.plan.variants import expanded
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.schedule import Schedule as ScheduleSpec
from aml_pipeline.pipeline.spec.settings import Secret
from aml_pipeline.pipeline.spec.step import Step as StepSpec
from aml_pipeline.pipeline.yaml.scalars import written

if TYPE_CHECKING:
    from aml_pipeline.pipeline.schedule import Schedule


def build(  # noqa: PLR0913 - a pipeline, and what the caller sets
    pipeline: PipelineSpec,
    values: Mapping[str, str | float] | None = None,
    data: Mapping[str, str] | None = None,
    *,
    file: str = "",
    profile: str | None = None,
    named: Collection[str] = (),
) -> tuple[Plan, list[Problem]]:
    """Return the plan of ``pipeline`` and the problems of its references; ``values`` replace defaults.

    ``data`` are the places that the caller gave to datasets, which ``pipeline`` has already; ``named`` are the datasets
    that matrices of the file name, with any profile.
    The plan is complete if no problem is an error; otherwise it contains what could be resolved, for further checks.
    """
    problems: list[Problem] = []
    variants = _variants(pipeline, problems)
    steps = [variant for some in variants.values() for variant in some]
    outputs, unclear = results.read(pipeline.outputs, variants)
    understood, faulty = schedules(pipeline.schedules, ("schedules",))
    plan = Plan(
        file=file,
        name=pipeline.name,
        description=pipeline.description,
        experiment=pipeline.experiment or pipeline.name,
        profile=profile,
        parameters=_parameters(pipeline, values or {}),
        datasets={name: DatasetPlace(**dict(dataset)) for name, dataset in pipeline.datasets.items()},
        steps=tuple(steps),
        outputs=outputs,
        schedules=understood,
        reuse=pipeline.publish.reuse,
        endpoint=pipeline.publish.endpoint,
        sdk=pipeline.sdk,
        workspace=pipeline.workspace,
        tags=pipeline.tags,
        data=data or {},
    )
    problems += [*unused(pipeline, steps, named), *unclear, *results.clashes(steps, outputs.values())]
    problems += [*faulty, *_reused(pipeline, steps)]
    return plan, problems


def _variants(pipeline: PipelineSpec, problems: list[Problem]) -> dict[str, tuple[Step, ...]]:
    """Return the steps of the file in order, each with its variants; add what is wrong with them to ``problems``."""
    matrices = _matrices(pipeline)
    declared = {name: _step(pipeline, name, matrices.get(name), problems) for name in pipeline.steps}
    # An axis may be what a wrong argument means.
    wrong = {problem.path[1] for problem in problems if problem.path[2:3] == ("arguments",)}
    problems += reference_problems(pipeline, declared)
    ordered, cyclic = _ordered(pipeline, declared)
    variants, unread = expanded(ordered, matrices, lambda step, other: reference_to(pipeline, step, other))
    problems += cyclic
    problems += [problem for problem in unread if problem.code != "unused-axis" or problem.path[1] not in wrong]
    return variants


def _matrices(pipeline: PipelineSpec) -> dict[str, Matrix]:
    """Return the matrix of each step that has one."""
    matrices: dict[str, Matrix] = {}
    variants = 0
    for name, step in pipeline.steps.items():
        if step.matrix is not None:
            matrices[name] = matrix.read(step.matrix, name, ("steps", name, "matrix"), pipeline.datasets, variants)
            variants += len(matrices[name].combinations)
    return matrices


def _step(pipeline: PipelineSpec, name: str, varied: Matrix | None, problems: list[Problem]) -> Step:
    declared = pipeline.steps[name]
    path: Path = ("steps", name)
    inputs, wrong_inputs = read_inputs(declared.inputs, (*path, "inputs"))
    axes = None if varied and varied.is_wrong else varied.axes if varied else {}
    arguments, wrong_arguments = read_arguments(declared.arguments, (*path, "arguments"), name, inputs, axes)
    problems += [*wrong_inputs, *wrong_arguments]
    if varied:
        problems += [*varied.problems, *text_faults(varied.texts)]
    problems += word_faults(declared.command or (), (*path, "command"))
    step = Step(
        name=name,
        declared=name,
        script=declared.script,
        module=declared.module,
        command=declared.command,
        source_directory=declared.source_directory or pipeline.source_directory,
        arguments=arguments,
        outputs={},
        after=tuple(
            upstream for upstream in dict.fromkeys(declared.after) if upstream in pipeline.steps and upstream != name
        ),
        compute=declared.compute or pipeline.compute,
        environment=declared.environment or pipeline.environment,
        environment_variables={},
        snapshot=declared.snapshot if declared.snapshot is not None else pipeline.snapshot,
        allow_reuse=pipeline.allow_reuse if declared.allow_reuse is None else declared.allow_reuse,
        timeout=declared.timeout or pipeline.timeout,
        retries=pipeline.retries if declared.retries is None else declared.retries,
        python=declared.python or pipeline.python,
        distribution=declared.distribution,
        resources=declared.resources or pipeline.resources,
        identity=declared.identity or pipeline.identity,
        unnamed=_unnamed(declared, inputs, arguments),
        names={data: name for name, data in inputs.items() if data},
    )
    step = _with_outputs(_with_variables(step, declared, pipeline), declared)
    problems += [*clashes(step, (*path, "inputs")), *variables.taken(step, path), *unknown_settings(step, declared)]
    return step


def _with_variables(step: Step, declared: StepSpec, pipeline: PipelineSpec) -> Step:
    general, own = pipeline.environment_variables, declared.environment_variables
    values = {**general, **own}
    return replace(
        step,
        environment_variables={name: value for name, value in values.items() if isinstance(value, str)},
        secrets={name: value.secret for name, value in values.items() if isinstance(value, Secret)},
        inherited=tuple(name for name, value in general.items() if isinstance(value, Secret) and name not in own),
    )


def _parameters(pipeline: PipelineSpec, values: Mapping[str, str | float]) -> dict[str, ParameterValue]:
    given = [schedule.parameters for schedule in pipeline.schedules.values()]
    return {
        name: ParameterValue(
            text=written(values.get(name, declared.default)),
            default=written(declared.default),
            type=declared.declared_type,
            description=declared.description,
            choices=tuple(map(written, declared.choices or ())),
            minimum=declared.minimum,
            maximum=declared.maximum,
            scheduled=tuple(written(scheduled[name]) for scheduled in given if name in scheduled),
        )
        for name, declared in pipeline.parameters.items()
    }


# Of a parameter with more choices, the first are checked: each against the parameter, and against its scripts.
MOST_CHOICES = 64


def other_values(pipeline: PipelineSpec) -> list[OtherValue]:
    """Return the values that parameters may have in other runs: their choices, or those of profiles and schedules.

    Values that the parameter itself does not allow are omitted: they are reported elsewhere.
    """
    found = []
    for name, declared in pipeline.parameters.items():
        choices = enumerate((declared.choices or ())[:MOST_CHOICES])
        given: list[tuple[Path, str | float]] = [(("parameters", name, "choices", at), value) for at, value in choices]
        given = given or [((*place, name), values[name]) for place, values in _given(pipeline) if name in values]
        found += [OtherValue(name, written(value), place) for place, value in given if declared.fault(value) is None]
    return found


def _given(pipeline: PipelineSpec) -> Iterator[tuple[Path, Mapping[str, str | float]]]:
    """Yield the values that profiles and schedules set for parameters, with their places."""
    sections: list[tuple[Path, Mapping[str, ScheduleSpec]]] = [(("schedules",), pipeline.schedules)]
    for name, profile in pipeline.profiles.items():
        yield ("profiles", name, "parameters"), profile.parameters
        sections.append((("profiles", name, "schedules"), profile.schedules))
    for place, declared in sections:
        yield from (((*place, name, "parameters"), schedule.parameters) for name, schedule in declared.items())


def schedules(declared: Mapping[str, ScheduleSpec], path: Path) -> tuple[dict[str, Schedule], list[Problem]]:
    """Return the schedules that could be understood, and what is wrong with the others; ``path`` is their place."""
    if not declared:
        return {}, []
    from aml_pipeline.pipeline.schedule import understand  # most files have none

    read = {name: understand(schedule, (*path, name)) for name, schedule in declared.items()}
    understood = {name: schedule for name, (schedule, _) in read.items() if schedule}
    return understood, [problem for _, problems in read.values() for problem in problems]


def _reused(pipeline: PipelineSpec, steps: Iterable[Step]) -> Iterator[Problem]:
    """Yield a warning for schedules whose runs would do nothing.

    A pipeline published to reuse earlier results reuses them in every run (MachineLearningNotebooks issue 680).
    """
    if not all(step.allow_reuse for step in steps):
        return
    every = "set `allow_reuse: false` in each step that must always run."
    inheriting = [name for name, schedule in pipeline.schedules.items() if schedule.reuse is None]
    if pipeline.publish.reuse and inheriting:
        yield _does_nothing(inheriting, f"Delete `reuse: true`, or {every}", ("publish", "reuse"))
    for name, schedule in pipeline.schedules.items():
        if schedule.reuse:
            yield _does_nothing([name], f"Write `reuse: false`, or {every}", ("schedules", name, "reuse"))


def _does_nothing(schedules: Iterable[str], cure: str, place: Path) -> Problem:
    names = " or ".join(f'"{name}"' for name in schedules)
    message = f"runs started by {names} find every step unchanged, reuse the results of the first run, and do nothing."
    return Problem("reused-schedule", message, cure, place, severity="warning")


def _unnamed(
    declared: StepSpec, inputs: Mapping[str, Data | None], arguments: Sequence[Argument]
) -> tuple[Data | Output, ...]:
    """Return what a step reads and writes without an argument that names it."""
    named = {part for argument in arguments for part in argument.parts}
    outputs = (Output(name) for name, own in declared.outputs.items() if not own.argument)
    return tuple(part for part in (*inputs.values(), *outputs) if part and part not in named)


def _with_outputs(step: Step, declared: StepSpec) -> Step:
    settings = {name: declared.outputs.get(name) for name in step.written}
    outputs = {name: OutputSettings(**dict(own)) if own else OutputSettings() for name, own in settings.items()}
    return replace(step, outputs=outputs)


def _ordered(pipeline: PipelineSpec, steps: Mapping[str, Step]) -> tuple[list[Step], list[Problem]]:
    upstream = {
        name: [upstream for upstream in step.upstream if upstream in steps and upstream != name]
        for name, step in steps.items()
    }
    problems = [
        Problem(
            "cycle",
            f"these steps depend on each other in a cycle: {' → '.join(cycle.steps)}.",
            "Remove one of the references, or the `after`.",
            reference_to(pipeline, cycle.step, cycle.other),
        )
        for cycle in graph.cycles(upstream)
    ]
    names = list(steps) if problems else graph.order(upstream)
    return [steps[name] for name in names], problems
