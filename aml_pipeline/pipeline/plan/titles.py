"""The titles of variants, such as `train[epochs=5]`, and the steps that a name or a title on the command line means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.wording import counted


class Titled(Protocol):
    """A step of a plan, as far as titles tell."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def declared(self) -> str: ...  # noqa: D102

    @property
    def variant(self) -> Mapping[str, str]: ...  # noqa: D102

    @property
    def title(self) -> str: ...  # noqa: D102


Step = TypeVar("Step", bound=Titled)

_LONGEST_VALUE = 40
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_COMMA = re.compile(r",(?=\s*\w+\s*=)")  # others are part of a value


def title(declared: str, variant: Mapping[str, str]) -> str:
    """Return what people read and type: ``train[learning_rate=0.01,batch_size=4]``; of a plain step, its name."""
    values = ",".join(f"{axis}={_short(text)}" for axis, text in variant.items())
    return f"{declared}[{values}]" if variant else declared


def _escaped(text: str) -> str:
    """Return ``text`` in one line that can be typed."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _short(text: str) -> str:
    text = _escaped(text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def steps_called(steps: Sequence[Step], text: str) -> tuple[Step, ...]:
    """Return the step called ``text``, all variants of it, or those that agree with the values in brackets.

    Raises UsageError if there is none.
    """
    if exact := tuple(step for step in steps if text in {step.name, step.title}):
        return exact
    name, bracket, values = text.partition("[")
    variants = [step for step in steps if step.declared == name]
    if not variants:
        raise UsageError(f'Unknown step "{name}". {suggest(name, {step.declared for step in steps}, noun="step")}')
    return tuple(_agreeing(variants, text, values) if bracket else variants)


def only(steps: Sequence[Step], text: str) -> Step:
    """Return the single step that ``text`` means. Raises UsageError if there is none, or several."""
    called = steps_called(steps, text)
    if len(called) > 1:
        shown = ", ".join(step.title for step in called[:10]) + (", …" if len(called) > 10 else "")  # noqa: PLR2004
        raise UsageError(f'"{text}" means {counted(len(called), "step")}, but one is expected. Name one of {shown}.')
    return called[0]


def _agreeing(variants: Sequence[Step], text: str, values: str) -> list[Step]:
    """Return the variants with the ``values``, such as ``learning_rate=0.01,batch_size=4]``."""
    declared = variants[0].declared
    if not any(step.variant for step in variants):
        raise UsageError(f'Step "{declared}" has no variants, so "{text}" means nothing. Write {declared}.')
    axes = list(dict.fromkeys(axis for step in variants for axis in step.variant))
    wanted = [_wanted(part, variants, axes) for part in _COMMA.split(values.strip().removesuffix("]"))]
    found = [step for step in variants if all(_has(step, axis, value) for axis, value in wanted)]
    if not found:
        given = " and ".join(f"{axis}={value}" for axis, value in wanted)
        near = [step.title for step in variants if _has(step, *wanted[0])]
        raise UsageError(f'No variant of step "{declared}" has {given}. {suggest("", near)}')
    return found


def _wanted(part: str, variants: Sequence[Titled], axes: Sequence[str]) -> tuple[str, str]:
    axis, equals, value = (piece.strip() for piece in part.partition("="))
    declared = variants[0].declared
    if not equals:
        known = suggest("", [variant.title for variant in variants], noun="variant")
        raise UsageError(f'"{part}" must be an axis and its value, such as {axes[0]}=VALUE. {known}')
    if axis not in axes:
        raise UsageError(f'Step "{declared}" has no axis "{axis}" in its matrix. {suggest(axis, axes, noun="axis")}')
    if not any(_has(step, axis, value) for step in variants):
        cure = suggest(value, {step.variant[axis] for step in variants if axis in step.variant})
        raise UsageError(f'No variant of step "{declared}" has {axis}={value}. {cure}')
    return axis, value


def _has(step: Titled, axis: str, value: str) -> bool:
    text = step.variant.get(axis)
    return text is not None and value in {text, text.strip(), _escaped(text).strip(), _short(text)}
