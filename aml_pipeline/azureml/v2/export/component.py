"""A step → a command component: what to run and with which ports, independent of where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml.v2.export import assets, command, names, yaml_text
from aml_pipeline.pipeline.plan.model import Environment, Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Output, Parameter, Token


def text(plan: Plan, step: Step, registered: Mapping[Environment, str]) -> str:
    """Return the component file of ``step``; ``registered`` are the environments that the export registers."""
    assert step.environment is not None  # noqa: S101 - else it would have been a problem
    data: dict[str, Any] = {
        "type": "command",
        "name": names.node(step.name),
        "display_name": step.name,
        "is_deterministic": step.allow_reuse,
    }
    data |= {key: ports for key, ports in (("inputs", _inputs(plan, step)), ("outputs", _outputs(plan, step))) if ports}
    data |= {
        "code": f"../code/{step.name}",
        "environment": registered.get(step.environment) or assets.existing(step.environment),
        "command": command.line(plan, step),
    }
    return yaml_text.text(data, "commandComponent")


def _inputs(plan: Plan, step: Step) -> dict[str, Any]:
    read = [one for one in names.bound(plan, step) if not isinstance(one, Output)]
    ports = {names.port(step, one): {"type": _type(plan, one)} for one in read}
    return {**ports, **{names.order_port(name): {"type": "uri_folder"} for name in names.only_after(step)}}


def _type(plan: Plan, token: Token) -> str:
    """Return the type of an input. A parameter is a text, as everywhere: v2 would rewrite ``012`` and ``True``."""
    if isinstance(token, Parameter):
        return "string"
    return assets.dataset_type(plan.datasets[token.name]) if isinstance(token, Dataset) else "uri_folder"


def _outputs(plan: Plan, step: Step) -> dict[str, Any]:
    written = [names.port(step, one) for one in names.bound(plan, step) if isinstance(one, Output)]
    order = [names.ORDER] if names.needs_order(plan, step) else []
    return {name: {"type": "uri_folder"} for name in [*written, *order]}
