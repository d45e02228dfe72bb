"""A plan → the plan for Azure ML, and remarks on what is omitted. Pure; shared by v1, v2 and the export."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output


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
    if alone is None:
        return replace(plan, schedules={})
    outputs = {name: source for name, source in plan.outputs.items() if source.step == alone.name}
    return replace(plan, steps=(replace(alone, after=()),), outputs=outputs, schedules={})


def adapt(plan: Plan, missing: Collection[str] = ()) -> tuple[Plan, list[Remark]]:
    """Return the plan for Azure ML, and remarks; ``missing`` are the datasets that the workspace lacks.

    An argument with a missing dataset is omitted. A parameter that no step receives is neither sent nor set by a
    schedule: Azure ML would refuse it.
    """
    absent = {name for name, place in plan.datasets.items() if not place.is_remote or name in missing}
    adapted = [without(step, absent) for step in plan.steps]
    steps = tuple(step for step, _ in adapted)
    received = {name for step in steps for name in step.parameters}
    sent = replace(
        plan,
        steps=steps,
        parameters={name: value for name, value in plan.parameters.items() if name in received},
        schedules={
            key: replace(
                schedule, parameters={name: text for name, text in schedule.parameters.items() if name in received}
            )
            for key, schedule in plan.schedules.items()
        },
    )
    return sent, [*(remark for _, remarks in adapted for remark in remarks), *_not_received(plan, received)]


def without(step: Step, absent: Collection[str]) -> tuple[Step, list[Remark]]:
    """Return ``step`` without the arguments that name an absent dataset, and remarks on those.

    It keeps their inputs and outputs: others may read such an output, and the step comes after the steps it reads from.
    """
    kept, remarks = [], []
    for argument in step.arguments:
        datasets = (token.name for token in argument.values if isinstance(token, Dataset))
        dataset = next((name for name in datasets if name in absent), None)
        if dataset is None:
            kept.append(argument)
        else:
            option = argument.option or "an argument"
            text = f'Azure ML has no dataset {dataset}, so {option} of step "{step.name}" is omitted.'
            remarks.append(Remark(text, step.name))
    named = {token for argument in kept for token in argument.values}
    ports: list[Input | Output] = [*step.inputs, *map(Output, step.written)]
    unnamed = tuple(port for port in ports if port not in named)
    return replace(step, arguments=tuple(kept), unnamed=unnamed), remarks


def said(remarks: Iterable[Remark], alone: Step | None = None) -> list[str]:
    """Return the remarks for a submission; for a single step ``alone``, only those about that step."""
    return [remark.text for remark in remarks if not remark.is_default and (alone is None or remark.step == alone.name)]


def _not_received(plan: Plan, received: Collection[str]) -> Iterator[Remark]:
    for name, value in plan.parameters.items():
        if name not in received:
            text = f'No step receives the parameter "{name}", so it is not sent.'
            yield Remark(text, is_default=value.text == value.default)
    for key, schedule in plan.schedules.items():
        for name in sorted(schedule.parameters.keys() - received):
            yield Remark(f'No step receives the parameter "{name}", so schedule {key} does not set it.')
