"""The JSON of a graph → its steps: command lines token by token, what they read and write, what they run in.

Nothing is judged and nothing is renamed here, so that both sides of the proof are read alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.core.plain import mapping, sequence

# How the SDK writes a port into an argument: as text with a prefix; the last is the variable with the path of the port.
_INPUT, _OUTPUT, _VARIABLE = "DatasetConsumptionConfig:", "DatasetOutputConfig:", "$AZUREML_DATAREFERENCE_"
_SCRIPTS = "escloud"  # what executes the modules of scripts
_ORDER = "_run_after_"  # ports that carry no data
_ARGUMENTS = ("Literal", "Parameter", "Input", "Output", "NestedList")
STRUCTURED = "USE_STRUCTURED_ARGUMENTS"  # the arguments of a node are those of its module
_SECTIONS = frozenset({"pytorch", "tensorflow", "mpi", "paralleltask", "amlcompute", "aisupercomputer"})
_TEXTS = frozenset({"0", "Literal"})
_REFERENCES = frozenset({"1", "GraphParameterName"})  # values that are names of the pipeline's parameters


class Word(NamedTuple):
    """One word of a command line: a text, the name of a parameter of the pipeline, or the name of a port."""

    kind: Literal["literal", "parameter", "input", "output"]
    value: str


class Source(NamedTuple):
    """What an input reads: the output ``port`` of a step, or ``data``, which is no step's."""

    node: str
    port: str
    data: Json | None


@dataclass(frozen=True)
class Node:
    """A step of a graph. ``why`` says what is not known of it, ``type`` is the SDK's class of it.

    ``values`` and ``references`` are those of its module's parameters: texts, and names of the pipeline's parameters;
    ``settings`` and ``settable`` are those of them that no argument and no variable has. ``variables`` are set to
    parameters that are no arguments. ``inputs`` and ``outputs`` have the settings of its ports by name, ``sources``
    what its inputs read.
    """

    id: str
    name: str
    type: str
    why: str = ""
    snapshot: str = ""
    is_deterministic: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    settable: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    configuration: Json = field(default_factory=dict)
    cloud: Json = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    inputs: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    @property
    def program(self) -> list[Word]:
        """The words that start it, before its arguments; none if it is no program."""
        if "Script" in self.values:
            return [Word("literal", "python"), Word("literal", self.values["Script"])]
        return [Word("literal", self.values["Command"])] if self.values.get("Command") else []

    @property
    def upstream(self) -> list[str]:
        """The nodes before it, through data or order."""
        return [*(source.node for source in self.sources.values() if source.node), *self.after]


def read(found: Found) -> list[Node]:
    """Return the steps of a pipeline, each after those that it needs, else in the order of the graph."""
    edges: dict[str, list[tuple[str, str, str]]] = {}
    for edge in each(found.graph.get("Edges")):
        start, end = mapping(edge.get("SourceOutputPort")), mapping(edge.get("DestinationInputPort"))
        place = (str(end.get("PortName")), str(start.get("NodeId")), str(start.get("PortName")))
        edges.setdefault(str(end.get("NodeId")), []).append(place)
    data = {str(node.get("Id")): node for node in each(found.graph.get("DatasetNodes"))}
    nodes = [
        _node(found, entity, edges.get(str(entity.get("Id")), []), data)
        for entity in each(found.graph.get("ModuleNodes"))
    ]
    return list(_in_order([*nodes, *_unknown(found.graph, edges)]))


def _unknown(graph: Json, edges: Mapping[str, Sequence[tuple[str, str, str]]]) -> Iterator[Node]:
    """Yield nodes that are neither modules nor data, such as graphs within the graph."""
    for kind, entities in graph.items():
        if kind.endswith("Nodes") and kind not in {"ModuleNodes", "DatasetNodes"}:
            for entity in each(entities):
                known, why = str(entity.get("Id")), f"it is one of the {kind} of the graph, which are not read"
                after = tuple(dict.fromkeys(node for _, node, _ in edges.get(known, ())))
                yield Node(known, str(entity.get("Name") or known), kind.removesuffix("s"), why, after=after)


