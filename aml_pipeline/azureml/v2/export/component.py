"""A component → its file: what to run and with which ports, independent of where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml.v2.export import assets, yaml_text
from aml_pipeline.azureml.v2.export.shapes import Component
from aml_pipeline.pipeline.plan.settings import Environment


def place(component: Component) -> str:
    """Return the path of the file in an export."""
    return f"components/{component.name}.yml"


def text(component: Component, registered: Mapping[Environment, str], code: str) -> str:
    """Return the file; the arguments are those of ``data``."""
    return yaml_text.text(_without_command(component, registered, code), "commandComponent", component.lines)


def data(component: Component, registered: Mapping[Environment, str], code: str) -> dict[str, Any]:
    """Return the component: ``registered`` are the environments that the export registers, ``code`` its code folder."""
    return {**_without_command(component, registered, code), "command": " ".join(component.lines)}


def _without_command(component: Component, registered: Mapping[Environment, str], code: str) -> dict[str, Any]:
    step = component.steps[0]
    assert step.environment is not None  # noqa: S101 - else it would have been a problem
    data: dict[str, Any] = {
        "type": "command",
        "name": component.name,
        "display_name": step.name if len(component.steps) == 1 else component.name,
    }
    if not step.allow_reuse:
        data["is_deterministic"] = False
    for port in component.ports[step.name]:
        data.setdefault(port.kind, {})[port.name] = dict(port.declared)
    return data | {
        "code": f"../code/{code}",
        "environment": registered.get(step.environment) or assets.existing(step.environment),
    }
