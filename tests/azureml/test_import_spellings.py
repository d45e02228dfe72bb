"""What other clients and earlier SDKs say in their own way: it is read as it is meant, or it is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aml_pipeline.azureml.importing import document
from aml_pipeline.azureml.v1.imported.drafting import draft
from aml_pipeline.azureml.v1.imported.facts import facts_of
from aml_pipeline.azureml.v1.imported.found import Found, FoundDataset
from tests.azureml.test_import_drafting import IMAGE, edge, found, module

Json = dict[str, Any]


def why(one: Found, name: str = "a") -> str:
    """Return why a step was not imported."""
    return str(draft(one).missing[name]["why"])


def lost(one: Found) -> list[str]:
    drafted = draft(one)
    assert not drafted.missing, drafted.missing
    return [f"{loss.where}: {loss.what}" for loss in drafted.losses]


def with_arguments(*arguments: Json) -> Found:
    made = module("a")
    made["StructuredInterface"]["Arguments"] = arguments
    return found({"a": made}, parameters={"epochs": "3"})


def with_setting(**setting: object) -> Found:
    """Return a pipeline of a step with one more parameter of its module."""
    one = found({"a": module("a")})
    one.graph["ModuleNodes"][0]["ModuleParameters"].append(setting)
    return one


def test_types_of_arguments_may_be_numbers() -> None:
    one = with_arguments({"ValueType": "0", "Value": "--epochs"}, {"ValueType": "1", "Value": "epochs"})
    one.graph["ModuleNodes"][0]["ModuleParameters"].append({"Name": "epochs", "Value": "epochs", "ValueType": "1"})
    assert draft(one).document["steps"]["a"]["arguments"] == {"--epochs": "${{ parameters.epochs }}"}


def test_what_is_said_in_an_unknown_way_is_named() -> None:
    nested = {"ValueType": "NestedList", "NestedArgumentList": [{"ValueType": "Literal", "Value": "--x"}]}
    assert why(with_arguments(nested)) == "it has an argument of type NestedList"
    parts = {"ValueType": "Concatenate", "AssignmentsToConcatenate": [{"ValueType": "Literal", "Value": "x"}]}
    assert why(with_setting(Name="path", **parts)) == "its setting path is put together from several"
    early = with_setting(Name="Arguments", Value="--epochs,3", ValueType="0")
    assert why(early) == "its arguments are one text, as early SDKs sent them"
    assert draft(early).missing["a"]["settings"]["Arguments"] == "--epochs,3"


def test_a_graph_within_the_graph_is_named() -> None:
    one = found({"a": module("a", inputs=("in",))}, edge("inner", "out", "a", "in"))
    one = replace(one, graph={**one.graph, "SubGraphNodes": [{"Id": "inner", "Name": "Clean up"}]})
    assert why(one, "clean-up") == "it is one of the SubGraphNodes of the graph, which are not read"
    assert why(one) == "it reads an output of step clean-up, which is missing too"


def test_a_step_without_a_run_configuration_is_named() -> None:
    one = found({"a": module("a")})
    del one.graph["ModuleNodes"][0]["Runconfig"]
    assert why(one) == "Azure ML does not say in what environment it runs"


def test_the_service_spells_sections_in_its_own_way() -> None:
    torch = {"framework": "PyTorch", "communicator": "Nccl", "nodeCount": 2, "pyTorch": {"processCount": 8}}
    steps = draft(found({"a": module("a")}, nodes={"a": torch})).document["steps"]
    assert steps["a"]["distribution"] == {"type": "pytorch", "nodes": 2, "processes_per_node": 4}


def test_what_the_service_adds_to_each_run_is_no_setting() -> None:
    added = {
        "history": {"outputCollection": True, "directoriesToWatch": ["logs"], "enableMLflowTracking": True},
        "spark": {"configuration": {}},
        "parallelTask": {"maxRetriesPerWorker": 0, "workerCountPerNode": 1},
        "amlCompute": {"name": None, "retainCluster": False, "clusterMaxNodeCount": 3},
        "aiSuperComputer": {"instanceType": "D2", "enableAzmlInt": True, "priority": "Medium", "slaTier": "Standard"},
        "kubernetesCompute": {"instanceType": None},
        "tensorflow": {"workerCount": 0},
        "mpi": {"processCountPerNode": 0},
        "pyTorch": {"processCount": None},
        "hdi": {"yarnDeployMode": "None"},
        "cmk8sCompute": {"configuration": {}},
        "exposedPorts": None,
        "containerInstance": {"region": None, "cpuCores": 2, "memoryGb": 3.5},
        "docker": {"useDocker": True, "sharedVolumes": True, "shmSize": "2g", "arguments": []},
        "commandReturnCodeConfig": {"returnCode": "Zero", "successfulReturnCodes": []},
        "applicationEndpoints": {},
        "parameters": [],
        "useAbsolutePath": False,
        "priority": None,
    }
    assert lost(found({"a": module("a")}, nodes={"a": added})) == []
    asked = {**added, "kubernetesCompute": {"instanceType": "gpu"}}
    assert lost(found({"a": module("a")}, nodes={"a": asked})) == ["step a: kubernetesCompute.instanceType: gpu"]


def test_the_default_of_early_sdks_is_no_package_of_spark() -> None:
    package = {"group": "com.microsoft.ml.spark", "artifact": "mmlspark_2.11", "version": "0.12"}
    environment = {**IMAGE, "spark": {"packages": [package], "precachePackages": True}}
    assert lost(found({"a": module("a")}, nodes={"a": {"environment": environment}})) == []


def test_an_environment_with_its_own_python_is_named() -> None:
    environment = {**IMAGE, "python": {"userManagedDependencies": True, "interpreterPath": "/opt/own/bin/python"}}
    one = found({"a": module("a")}, nodes={"a": {"environment": environment}})
    assert "has its own Python, /opt/own/bin/python" in why(one)


def test_a_line_for_a_shell_is_no_script() -> None:
    one = found({"a": module("a", "run.py", "--pattern", "*.csv $x", kind="CommandStep")})
    for row in one.graph["ModuleNodes"][0]["ModuleParameters"]:
        if row["Name"] == "Script":
            row.update(Name="Command", Value="python")
    assert "is for a shell" in why(one)


def registering(script: str = "train.py", **more: str) -> Found:
    """Return a pipeline whose step ``b`` is called as one of ours that registers a model."""
    modules = {
        "a": module("a", "<output o>", outputs=("o",)),
        "b": {**module("register_net", "--model", "<input i>", "--name", "net", inputs=("i",)), **more},
        "c": module("c"),
    }
    nodes = {"a": {"Script": script}, "b": {"Script": "register_model.py"}}
    return found(modules, edge("a", "o", "b", "i"), nodes=nodes)


def test_only_our_own_step_that_registers_a_model_is_left_out() -> None:
    assert list(draft(registering(StorageId="ours")).document["steps"]) == ["a", "c"]
    assert list(draft(registering()).document["steps"]) == ["a", "register-net", "c"]
    needed = registering(StorageId="ours")
    needed.graph["Edges"].append(edge("b", "_run_after_output", "c", "_run_after_input"))
    assert list(draft(needed).document["steps"]) == ["a", "register-net", "c"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["-e", "DB_PASS=hunter2"], "DB_PASS=***"),
        (["--env", "API_TOKEN=hunter2hunter2"], "API_TOKEN=***"),
        (["--password", "hunter2"], "***"),
    ],
)
def test_secrets_of_docker_are_not_written(given: list[str], shown: str) -> None:
    drafted = draft(found({"a": module("a")}, nodes={"a": {"docker": {"arguments": ["--ipc", "host", *given]}}}))
    assert "hunter2" not in repr(drafted)
    assert [loss.what for loss in drafted.losses] == [f"docker argument {shown}"]


def test_secrets_of_what_is_refused_are_not_shown() -> None:
    given = ("--db_pass", "hunter2 ${{ parameters.x }}")
    assert "hunter2" not in repr(draft(found({"a": module("a", *given)})))
    one = found({"a": module("a")}, description="Ask for password=hunter2 first")
    assert draft(one).document["description"] == "Ask for password=*** first"
    assert lost(one) == ["pipeline: a part of the description"]


def test_a_private_key_in_a_dockerfile_is_not_written() -> None:
    lines = ("FROM x", "RUN echo '-----BEGIN RSA PRIVATE" + " KEY-----", "hunter2", "-----END RSA PRIVATE KEY-----'")
    environment = {**IMAGE, "docker": {"baseDockerfile": "\n".join(lines)}}
    drafted = draft(found({"a": module("a")}, nodes={"a": {"environment": environment}}))
    (text,) = drafted.files.values()
    assert text.startswith(b"FROM x\n")
    assert b"hunter2" not in text


def test_a_login_that_is_not_written_is_a_difference() -> None:
    index = "--extra-index-url https://me:hunter2@host.example/simple"
    conda = {"dependencies": ["python=3.9", {"pip": [index, "thing"]}]}
    one = found({"a": module("a")}, nodes={"a": {"environment": {"name": "e", "python": {"condaDependencies": conda}}}})
    drafted = draft(one)
    written = json.loads(json.dumps(conda).replace("me:hunter2", "***"))
    made = found(
        {"a": module("a")}, nodes={"a": {"environment": {"name": "e", "python": {"condaDependencies": written}}}}
    )
    assert "hunter2" not in repr((drafted, facts_of(one, drafted)))
    assert facts_of(one, drafted) != facts_of(made, draft(made))


def of_index(login: str) -> Found:
    conda = {
        "dependencies": ["python=3.9", {"pip": [f"--extra-index-url https://{login}@host.example/simple", "thing"]}]
    }
    return found(
        {"a": module("a")}, nodes={"a": {"environment": {"name": "e", "python": {"condaDependencies": conda}}}}
    )


@pytest.mark.parametrize("login", ["${USER}:${TOKEN}", "me:${TOKEN}", "${TOKEN}"])
def test_a_login_of_variables_is_no_secret(login: str) -> None:
    drafted = draft(of_index(login))
    (text,) = drafted.files.values()
    assert login in text.decode()
    assert drafted.losses == ()
    other = of_index(login.replace("TOKEN", "OTHER"))
    assert facts_of(of_index(login), drafted) != facts_of(other, draft(other))


ODD = (None, -1, "x", True, [None], {"x": [1]}, "\0${{ x", 1e400)


def places(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each value in nested data."""
    yield place
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from places(inner, (*place, key))


