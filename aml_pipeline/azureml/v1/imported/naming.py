"""The names of Azure ML in one pipeline → those of pipeline.yaml; the same for the draft and for the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.v1.imported import inputs
from aml_pipeline.azureml.v1.imported.found import Found
from aml_pipeline.azureml.v1.imported.graph import Node, each
from aml_pipeline.azureml.v1.imported.inputs import Data
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Literal, Output, Parameter
from aml_pipeline.pipeline.spec.names import step_name_fault, word_name_fault


@dataclass(slots=True)
class Naming:
    """The names of a pipeline's things: steps and outputs by their nodes, parameters by their old names.

    An output has a name if an argument of its step names it: nothing says the path of another to a script.
    """

    found: Found
    names: Names = field(default_factory=Names)
    steps: dict[str, str] = field(default_factory=dict)
    outputs: dict[tuple[str, str], str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    datasets: dict[Data, str] = field(default_factory=dict)

    def source(self, node: Node, port: str) -> Input | Dataset | None:
        """Return what an input of a step reads; None if nothing leads there, or it is not known."""
        source = node.sources.get(port)
        if source is None:
            return None
        if source.data is None:
            name = self.outputs.get((source.node, source.port))
            return Input(self.steps[source.node], name) if name else None
        read = inputs.read_by(self.found, node, port)
        return None if read.why else Dataset(self.datasets[read])

    def input(self, node: Node, port: str) -> str:
        """Return the name of an input of a step, which is none of its outputs and parameters."""
        taken = {name for (known, _), name in self.outputs.items() if known == node.id}
        taken |= {self.parameters.get(word.value, "") for word in node.words if word.kind == "parameter"}
        name = self.names.give("input", port, scope=self.steps[node.id])
        return self.names.give("input", f"input {port}", scope=self.steps[node.id]) if name in taken else name

    def words(self, node: Node) -> list[tokens.Part | None]:
        """Return the arguments of a step as tokens; None for a port that nothing is known of."""
        return [self._token(node, kind, value) for kind, value in node.words]

    def _token(self, node: Node, kind: str, value: str) -> tokens.Part | None:
        if kind == "parameter":
            return Parameter(self.parameters.get(value, value))
        if kind == "input":
            return self.source(node, value)
        if kind == "output":
            name = self.outputs.get((node.id, value))
            return Output(name) if name else None
        return Literal(value)


def named(found: Found, nodes: Sequence[Node]) -> Naming:
    """Return the names of all things of a pipeline. Those that are valid already stay."""
    naming = Naming(found)
    give = naming.names.give
    for node in sorted(nodes, key=lambda node: step_name_fault(node.name) is not None):
        naming.steps[node.id] = give("step", node.name, key=node.id)
    naming.steps = {node.id: naming.steps[node.id] for node in nodes}
    for node in nodes:
        said = {word.value for word in node.words if word.kind == "output"}
        for port in _valid_first(port for port in node.outputs if port in said):
            naming.outputs[node.id, port] = give("output", port, scope=naming.steps[node.id])
    for name in _valid_first(str(entity.get("Name")) for entity in each(found.interface.get("Parameters"))):
        naming.parameters[name] = give("parameter", name)
    read = [inputs.read_by(found, node, port) for node in nodes for port, source in node.sources.items() if source.data]
    known = dict.fromkeys(one for one in read if not one.why)
    for one in sorted(known, key=lambda one: word_name_fault(one.name) is not None):
        naming.datasets[one] = give("dataset", one.name, key=f"{one.place} {one.mode} {one.parameter}")
    return naming


def _valid_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: word_name_fault(name) is not None)
