"""The evaluator of submitted graphs: what the SDK really sends, and bodies that contradict themselves."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.loopback import example
from tests.loopback.evaluator import Inconsistent, Port, evaluate
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Entity, Sdk

pytestmark = quiet


def test_what_the_steps_of_a_submission_receive(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline = example.pipeline(workspace, example.write_scripts(tmp_path))
    run = example.submit(workspace, pipeline, pipeline_parameters={"epochs": "5"}).id
    steps = evaluate(service.graph_of(run), service.modules, service.assignments_of(run), service.dataset_names)
    assert {name: [str(one) for one in step.arguments] for name, step in steps.items()} == {
        "prepare": ["--data", "<dataset images:1>", "--out", "<output prepare.prepared>"],
        "train": ["--in", "<input prepare.prepared>", "--epochs", "<parameter epochs>", "a b"],
        "report": ["--n", "1"],
    }
    assert steps["train"].resolved == ("--in", "<input prepare.prepared>", "--epochs", "5", "a b")
    assert {name: set(step.after) for name, step in steps.items()} == {
        "prepare": set(),
        "train": set(),
        "report": {"train"},
    }
    assert steps["prepare"].outputs == (Port("prepared", "workspaceblobstore", "upload", None),)
    assert (steps["prepare"].modes, steps["train"].modes) == (
        {"data_images": "mount"},
        {"in_prepare__prepared": "mount"},
    )


def test_what_the_steps_of_a_submission_run_in(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline = example.pipeline(workspace, example.write_scripts(tmp_path))
    run = example.submit(workspace, pipeline, regenerate_outputs=True).id
    steps = evaluate(service.graph_of(run), service.modules)
    train = steps["train"]
    assert (train.script, train.compute, train.timeout) == ("train.py", example.CLUSTER, "600")
    assert (train.environment.name, train.environment.version) == ("training", "1")
    assert train.environment.definition["docker"]["baseImage"] == "registry.example/training:1"
    assert train.environment_variables == {"OMP_NUM_THREADS": "2"}
    assert (train.reusable, steps["report"].reusable, train.regenerated) == (True, False, True)
    assert (train.snapshot in service.snapshots, train.module in service.modules) == (True, True)
    assert train.resolved[3] == "3"  # the module's default, where nothing is assigned


def argument(kind: str, value: str) -> Entity:
    return {"ValueType": kind, "Value": value}


def module(name: str, arguments: list[Entity], **changed: list[Entity]) -> Entity:
    parameters = [{"Name": "Script"}, {"Name": "Target"}, {"Name": "size", "DefaultValue": "1"}]
    ports = {"Inputs": [], "Outputs": [], "Parameters": parameters, "Arguments": arguments}
    return {"Name": name, "IsDeterministic": True, "StorageId": "s", "StructuredInterface": {**ports, **changed}}


def node(known: str, target: str = "cpu") -> Entity:
    values = {"Script": "x.py", "Target": "cpu"}
    parameters = [{"Name": name, "Value": value, "ValueType": "0"} for name, value in values.items()]
    parameters.append({"Name": "size", "Value": "pixels", "ValueType": "1"})
    environment = {"environmentVariables": {}, "environment": {"name": "e", "version": None}}
    one_process = {"framework": "Python", "communicator": "None", "nodeCount": 1}
    configuration = {"target": target, **environment, **one_process}
    return {"Id": known, "ModuleId": known, "ModuleParameters": parameters, "Runconfig": json.dumps(configuration)}


def edge(source: str, out: str, target: str, into: str) -> Entity:
    ends = ({"NodeId": source, "PortName": out}, {"NodeId": target, "PortName": into})
    return {"SourceOutputPort": ends[0], "DestinationInputPort": ends[1]}


Bodies = tuple[Entity, dict[str, Entity]]


@pytest.fixture
def bodies() -> Bodies:
    writes = [argument("Literal", "DatasetOutputConfig:out"), argument("Parameter", "size")]
    reads = [argument("Literal", "DatasetConsumptionConfig:in"), argument("Literal", "plain")]
    modules = {
        "1": module("write", writes, Outputs=[{"Name": "out"}, {"Name": "_run_after_output"}]),
        "2": module("read", reads, Inputs=[{"Name": "in"}, {"Name": "_run_after_input_0"}]),
    }
    edges = [edge("1", "out", "2", "in"), edge("1", "_run_after_output", "2", "_run_after_input_0")]
    return {"ModuleNodes": [node("1"), node("2")], "DatasetNodes": [], "Edges": edges}, modules


def test_bodies_written_by_hand(bodies: Bodies) -> None:
    steps = evaluate(*bodies, {"pixels": "32"})
    assert [str(one) for one in steps["write"].arguments] == ["<output write.out>", "<parameter pixels>"]
    assert steps["write"].resolved == ("<output write.out>", "32")
    assert [str(one) for one in steps["read"].arguments] == ["<input write.out>", "plain"]
    assert steps["read"].after == {"write"}


def test_a_configuration_without_a_compute(bodies: Bodies) -> None:
    bodies[0]["ModuleNodes"][0] = node("1", target="local")
    assert evaluate(*bodies, {"pixels": "32"})["write"].compute == "cpu"


def test_a_saved_dataset_and_a_named_one(bodies: Bodies) -> None:
    graph, modules = bodies
    graph["Edges"][0]["SourceOutputPort"] = {"NodeId": "d", "PortName": "data"}
    for value, seen in [
        ({"SavedDataSetReference": {"Id": "7"}}, "<dataset 7>"),
        ({"DataSetReference": {"Id": "8", "Version": "2"}}, "<dataset images:2>"),
    ]:
        graph["DatasetNodes"] = [{"Id": "d", "DataSetDefinition": {"Value": value}}]
        steps = evaluate(graph, modules, {"pixels": "32"}, {"8": "images"})
        assert str(steps["read"].arguments[0]) == seen


def no_module(_: Entity, modules: dict[str, Entity]) -> None:
    del modules["2"]


def one_name(_: Entity, modules: dict[str, Entity]) -> None:
    modules["2"]["Name"] = "write"


def no_edge(graph: Entity, _: dict[str, Entity]) -> None:
    del graph["Edges"][0]


def two_edges(graph: Entity, _: dict[str, Entity]) -> None:
    graph["Edges"].append(graph["Edges"][0])


def edge_from_nowhere(graph: Entity, _: dict[str, Entity]) -> None:
    graph["Edges"][0]["SourceOutputPort"]["NodeId"] = "9"


def no_such_output(graph: Entity, _: dict[str, Entity]) -> None:
    graph["Edges"][0]["SourceOutputPort"]["PortName"] = "typo"


def data_as_order(graph: Entity, _: dict[str, Entity]) -> None:
    graph["Edges"][1]["SourceOutputPort"]["PortName"] = "out"


def another_compute(graph: Entity, _: dict[str, Entity]) -> None:
    graph["ModuleNodes"][0] = node("1", target="gpu")


def unknown_parameter(graph: Entity, _: dict[str, Entity]) -> None:
    graph["ModuleNodes"][0]["ModuleParameters"].append({"Name": "typo", "Value": "1", "ValueType": "0"})


def no_reference(graph: Entity, _: dict[str, Entity]) -> None:
    graph["ModuleNodes"][0]["ModuleParameters"].pop()


def no_value(graph: Entity, modules: dict[str, Entity]) -> None:
    del modules["1"]["StructuredInterface"]["Parameters"][0]
    graph["ModuleNodes"][0]["ModuleParameters"].pop(0)


def odd_argument(_: Entity, modules: dict[str, Entity]) -> None:
    modules["1"]["StructuredInterface"]["Arguments"].append(argument("Nested", "x"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_module, "no module 2"),
        (one_name, "two steps share a name"),
        (no_edge, "0 edges lead into in"),
        (two_edges, "2 edges lead into in"),
        (edge_from_nowhere, "9, which is no node"),
        (no_such_output, "the output typo"),
        (data_as_order, "from data to order"),
        (another_compute, "compute is gpu in one place and cpu in another"),
        (unknown_parameter, "the parameter typo"),
        (no_reference, "size is no parameter of the pipeline"),
        (no_value, "Script has no value"),
        (odd_argument, "the unknown kind Nested"),
    ],
)
def test_bodies_that_contradict_themselves(
    bodies: Bodies, spoil: Callable[[Entity, dict[str, Entity]], None], said: str
) -> None:
    graph, modules = deepcopy(bodies)
    spoil(graph, modules)
    with pytest.raises(Inconsistent, match=said):
        evaluate(graph, modules, {"pixels": "32"})
