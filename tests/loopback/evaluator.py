"""What a submitted graph means, computed from the bodies alone: what each step receives, from where, in which order.

It knows neither the package under test nor the SDK, so a mistake of theirs cannot hide here: a node leads through its
`ModuleId` to the stored module, whose `Arguments` are read with the node's own parameters and the graph's edges.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Entity = Mapping[str, Any]
Kind = Literal["literal", "parameter", "input", "output", "dataset"]

# How the SDK writes a port into an argument: as a literal with a prefix.
INPUT, OUTPUT = "DatasetConsumptionConfig:", "DatasetOutputConfig:"
ORDER = "_run_after_"  # ports that carry no data


class Inconsistent(Exception):  # noqa: N818 - of the graph, not of this program
    """The bodies contradict one another."""


@dataclass(frozen=True)
class Token:
    """One argument: a literal's text, a parameter's name, `STEP.NAME` of an output or an input, a dataset's name."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return self.value if self.kind == "literal" else f"<{self.kind} {self.value}>"


@dataclass(frozen=True)
class Environment:
    """The environment that a node carries, with its whole definition."""

    name: str
    version: str | None
    definition: Entity


@dataclass(frozen=True)
class Port:
    """An output of a step: where it goes, and how."""

    name: str
    datastore: str | None
    mode: str | None
    register_as: str | None
    path: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Step:
    """What one node means."""

    name: str
    script: str  # or the first word of a command
    arguments: tuple[Token, ...]
    resolved: tuple[str, ...]  # the same, each parameter with its value
    outputs: tuple[Port, ...]
    modes: Mapping[str, str | None]  # how each input arrives, by the port's name
    after: frozenset[str]  # the steps that an order edge comes from
    compute: str
    environment: Environment
    environment_variables: Mapping[str, str]
    timeout: str | None
    distribution: tuple[str, int, int] | None  # its type, the nodes, the processes on each
    reusable: bool
    regenerated: bool  # the submission forces it to run
    snapshot: str
    module: str  # the module's id


@dataclass(frozen=True)
class Bodies:
    """What was sent: a graph, the modules it names, what the submission assigns, the names of datasets by id."""

    graph: Entity
    modules: Mapping[str, Entity]
    assignments: Mapping[str, str]
    datasets: Mapping[str, str]

    @property
    def nodes(self) -> Mapping[str, Entity]:
        """The nodes of steps by id."""
        return {one["Id"]: one for one in self.graph["ModuleNodes"]}

    def module(self, node: str) -> Entity:
        """Return the module of a node."""
        known = self.nodes[node]["ModuleId"]
        if known not in self.modules:
            raise Inconsistent(f"node {node}: there is no module {known}")
        return self.modules[known]

    def name(self, node: str) -> str:
        """Return the name of a node's step."""
        return str(self.module(node)["Name"])


def evaluate(
    graph: Entity,
    modules: Mapping[str, Entity],
    assignments: Mapping[str, str] | None = None,
    datasets: Mapping[str, str] | None = None,
) -> dict[str, Step]:
    """Return what each step means, by its name."""
    bodies = Bodies(graph, modules, assignments or {}, datasets or {})
    names = [bodies.name(node) for node in bodies.nodes]
    if len(set(names)) < len(names):
        raise Inconsistent(f"two steps share a name: {sorted(names)}")
    return {bodies.name(node): _step(bodies, node) for node in bodies.nodes}


def _step(bodies: Bodies, node: str) -> Step:
    module, entity = bodies.module(node), bodies.nodes[node]
    structured, configuration = module["StructuredInterface"], json.loads(entity["Runconfig"])
    values = _values(bodies, node)
    tokens = tuple(_token(bodies, node, one) for one in structured["Arguments"])
    return Step(
        name=module["Name"],
        script=_started(values, node),
        arguments=tokens,
        resolved=tuple(_resolved(structured["Arguments"], tokens, values, node)),
        outputs=tuple(_outputs(entity)),
        modes={one["Name"]: one.get("DataStoreMode") for one in structured["Inputs"] if not _is_order(one["Name"])},
        after=frozenset(_after(bodies, node)),
        compute=_compute(node, configuration["target"], _required(values, "Target", node)),
        environment=_environment(configuration["environment"]),
        environment_variables=configuration["environmentVariables"],
        timeout=_timeout(node, configuration, values),
        distribution=_distribution(node, configuration),
        reusable=module["IsDeterministic"],
        regenerated=bool(entity.get("RegenerateOutput")),
        snapshot=module["StorageId"],
        module=entity["ModuleId"],
    )


