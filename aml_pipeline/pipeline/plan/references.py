"""References of arguments and ``after``, and the problems of those whose target does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from aml_pipeline.core.problems import Path, Problem, suggest
from aml_pipeline.pipeline.plan.model import Step, datasets_of
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Parameter, Part, is_expression, parse_expression, pieces
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.step import Step as StepSpec


def reference_problems(pipeline: PipelineSpec, steps: Mapping[str, Step]) -> Iterator[Problem]:
    """Yield the problems of the references of ``pipeline``, whose steps are ``steps``."""
    for step in steps.values():
        yield from _unknown_names(pipeline, step)
    yield from _unknown_inputs(pipeline, steps)
    yield from _unknown_after(pipeline)


def unknown_settings(step: Step, declared: StepSpec) -> Iterator[Problem]:
    """Yield the settings of outputs that no argument of ``step`` uses."""
    for name in declared.outputs:
        if name not in step.written:
            message = (
                f'step "{step.name}" has settings for output "{name}", but none of its arguments uses that output.'
            )
            add = "Add an argument such as `--output: ${{ outputs." + name + " }}`, or write `argument: false`"
            missing = f"{add} if the script finds the path in AZURE_ML_OUTPUT_{name}."
            cure = suggest(name, step.written) if step.written else missing
            yield Problem("unknown-output", message, cure, ("steps", step.name, "outputs", name), on_key=True)


def _scalars(arguments: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield every scalar below ``arguments`` with its path in the document."""
    if isinstance(arguments, (dict, list)):
        for key, one in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
            yield from _scalars(one, (*path, key))
    else:
        yield path, arguments


def _places(pipeline: PipelineSpec, step: str) -> dict[Part, Path]:
    """Return the first place in the document of each expression in the inputs and arguments of ``step``."""
    places: dict[Part, Path] = {}
    declared = pipeline.steps[step]
    for path, value in _scalars({"inputs": declared.inputs, "arguments": declared.arguments}, ("steps", step)):
        for piece in filter(is_expression, pieces(value) if isinstance(value, str) else ()):
            token = parse_expression(piece)
            if token and not isinstance(token, tuple):
                places.setdefault(token, path)
    return places


def reference_to(pipeline: PipelineSpec, step: str, other: str) -> Path:
    """Return the place where ``step`` reads something of ``other``, or comes after it."""
    read = (path for token, path in _places(pipeline, step).items() if isinstance(token, Input) and token.step == other)
    return next(read, None) or ("steps", step, "after", pipeline.steps[step].after.index(other))


def _unknown_names(pipeline: PipelineSpec, step: Step) -> Iterator[Problem]:
    unknown: list[Parameter | Dataset]
    unknown = [Parameter(name) for name in step.parameters if name not in pipeline.parameters]
    unknown += [Dataset(name) for name in step.datasets if name not in pipeline.datasets]
    places = _places(pipeline, step.name) if unknown else {}
    for token in unknown:
        kind = type(token).__name__.lower()
        known = getattr(pipeline, f"{kind}s")
        message = f'step "{step.name}" reads {kind}s.{token.name}, but no {kind} is called "{token.name}".'
        cure = suggest(token.name, known) if known else f"Declare it under `{kind}s:`."
        yield Problem(f"unknown-{kind}", message, cure, places[token])


def _unknown_inputs(pipeline: PipelineSpec, steps: Mapping[str, Step]) -> Iterator[Problem]:
    for step in steps.values():
        unknown = [
            token
            for token in step.inputs
            if token.step == step.name or token.step not in steps or token.name not in steps[token.step].outputs
        ]
        places = _places(pipeline, step.name) if unknown else {}
        for token in unknown:
            yield _unknown_input(step, token, steps, places[token])


def _unknown_input(step: Step, token: Input, steps: Mapping[str, Step], path: Path) -> Problem:
    reads = f'step "{step.name}" reads steps.{token.step}.outputs.{token.name}'
    if token.step == step.name:
        cure = "Write ${{ outputs." + token.name + " }} for the folder that the step writes to."
        return Problem("own-output", f"{reads}, which is its own output.", cure, path)
    if token.step not in steps:
        message = f'{reads}, but no step is called "{token.step}".'
        return Problem("unknown-step", message, suggest(token.step, steps, noun="step", but=step.name), path)
    message = f'{reads}, but step "{token.step}" has no output "{token.name}".'
    known = steps[token.step].outputs
    argument = "`--" + token.name + ": ${{ outputs." + token.name + " }}`"
    cure = suggest(token.name, known) if known else f"Declare the output with an argument such as {argument}."
    return Problem("unknown-output", message, cure, path)


def _unknown_after(pipeline: PipelineSpec) -> Iterator[Problem]:
    for name, step in pipeline.steps.items():
        for index, other in enumerate(step.after):
            path: Path = ("steps", name, "after", index)
            if other == name:
                yield Problem("cycle", f'step "{name}" lists itself under `after`.', "Delete it.", path)
            elif other not in pipeline.steps:
                message = f'step "{name}" comes after "{other}", but no step is called "{other}".'
                cure = suggest(other, pipeline.steps, noun="step", but=name)
                yield Problem("unknown-step", message, cure, path)


def unused(pipeline: PipelineSpec, steps: Collection[Step], named: Iterable[str]) -> Iterator[Problem]:
    """Yield the parameters and datasets that no step uses; ``named`` are the datasets that matrices name."""
    used = {
        "parameters": {name for step in steps for name in step.parameters},
        "datasets": {*datasets_of(steps), *named},
    }
    for section, names in used.items():
        for name in getattr(pipeline, section):
            if name not in names:
                noun = section[:-1]
                message = f'{noun} "{name}" is not used by any step.'
                cure = f"Use it as ${{{{ {section}.{name} }}}} in an argument, or delete it."
                yield Problem(f"unused-{noun}", message, cure, (section, name), on_key=True, severity="warning")
