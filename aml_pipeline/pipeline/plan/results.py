"""The outputs of the pipeline itself, and outputs of steps that would get in each other's way in Azure ML."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from aml_pipeline.core.problems import Path, Problem, suggest
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Input, parse_expression
from aml_pipeline.pipeline.spec.data import RUN


def read(declared: Mapping[str, str], steps: Mapping[str, Step]) -> tuple[dict[str, Input], list[Problem]]:
    """Return the outputs that ``declared`` names among those of ``steps``, and the problems of the others."""
    outputs: dict[str, Input] = {}
    problems = []
    for name, text in declared.items():
        token = parse_expression(text)
        problem = _fault(name, token, steps, outputs) if isinstance(token, Input) else _not_an_output(name, text)
        if problem:
            problems.append(problem)
        elif isinstance(token, Input):
            outputs[name] = token
    return outputs, problems


def _not_an_output(name: str, text: str) -> Problem:
    message = f'output "{name}" of the pipeline must be an output of a step, got {text}.'
    return Problem("pipeline-output", message, "Write ${{ steps.STEP.outputs.NAME }}.", ("outputs", name))


def _fault(name: str, token: Input, steps: Mapping[str, Step], others: Mapping[str, Input]) -> Problem | None:
    path: Path = ("outputs", name)
    reads = f'output "{name}" of the pipeline is steps.{token.step}.outputs.{token.name}'
    if token.step not in steps:
        message = f'{reads}, but no step is called "{token.step}".'
        return Problem("unknown-step", message, suggest(token.step, steps, noun="step"), path)
    known = steps[token.step].outputs
    if token.name not in known:
        cure = suggest(token.name, known) if known else "Declare it with an argument of that step."
        return Problem("unknown-output", f'{reads}, but step "{token.step}" has no output "{token.name}".', cure, path)
    for other, same in others.items():
        if same == token:
            return Problem("pipeline-output", f'{reads}, and so is output "{other}".', "Delete one of them.", path)
    return None


def clashes(steps: Sequence[Step], results: Collection[Input]) -> Iterator[Problem]:
    """Yield the outputs that are stored in the same place as another one, or registered as the same model.

    ``results`` are the outputs of the pipeline: the id in their paths is that of the pipeline's run, not of the step's.
    """
    places: dict[tuple[str | None, ...], str] = {}
    models: dict[str, str] = {}
    for step in steps:
        for name, settings in step.outputs.items():
            place: Path = ("steps", step.name, "outputs", name)
            own = f"{step.name}.{name}"
            if settings.path:
                of_step = step.name if RUN in settings.path and Input(step.name, name) not in results else None
                other = places.setdefault((settings.datastore, settings.path.rstrip("/"), of_step), own)
                if other != own:
                    message = f'output {own} has the path of output {other}, "{settings.path}".'
                    yield Problem("output-path", message, "Give each output a path of its own.", (*place, "path"))
            if settings.model and (other := models.setdefault(settings.model.name, own)) != own:
                message = f'outputs {other} and {own} are both registered as model "{settings.model.name}".'
                yield Problem("output-model", message, "Give each model a name of its own.", (*place, "model", "name"))
