"""The inputs that a file requests from Azure ML's run by name: ``Run.get_context().input_datasets["images"]``."""

from __future__ import annotations

import ast
from typing import NamedTuple

from aml_pipeline.core.problems import Position
from aml_pipeline.project.script.scope import Scope

_INPUTS = "input_datasets"


class NamedInput(NamedTuple):
    """An input that is requested by its name, and its place."""

    name: str
    position: Position


def read(scope: Scope) -> list[NamedInput]:
    """Return the inputs that a file requests by literal names."""
    inputs = []
    for node in scope.nodes:
        name = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_inputs(scope, node.value):
            name = scope.text(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            asks = bool(node.args) and _is_inputs(scope, node.func.value)
            name = scope.text(node.args[0]) if asks else None
        if name is not None and isinstance(node, ast.expr) and node not in scope.idle:
            inputs.append(NamedInput(name, scope.position(node)))
    return inputs


def _is_inputs(scope: Scope, node: ast.expr) -> bool:
    given = scope.constant(node) or node
    return isinstance(given, ast.Attribute) and given.attr == _INPUTS
