"""Several values of parameters → a plan for each combination. Pure."""

from __future__ import annotations

import itertools
import math
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import masked
from aml_pipeline.core.problems import Problem
from aml_pipeline.core.wording import counted, shortened
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import ParameterValue, Plan
from aml_pipeline.pipeline.spec.parameters import Parameter, shown
from aml_pipeline.pipeline.yaml.scalars import written

MOST = 1_000
_MOST_NAMED = 5
# What a caller gives a parameter: one value, or the words of a command line, each with one value or several.
Given = str | Sequence[str]


def separated(declared: Parameter | None, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the values in the words of a command line, each with its word.

    A comma separates values, except in a word that is one of the parameter's choices, and in any free string.
    """
    return [(text, word) for word in words for text in _values(declared, word)]


def _values(declared: Parameter | None, word: str) -> list[str]:
    choices = [written(choice) for choice in (declared.choices if declared else None) or ()]
    is_free = declared is None or (declared.declared_type == "string" and not choices)
    return [word] if is_free or word in choices or "," not in word else [text.strip() for text in word.split(",")]


def repeated(name: str, texts: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Yield the values that the caller gave twice."""
    words = dict(texts)
    for text, count in Counter(text for text, _ in texts).items():
        if count > 1 and text:
            message = f"parameter {name}: the value {shown(masked(name, text))} is given {counted(count, 'time')}."
            yield Problem("bad-parameter", message, "Give each value once.", origin=f"--param {name}={words[text]}")


def remark(name: str, declared: Parameter, text: str) -> str:
    """Return how a value with a comma was read."""
    why = f"parameter {name} is a string" if text not in map(written, declared.choices or ()) else "it is a choice"
    what = f'"{shown(masked(name, text))}" is one value, because {why}.'
    return f"{what} To give several, repeat the option: --param {name}=…."


def combined(plan: Plan, several: Mapping[str, Sequence[str]]) -> list[Plan]:
    """Return the plan with each combination of the values of its parameters; the last one varies fastest.

    Raises UsageError if there are too many.
    """
    count = math.prod(map(len, several.values()))
    if count > MOST:
        product = " × ".join(f"{len(texts)} of {name}" for name, texts in several.items())
        raise UsageError(f"{product} = {count:,} combinations; the most is {MOST:,}. Give fewer values.")
    return [
        replace(plan, parameters={**plan.parameters, **_given(plan, dict(zip(several, texts, strict=True)))})
        for texts in itertools.product(*several.values())
    ]


def _given(plan: Plan, texts: Mapping[str, str]) -> dict[str, ParameterValue]:
    return {name: replace(plan.parameters[name], text=text) for name, text in texts.items()}


def require_difference(plan: Plan, several: Mapping[str, Sequence[str]], steps: Collection[str]) -> None:
    """Raise UsageError if a parameter has several values, but none of the ``steps`` to run uses it."""
    for name, texts in several.items():
        users = [step for step in plan.steps if name in step.parameters]
        if not any(step.name in steps for step in users):
            others = shortened(list(dict.fromkeys(step.declared for step in users)), _MOST_NAMED)
            what = f"Parameter {name} has {counted(len(texts), 'value')}, but no step to run uses it"
            cure = f"Give it one value{f', or also run {others}' if others else ''}."
            raise UsageError(f"{what}, so its runs would be the same. {cure}")


def rest(several: Mapping[str, Sequence[str]], count: int) -> list[dict[str, list[str]]]:
    """Return the combinations after the first ``count``, as few products of values as there can be."""
    name, *inner = several
    texts, size = list(several[name]), math.prod(len(several[other]) for other in inner)
    begun, part = divmod(count, size)
    products: list[dict[str, list[str]]] = []
    if part:
        deeper = rest({other: several[other] for other in inner}, part)
        products += [{name: [texts[begun]], **product} for product in deeper]
        begun += 1
    if texts[begun:]:
        products.append({name: texts[begun:], **{other: list(several[other]) for other in inner}})
    return products


def words(plan: Plan, values: Mapping[str, Sequence[str]]) -> str:
    """Return the options of a command line that give these values to parameters; secrets are hidden."""
    options = []
    for name, texts in values.items():
        parameter = plan.parameters[name]
        hidden = [redaction.parameter(plan, name, text) for text in texts]
        joined = ",".join(hidden)
        is_free = parameter.type == "string" and not parameter.choices
        is_list = not is_free and joined not in parameter.choices and not any("," in text for text in hidden)
        options += [f"--param {shlex.quote(f'{name}={text}')}" for text in ([joined] if is_list else hidden)]
    return " ".join(options)


def labels(plans: Sequence[Plan], names: Sequence[str]) -> list[str]:
    """Return what distinguishes each of the plans: the values of the parameters with these names."""
    values = map(redaction.parameters, plans)
    texts = [" ".join(f"{name}={shown(value[name])}" for name in names) for value in values]
    if len(set(texts)) == len(texts):
        return texts
    return [f"{text} ({number})" for number, text in enumerate(texts, 1)]  # secrets look the same