def _started(values: Mapping[str, str | None], node: str) -> str:
    """Return the script of a node, or the first word of its command: it has exactly one of them."""
    script, command = values.get("Script"), values.get("Command")
    if script is not None and command is not None:
        raise Inconsistent(f"node {node} has both a script and a command")
    return command if command is not None else _required(values, "Script", node)


def _values(bodies: Bodies, node: str) -> dict[str, str | None]:
    """Return the value of each of a node's parameters: the module's default, the node's own, the pipeline's."""
    structured = bodies.module(node)["StructuredInterface"]
    values = {one["Name"]: one.get("DefaultValue") for one in structured["Parameters"]}
    for one in bodies.nodes[node]["ModuleParameters"]:
        if one["Name"] not in values:
            raise Inconsistent(f"node {node} sets the parameter {one['Name']}, which its module does not have")
        if one["ValueType"] == "1":  # a reference to a parameter of the pipeline
            values[one["Name"]] = bodies.assignments.get(one["Value"], values[one["Name"]])
        elif one.get("Value") is not None:
            values[one["Name"]] = one["Value"]
    return values


def _resolved(
    arguments: Iterable[Entity], tokens: Iterable[Token], values: Mapping[str, str | None], node: str
) -> Iterable[str]:
    """Return each argument as text, a parameter as its value: those are kept by the module's name for it."""
    for argument, token in zip(arguments, tokens, strict=True):
        yield _required(values, argument["Value"], node) if token.kind == "parameter" else str(token)


def _required(values: Mapping[str, str | None], name: str, node: str) -> str:
    value = values.get(name)
    if value is None:
        raise Inconsistent(f"node {node}: {name} has no value")
    return value


def _token(bodies: Bodies, node: str, argument: Entity) -> Token:
    kind, value = argument["ValueType"], argument["Value"]
    if kind == "Parameter":
        return Token("parameter", _pipeline_parameter(bodies, node, value))
    if kind == "Input" or (kind == "Literal" and value.startswith(INPUT)):
        return _source(bodies, node, value.removeprefix(INPUT))
    if kind == "Output" or (kind == "Literal" and value.startswith(OUTPUT)):
        return _own_output(bodies, node, value.removeprefix(OUTPUT))
    if kind != "Literal":
        raise Inconsistent(f"node {node}: an argument of the unknown kind {kind}")
    return Token("literal", value)


def _pipeline_parameter(bodies: Bodies, node: str, name: str) -> str:
    """Return the parameter of the pipeline behind a parameter of the module."""
    for one in bodies.nodes[node]["ModuleParameters"]:
        if one["Name"] == name and one["ValueType"] == "1":
            return str(one["Value"])
    raise Inconsistent(f"node {node}: the argument {name} is no parameter of the pipeline")


def _own_output(bodies: Bodies, node: str, port: str) -> Token:
    if port not in {one["Name"] for one in bodies.module(node)["StructuredInterface"]["Outputs"]}:
        raise Inconsistent(f"node {node}: an argument names the output {port}, which its module does not have")
    return Token("output", f"{bodies.name(node)}.{port}")


def _source(bodies: Bodies, node: str, port: str) -> Token:
    """Return what an edge leads into an input port."""
    edges = [one["SourceOutputPort"] for one in _edges_into(bodies, node) if _target(one)["PortName"] == port]
    if len(edges) != 1:
        raise Inconsistent(f"node {node}: {len(edges)} edges lead into {port}")
    source = edges[0]["NodeId"]
    if source in bodies.nodes:
        _own_output(bodies, source, edges[0]["PortName"])  # it has that port
        return Token("input", f"{bodies.name(source)}.{edges[0]['PortName']}")
    return Token("dataset", _dataset(bodies, source))


