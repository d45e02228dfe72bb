"""Names of a step's inputs in the graph of Azure ML v1: unique within a step, as the SDK requires."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.pipeline.plan.model import Plan, Step


def dataset_port(name: str) -> str:
    """Return the name of the port that reads a dataset; it differs from all outputs too."""
    return f"data__{name}"


def input_port(step: str, name: str) -> str:
    """Return the name of the port that reads an output of another step.

    It differs from the names of all outputs, which never contain two consecutive ``_``.
    """
    return f"in_{step.replace('-', '_')}__{name}"


def input_names(plan: Plan, step: Step) -> Iterator[str]:
    """Yield the names of the inputs of ``step``."""
    yield from (dataset_port(name) for name in step.datasets if plan.datasets[name].is_remote)
    yield from (input_port(one.step, one.name) for one in step.inputs)
