"""The outputs of the pipeline itself, and outputs of steps that would get in each other's way in Azure ML."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from aml_pipeline.core.problems import Path, Problem, suggest
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Input, parse_expression
from aml_pipeline.pipeline.spec.data import RUN

Variants = Mapping[str, tuple[Step, ...]]  # by the name of their step in the file; a plain step has one, itself


def read(declared: Mapping[str, str], steps: Variants) -> tuple[dict[str, Input], list[Problem]]:
    """Return the outputs that ``declared`` names among those of ``steps``, and the problems of the others."""
    outputs: dict[str, Input] = {}
    problems = []
    for name, text in declared.items():
        token = parse_expression(text)
        problem = _fault(name, token, steps, outputs) if isinstance(token, Input) else _not_an_output(name, text)
        if problem:
            problems.append(problem)
        elif isinstance(token, Input):
            outputs[name] = Input(steps[token.step][0].name, token.name)
    return outputs, problems


def _not_an_output(name: str, text: str) -> Problem:
    message = f'output "{name}" of the pipeline must be an output of a step, got {text}.'
    return Problem("pipeline-output", message, "Write ${{ steps.STEP.outputs.NAME }}.", ("outputs", name))


def _fault(name: str, token: Input, steps: Variants, others: Mapping[str, Input]) -> Problem | None:
    path: Path = ("outputs", name)
    reads = f'output "{name}" of the pipeline is steps.{token.step}.outputs.{token.name}'
    if token.step not in steps:
        message = f'{reads}, but no step is called "{token.step}".'
        return Problem("unknown-step", message, suggest(token.step, steps, noun="step"), path)
    variants = steps[token.step]
    known = variants[0].outputs
    if token.name not in known:
        cure = suggest(token.name, known) if known else "Declare it with an argument of that step."
        return Problem("unknown-output", f'{reads}, but step "{token.step}" has no output "{token.name}".', cure, path)
    if len(variants) > 1:
        message = f"{reads}, but {token.step} has {counted(len(variants), 'variant')}."
        cure = "Add a step that reads them all and chooses one, and write its output here."
        return Problem("several-variants", message, cure, path)
    for other, same in others.items():
        if same == Input(variants[0].name, token.name):
            return Problem("pipeline-output", f'{reads}, and so is output "{other}".', "Delete one of them.", path)
    return None


def clashes(steps: Sequence[Step], results: Collection[Input]) -> Iterator[Problem]:
    """Yield the outputs that are stored in the same place as another one, or registered as the same model.

    ``results`` are the outputs of the pipeline: the id in their paths is that of the pipeline's run, not of the step's.
    """
    places: dict[tuple[str | None, ...], tuple[Step, str]] = {}
    models: dict[str, tuple[Step, str]] = {}
    for step in steps:
        for name, settings in step.outputs.items():
            place: Path = ("steps", step.declared, "outputs", name)
            own = (step, name)
            if settings.path:
                of_step = step.name if RUN in settings.path and Input(step.name, name) not in results else None
                other = places.setdefault((settings.datastore, settings.path.rstrip("/"), of_step), own)
                if other != own:
                    yield _same_path(own, other, settings.path, (*place, "path"))
            if settings.model and (other := models.setdefault(settings.model.name, own)) != own:
                yield _same_model(own, other, settings.model.name, (*place, "model", "name"))


def _same_path(own: tuple[Step, str], other: tuple[Step, str], shared: str, place: Path) -> Problem:
    message, cure = (
        f"output {_shown(own)} has the path of output {_shown(other)}",
        "Give each output a path of its own.",
    )
    if _are_variants(own, other):
        message, cure = (
            f"all variants of output {_shown(own)} have the same path",
            f"Add {RUN} to it: each variant is a run.",
        )
    return Problem("output-path", f'{message}, "{shared}".', cure, place)


def _same_model(own: tuple[Step, str], other: tuple[Step, str], name: str, place: Path) -> Problem:
    message, cure = f"outputs {_shown(other)} and {_shown(own)} are both", "Give each model a name of its own."
    if _are_variants(own, other):
        message = f"all variants of output {_shown(own)} are"
        cure = "Add a step that reads them all and chooses one, and register its output."
    return Problem("output-model", f'{message} registered as model "{name}".', cure, place)


def _shown(output: tuple[Step, str]) -> str:
    return f"{output[0].declared}.{output[1]}"


def _are_variants(own: tuple[Step, str], other: tuple[Step, str]) -> bool:
    return _shown(own) == _shown(other)
