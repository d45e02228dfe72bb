"""A plan → the plan for Azure ML, and remarks on what is omitted. Pure; shared by v1, v2 and the export."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of
from aml_pipeline.pipeline.plan.tokens import Data, Dataset, Output, Part


@dataclass(frozen=True, slots=True)
class Remark:
    """A text on something in the plan that is omitted in Azure ML; ``step`` is the step concerned, if any.

    ``is_default``: it is an unused default, so the run loses nothing.
    """

    text: str
    step: str | None = None
    is_default: bool = False


def by_hand(plan: Plan, alone: Step | None = None) -> Plan:
    """Return the plan of a run, not of what is published: of all steps, or of one ``alone``, without upstream steps."""
    plan = replace(plan, schedules={}, endpoint=None)
    if alone is None:
        return plan
    outputs = {name: source for name, source in plan.outputs.items() if source.step == alone.name}
    return replace(plan, steps=(replace(alone, after=()),), outputs=outputs)


def adapt(plan: Plan, missing: Collection[str] = ()) -> tuple[Plan, list[Remark]]:
    """Return the plan for Azure ML, and remarks; ``missing`` are the datasets that the workspace lacks.

    An argument with a missing dataset is omitted. A parameter that no step receives is neither sent nor set by a
    schedule, nor is a dataset that no step reads: Azure ML would refuse it.
    """
    absent = {name for name, place in plan.datasets.items() if not place.is_remote or name in missing}
    adapted = [without(step, absent) for step in plan.steps]
    steps = tuple(step for step, _ in adapted)
    received = {name for step in steps for name in step.parameters}
    read = datasets_of(steps)
    sent = replace(
        plan,
        steps=steps,
        parameters={name: value for name, value in plan.parameters.items() if name in received},
        schedules={
            key: replace(
                schedule,
                parameters={name: text for name, text in schedule.parameters.items() if name in received},
                datasets={name: place for name, place in schedule.datasets.items() if name in read},
            )
            for key, schedule in plan.schedules.items()
        },
    )
    return sent, [*(remark for _, remarks in adapted for remark in remarks), *_not_received(plan, received, read)]


def without(step: Step, absent: Collection[str]) -> tuple[Step, list[Remark]]:
    """Return ``step`` without the arguments that name an absent dataset, and remarks on what it lacks.

    It keeps their inputs and outputs: others may read such an output, and the step comes after the steps it reads from.
    All inputs keep their names, even if the option that gave one is omitted.
    """
    if set(step.datasets).isdisjoint(absent):
        return step, []
    kept, remarks = [], []
    for argument in step.arguments:
        dataset = next((part.name for part in argument.parts if _is_absent(part, absent)), None)
        if dataset is None:
            kept.append(argument)
        else:
            remarks.append(_omitted(step, dataset, argument.option or "an argument"))
    lost = [data for data in step.unnamed if _is_absent(data, absent)]
    remarks += [_omitted(step, data.name, f"input {step.names[data]}") for data in lost]
    named = {part for argument in kept for part in argument.parts}
    declared = [data for data in step.names if not _is_absent(data, absent)]
    others = [port for port in (*declared, *step.inputs, *map(Output, step.written)) if port not in named]
    sent = replace(step, arguments=tuple(kept), unnamed=tuple(dict.fromkeys(others)))
    names = ports.names(step)
    read: list[Data] = [*sent.inputs, *map(Dataset, sent.datasets)]
    return replace(sent, names={data: names[data] for data in read}), remarks


def _is_absent(part: Part, absent: Collection[str]) -> TypeGuard[Dataset]:
    return isinstance(part, Dataset) and part.name in absent


def _omitted(step: Step, dataset: str, what: str) -> Remark:
    return Remark(f'Azure ML has no dataset {dataset}, so {what} of step "{step.name}" is omitted.', step.name)


def said(remarks: Iterable[Remark], alone: Step | None = None) -> list[str]:
    """Return the remarks for a submission; for a single step ``alone``, only those about that step."""
    return [remark.text for remark in remarks if not remark.is_default and (alone is None or remark.step == alone.name)]


def _not_received(plan: Plan, received: Collection[str], read: Collection[str]) -> Iterator[Remark]:
    for name, value in plan.parameters.items():
        if name not in received:
            text = f'No step receives the parameter "{name}", so it is not sent.'
            yield Remark(text, is_default=value.text == value.default)
    for key, schedule in plan.schedules.items():
        for name in sorted(schedule.parameters.keys() - received):
            yield Remark(f'No step receives the parameter "{name}", so schedule {key} does not set it.')
        for name in sorted(schedule.datasets.keys() - read):
            yield Remark(f'No step reads the dataset "{name}" in Azure ML, so schedule {key} does not set it.')