def _target(edge: Entity) -> Entity:
    return edge["DestinationInputPort"]  # type: ignore[no-any-return] # JSON


def _edges_into(bodies: Bodies, node: str) -> list[Entity]:
    return [one for one in bodies.graph["Edges"] if _target(one).get("NodeId") == node]


def _dataset(bodies: Bodies, node: str) -> str:
    """Return a dataset's name, by its id where that is all there is; with its version where one is pinned."""
    found = [one for one in bodies.graph["DatasetNodes"] if one["Id"] == node]
    if not found:
        raise Inconsistent(f"an edge begins at {node}, which is no node")
    if source := found[0].get("DatasetId"):  # a path on a datastore
        return bodies.datasets.get(source, source)
    value = found[0]["DataSetDefinition"]["Value"]
    named, saved = value.get("DataSetReference"), value.get("SavedDataSetReference")
    known = str((named or saved)["Id"])
    version = (named or {}).get("Version")
    return bodies.datasets.get(known, known) + (f":{version}" if version else "")


def _after(bodies: Bodies, node: str) -> Iterable[str]:
    for edge in _edges_into(bodies, node):
        ends = (edge["SourceOutputPort"], _target(edge))
        if _is_order(ends[1]["PortName"]) != _is_order(ends[0]["PortName"]):
            raise Inconsistent(f"node {node}: an edge leads from data to order")
        if _is_order(ends[1]["PortName"]):
            yield bodies.name(ends[0]["NodeId"])


def _is_order(port: str) -> bool:
    return port.startswith(ORDER)


def _outputs(node: Entity) -> Iterable[Port]:
    for one in node.get("ModuleOutputSettings") or ():
        registered = (one.get("DatasetRegistration") or {}).get("Name")
        path = (one.get("DatasetOutputOptions") or {}).get("PathOnDatastore")
        overwrite = bool(one.get("Overwrite"))
        yield Port(one["Name"], one.get("DataStoreName"), one.get("DataStoreMode"), registered, path, overwrite)


def _compute(node: str, configured: str, target: str) -> str:
    """Return the node's `Target`; the configuration says the same, or what it says before anybody sets it: `local`."""
    return target if configured == "local" else _agreed(node, "compute", configured, target)


def _agreed(node: str, what: str, one: str, other: str | None) -> str:
    if one != other:
        raise Inconsistent(f"node {node}: its {what} is {one} in one place and {other} in another")
    return one


def _environment(body: Entity) -> Environment:
    rest = {name: value for name, value in body.items() if name not in ("name", "version")}
    return Environment(body["name"], body.get("version"), rest)


def _distribution(node: str, configuration: Entity) -> tuple[str, int, int] | None:
    """Return how many processes of a script train together, by the section that the framework makes effective."""
    effective = configuration["framework"], configuration["communicator"]
    nodes = configuration["nodeCount"]
    if effective == ("PyTorch", "nccl"):
        section = configuration["pytorch"]
        _agreed(node, "number of nodes", str(nodes), str(section["nodeCount"]))
        return "pytorch", nodes, section["processCount"] // nodes
    if effective == ("Python", "IntelMpi"):
        section = configuration["mpi"]
        _agreed(node, "number of nodes", str(nodes), str(section["nodeCount"]))
        return "mpi", nodes, section["processCountPerNode"]
    if effective == ("TensorFlow", "ParameterServer"):
        section = configuration["tensorflow"]
        _agreed(node, "number of workers", str(nodes), str(section["workerCount"]))
        _agreed(node, "number of parameter servers", "0", str(section["parameterServerCount"]))
        return "tensorflow", nodes, 1
    if effective != ("Python", "None") or nodes != 1:
        raise Inconsistent(f"node {node}: {nodes} nodes of {effective}")
    return None


def _timeout(node: str, configuration: Entity, values: Mapping[str, str | None]) -> str | None:
    written = configuration.get("maxRunDurationSeconds")
    set_twice = values.get("MaxRunDurationSeconds")
    if written is None or set_twice is None:
        return set_twice if written is None else str(written)
    return _agreed(node, "timeout", str(written), set_twice)
