"""JSON of a workspace → a draft, without a service: also what the SDK would not send, and what must not be shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.v1.imported.drafting import draft
from aml_pipeline.azureml.v1.imported.facts import facts_of
from aml_pipeline.azureml.v1.imported.found import Found, FoundDataset

Json = dict[str, Any]
IMAGE = {"name": "training", "python": {"userManagedDependencies": True}, "docker": {"baseImage": "python:3.11"}}
SECRET = "ghp_" + "a1B2" * 9


def node(known: str, **settings: object) -> Json:
    """Return a node of the module with its id."""
    values = {
        "Target": "cpu-cluster",
        "Script": "run.py",
        **{key: text for key, text in settings.items() if key[0].isupper()},
    }
    run: Json = {"environment": IMAGE, **{key: value for key, value in settings.items() if key[0].islower()}}
    rows = [{"Name": name, "Value": text, "ValueType": "0"} for name, text in values.items() if text is not None]
    return {"Id": known, "ModuleId": known, "ModuleParameters": rows, "Runconfig": json.dumps(run)}


def module(
    name: str, *words: str, kind: str = "PythonScriptStep", inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> Json:
    """Return a module; a word is a text, or ``<parameter x>``, ``<input x>``, ``<output x>``."""
    kinds = ("Parameter", "Input", "Output")
    arguments = []
    for word in words:
        of, _, value = word.strip("<>").partition(" ") if word.startswith("<") else ("Literal", "", word)
        arguments.append({"ValueType": of.capitalize() if of.capitalize() in kinds else "Literal", "Value": value})
    return {
        "Name": name,
        "StepType": kind,
        "StorageId": "files",
        "IsDeterministic": True,
        "StructuredInterface": {
            "Arguments": arguments,
            "Inputs": [{"Name": port, "DataTypeIdsList": ["AnyFile"]} for port in inputs],
            "Outputs": [{"Name": port, "DatasetOutputOptions": {}} for port in outputs],
        },
    }


def edge(source: str, port: str, target: str, into: str) -> Json:
    return {
        "SourceOutputPort": {"NodeId": source, "PortName": port},
        "DestinationInputPort": {"NodeId": target, "PortName": into},
    }


def found(modules: dict[str, Json], *edges: Json, **more: Any) -> Found:  # noqa: ANN401 - fields of Found
    """Return what is found of a pipeline; ``nodes`` are settings of nodes by their ids."""
    settings = more.pop("nodes", {})
    nodes = [node(known, **settings.get(known, {})) for known in modules]
    for entity in nodes:  # a word <parameter x> is the pipeline's parameter x
        words = modules[entity["ModuleId"]]["StructuredInterface"]["Arguments"]
        names = [word["Value"] for word in words if word["ValueType"] == "Parameter"]
        entity["ModuleParameters"] += [{"Name": name, "Value": name, "ValueType": "1"} for name in names]
    graph = {"ModuleNodes": nodes, "DatasetNodes": more.pop("data", []), "Edges": list(edges)}
    interface = {
        "Parameters": [{"Name": name, "DefaultValue": text} for name, text in more.pop("parameters", {}).items()]
    }
    known = {"title": "endpoint training", "name": "training", "description": "", "experiment": "", **more}
    return Found(graph=graph, interface=interface, modules=modules, **known)


def arguments_of(*words: str) -> object:
    drafted = draft(found({"a": module("a", *words)}))
    assert not drafted.missing, drafted.missing
    return drafted.document["steps"]["a"].get("arguments")


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("--epochs 3 --name x", {"--epochs": 3, "--name": "x"}),
        ("--flag --n -5 --rate 1e-3", {"--flag": True, "--n": -5, "--rate": 0.001}),
        ("--layers 64 32", {"--layers": [64, 32]}),
        ("fit --set a=1 --set b=2", ["fit", {"--set": "a=1"}, {"--set": "b=2"}]),
        ("-v --n 1", [{"-v": True}, {"--n": 1}]),
        ("--n 1 --a=b c", [{"--n": 1}, "--a=b", "c"]),
        ("--is true --no null", {"--is": "true", "--no": "null"}),
        ("", None),
    ],
)
def test_arguments_are_written_as_people_write_them(words: str, arguments: object) -> None:
    assert arguments_of(*words.split()) == arguments


def test_numbers_keep_their_text() -> None:
    found_values = arguments_of("--n", "012", "--rate", "0.10")
    assert isinstance(found_values, dict)
    assert [value.text for value in found_values.values()] == ["012", "0.10"]


@pytest.mark.parametrize(
    ("default", "scheduled", "written"),
    [
        ("3", [], 3),
        ("3", ["4"], 3),
        ("3", ["many"], "3"),
        ("3", ["0.5"], {"type": "number", "default": 3}),
        ("true", [], True),
        ("True", [], "True"),
        ("a", ["7"], "a"),
        ("", [], "unset"),
    ],
)
def test_types_of_parameters_fit_all_known_values(default: str, scheduled: list[str], written: object) -> None:
    schedules = [
        {
            "Id": str(number),
            "Name": f"s{number}",
            "EntityStatus": "Active",
            "Recurrence": {"Frequency": "Day", "Interval": 1, "Schedule": {"Hours": [2], "Minutes": [0]}},
            "PipelineSubmissionInfo": {"ParameterAssignments": {"x": text}},
        }
        for number, text in enumerate(scheduled)
    ]
    drafted = draft(found({"a": module("a", "<parameter x>")}, parameters={"x": default}, schedules=schedules))
    value = drafted.document["parameters"]["x"]
    assert (value, type(value) is bool) == (written, type(written) is bool)
    assert len(drafted.document.get("schedules", {})) == len(scheduled)


@pytest.mark.parametrize(("seconds", "written"), [(0, None), (90, "90s"), (600, "10m"), (7200, "2h"), (None, None)])
def test_a_limit_of_time_is_written_in_the_largest_unit(seconds: int | None, written: str | None) -> None:
    drafted = draft(found({"a": module("a")}, nodes={"a": {"maxRunDurationSeconds": seconds}}))
    assert drafted.document["steps"]["a"].get("timeout") == written


def test_a_run_has_its_own_values_as_defaults() -> None:
    given = {"title": "run 1", "assignments": {"x": "9"}, "parameters": {"x": "3"}}
    assert draft(found({"a": module("a", "<parameter x>")}, **given)).document["parameters"] == {"x": 9}


def secretive() -> Draft:
    return draft(
        found(
            {
                "a": module("a", "--token", SECRET, "--url", f"https://user:{SECRET}@host/x", "<parameter api_key>"),
                "b": module("b", kind="DatabricksStep"),
                "c": module("c", SECRET, "${{ no }}"),
                "d": module("d", "run.sh", SECRET, "--n", "1", kind="CommandStep"),
            },
            nodes={
                "a": {
                    "environmentVariables": {"DB_PASSWORD": SECRET, "PLAIN": "1"},
                    "environment": {
                        "name": "e",
                        "docker": {"baseImage": "x", "baseImageRegistry": {"address": "r", "password": SECRET}},
                        "python": {
                            "condaDependencies": {"dependencies": [{"pip": [f"-i https://u:{SECRET}@h/simple"]}]}
                        },
                    },
                },
                "d": {"Script": None, "Command": "bash"},
                "b": {"access_token": None, "Notebook_password": SECRET},
            },
            parameters={"api_key": SECRET},
            schedules=[
                {
                    "Id": "1",
                    "Name": "nightly",
                    "EntityStatus": "Active",
                    "Recurrence": {"Frequency": "Day", "Schedule": {"Hours": [2], "Minutes": [0]}},
                    "PipelineSubmissionInfo": {"ParameterAssignments": {"api_key": SECRET}},
                }
            ],
        )
    )


def test_no_secret_is_in_a_draft() -> None:
    drafted = secretive()
    assert [*drafted.document["steps"]] == ["a", "d"]
    assert [*drafted.missing] == ["b", "c"]
    assert drafted.document["steps"]["d"]["command"] == ["bash", "run.sh", "***"]
    assert SECRET not in repr(drafted)
    told = {loss.what for loss in drafted.losses}
    assert {"environment variable DB_PASSWORD", "argument ***", "parameter api_key", "a login"} <= told


def test_a_variable_with_a_secret_refers_to_the_key_vault() -> None:
    variables = secretive().document["steps"]["a"]["environment_variables"]
    assert variables == {"DB_PASSWORD": {"secret": "db-password"}, "PLAIN": "1"}


def test_what_reads_from_a_missing_step_is_missing_too() -> None:
    drafted = draft(
        found(
            {
                "a": module("a", kind="DatabricksStep", outputs=("out",)),
                "b": module("b", "<input in>", "<output out>", inputs=("in",), outputs=("out",)),
                "c": module("c", "<input in>", inputs=("in",)),
                "d": module("d"),
            },
            edge("a", "out", "b", "in"),
            edge("b", "out", "c", "in"),
            edge("a", "_run_after_output", "d", "_run_after_input_0"),
        )
    )
    assert [*drafted.document["steps"]] == ["d"]
    assert [step["why"] for step in drafted.missing.values()] == [
        "pipeline.yaml cannot express a step of type DatabricksStep",
        "it reads an output of step a, which is missing too",
        "it reads an output of step b, which is missing too",
    ]
    assert [(loss.where, loss.what) for loss in drafted.losses] == [("step d", "after a")]
    assert drafted.missing["b"]["arguments"] == ["${{ steps.a.outputs.out }}", "${{ outputs.out }}"]


@pytest.mark.parametrize(
    ("modules", "why"),
    [
        ({"a": {**module("a"), "StorageId": None}}, "it has no snapshot, so its files are not known"),
        ({"a": module("a", "parameter:x")}, "Azure ML's SDK does not pass on a string that begins with `parameter:`"),
        ({"a": module("a", "<input in>", inputs=("in",))}, "its argument in has no data: nothing leads to it"),
    ],
)
def test_why_a_step_is_missing(modules: dict[str, Json], why: str) -> None:
    assert draft(found(modules)).missing["a"]["why"] == why


def test_a_module_that_is_gone() -> None:
    one = replace(found({"a": module("a")}), modules={}, missing={"a": "a module that Azure ML does not have any more"})
    assert draft(one).missing["a"] == {
        "type": "unknown",
        "why": "a module that Azure ML does not have any more",
        "name": "a",
    }


def test_a_graph_with_a_cycle_is_read_to_its_end() -> None:
    modules = {known: module(known, "<input in>", "<output out>", inputs=("in",), outputs=("out",)) for known in "ab"}
    drafted = draft(found(modules, edge("a", "out", "b", "in"), edge("b", "out", "a", "in")))
    assert [*drafted.document["steps"]] == ["a", "b"]


def recurring(recurrence: Json) -> tuple[Json | None, list[str]]:
    schedule = {"Id": "1", "Name": "training.nightly", "EntityStatus": "Active", "Recurrence": recurrence}
    drafted = draft(found({"a": module("a")}, schedules=[schedule], endpoint="training"))
    return drafted.document.get("schedules", {}).get("nightly"), [loss.why for loss in drafted.losses]


@pytest.mark.parametrize(
    ("recurrence", "written"),
    [
        ({"Frequency": "Day", "Interval": 1, "Schedule": {"Hours": [2], "Minutes": [30]}}, {"cron": "30 2 * * *"}),
        (
            {"Frequency": "Week", "Schedule": {"Hours": [6, 18], "Minutes": [0], "WeekDays": ["Sunday", "Monday"]},
             "TimeZone": "Romance Standard Time"},
            {"cron": "0 6,18 * * mon,sun", "time_zone": "Europe/Paris"},
        ),
        ({"Frequency": "Month", "StartTime": "2026-01-15T04:05:00"}, {"cron": "5 4 15 * *"}),
        ({"Frequency": "Month", "Interval": 3, "StartTime": "2026-05-15T04:05:00Z"}, {"cron": "5 4 15 2,5,8,11 *"}),
        (
            {"Frequency": "Month", "Interval": 5, "StartTime": "2026-01-15T04:05:00"},
            {"recurrence": {"frequency": "month", "interval": 5, "start_time": "2026-01-15T04:05:00"}},
        ),
        (
            {"Frequency": "Minute", "Interval": 15, "StartTime": "2026-01-01T00:00:00"},
            {"recurrence": {"frequency": "minute", "interval": 15, "start_time": "2026-01-01T00:00:00"}},
        ),
    ],
)  # fmt: skip
def test_a_recurrence_is_a_cron_where_it_is_exactly_one(recurrence: Json, written: Json) -> None:
    assert recurring(recurrence) == (written, [])


@pytest.mark.parametrize(
    ("recurrence", "why"),
    [
        ({"Frequency": "Month", "StartTime": "2026-01-31T04:05:00"}, "day 31"),
        ({"Frequency": "Hour", "Interval": 6}, "needs a start time"),
        (
            {"Frequency": "Day", "TimeZone": "Mars", "Schedule": {"Hours": [2], "Minutes": [0]}},
            "Its time zone is unknown",
        ),
        ({}, "triggered by files"),
    ],
)
def test_a_schedule_that_cannot_be_said_is_lost_with_all_that_is_known(recurrence: Json, why: str) -> None:
    written, whys = recurring(recurrence)
    assert written is None
    assert why in whys[0]
    assert all(str(value) in whys[0] for value in recurrence.values() if isinstance(value, str))


def test_a_disabled_schedule_is_never_written() -> None:
    recurrence = {"Frequency": "Day", "Schedule": {"Hours": [2], "Minutes": [0]}}
    schedule = {"Id": "1", "Name": "nightly", "EntityStatus": "Disabled", "Recurrence": recurrence}
    drafted = draft(found({"a": module("a")}, schedules=[schedule]))
    assert "schedules" not in drafted.document
    assert "not active" in drafted.losses[0].why


def test_what_it_was_imported_from_is_named_without_an_endpoint_too() -> None:
    """A published pipeline may be the default of no endpoint, or of several; its schedules fire all the same."""
    recurrence = {"Frequency": "Day", "Schedule": {"Hours": [2], "Minutes": [0]}}
    nightly = {"Id": "s", "Name": "Every Night", "EntityStatus": "Active", "Recurrence": recurrence}
    drafted = draft(found({"a": module("a")}, schedules=[nightly], pipeline="p", workspace="w"))
    known = {"workspace": "w", "pipeline": "p", "schedules": {"every-night": "s"}}
    assert drafted.document["x-imported-from"] == known
    assert "x-imported-from" not in draft(found({"a": module("a")}, title="run 1")).document


def test_the_published_pipeline_is_not_kept_where_schedules_could_not_set_its_parameters() -> None:
    """The schedules of the file would set ``max_rows``, which it does not have, and it would use its default."""
    modules = {"a": module("a", "<parameter maxRows>", "<parameter day>")}
    drafted = draft(found(modules, parameters={"maxRows": "1", "day": "2", "unused": "3"}, pipeline="p", workspace="w"))
    assert drafted.document["x-imported-from"] == {"workspace": "w"}
    (loss,) = [loss for loss in drafted.losses if loss.what.startswith("name of")]
    assert (loss.what, loss.why.partition(" in ")[0]) == ("name of parameter maxRows", "It is `max_rows`")


def test_a_pipeline_that_goes_on_after_a_failed_step_is_not_the_same() -> None:
    info = {"ContinueRunOnStepFailure": True}
    recurrence = {"Frequency": "Day", "Schedule": {"Hours": [2], "Minutes": [0]}}
    nightly = {"Id": "s", "Name": "nightly", "Recurrence": recurrence, "PipelineSubmissionInfo": info}
    known = found({"a": module("a")}, schedules=[{**nightly, "EntityStatus": "0"}], goes_on=True)
    drafted = draft(known)
    assert [loss.where for loss in drafted.losses if loss.what == "going on"] == ["pipeline", "schedule nightly"]
    facts = facts_of(known, drafted)
    assert [facts[name]["after a failed step"] for name in ("publish", "schedule nightly")] == ["goes on", "goes on"]
    assert facts_of(replace(known, goes_on=False), drafted)["publish"]["after a failed step"] == "stops"


def test_the_same_data_in_two_modes_is_two_datasets() -> None:
    two = module("a", "--one", "<input one>", "--two", "<input two>", inputs=("one", "two"))
    for port, mode in zip(two["StructuredInterface"]["Inputs"], ("mount", "download"), strict=True):
        port["DataStoreMode"] = mode
    data = [{"Id": known, "DatasetId": "source"} for known in ("d1", "d2")]
    sources = {"source": {"Name": "raw", "DataStoreName": "store", "PathOnDataStore": "/in"}}
    drafted = draft(
        found({"a": two}, edge("d1", "data", "a", "one"), edge("d2", "data", "a", "two"), data=data, sources=sources)
    )
    assert drafted.document["datasets"] == {
        "raw": {"datastore": "store", "path": "in"},
        "raw_2": {"datastore": "store", "path": "in", "mode": "download"},
    }


def test_an_input_that_a_script_asks_for_keeps_its_name() -> None:
    one = module("a", "--data", "<input Images>", "<input train_set>", inputs=("Images", "train_set"))
    for port in one["StructuredInterface"]["Inputs"]:
        port["DataTypeIdsList"] = ["AzureMLDataset"]
    data = [
        {"Id": known, "DataSetDefinition": {"Value": {"DataSetReference": {"Id": known}}}} for known in ("d1", "d2")
    ]
    datasets = {"d1": FoundDataset("images", "1"), "d2": FoundDataset("more", "2")}
    edges = edge("d1", "data", "a", "Images"), edge("d2", "data", "a", "train_set")
    drafted = draft(found({"a": one}, *edges, data=data, datasets=datasets))
    assert drafted.document["steps"]["a"]["inputs"] == {
        "images": "${{ datasets.images }}",
        "train_set": "${{ datasets.more }}",
    }
    assert [loss.what for loss in drafted.losses] == ["input Images"]


def test_steps_of_our_own_that_register_models_are_settings_of_outputs() -> None:
    register = module("register_net", "--model", "<input model>", "--name", "net", inputs=("model",))
    register["StorageId"] = "ours"
    drafted = draft(
        found(
            {"a": module("a", "<output out>", outputs=("out",)), "r": register},
            edge("a", "out", "r", "model"),
            nodes={"r": {"Script": "register_model.py"}},
        )
    )
    assert [*drafted.document["steps"]] == ["a"]
    assert drafted.document["steps"]["a"]["outputs"]["out"]["model"] == {"name": "net"}
