"""Reads pipelines back from a workspace: the real SDK v1 over a loopback service."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from aml_pipeline.azureml import heard_by
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v1.imported.asking import Services
from aml_pipeline.azureml.v1.imported.drafting import draft
from aml_pipeline.azureml.v1.imported.found import FoundDataset, Json
from aml_pipeline.azureml.v1.imported.listing import Row, endpoints, listed, pipelines, schedules
from aml_pipeline.azureml.v1.imported.reading import read
from aml_pipeline.core.errors import AzureError, UsageError
from tests.loopback import example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE, Sdk

pytestmark = quiet


def test_the_sdk_restores_what_it_sent(
    service: Service, workspace: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azureml._restclient.snapshots_client import SnapshotsClient

    from tests.loopback.storage import storing

    source = example.write_scripts(tmp_path)
    (source / "odd names").mkdir()
    (source / "odd names" / "ü %20#.txt").write_bytes(b"\0\xff")
    client = SnapshotsClient(workspace.service_context)
    with storing(service.guard, tmp_path, monkeypatch) as storage:
        service.store_snapshots(storage)
        first = client.create_snapshot(str(source))
        (source / "train.py").write_text("print(2)\n", encoding="utf-8")
        second = client.create_snapshot(str(source))
        for known, train in ((first, b"print('train.py')\n"), (second, b"print(2)\n")):
            with zipfile.ZipFile(client.restore_snapshot(known, str(tmp_path))) as archive:
                assert archive.read("train.py") == train
                assert archive.read("odd names/ü %20#.txt") == b"\0\xff"
                assert len(archive.namelist()) == len(example.SCRIPTS) + 1


def publish(workspace: Sdk, folder: Path, endpoint: str = "training") -> tuple[Sdk, Sdk]:
    """Publish the example with an endpoint."""
    from azureml.pipeline.core import PipelineEndpoint

    made = example.pipeline(workspace, example.write_scripts(folder))
    pipeline = made.publish(name="lesson", description="what it is for", version="7")
    return pipeline, PipelineEndpoint.publish(workspace, name=endpoint, pipeline=pipeline, description="one")


def schedule(workspace: Sdk, name: str, **runs: Sdk) -> Sdk:
    from azureml.pipeline.core import Schedule, ScheduleRecurrence

    daily = ScheduleRecurrence("Week", 1, start_time="2026-12-01T02:00:00", week_days=["Monday"], time_of_day="02:00")
    given = {"name": name, "experiment_name": "nightly", "recurrence": daily, **runs}
    of_endpoint = "pipeline_endpoint_id" in runs
    return (Schedule.create_for_pipeline_endpoint if of_endpoint else Schedule.create)(workspace, **given)


def test_an_endpoint_is_read_by_name_and_by_id(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline, endpoint = publish(workspace, tmp_path)
    schedule(workspace, "of the endpoint", pipeline_endpoint_id=endpoint.id)
    schedule(workspace, "of the pipeline", pipeline_id=pipeline.id).disable()
    service.forget()
    found = read(workspace, endpoint="training")
    assert service.writes() == []
    graph = service.state.graphs[pipeline.graph_id]
    assert found.graph == {**graph, "EntityStatus": "Active"}
    assert len(service.requests) == len({(one.route, *one.query) for one in service.requests}), "each thing once"
    assert (found.title, found.name, found.description) == ("endpoint training", "training", "what it is for")
    assert (found.experiment, found.endpoint, found.endpoint_id) == ("nightly", "training", endpoint.id)
    assert {node["ModuleId"] for node in graph["ModuleNodes"]} == set(found.modules)
    assert {module["Name"] for module in found.modules.values()} == {"prepare", "train", "report"}
    assert {module["StorageId"] for module in found.modules.values()} == set(service.snapshots)
    assert [(one["Name"], one["EntityStatus"]) for one in found.schedules] == [
        ("of the endpoint", "Active"),
        ("of the pipeline", "Disabled"),
    ]
    assert found.schedules[0]["Recurrence"]["Frequency"] == "Week"
    assert found.schedules[0]["Recurrence"]["Schedule"]["WeekDays"] == ["Monday"]
    assert found.interface["Parameters"][0]["Name"] == "epochs"
    assert [*found.datasets.values()] == [FoundDataset("images", "1")]
    assert (found.missing, found.environments) == ({}, [])
    assert found.workspace == f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}"
    example.run_configuration().environment.register(workspace)
    assert read(workspace, endpoint=endpoint.id) == replace(found, environments=[("training", "1")])


def test_a_disabled_pipeline_is_read_with_what_its_endpoint_has(
    service: Service, workspace: Sdk, tmp_path: Path
) -> None:
    pipeline, endpoint = publish(workspace, tmp_path)
    schedule(workspace, "nightly", pipeline_endpoint_id=endpoint.id)
    pipeline.disable()
    service.state.pipelines[pipeline.id]["ContinueRunOnStepFailure"] = True
    found = read(workspace, pipeline=pipeline.id)
    assert found.goes_on
    assert (found.title, found.active) == (f"pipeline lesson ({pipeline.id}) (disabled)", False)
    assert (found.endpoint, found.endpoint_id, found.name) == ("training", endpoint.id, "training")
    assert [one["Name"] for one in found.schedules] == ["nightly"]
    endpoint.disable()
    assert read(workspace, endpoint="training").title == "endpoint training (disabled)"
    publish(workspace, tmp_path, "another")
    service.state.endpoints[endpoint.id]["PipelineVersionList"][0]["PipelineId"] = next(
        reversed(service.state.pipelines)
    )
    shared = read(workspace, pipeline=next(reversed(service.state.pipelines)))
    assert (shared.endpoint, shared.name) == ("", "lesson"), "two endpoints run it, so it is neither's"
    assert [one["Name"] for one in shared.schedules] == ["nightly"]


def test_what_runs_an_earlier_version_is_said(workspace: Sdk, tmp_path: Path) -> None:
    pipeline, endpoint = publish(workspace, tmp_path)
    schedule(workspace, "old", pipeline_id=pipeline.id)
    endpoint.add_default(example.pipeline(workspace, tmp_path / "source", epochs="5").publish(name="lesson"))
    found = read(workspace, endpoint="training")
    assert found.schedules == []
    why = f"It runs an earlier version of the endpoint. Import that with `--pipeline {pipeline.id}`, or disable it."
    assert found.losses == [Loss("schedule old", f"pipeline {pipeline.id}", why)]
    assert draft(found).losses[0] == found.losses[0]


def test_a_run_is_read_with_its_values(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline, endpoint = publish(workspace, tmp_path)
    made = example.pipeline(workspace, tmp_path / "source")
    for run in (
        example.submit(workspace, made, pipeline_parameters={"epochs": "8"}),
        pipeline.submit(workspace, "lesson", pipeline_parameters={"epochs": "8"}),
        endpoint.submit("lesson", pipeline_parameters={"epochs": "8"}),
    ):
        found = read(workspace, run=run.id)
        assert (found.title, found.experiment, found.schedules) == (f"run {run.id}", "lesson", ())
        assert found.assignments == {"epochs": "8"}
        assert len(found.modules) == len(example.SCRIPTS)
    step = next(known for known, one in service.state.runs.items() if one["parentRunId"] == run.id)
    with pytest.raises(UsageError, match=f"{step} is a part of run {run.id}. Import that: --run {run.id}"):
        read(workspace, run=step)
    service.state.runs[run.id]["runType"] = "azureml.HyperDrive"
    with pytest.raises(UsageError, match=r"is of type azureml\.HyperDrive; only pipeline runs"):
        read(workspace, run=run.id)


def test_the_run_of_a_script_is_a_pipeline_of_one_step(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    from azureml.core import Dataset, Experiment, ScriptRunConfig
    from azureml.data import OutputFileDatasetConfig

    images = Dataset.get_by_name(workspace, "images").as_named_input("images").as_download()
    output = OutputFileDatasetConfig("made", (workspace.get_default_datastore(), "a/{run-id}")).as_upload()
    given = {"compute_target": example.CLUSTER, "environment": example.run_configuration().environment}
    source = str(example.write_scripts(tmp_path))
    script = ScriptRunConfig(source, "train.py", ["--in", images, "--out", output, "-n", 3], **given)
    run = Experiment(workspace, "lesson").submit(script)
    found = read(workspace, run=run.id)
    (node,), (module,) = found.graph["ModuleNodes"], found.modules.values()
    assert (found.title, found.name, found.experiment) == (f"run {run.id}", "lesson", "lesson")
    assert (module["Name"], module["StepType"]) == ("train", "PythonScriptStep")
    assert module["StorageId"] == next(iter(service.snapshots))
    words = ["--in", "DatasetConsumptionConfig:images", "--out", "DatasetOutputConfig:made", "-n", "3"]
    assert [one["Value"] for one in module["StructuredInterface"]["Arguments"]] == words
    assert {one["Name"]: one["Value"] for one in node["ModuleParameters"]}["Target"] == example.CLUSTER
    assert node["ModuleOutputSettings"][0]["DatasetOutputOptions"] == {"PathOnDatastore": "a/{run-id}"}
    assert [*found.datasets.values()] == [FoundDataset("images", "1", "workspaceblobstore", ("some/where",))]
    command = ScriptRunConfig(source, command="python train.py --text 'a b'", **given)
    found = read(workspace, run=Experiment(workspace, "lesson").submit(command).id)
    (node,), (module,) = found.graph["ModuleNodes"], found.modules.values()
    assert module["StepType"] == "CommandStep"
    assert {one["Name"]: one["Value"] for one in node["ModuleParameters"]}["Command"] == "python"
    arguments = [one["Value"] for one in module["StructuredInterface"]["Arguments"]]
    assert arguments == ["train.py", "--text", "a b"]


PATHS = ("a/*.csv", 'ü "b" 50%20')


def submit_with_data(workspace: Sdk, folder: Path) -> str:
    """Submit a step that reads saved data, a table and a reference; return the run."""
    from azureml.core import Dataset
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import PythonScriptStep

    store = workspace.get_default_datastore()
    files = Dataset.File.from_files([(store, path) for path in PATHS], validate=False).as_named_input("files")
    table = Dataset.Tabular.from_delimited_files((store, "t.csv"), validate=False, infer_column_types=False)
    reference = DataReference(store, "reference", path_on_datastore="r/s")
    some = Dataset.File.from_files((store, "some"), validate=False).take(5).as_named_input("some")
    inputs = [files.as_mount(), some.as_mount(), table.as_named_input("table"), reference]
    given = {"compute_target": example.CLUSTER, "source_directory": str(example.write_scripts(folder))}
    step = PythonScriptStep("train.py", inputs=inputs, runconfig=example.run_configuration(), **given)
    return str(example.submit(workspace, Pipeline(workspace, [step])).id)


def test_data_is_read_wherever_it_is(workspace: Sdk, tmp_path: Path) -> None:
    found = read(workspace, run=submit_with_data(workspace, tmp_path))
    assert list(found.datasets.values()) == [
        FoundDataset("", "", "workspaceblobstore", PATHS),
        FoundDataset("", "", "workspaceblobstore", ("some",), is_changed=True),
        FoundDataset("", "", "workspaceblobstore", ("t.csv",), is_tabular=True),
    ]
    (source,) = found.sources.values()
    place = ("reference", "workspaceblobstore", "r/s")
    assert (source["Name"], source["DataStoreName"], source["PathOnDataStore"]) == place


def test_what_is_not_there_any_more_is_said(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline, _ = publish(workspace, tmp_path)
    gone = next(iter(service.state.modules))
    del service.state.modules[gone]
    data = service.state.datasets.pop("images")[0]["datasetId"]
    found = read(workspace, pipeline=pipeline.id)
    assert found.missing == {
        gone: "a module that Azure ML does not have any more",
        data: "data that Azure ML does not have any more",
    }
    assert len(found.modules) == len(example.SCRIPTS) - 1


UNKNOWN = (
    ({"endpoint": "trainning"}, 'has no pipeline endpoint trainning. Did you mean "training"?'),
    ({"endpoint": "../x y"}, "has no pipeline endpoint ../x y. Known: training."),
    ({"pipeline": "lesson"}, "Pipelines are named by id, and lesson is the name of: 0"),
    ({"pipeline": "00000000-0000-4000-8000-0000000000ff"}, "List those that there are"),
    ({"run": "lesson_1"}, "has no run lesson_1. Check its id in the portal."),
)


def test_a_name_that_is_unknown(workspace: Sdk, tmp_path: Path) -> None:
    publish(workspace, tmp_path)
    for named, said in UNKNOWN:
        with pytest.raises(AzureError, match=re.escape(said)):
            read(workspace, **named)


def test_exactly_one_thing_is_read(workspace: Sdk) -> None:
    with pytest.raises(UsageError, match="exactly one"):
        read(workspace)
    with pytest.raises(UsageError, match="exactly one"):
        read(workspace, endpoint="a", run="b")


def test_all_endpoints_are_listed(service: Service, workspace: Sdk, tmp_path: Path) -> None:
    pipeline, endpoint = publish(workspace, tmp_path)
    schedule(workspace, "nightly", pipeline_endpoint_id=endpoint.id)
    schedule(workspace, "old", pipeline_id=pipeline.id).disable()
    alone = example.pipeline(workspace, tmp_path / "source", epochs="5").publish(name="alone", version="2")
    later = service.state.pipelines[alone.id]["CreatedDate"] = "2026-02-01T08:00:00+00:00"
    for number in range(120):
        service.state.endpoints[str(number)] = {**service.state.endpoints[endpoint.id], "Id": f"{number}"}
    service.state.endpoints["7"]["EntityStatus"] = "2"
    rows = listed(workspace)
    assert len(rows) == 122
    created = service.state.endpoints[endpoint.id]["CreatedDate"]
    assert rows[0] == Row("pipeline", "alone", alone.id, "2", active=True, created=later, schedules=())
    planned = ("nightly", "old (disabled)")
    assert rows[1] == Row("endpoint", "training", endpoint.id, "0", active=True, created=created, schedules=planned)
    assert [row.id for row in rows if not row.active] == ["7"]
    for number in range(100, 121):
        service.state.endpoints.pop(str(number), None)
    del service.state.endpoints[endpoint.id]
    heard: list[str] = []
    with heard_by(heard.append):
        listed(workspace)
    assert heard == ["Azure ML listed exactly 100 endpoints; there may be more, which can be imported by name."]


@pytest.mark.parametrize("listing", [endpoints, pipelines, schedules])
def test_pages_of_a_list_are_read_to_the_end(listing: Callable[[Services], list[Json]]) -> None:
    """The SDK knows lists with a token, and the loopback service gives none."""
    pages = [{"Entity": [{"Name": "a"}], "ContinuationToken": "t"}, {"Entity": [{"Name": "b"}]}]
    asked: list[Mapping[str, str]] = []

    def get(_service: str, _path: str, query: Mapping[str, str], **_: str) -> object:
        asked.append(query)
        return pages[len(asked) - 1]

    assert [one["Name"] for one in listing(cast("Services", SimpleNamespace(get=get)))] == ["a", "b"]
    assert [query.get("continuationToken") for query in asked] == [None, "t"]


# Where the requests go that an import makes: of an endpoint, and of a run.
OF_ENDPOINT = ("Modules/", "PipelineEndpoints/Name", "Pipelines/", "Schedules$", "Graphs/", "Interface$", "/datasets/")
OF_RUN = ("/history/.*/runs/", "PipelineRuns/", "DataSources/", "/saveddatasets/", "savedDatasetId", "/environments/")
KINDS = [*(("endpoint", kind) for kind in OF_ENDPOINT), *(("run", kind) for kind in OF_RUN)]


@pytest.mark.parametrize("asked", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.more) for kind in KINDS[1:])])
def test_a_fault_is_said_in_our_words(
    service: Service, workspace: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str]
) -> None:
    what, kind = asked
    monkeypatch.setattr("urllib3.util.retry.Retry.get_backoff_time", lambda _: 0)  # the SDK waits between two attempts
    publish(workspace, tmp_path)
    named = {what: "training" if what == "endpoint" else submit_with_data(workspace, tmp_path)}
    service.forget()
    for status, said in ((401, "You are not logged in"), (500, "internal error"), (0, "cannot be reached")):
        service.faults.ordered.clear()
        service.fail(kind, status, method="GET", times=100)
        with pytest.raises(AzureError, match=f"^Reading {what} {named[what]} failed. .*{said}"):
            read(workspace, **named)
    service.faults.ordered.clear()
    service.drop(kind, method="GET")
    service.fail(kind, 503, method="GET", first=2)
    assert read(workspace, **named).missing == {}, "a fault that passes is none"
    assert service.writes() == []
