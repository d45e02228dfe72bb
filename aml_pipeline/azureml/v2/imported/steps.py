"""A node of a v2 pipeline → a step of pipeline.yaml: what it runs, and what it reads and writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.v2.imported import arguments, commands, outputs, settings
from aml_pipeline.azureml.v2.imported.environments import Environments
from aml_pipeline.azureml.v2.imported.inputs import Bound, Datasets, Parameters
from aml_pipeline.azureml.v2.imported.job import Node, Path, Source, inputs_of, result_of
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.ports import beside

# Why jobs of other types are no steps.
_OTHERS = {
    "parallel": "it runs a script on batches of data, on several nodes.",
    "sweep": "it searches for values while it runs; those of `matrix` are fixed.",
    "automl": "AutoML has no script.",
    "spark": "it runs on Spark, and a step runs a command.",
}


@dataclass(slots=True)
class Step:
    """A step: its ``keys`` in pipeline.yaml, the folder of its ``code``, and what it has to do with others.

    ``reads`` has the outputs of other nodes, each with the input that reads it; ``writes`` the outputs that its command
    names, ``results`` those of them that are outputs of the pipeline, by their names there.
    """

    node: Node
    name: str
    keys: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    reads: dict[Source, str] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    results: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)  # those that it writes, by their names in pipeline.yaml
    losses: list[Loss] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Steps:
    """Makes steps of nodes, with the names, the parameters and the datasets that they share.

    ``called`` has the names of the steps by the paths of their nodes.
    """

    names: Names
    parameters: Parameters
    datasets: Datasets
    environments: Environments
    default_compute: str
    called: Mapping[Path, str]

    def make(self, node: Node) -> Step:
        """Return the step of ``node``. Raises Unsayable."""
        if node.why:
            raise Unsayable(node.why)
        if node.kind != "command" or "command" not in node.component:
            raise Unsayable(_OTHERS.get(node.kind, f"a job of type {node.kind} runs no command."))
        step = Step(node, self.called[node.path])
        step.code = _code(node)
        bound = dict(inputs_of(node))
        self._limit(node, bound)
        bound = {name: one for name, one in bound.items() if one.kind != "absent"}
        data = {name: self._data(step, name, one) for name, one in bound.items() if one.kind in {"data", "output"}}
        inputs = {name: self._input_name(step, bound, name) for name in data}
        started = self._started(step, bound, inputs)
        step.keys |= started.keys
        self._read(step, bound, {name: (inputs[name], text) for name, text in data.items()})
        self._write(step, started.marker)
        if node.component.data("is_deterministic") is False:
            step.keys["allow_reuse"] = False
        self._settle(step)
        return step

    def _settle(self, step: Step) -> None:
        """Add the environment and the other settings."""
        node = step.node
        environment = node.component.get("environment")
        if environment is not None and environment.value is not None:
            step.keys["environment"] = self.environments.keys(environment, step.name)
        values = {name: bound.text for name, bound in node.scope.inputs.items() if bound.kind in {"text", "parameter"}}
        step.keys |= settings.of(node.part, node.component, values, self.default_compute, step.losses)
        for key in {"resources", "distribution"} & node.part.parts.keys():  # those of the component do not count
            node.component.data(key)
        for part in {node.part, node.component}:
            part.get("type")
            for key in ("name", "display_name"):
                if key in part and _is_name(str(part.parts[key].value), step.name):
                    part.get(key)

    def _started(self, step: Step, bound: Mapping[str, Bound], inputs: Mapping[str, str]) -> commands.Started:
        """Return what the command runs; ``inputs`` has the names here of those inputs that are data."""
        named: set[str] = set()

        def expression(kind: str, name: str) -> str | None:
            named.add(name)
            if kind == "outputs":
                return f"${{{{ outputs.{self._output(step, name)} }}}}"
            if name not in bound:
                _refuse_undeclared(step.node, name)
                return None
            if name in inputs:
                return f"${{{{ inputs.{inputs[name]} }}}}"
            if bound[name].kind == "text":
                return bound[name].text
            return f"${{{{ parameters.{bound[name].name} }}}}"

        values = {f"${{{{ parameters.{one.name} }}}}": one.text for one in bound.values() if one.kind == "parameter"}
        started = commands.started(step.node.component.text("command"), step.code or None, expression, values)
        step.losses += [_unnamed(step.node, "inputs", name) for name in bound if name not in {*named, *inputs}]
        return started

    def _limit(self, node: Node, bound: Mapping[str, Bound]) -> None:
        """Note what the declarations of inputs say of parameters; limits of a value that is given say nothing more."""
        for name, declared in node.declared("inputs").items():
            if not declared.is_mapping:
                continue
            taken = {"type", "optional", "default"}
            if name in bound and bound[name].kind in {"parameter", "text"}:
                taken |= {"min", "max", "enum"}
            if name in bound and bound[name].kind == "parameter":
                self.parameters.used(bound[name].name, declared)
                taken.add("description")
            for key in taken:
                declared.data(key)

    def _input_name(self, step: Step, bound: Mapping[str, Bound], name: str) -> str:
        """Return the name of an input, which neither an output nor a parameter of the step may have."""
        new = self.names.give("input", name, scope=step.name)
        given = {**step.node.declared("outputs"), **dict(step.node.part.items("outputs"))}
        taken = {self.names.give("output", output, scope=step.name) for output in given}
        free = beside(new, {*taken, *(one.name for one in bound.values() if one.kind == "parameter")})
        if free != new:
            why = f"an output or a parameter has it too. It is {free} here."
            step.losses.append(bound[name].part.lost(f"the name of input {name}", why))
        return free

    def _output(self, step: Step, name: str) -> str:
        if name not in {**step.node.declared("outputs"), **dict(step.node.part.items("outputs"))}:
            raise Unsayable(f"{step.node.component.where}: the command names the output {name}, which is not declared.")
        step.writes.add(name)
        return self.names.give("output", name, scope=step.name)

    def _data(self, step: Step, name: str, bound: Bound) -> str:
        """Return the data that an input reads, as an expression."""
        if bound.kind == "data":
            declared = step.node.declared("inputs").get(name)
            return f"${{{{ datasets.{self.datasets.give(bound, declared)} }}}}"
        path, output = step.node.scope.source(bound.source)
        if path not in self.called:
            raise Unsayable(f"{bound.part.where}: the pipeline has no node {'.'.join(path)}.")
        step.reads[path, output] = name
        return self.output(path, output)

    def output(self, path: Path, output: str) -> str:
        """Return an output of the node at ``path`` as an expression."""
        step = self.called[path]
        return f"${{{{ steps.{step}.outputs.{self.names.give('output', output, scope=step)} }}}}"

    def stand_in(self, step: Step, source: Source) -> None:
        """Let ``step`` read a dataset on this machine instead of an output that no imported step writes."""
        path, output = source
        name, text = step.reads.pop(source), self.output(path, output)
        part = next(part for key, part in step.node.part.items("inputs") if key == name)
        dataset = self.datasets.local(name, step.node.declared("inputs").get(name), self.called[path], output)
        for key in {"inputs", "arguments"} & step.keys.keys():
            step.keys[key] = arguments.changed(
                step.keys[key], lambda value: value.replace(text, f"${{{{ datasets.{dataset} }}}}")
            )
        step.keys["after"] = [other for other in step.keys.get("after", []) if other != self.called[path]]
        why = f"no imported step writes it. Write {text} once one does, or put a sample at {dataset}'s `local` path."
        step.losses.append(part.lost(f"output {output} of {'.'.join(path)}", why))

    def _read(self, step: Step, bound: Mapping[str, Bound], data: Mapping[str, tuple[str, str]]) -> None:
        """Add ``inputs`` and ``after``; ``data`` has the name and the expression of each input that is data."""
        carried = arguments.carried(step.keys.get("arguments"))
        called: dict[str, str] = {}
        for name, (new, text) in data.items():
            one = bound[name]
            if one.kind == "output" and one.mode == "direct" and new not in carried:  # nothing is read
                path, _ = step.node.scope.source(one.source)
                step.keys.setdefault("after", []).append(self.called[path])
                continue
            if one.kind == "output" and one.mode not in {"", "ro_mount"}:
                why = "what another step wrote is mounted. Delete the mode."
                step.losses.append(one.part.lost(f"mode {one.mode} of input {name}", why))
            if text in called.values():
                step.losses.append(
                    one.part.lost(f"input {name}", "another input is the same data, and stands for both.")
                )
            called[new] = text
        writes = [self.names.give("output", name, scope=step.name) for name in step.writes]
        filled, rest = arguments.read(step.keys.get("arguments"), called, writes)
        step.keys |= {key: value for key, value in (("arguments", filled), ("inputs", rest)) if value}

    def _write(self, step: Step, marker: str) -> None:
        """Add the settings of the outputs; the command does not name the one that marks the end of the step."""
        declared = step.node.declared("outputs")
        for name in {**declared, **dict(step.node.part.items("outputs"))}:
            result = result_of(step.node, name)
            said = outputs.settings(name, (result.part, declared.get(name)), step.losses)
            if name not in step.writes:
                if name == marker:
                    continue
                said["argument"] = False
                step.writes.add(name)
            own = self.names.give("output", name, scope=step.name)
            step.outputs.append(own)
            if said:
                step.keys.setdefault("outputs", {})[own] = said
            if result.name:
                step.results[self.names.give("output", result.name)] = own
        step.writes |= {marker} - {""}


def _is_name(text: str, step: str) -> bool:
    return re.sub(r"[\W_]+", "-", text.lower()) == step


def _unnamed(node: Node, kind: str, name: str) -> Loss:
    """Return the loss of an input or output that the command does not name."""
    part = {**node.declared(kind), **dict(node.part.items(kind))}[name]
    return part.lost(f"{kind.removesuffix('s')} {name}", "the command does not name it. Give it as an argument.")


def _refuse_undeclared(node: Node, name: str) -> None:
    if name not in {**node.declared("inputs"), **dict(node.part.items("inputs"))}:
        raise Unsayable(f"{node.component.where}: the command names the input {name}, which is not declared.")


def _code(node: Node) -> str:
    """Return the absolute path of the folder of the code, "" if there is none. Raises UsageError, Unsayable."""
    code = node.component.get("code")
    if "additional_includes" in node.component:
        raise Unsayable(
            f"{node.component.where}: files are added to its code from elsewhere. Copy them into its folder."
        )
    if code is None or code.value is None:
        return ""
    text = str(code.value).removeprefix("file:")
    if re.match(r"(azureml|git\+?\w*|https?):", text):
        raise Unsayable(f"{code.where}: the code {text} is not on this machine. Download it, and name the folder.")
    path = code.beside(text)
    if not files.is_folder(path):
        raise UsageError(f"{code.where}: the folder of the code, {text}, was not found. Correct its path.")
    return path
