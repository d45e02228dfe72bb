"""What of a pipeline an export does not say, in words, for the terminal and for its README.md."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v2.export import names
from aml_pipeline.pipeline.plan.model import Compute, Plan

# What only the cluster has that is made of a size.
_OF_CLUSTERS = ("vm_priority", "min_nodes", "max_nodes", "idle_seconds_before_scaledown")


def omitted(plan: Plan) -> list[str]:
    """Return what is left out, a line for each kind of thing: Azure ML v2 has no place for it."""
    return [*_limits(plan), *_parameters(plan), *_optional(plan), *_retries(plan), *_computes(plan)]


def _limits(plan: Plan) -> Iterator[str]:
    """Of a text, which a parameter is in v2 as in v1, it has no bounds; its ``enum`` is of components alone."""
    limited = [f"{name} ({', '.join(plan.parameters[name].limits)})" for name in names.parameters(plan)
               if plan.parameters[name].limits]  # fmt: skip
    if limited:
        yield f"limits of parameters: {', '.join(limited)}. Azure ML v2 does not check a value that is set there."


def _parameters(plan: Plan) -> Iterator[str]:
    received = set(names.parameters(plan))
    unread = [name for name in plan.parameters if name not in received]
    if unread:
        yield f"parameters that no step receives in Azure ML: {', '.join(unread)}."


def _optional(plan: Plan) -> Iterator[str]:
    """``submit`` looks whether an optional dataset is registered; an export asks nobody."""
    used = dict.fromkeys(name for step in plan.steps for name in step.datasets)
    found = [name for name in used if plan.datasets[name].optional and plan.datasets[name].registered]
    if found:
        yield f"`optional` of datasets: {', '.join(found)}. In Azure ML v2 the dataset must be there."


def _retries(plan: Plan) -> Iterator[str]:
    found = [step.name for step in plan.steps if step.retries]
    if found:
        yield f"`retries` of steps: {', '.join(found)}. They hold for local runs alone."


def _computes(plan: Plan) -> Iterator[str]:
    for one in dict.fromkeys(step.compute for step in plan.steps if step.compute):
        given = [key for key in _OF_CLUSTERS if getattr(one, key) is not None]
        if given and not _is_made(one):
            keys = ", ".join(given)
            yield f"{keys} of compute target {one.name}. Only a cluster that is made of a `vm_size` has them."


def _is_made(one: Compute) -> bool:
    return one.vm_size is not None and not sendable.is_serverless(one)
