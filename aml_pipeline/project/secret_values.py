"""Values in a pipeline file that look like secrets → warnings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.core.secrets import by_variable
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal, Parameter

VAULT = 'Keep secrets in the key vault of the workspace, and read them with `run.get_secret("NAME")`.'


def warnings(plan: Plan, steps: Iterable[Step]) -> list[Problem]:
    """Return a warning for each variable, argument and parameter of ``steps`` whose value looks like a secret."""
    chosen = list(steps)
    return [*_variables(chosen), *_arguments(chosen), *_parameters(plan, chosen)]


def _variables(steps: Iterable[Step]) -> Iterator[Problem]:
    users: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        for name, value in step.environment_variables.items():
            users.setdefault((name, value), []).append(step)
    for (name, value), having in users.items():
        what = by_variable(name, value)
        more = f" and {len(having) - 1} more" if len(having) > 1 else ""
        place = ("steps", having[0].name, "environment_variables", name)
        if what:
            yield _told(f'the variable "{name}" of step "{having[0].name}"{more}', what, place, on_key=True)


def _arguments(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        for option, token, place in redaction.values(step.arguments):
            if not isinstance(token, Literal):
                continue
            name, equals, value = token.text.partition("=")
            what = by_variable(option.strip("-"), token.text) or (equals and by_variable(name.strip("-"), value))
            if what:
                whose = f"the value of {option}" if option else "an argument"
                yield _told(f'{whose} in step "{step.name}"', what, place)


def _parameters(plan: Plan, steps: Iterable[Step]) -> Iterator[Problem]:
    """Whether a parameter is a secret depends on its own name, or on that of an option that reads it."""
    found: dict[str, str] = {}
    for step in steps:
        for option, token, _ in redaction.values(step.arguments):
            if isinstance(token, Parameter):
                default = plan.parameters[token.name].default
                what = by_variable(token.name, default) or by_variable(option.strip("-"), default)
                found.update({token.name: what} if what else {})
    for name, what in found.items():
        yield _told(f'the default of parameter "{name}"', what, ("parameters", name), on_key=True)


def _told(whose: str, what: str, place: Path, *, on_key: bool = False) -> Problem:
    message = f"{whose} looks like {what}, and is sent to Azure ML in plain text."
    return Problem("plain-secret", message, VAULT, place, on_key=on_key, severity="warning")
