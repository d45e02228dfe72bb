"""The names of steps and ports in v2: nodes are Python identifiers, the ports of a component have unique names."""

from __future__ import annotations

from collections.abc import Iterable

from aml_pipeline.azureml import sendable
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output, Parameter, Token

# The only output of a step without outputs, for the steps that come after it.
ORDER = "order"


def node(step: str) -> str:
    """Return the node name of a step; it is unique, because step names have no ``_``."""
    return step.replace("-", "_")


def port(step: Step, token: Token) -> str:
    """Return the name of the port of ``step`` for a token.

    Names in the file never contain ``__``, so the names built here cannot clash with them. A parameter with the same
    name as an output of the step gets another name: it was not measured how v2 treats equal names of inputs and
    outputs.
    """
    if isinstance(token, Input):
        return f"in_{node(token.step)}__{token.name}"
    if isinstance(token, Dataset):
        return f"data__{token.name}"
    assert isinstance(token, Parameter | Output)  # noqa: S101 - a literal has no port
    taken = isinstance(token, Parameter) and token.name in {*outputs(step), ORDER}
    return f"parameter__{token.name}" if taken else token.name


def order_port(step: str) -> str:
    """Return the name of the port that makes a step come after another."""
    return f"after__{node(step)}"


def outputs(step: Step) -> tuple[str, ...]:
    """Return the outputs of ``step`` that the file names."""
    return step.written


def needs_order(plan: Plan, step: Step) -> bool:
    """Whether ``step`` must write something so that others can come after it: in v2 all edges are data."""
    return not outputs(step) and any(step.name in other.after for other in plan.steps)


def only_after(step: Step) -> list[str]:
    """Return the steps that ``step`` comes after without reading their outputs."""
    read = {one.step for one in step.inputs}
    return [name for name in step.after if name not in read]


def bound(plan: Plan, step: Step) -> list[Token]:
    """Return the tokens in the arguments of ``step``, each once, without those omitted with a missing dataset.

    Inputs and outputs in omitted arguments stay: others may read such an output, and a step still comes after the
    steps it reads from.
    """
    kept = [token for one in step.arguments if not sendable.dataset_left_out(plan, one) for token in one.tokens]
    everything = [token for one in step.arguments for token in one.tokens]
    return [*_distinct(kept, Parameter), *_distinct(kept, Dataset), *_distinct(everything, Input),
            *_distinct(everything, Output)]  # fmt: skip


def parameters(plan: Plan) -> list[str]:
    """Return the parameters that a step receives in Azure ML, in the order of the file."""
    received = {token.name for step in plan.steps for token in bound(plan, step) if isinstance(token, Parameter)}
    return [name for name in plan.parameters if name in received]


def _distinct(found: Iterable[Token], kind: type[Token]) -> list[Token]:
    return list(dict.fromkeys(one for one in found if isinstance(one, kind)))
