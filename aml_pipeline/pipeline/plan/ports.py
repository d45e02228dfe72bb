"""The names of a step's ports in Azure ML. All are made here; both SDKs demand that those of a step differ.

Names in the file never contain ``__``, so the names built here cannot clash with them.
"""

from __future__ import annotations

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
        return f"in_{node(token.step)}__{token.name}"
    if isinstance(token, Dataset):
        return f"data__{token.name}"
    taken = isinstance(token, Parameter) and token.name in {*step.written, ORDER}
    return f"parameter__{token.name}" if taken else token.name


def order_port(step: str) -> str:
    """Return the name of the port that makes a step come after another."""
    return f"after__{node(step)}"


def inputs(plan: Plan, step: Step) -> list[str]:
    """Return the names of the ports that ``step`` reads data from."""
    read: list[Dataset | Input] = [Dataset(name) for name in step.datasets if plan.datasets[name].is_remote]
    return [port(step, token) for token in [*read, *step.inputs]]
