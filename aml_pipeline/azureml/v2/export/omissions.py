"""Describes what an export omits, for the terminal and its README.md."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.azureml import sendable, uploads
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.v2.export import input_types
from aml_pipeline.pipeline.plan.model import Plan, datasets_of
from aml_pipeline.pipeline.plan.settings import Compute

# Settings that only a cluster created from a size has.
_OF_CLUSTERS = ("vm_priority", "min_nodes", "max_nodes", "idle_seconds_before_scaledown")


def omitted(plan: Plan) -> list[str]:
    """Return what is omitted from ``plan`` in Azure ML, and what v2 cannot express, one line per kind."""
    plan, remarks = adapt(plan)
    inexpressible = [*_limits(plan), *_optional(plan), *_stores(plan), *_retries(plan), *_computes(plan)]
    return [*(remark.text for remark in remarks), *inexpressible]


def _limits(plan: Plan) -> Iterator[str]:
    """Limits of parameters: inputs of some types have none."""
    limits = {name: ", ".join(input_types.unchecked(plan, name)) for name in plan.parameters}
    unchecked = [f"{name} ({keys})" for name, keys in limits.items() if keys]
    if unchecked:
        reason = "Their inputs in Azure ML v2 are strings, so that values such as 012 keep their text."
        yield f"limits of parameters: {', '.join(unchecked)}. {reason}"


def _optional(plan: Plan) -> Iterator[str]:
    """``optional``: ``submit`` checks whether a dataset is registered, an export cannot."""
    used = datasets_of(plan.steps)
    optional = [name for name in used if plan.datasets[name].optional and plan.datasets[name].registered]
    if optional:
        yield f"`optional` of datasets: {', '.join(optional)}. In Azure ML v2, the dataset must exist."


def _stores(plan: Plan) -> Iterator[str]:
    """``datastore`` of data to upload: v2 has no key for it."""
    stored = [name for name in uploads.names(plan, plan.steps) if plan.datasets[name].datastore]
    if stored:
        yield f"`datastore` of uploaded datasets: {', '.join(stored)}. Azure ML v2 uploads to workspaceblobstore."


def _retries(plan: Plan) -> Iterator[str]:
    retried = [step.name for step in plan.steps if step.retries]
    if retried:
        yield f"`retries` of steps: {', '.join(retried)}. They apply only to local runs."


def _computes(plan: Plan) -> Iterator[str]:
    for target in dict.fromkeys(step.compute for step in plan.steps if step.compute):
        said = ("vm_priority",) if sendable.is_serverless(target) else ()
        given = [key for key in _OF_CLUSTERS if getattr(target, key) is not None and key not in said]
        if given and not _is_made(target):
            keys = ", ".join(given)
            yield f"{keys} of compute target {target.name}. Only a cluster created from a `vm_size` has them."


def _is_made(compute: Compute) -> bool:
    return compute.vm_size is not None and not sendable.is_serverless(compute)
