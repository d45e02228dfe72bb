"""Steps that pipeline.yaml cannot say → all that the graph knows of them, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml.v1.imported import inputs, running
from aml_pipeline.azureml.v1.imported.graph import STRUCTURED, Node
from aml_pipeline.azureml.v1.imported.naming import Naming
from aml_pipeline.core.masking import masked, without_secrets
from aml_pipeline.pipeline.plan import tokens

_PROGRAMS = frozenset({"PythonScriptStep", "CommandStep"})


def why_other(node: Node) -> str:
    """Return why a step is no script or command, else ""."""
    if node.why:
        return node.why
    if node.type in _PROGRAMS and not node.configuration:
        return "Azure ML does not say in what environment it runs"
    if node.type not in _PROGRAMS:
        return f"pipeline.yaml cannot express a step of type {node.type}"
    return "" if node.snapshot else "it has no snapshot, so its files are not known"


def known(node: Node, naming: Naming, why: str) -> dict[str, Any]:
    """Return an entry for a step that is missing: its type, why it is missing, and what is known of it."""
    values = {name: text for name, text in {**node.values, **node.metadata}.items() if name not in _NOISE}
    if node.values.get("Arguments") != STRUCTURED:
        values |= {name: text for name, text in node.values.items() if name == "Arguments"}
    entry = {
        "type": node.type,
        "why": without_secrets(why),
        "name": node.name,
        "compute": running.compute(node),
        "settings": _shown(values),
        "parameters": {name: naming.parameters.get(value, value) for name, value in node.references.items()},
        "arguments": _arguments(node, naming),
        "environment_variables": _shown(running.variables(node)),
        "inputs": {port: _source(node, naming, port) for port in node.sources},
        "outputs": list(node.outputs),
        "after": [naming.steps[known] for known in node.after if known in naming.steps],
        "snapshot": node.snapshot,
    }
    return {key: value for key, value in entry.items() if value}


# Parameters that each step has, whatever it is.
_NOISE = frozenset(
    {"AutoPrepareEnvironment", "PrepareEnvironment", "MLCComputeType", "Target", "TargetType", "Arguments"}
)


def _shown(values: Mapping[str, str]) -> dict[str, str]:
    return {name: masked(name, without_secrets(text)) for name, text in values.items()}


def _arguments(node: Node, naming: Naming) -> list[str]:
    shown, before = [], ""
    for word, token in zip(node.words, naming.words(node), strict=True):
        if word.kind == "input":
            text = f"${{{{ {_source(node, naming, word.value)} }}}}"
        else:
            text = f"${{{{ {tokens.written(token)} }}}}" if token and word.kind != "literal" else word.value
        shown.append(masked(before, without_secrets(text)))
        before = text if text.startswith("-") else ""
    return shown


def _source(node: Node, naming: Naming, port: str) -> str:
    source = node.sources.get(port)
    if source is None:
        return port
    if source.data is None:
        step = naming.steps.get(source.node, source.node)
        return f"steps.{step}.outputs.{naming.outputs.get((source.node, source.port), source.port)}"
    read = inputs.read_by(naming.found, node, port)
    return read.why or read.place
