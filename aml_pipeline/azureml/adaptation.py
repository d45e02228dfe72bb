"""A plan → the plan for Azure ML, and remarks on what is omitted. Pure; shared by v1, v2 and the export."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Input, Output


@dataclass(frozen=True, slots=True)
class Remark:
    """A text on something in the plan that is omitted in Azure ML; ``step`` is the step concerned, if any.

    ``is_default``: it is an unused default, so the run loses nothing.
    """

    text: str
    step: str | None = None
    is_default: bool = False


def by_hand(plan: Plan, alone: Step | None = None) -> Plan:
    """Return the plan of a run without schedules: of all steps, or of one ``alone``, without upstream steps."""
    return replace(plan, steps=(replace(alone, after=()),) if alone else plan.steps, schedules={})


def adapt(plan: Plan, missing: Collection[str] = ()) -> tuple[Plan, list[Remark]]:
    """Return the plan for Azure ML, and remarks; ``missing`` are the datasets that the workspace lacks.

    An argument with a missing dataset is omitted. A parameter that no step receives is neither sent nor set by a
    schedule: Azure ML would refuse it.
    """
    absent = {name for name, place in plan.datasets.items() if not place.is_remote or name in missing}
    steps = tuple(without(step, absent) for step in plan.steps)
    received = {name for step in steps for name in step.parameters}
    adapted = replace(
        plan,
        steps=steps,
        parameters={name: value for name, value in plan.parameters.items() if name in received},
        schedules={
            key: replace(one, parameters={name: text for name, text in one.parameters.items() if name in received})
            for key, one in plan.schedules.items()
        },
    )
    return adapted, [*_arguments(plan, absent), *_parameters(plan, received)]


def without(step: Step, absent: Collection[str]) -> Step:
    """Return ``step`` without the arguments that name an absent dataset.

    It keeps their inputs and outputs: others may read such an output, and the step comes after the steps it reads from.
    """
    kept = tuple(one for one in step.arguments if _absent_dataset(one, absent) is None)
    named = {token for one in kept for token in one.values}
    ports: list[Input | Output] = [*step.inputs, *map(Output, step.written)]
    return replace(step, arguments=kept, unnamed=tuple(port for port in ports if port not in named))


def _absent_dataset(argument: Argument, absent: Collection[str]) -> str | None:
    return next((one.name for one in argument.values if isinstance(one, Dataset) and one.name in absent), None)


def said(remarks: Iterable[Remark], alone: Step | None = None) -> list[str]:
    """Return the remarks for a submission; for a single step ``alone``, only those about that step."""
    return [one.text for one in remarks if not one.is_default and (alone is None or one.step == alone.name)]


def _arguments(plan: Plan, absent: Collection[str]) -> Iterator[Remark]:
    for step in plan.steps:
        for argument in step.arguments:
            dataset = _absent_dataset(argument, absent)
            if dataset is not None:
                option = argument.option or "an argument"
                text = f'Azure ML has no dataset {dataset}, so {option} of step "{step.name}" is omitted.'
                yield Remark(text, step.name)


def _parameters(plan: Plan, received: Collection[str]) -> Iterator[Remark]:
    for name, value in plan.parameters.items():
        if name not in received:
            text = f'No step receives the parameter "{name}", so it is not sent.'
            yield Remark(text, is_default=value.text == value.default)
    for key, schedule in plan.schedules.items():
        for name in sorted(schedule.parameters.keys() - received):
            yield Remark(f'No step receives the parameter "{name}", so schedule {key} does not set it.')
