"""The names of a step's ports in Azure ML. All are made here; both SDKs demand that those of a step differ.

Names in the file never contain ``__``, so the names built here cannot clash with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output, Parameter

# The only output of a step without outputs, for the steps that come after it in v2.
ORDER = "order"


def node(step: str) -> str:
    """Return the name of a step as a Python identifier; it is unique, because step names have no ``_``."""
    return step.replace("-", "_")


def port(step: Step, token: Parameter | Dataset | Input | Output) -> str:
    """Return the name of the port of ``step`` for a token.

    A parameter with the same name as an output of the step gets another name: it was not measured how v2 treats equal
    names of inputs and outputs.
    """
    if isinstance(token, Input):
        return input_port(token)
    if isinstance(token, Dataset):
        return dataset_port(token.name)
    taken = isinstance(token, Parameter) and token.name in {*step.written, ORDER}
    return f"parameter__{token.name}" if taken else token.name


def dataset_port(name: str) -> str:
    """Return the name of the port that reads a dataset."""
    return f"data__{name}"


def input_port(read: Input) -> str:
    """Return the name of the port that reads an output of another step."""
    return f"in_{node(read.step)}__{read.name}"


def order_port(step: str) -> str:
    """Return the name of the port that makes a step come after another."""
    return f"after__{node(step)}"


def input_names(plan: Plan, step: Step) -> Iterator[str]:
    """Yield the names of the inputs of ``step``."""
    yield from (dataset_port(name) for name in step.datasets if plan.datasets[name].is_remote)
    yield from map(input_port, step.inputs)
