"""What decides whether Azure ML must run a step again with SDK v2: parts as of v1, and the keys of its component."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.v2.export import component, shapes
from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project


def parts(plan: Plan, project: Project, steps: Iterable[Step]) -> dict[str, dict[str, Any]]:
    """Return the parts of each of the ``steps``, as a submission records them."""
    components = {step.name: run for run in shapes.components(adapt(plan)[0]) for step in run.steps}
    return {
        step.name: {**sendable.parts(plan, project, step), "component": _digests(components[step.name])}
        for step in steps
    }


# The name of a component does not count, and what else is here is in other parts.
_NOT_COMPARED = {"name", "code", "environment", "command"}


def _digests(run: shapes.Component) -> dict[str, str]:
    """Return the digest of each key of a component, of each input and output by its own name."""
    keys = {key: value for key, value in component.data(run, {}, "").items() if key not in _NOT_COMPARED}
    for kind in ("inputs", "outputs"):
        keys |= {f"{kind}.{name}": declared for name, declared in keys.pop(kind, {}).items()}
    return {key: digest_of(json.dumps(value, sort_keys=True).encode()) for key, value in keys.items()}