def with_odd(value: Any, place: tuple[Any, ...], odd: object) -> Any:  # noqa: ANN401 - JSON
    """Return nested data with another value at a place."""
    if not place:
        return odd
    copy = {**value} if isinstance(value, dict) else [*value]
    copy[place[0]] = with_odd(value[place[0]], place[1:], odd)
    return copy


def whole() -> Found:
    """Return a pipeline that uses much of what is read."""
    run = {
        "environment": {**IMAGE, "environmentVariables": {"A": "b"}, "docker": {"baseImage": "python:3.11"}},
        "docker": {"arguments": ["--ipc", "host"], "shmSize": "2g"},
        "environmentVariables": {"N": "1"},
        "communicator": "Nccl",
        "nodeCount": 2,
        "pytorch": {"processCount": 4},
        "mpi": {"processCountPerNode": 2},
        "maxRunDurationSeconds": 60,
    }
    modules = {
        "a": module("Prepare it", "--x", "<output o>", "--e", "<parameter epochs>", outputs=("o",)),
        "b": module("b", "<input i>", "--d", "<input d>", inputs=("i", "d")),
    }
    at = {"Frequency": "Week", "Interval": 1, "StartTime": "2024-07-11T06:00:00", "TimeZone": "UTC"}
    at["Schedule"] = {"Hours": [6], "Minutes": [30], "WeekDays": ["Monday"]}
    about = {"ExperimentName": "e", "ParameterAssignments": {"epochs": "4"}, "Description": "d"}
    daily = {"Id": "s", "Name": "daily", "EntityStatus": "0", "Recurrence": at, "PipelineSubmissionInfo": about}
    data = {"Value": {"DataSetReference": {"Id": "d", "Version": "1", "Name": "n"}}}
    return found(
        modules,
        edge("a", "o", "b", "i"),
        edge("data", "x", "b", "d"),
        parameters={"epochs": "3"},
        nodes={"a": {**run, "framework": "PyTorch"}, "b": {**run, "communicator": "IntelMpi"}},
        data=[{"Id": "data", "DataSetDefinition": data}],
        datasets={"d:1": FoundDataset("n", "1")},
        schedules=[daily],
    )


@pytest.mark.parametrize("share", [31, pytest.param(1, marks=pytest.mark.more)])
def test_no_value_of_the_service_is_an_error_of_ours(share: int) -> None:
    one = whole()
    assert not draft(one).missing
    sent = {"graph": one.graph, "interface": one.interface, "modules": one.modules, "schedules": one.schedules}
    for entity in one.graph["ModuleNodes"]:
        entity["Runconfig"] = json.loads(entity["Runconfig"])  # a mapping is read as well
    choices = [(place, odd) for place in places(sent) if len(place) > 2 for odd in ODD]
    for place, odd in choices[::share]:
        hurt = replace(one, **with_odd(sent, place, odd))
        drafted = draft(hurt)
        assert document.text(drafted), (place, odd)
        assert facts_of(hurt, drafted) is not None
