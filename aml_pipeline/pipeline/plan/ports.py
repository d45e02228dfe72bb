"""The names of a step's ports in Azure ML. All are made here; both SDKs demand that those of a step differ.

An output is called as in the file. An input is called as in the `inputs:` of the step, else like the option that first
carries it, else like the dataset or the output that it is. The name of an input that an output or Azure ML has taken is
prefixed by `input_`, one that another input has taken is numbered: so no further argument changes it, except a new
output. A parameter has its own name, or that prefixed by `parameter_`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Container, Mapping

from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import (
    Data,
    Dataset,
    Input,
    Literal,
    Output,
    Parameter,
    by_option,
    with_options,
    written,
)
from aml_pipeline.pipeline.spec.names import TAKEN, word_name_fault

# The only output of a step without outputs, for the steps that come after it in v2.
ORDER = "order"


def node(step: str) -> str:
    """Return the name of a step as a Python identifier; it is unique, because step names have no ``_``."""
    return step.replace("-", "_")


def port(step: Step, token: Parameter | Data | Output) -> str:
    """Return the name of the port of ``step`` for a token."""
    return token.name if isinstance(token, Output) else names(step)[token]


def names(step: Step) -> dict[Parameter | Data, str]:
    """Return the names of all ports of ``step`` that receive something."""
    outputs = {*step.written, ORDER}
    given: dict[Parameter | Data, str] = {}
    free = _Names({*outputs, *step.names.values()})
    for data, name in _wanted(step).items():
        given[data] = step.names.get(data) or free.take(beside(name, outputs))
    for parameter in step.parameters:
        # It was not measured how v2 treats equal names of inputs and outputs.
        given[Parameter(parameter)] = free.take(f"parameter_{parameter}" if parameter in free.used else parameter)
    return given


def value_names(step: Step) -> list[str]:
    """Return the name that each value of the arguments has as an input, in order; "" unless it is an option's literal.

    A value is an input of a component in v2 if it differs between the steps that run the component.
    """
    taken = {*step.written, ORDER}
    free = _Names({*taken, *names(step).values()})
    wanted = [word(option) if isinstance(token, Literal) else "" for option, token, _ in with_options(step.arguments)]
    return [name and free.take(beside(name, taken)) for name in wanted]


def beside(name: str, taken: Collection[str]) -> str:
    """Return the name of an input that should be ``name``, which what is ``taken``, or Azure ML, may have."""
    return f"input_{name}" if name in taken or name in TAKEN else name


class _Names:
    """Names that differ: one that is in use is numbered."""

    def __init__(self, used: set[str]) -> None:
        self.used = used
        self._numbers: Counter[str] = Counter()

    def take(self, name: str) -> str:
        choice = name
        while choice in self.used:
            self._numbers[name] += 1
            choice = f"{name}_{self._numbers[name] + 1}"
        self.used.add(choice)
        return choice


def _wanted(step: Step) -> dict[Data, str]:
    """Return the name that each input should have, in the order of the arguments."""
    wanted: dict[Data, str] = {}
    for option, part, _ in by_option(step.arguments):
        if isinstance(part, (Input, Dataset)):
            wanted.setdefault(part, word(option) or part.name)
    return {data: data.name for data in step.unnamed if isinstance(data, (Input, Dataset))} | wanted


def word(option: str) -> str:
    """Return an option as a name, ``--raw-data`` as ``raw_data``; "" if it cannot be one."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", option.lstrip("-"))
    name = re.sub(r"[-.]", "_", words).lower()
    return name if word_name_fault(name) is None or name in TAKEN else ""


def pipeline_input(plan: Plan, dataset: str) -> str:
    """Return the name of a dataset as an input of the pipeline, which shares its names with the parameters."""
    return input_beside(plan.parameters, dataset)


def input_beside(parameters: Container[str], dataset: str) -> str:
    """Return the name of a dataset as an input of a pipeline with those parameters."""
    return f"data__{dataset}" if dataset in parameters else dataset


def order_port(step: str) -> str:
    """Return the name of the port that makes a step come after another; no name in the file contains ``__``."""
    return f"after__{node(step)}"


def inputs(plan: Plan, step: Step) -> list[str]:
    """Return the names of the ports that ``step`` reads data from."""
    sent: list[Data] = [Dataset(name) for name in step.datasets if plan.datasets[name].is_remote]
    given = names(step)
    return [given[data] for data in [*sent, *step.inputs]]


def declared(step: Step) -> dict[str, str]:
    """Return the `inputs:` of ``step`` as texts, such as ``datasets.images``."""
    return {name: written(data) for data, name in step.names.items()}


def variables(inputs: Mapping[str, str | None]) -> dict[str, str]:
    """Return the variables by which a process finds the paths of its ``inputs``, by their names; None is absent.

    SDK v1 sets the name itself (``AbstractDataset.as_named_input`` of azureml-core documents it), v2 the prefixed name
    (``$AZURE_ML_INPUT_iris`` in cli/train-rest.sh of azureml-examples; ``DatasetContextManager`` of azureml-core).
    """
    paths = {name: path for name, path in inputs.items() if path is not None}
    return paths | {f"AZURE_ML_INPUT_{name}": path for name, path in paths.items()}


def output_variables(step: Step, places: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a process finds the ``places`` of its outputs that no argument names, as in v2."""
    return {f"AZURE_ML_OUTPUT_{name}": places[name] for name in without_argument(step)}


def without_argument(step: Step) -> list[str]:
    """Return the outputs of ``step`` that the file declares without an argument."""
    return [name for name in step.written if not step.outputs[name].argument and Output(name) in step.unnamed]
