"""A plan, the arguments of a step, a command line → the same with secrets hidden. Pure.

Whether a value is hidden depends on its name: that of the variable or parameter, or the option that precedes it.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from aml_pipeline.core.masking import MASK, OTHER, is_secret, masked, redacted, without_secrets
from aml_pipeline.core.sealing import Hide
from aml_pipeline.pipeline.plan.model import ParameterValue, Plan, Step, token_as_data
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.pipeline.plan.tokens import (
    Argument,
    Literal,
    Parameter,
    Part,
    Text,
    Token,
    by_option,
    parts,
    with_options,
)

if TYPE_CHECKING:
    from aml_pipeline.pipeline.schedule import Schedule


def parameters(plan: Plan, hide: Hide = masked) -> dict[str, str]:
    """Return the values of the parameters as texts; the name of a secret is its own or an option's."""
    names = _names(plan.steps)
    return {
        name: _hidden(names.get(name, {name: None}), parameter.text, hide)
        for name, parameter in plan.parameters.items()
    }


def parameter(plan: Plan, name: str, text: str) -> str:
    """Return a value of a parameter, which may be that of a schedule."""
    return _hidden(_names(plan.steps).get(name, {name: None}), text, masked)


def data(plan: Plan) -> dict[str, str]:
    """Return the places that the caller gave to datasets."""
    return places(plan.data)


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
    hidden = (value(option, token, hide) for option, token, _ in with_options(given))
    shown = [replace(argument, values=tuple(islice(hidden, len(argument.values)))) for argument in given]
    return [[token_as_data(token) for token in argument.tokens] for argument in shown]


def value(option: str, token: Token, hide: Hide = masked) -> Token:
    """Return a value of an argument; a text is judged as a whole: a login in a URL may be several parts."""
    if not isinstance(token, Text):
        return _part(option, token, hide)
    name = "password" if is_secret("", literally(token)) else option  # so that each part is hidden
    return Text(tuple(_part(name, part, hide) for part in token.parts))


def literally(token: Token) -> str:
    """Return a value of an argument as a text, with ``***`` in place of each expression."""
    return "".join(part.text if isinstance(part, Literal) else MASK for part in parts(token))


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
    words = (_part(option, part, hide) for option, part, _ in by_option(step.word_arguments))
    return [word.text for word in words if isinstance(word, Literal)]


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
    rows = replace(
        plan,
        parameters={
            name: _parameter(parameter, names.get(name, {name: None})) for name, parameter in plan.parameters.items()
        },
        tags=redacted(plan.tags),
        datasets={name: _dataset(place) for name, place in plan.datasets.items()},
        data=data(plan),
        schedules={name: _schedule(schedule, names) for name, schedule in plan.schedules.items()},
    ).as_data()
    for step, row in zip(plan.steps, rows["steps"], strict=True):
        row["arguments"], row["environment_variables"] = arguments(step.arguments), variables(step)
        row["command"] = command(step) or None
        if step.resources:
            row["resources"]["docker_arguments"] = words(step.resources.docker_arguments)
    return rows


def for_record(plan: Plan) -> dict[str, Any]:
    """Return what the record of a run says of its plan, as JSON data."""
    values = parameters(plan)
    moved = {"data": data(plan)} if plan.data else {}
    return {"pipeline": plan.name, "profile": plan.profile, "parameters": values, **moved, "plan": plan_as_data(plan)}


def places(given: Mapping[str, str]) -> dict[str, str]:
    """Return places of datasets; the address of a file on the web may be signed."""
    return {name: without_secrets(place) for name, place in given.items()}


def _dataset(place: DatasetPlace) -> DatasetPlace:
    return replace(place, url=without_secrets(place.url)) if place.url else place


def _schedule(schedule: Schedule, names: Mapping[str, Iterable[str]]) -> Schedule:
    values = schedule.parameters.items()
    shown = {name: _hidden(names.get(name, {name: None}), text, masked) for name, text in values}
    return replace(schedule, parameters=shown, datasets=places(schedule.datasets))


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
