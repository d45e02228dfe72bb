"""Types of v2 inputs: integer or number only where every value keeps its text, else string.

azure-ai-ml 1.35 sends ``str(value)`` of a value that is not a text, so a boolean would become ``True``, and 0.10 would
lose its zero. It expects integers back as floats (``Input._parse``), so they have at most 15 digits here. Of its types,
only string has an ``enum`` (``Input._is_enum``), and only integer and number have ``min`` and ``max``. It was not
measured what the service does with types and limits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any

from aml_pipeline.pipeline.plan.model import ParameterValue, Plan

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
# Without an exponent, which each language writes in its own way, and with the digits of a shortest float.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")


def declared(plan: Plan, name: str) -> dict[str, Any]:
    """Return the declaration of parameter ``name`` as an input of a component, without its default."""
    parameter = plan.parameters[name]
    kind = _type_of(plan, name)
    data: dict[str, Any] = {"type": kind}
    if kind != "string":
        limits = {"min": parameter.minimum, "max": parameter.maximum}
        data |= {key: _limit(limit, kind, key) for key, limit in limits.items() if limit is not None}
    elif choices := _choices(parameter):
        data["enum"] = list(choices)
    return data | ({"description": parameter.description} if parameter.description else {})


def _limit(limit: float, kind: str, key: str) -> float:
    """Return a limit as a plain number; that of an integer is one."""
    if kind == "integer" or limit == int(limit):
        return math.ceil(limit) if key == "min" else math.floor(limit)
    return float(limit)


def value(plan: Plan, name: str, text: str) -> str | int | float:
    """Return the value ``text`` of parameter ``name`` as it is written in YAML."""
    return written(text, _type_of(plan, name))


def written(text: str, kind: str) -> str | int | float:
    """Return ``text`` as an input of that type is written in YAML."""
    return int(text) if kind == "integer" else float(text) if kind == "number" else text


def narrowest(texts: Collection[str]) -> str:
    """Return the type of an input with the values ``texts``."""
    if all(_INTEGER.fullmatch(text) for text in texts):
        return "integer"
    return "number" if all(_NUMBER.fullmatch(text) and str(float(text)) == text for text in texts) else "string"


def unchecked(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the keys of the limits of parameter ``name`` that its input in v2 does not have."""
    checked = {"choices"} if _type_of(plan, name) == "string" else {"minimum", "maximum"}
    return tuple(key for key in plan.parameters[name].limits if key not in checked)


def _type_of(plan: Plan, name: str) -> str:
    """Return the type of a parameter, unless that of its values is another, or it has choices."""
    parameter = plan.parameters[name]
    kind = narrowest({parameter.text, parameter.default, *parameter.scheduled})
    return kind if kind == parameter.type and not parameter.choices else "string"


def _choices(parameter: ParameterValue) -> tuple[str, ...]:
    return ("true", "false") if parameter.type == "boolean" else parameter.choices
