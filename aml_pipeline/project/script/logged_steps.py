"""Calls of ``Run.log`` of azureml-core with a step, such as ``run.log("loss", 0.5, step=1)``: they fail locally."""

from __future__ import annotations

import ast

from aml_pipeline.core.problems import Position
from aml_pipeline.project.script.scope import Scope, words

# azureml-core 1.61: ``Run.log(name, value, description, step)``, but ``_OfflineRun.log(name, value, description)``.
_CONTEXTS = frozenset({"azureml.core.Run.get_context", "azureml.core.run.Run.get_context"})
_MOST_ARGUMENTS = 3


def read(scope: Scope) -> list[Position]:
    """Return the places of the calls that an offline run refuses for sure."""
    calls = (node for node in scope.nodes if isinstance(node, ast.Call) and node not in scope.idle)
    return [scope.position(call.func) for call in calls if _gives_step(call) and _is_of_offline_run(scope, call)]


def _gives_step(call: ast.Call) -> bool:
    is_plain = not any(isinstance(argument, ast.Starred) for argument in call.args)
    return any(word.arg == "step" for word in call.keywords) or (is_plain and len(call.args) > _MOST_ARGUMENTS)


def _is_of_offline_run(scope: Scope, call: ast.Call) -> bool:
    """Whether a call is one of ``log`` of a run that is offline here, and nothing around it handles that."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "log":
        return False
    run = call.func.value
    made = scope.constant(run) or run
    if not isinstance(made, ast.Call) or scope.dotted(made.func) not in _CONTEXTS or made.args or made.keywords:
        return False
    return not any(_may_prevent(node, words(run)) for node in scope.above(call))


def _may_prevent(node: ast.AST, names: set[str]) -> bool:
    """Whether a statement around a call may handle its error, or make it only in Azure ML."""
    if isinstance(node, (ast.If, ast.IfExp)):
        used = words(node.test)
        return not used.isdisjoint(names) or any("offline" in word.lower() for word in used)
    if isinstance(node, ast.With):
        return any("suppress" in words(item) for item in node.items)
    return isinstance(node, ast.Try) and bool(node.handlers)
