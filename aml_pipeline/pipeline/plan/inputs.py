"""The `inputs:` of a step → the data that each name stands for, with all mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Axis, Data, Dataset, Input, Parameter
from aml_pipeline.pipeline.yaml.scalars import written

FORMS = "${{ datasets.NAME }} or ${{ steps.STEP.outputs.NAME }}"


def read_inputs(declared: Mapping[str, object], path: Path) -> tuple[dict[str, Data | None], list[Problem]]:
    """Return the data of each input, None if it is wrong, and the problems; ``path`` is the place of the inputs."""
    inputs: dict[str, Data | None] = {}
    problems = []
    for name, value in declared.items():
        parsed = _parsed(name, value)
        if isinstance(parsed, tuple):
            problems.append(Problem(*parsed, (*path, name)))
        else:
            problems += [_same(first, name, parsed, path) for first, data in inputs.items() if data == parsed][:1]
        inputs[name] = None if isinstance(parsed, tuple) else parsed
    return inputs, problems


def _same(first: str, name: str, data: Data, path: Path) -> Problem:
    message = f'inputs "{first}" and "{name}" are the same data, {tokens.written(data)}.'
    return Problem("same-input", message, "Delete one of them, and use the other.", (*path, name), on_key=True)


def _parsed(name: str, value: object) -> Data | tuple[str, str, str]:
    """Return the data that an input stands for, or the code, message and cure of its problem."""
    must = f'input "{name}" must be data'
    if not isinstance(value, str) or not tokens.is_expression(value):
        kind = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "null"
        shown = f'"{written(value)}"' if isinstance(value, (str, int, float)) else kind
        return "bad-input", f"{must}, got {shown}.", f"Write {FORMS}."
    first, *others = tokens.pieces(value)
    if others:
        cure = f"Write the expression alone, and add the rest in an argument, beside ${{{{ inputs.{name} }}}}."
        return "bad-input", f'input "{name}" must be a single expression, got "{value}".', cure
    part = tokens.parse_expression(first)
    if isinstance(part, (Input, Dataset, tuple)):
        return part
    kinds = {Parameter: "a parameter", Axis: "a value of the matrix"}
    kind = kinds.get(type(part), "an output of the step itself")
    return "bad-input", f"{must}, got {kind}.", f"Write {FORMS}; an argument can read {first}."


def clashes(step: Step, path: Path) -> Iterator[Problem]:
    """Yield the inputs of ``step`` that are called like an output or a parameter of it."""
    taken = dict.fromkeys(step.parameters, "a parameter") | dict.fromkeys(step.written, "an output")
    for name in step.names.values():
        if name in taken:
            message = f'step "{step.name}" has an input and {taken[name]} of the same name, "{name}".'
            yield Problem("taken-input", message, "Give the input another name.", (*path, name), on_key=True)
