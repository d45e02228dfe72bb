"""A plan, the arguments of a step, a command line → the same with secrets hidden. Pure.

Whether a value is hidden depends on its name: that of the variable or parameter, or the option that precedes it.
"""

from __future__ import annotations

import itertools
import posixpath
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from aml_pipeline.core.masking import MASK, OTHER, is_secret, masked, redacted, without_secrets
from aml_pipeline.core.sealing import Hide
from aml_pipeline.pipeline.plan.model import ParameterValue, Plan, Step, token_as_data
from aml_pipeline.pipeline.plan.tokens import Argument, Literal, Parameter, Part, Text, Token, by_option


def parameters(plan: Plan, hide: Hide = masked) -> dict[str, str]:
    """Return the values of the parameters as texts; the name of a secret is its own or an option's."""
    names = _names(plan.steps)
    return {
        name: _hidden(names.get(name, {name: None}), parameter.text, hide)
        for name, parameter in plan.parameters.items()
    }


def data(plan: Plan) -> dict[str, str]:
    """Return the places that the caller gave to datasets."""
    return {name: without_secrets(place) for name, place in plan.data.items()}


def _names(steps: Iterable[Step]) -> dict[str, dict[str, None]]:
    """Return each used parameter with its name and those of the options that read it."""
    names: dict[str, dict[str, None]] = {}
    for step in steps:
        for option, part, _ in by_option(step.arguments):
            if isinstance(part, Parameter):
                names.setdefault(part.name, {part.name: None})[option] = None
    return names


def _hidden(names: Iterable[str], text: str, hide: Hide) -> str:
    return next((hide(name, text) for name in names if is_secret(name, text)), text)


def arguments(given: Sequence[Argument], hide: Hide = masked) -> list[list[dict[str, Any]]]:
    """Return arguments as JSON data, token by token."""
    hidden = iter([_part(option, part, hide) for option, part, _ in by_option(given)])
    rows = []
    for argument in given:
        values = [_taken(token, hidden) for token in argument.values]
        rows.append([token_as_data(token) for token in replace(argument, values=tuple(values)).tokens])
    return rows


def _taken(token: Token, parts: Iterator[Part]) -> Token:
    """Return ``token`` made of the next of ``parts``."""
    if not isinstance(token, Text):
        return next(parts)
    return Text(tuple(itertools.islice(parts, len(token.parts))))


def _part(option: str, part: Part, hide: Hide) -> Part:
    return Literal(_literal(option, part.text, hide)) if isinstance(part, Literal) else part


def _literal(option: str, text: str, hide: Hide) -> str:
    """Return a literal; the option in ``--token=…`` remains."""
    name, equals, value = text.partition("=")
    if equals and is_secret(name, value):
        return f"{name}={hide(name, value)}"
    return hide(option, text)


def command(step: Step, hide: Hide = masked) -> list[str]:
    """Return the words of a command."""
    parts = (_part(option, part, hide) for option, part, _ in by_option(step.word_arguments))
    return [part.text for part in parts if isinstance(part, Literal)]


def program(step: Step, hide: Hide = masked) -> str:
    """Return what a step runs, as a person would name it: the script, the module, or the words of the command."""
    return step.script or step.module or shlex.join(command(step, hide))


def started(step: Step, hide: Hide = masked) -> str:
    """Return what a step runs as its results know it: the path of the script, or the words of the command."""
    if step.script is not None:
        return posixpath.normpath(step.script)
    return shlex.join(command(step, hide) or step.words)


def variables(step: Step, hide: Hide = masked) -> dict[str, str]:
    """Return the environment variables of a step; of a secret, its name in the key vault."""
    texts = {name: hide(name, value) for name, value in step.environment_variables.items()}
    return {**texts, **{name: f"secret {secret}" for name, secret in step.secrets.items()}}


def plan_as_data(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON data."""
    names = _names(plan.steps)
    data = replace(
        plan,
        parameters={
            name: _parameter(parameter, names.get(name, {name: None})) for name, parameter in plan.parameters.items()
        },
        tags=redacted(plan.tags),
        schedules={
            name: replace(schedule, parameters=redacted(schedule.parameters))
            for name, schedule in plan.schedules.items()
        },
    ).as_data()
    for step, row in zip(plan.steps, data["steps"], strict=True):
        row["arguments"], row["environment_variables"] = arguments(step.arguments), variables(step)
        row["command"] = command(step) or None
        if step.resources:
            row["resources"]["docker_arguments"] = words(step.resources.docker_arguments)
    return data


def for_record(plan: Plan) -> dict[str, Any]:
    """Return what the record of a run says of its plan, as JSON data."""
    values = parameters(plan)
    moved = {"data": data(plan)} if plan.data else {}
    return {"pipeline": plan.name, "profile": plan.profile, "parameters": values, **moved, "plan": plan_as_data(plan)}


def _parameter(parameter: ParameterValue, names: Iterable[str]) -> ParameterValue:
    """Return a parameter without secrets; it still shows whether the value differs from the default."""
    text, default = (_hidden(names, value, masked) for value in (parameter.text, parameter.default))
    return replace(
        parameter, text=text, default=OTHER if text == default and parameter.text != parameter.default else default
    )


def words(given: Iterable[str]) -> list[str]:
    """Return the words of a command line."""
    shown: list[str] = []
    for word in given:
        option = shown[-1] if shown and shown[-1].startswith("-") else ""
        shown.append(_word(option, word))
    return shown


def _word(option: str, word: str) -> str:
    parts = word.split("=")
    for count, name in enumerate(parts[:-1], 1):  # --param=NAME=VALUE
        if is_secret(name, "x") and is_secret(name, "=".join(parts[count:])):  # by its name, and not a switch
            return "=".join([*parts[:count], MASK])
    return MASK if is_secret(option, word) and not word.startswith("-") else without_secrets(word)