def _in_order(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the nodes in topological order; those of a cycle at the end, as they come."""
    waiting, done = list(nodes), set[str]()
    while waiting:
        known = {node.id for node in waiting}
        node = next((node for node in waiting if known.isdisjoint(node.upstream)), waiting[0])
        done.add(node.id)
        waiting.remove(node)
        yield node


def _node(found: Found, entity: Json, edges: Sequence[tuple[str, str, str]], data: Mapping[str, Json]) -> Node:
    known, module_id = str(entity.get("Id")), str(entity.get("ModuleId"))
    sources = {
        port: Source("", "", data[node]) if node in data else Source(node, out, None) for port, node, out in edges
    }
    read = {port: source for port, source in sources.items() if not port.startswith(_ORDER)}
    after = tuple(source.node for port, source in sources.items() if port.startswith(_ORDER))
    module = found.modules.get(module_id)
    if module is None:
        why = found.missing.get(module_id, "its module was not found")
        return Node(known, known, "unknown", why, sources=read, after=after)
    return replace(_of_module(known, entity, module), sources=read, after=after)


def _of_module(known: str, entity: Json, module: Json) -> Node:
    """Return the node ``known`` with what it and its module say, without what it reads and comes after."""
    structured = mapping(module.get("StructuredInterface"))
    arguments = [{**one, "ValueType": _kind(one)} for one in each(structured.get("Arguments"))]
    literal, references = _parameters(entity.get("ModuleParameters"))
    defaults = {name: text for name, text in _named(structured.get("Parameters"), "DefaultValue") if text is not None}
    values = {**{name: text for name, text in defaults.items() if name not in references}, **literal}
    inputs, outputs = _ports(structured, entity, "Input"), _ports(structured, entity, "Output")
    received = {str(argument.get("Value")) for argument in arguments if argument["ValueType"] == "Parameter"}
    variables = {
        str(one.get("Name")) for one in each(structured.get("Parameters")) if one.get("SetEnvironmentVariable")
    }
    return Node(
        known,
        str(module.get("Name")),
        _type(module),
        _unread(entity, arguments, values),
        snapshot=str(module.get("StorageId") or ""),
        is_deterministic=bool(module.get("IsDeterministic", True)),
        values=values,
        references=references,
        settings={name: text for name, text in values.items() if text and name not in received | variables},
        settable={name: text for name, text in references.items() if name not in received},
        metadata=_parameters(entity.get("ModuleMetadataParameters"))[0],
        variables=dict(_variables(structured, values)),
        configuration=_configuration(entity, module),
        cloud=mapping(entity.get("CloudSettings")),
        words=tuple(_word(argument, values, references, inputs, outputs) for argument in arguments),
        inputs=inputs,
        outputs=outputs,
    )


def each(entities: object) -> Iterator[Json]:
    """Yield the mappings in a list of JSON."""
    return map(mapping, sequence(entities))


def _parameters(entities: object) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts of a node's parameters, and the names of the pipeline's parameters that they refer to."""
    values: dict[str, str] = {}
    references: dict[str, str] = {}
    for entity in each(entities):
        if entity.get("Value") is not None:
            refers = str(entity.get("ValueType")) in _REFERENCES
            (references if refers else values)[str(entity.get("Name"))] = str(entity["Value"])
    return values, references


def _named(entities: object, key: str) -> Iterator[tuple[str, str | None]]:
    for entity in each(entities):
        yield str(entity.get("Name")), None if entity.get(key) is None else str(entity[key])


def _variables(structured: Json, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that the SDK sets to parameters that no argument names (``params`` of a PythonScriptStep)."""
    named = {str(entity.get("Value")) for entity in each(structured.get("Arguments")) if _kind(entity) == "Parameter"}
    for entity in each(structured.get("Parameters")):
        name = str(entity.get("Name"))
        if entity.get("SetEnvironmentVariable") and name not in named and name in values:
            yield str(entity.get("EnvironmentVariableOverride") or name), values[name]


def _kind(argument: Json) -> str:
    """Return the type of an argument, which is a word or its number."""
    kind = str(argument.get("ValueType") or _ARGUMENTS[0])
    return _ARGUMENTS[int(kind)] if kind.isdecimal() and int(kind) < len(_ARGUMENTS) else kind


def _unread(entity: Json, arguments: Sequence[Json], values: Mapping[str, str]) -> str:
    """Return what of a node's command line and settings is said in a way that is not read here, else ""."""
    for argument in arguments:
        if argument["ValueType"] not in _ARGUMENTS[:-1]:
            return f"it has an argument of type {argument['ValueType']}"
    for one in each(entity.get("ModuleParameters")):
        if one.get("AssignmentsToConcatenate") or str(one.get("ValueType") or "0") not in {*_TEXTS, *_REFERENCES}:
            return f"its setting {one.get('Name')} is put together from several"
    text = values.get("Arguments", "")
    return "its arguments are one text, as early SDKs sent them" if text not in {"", STRUCTURED} else ""


def _type(module: Json) -> str:
    """Return the SDK's class of a step; modules of early SDKs only say what executes them."""
    runs = str(module.get("ModuleExecutionType") or _SCRIPTS)
    return str(module.get("StepType") or ("PythonScriptStep" if runs == _SCRIPTS else runs))


def _configuration(entity: Json, module: Json) -> Json:
    """Return a run configuration; its sections are spelled in lower case by the SDK, and pyTorch by the service."""
    text = entity.get("Runconfig") or module.get("Runconfig")
    try:
        found = mapping(json.loads(text)) if isinstance(text, str) else mapping(text)
    except ValueError:
        return {}
    return {key.lower() if key.lower() in _SECTIONS else key: value for key, value in found.items()}


def _ports(structured: Json, entity: Json, kind: str) -> dict[str, Json]:
    """Return the settings of the ports of a kind: those of the node over those of its module."""
    own = {str(one.get("Name")): one for one in each(entity.get(f"Module{kind}Settings"))}
    ports = {str(one.get("Name")): one for one in each(structured.get(f"{kind}s"))}
    return {
        name: {**port, **{key: value for key, value in own.get(name, {}).items() if value is not None}}
        for name, port in ports.items()
        if not name.startswith(_ORDER)
    }


def _word(
    argument: Json,
    values: Mapping[str, str],
    references: Mapping[str, str],
    inputs: Mapping[str, Json],
    outputs: Mapping[str, Json],
) -> Word:
    kind, text = argument["ValueType"], str(argument.get("Value") or "")
    if kind == "Parameter":
        return Word("parameter", references[text]) if text in references else Word("literal", values.get(text, ""))
    if kind in {"Input", "Output"}:
        return Word("input" if kind == "Input" else "output", text)
    for prefix, ports, port in ((_INPUT, inputs, "input"), (_OUTPUT, outputs, "output")):
        if text.startswith(prefix) and text.removeprefix(prefix) in ports:
            return Word("input" if port == "input" else "output", text.removeprefix(prefix))
    if text.startswith(_VARIABLE):
        name = text.removeprefix(_VARIABLE)
        if name in inputs or name in outputs:
            return Word("input" if name in inputs else "output", name)
    return Word("literal", text)
