"""Reads pipelines back from a workspace: the real SDK v1 over a loopback service."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline.azureml.v1.imported.found import FoundDataset
from aml_pipeline.azureml.v1.imported.reading import read
from tests.loopback import example
from tests.loopback.service import Service
from tests.loopback.serving import quiet, serving
from tests.loopback.state import Sdk

pytestmark = quiet


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serving(tmp_path, monkeypatch) as service:
        example.prepare(service)
        yield service


@pytest.fixture
def workspace(service: Service, tmp_path: Path) -> Sdk:
    from tests.loopback.client import connect

    return connect(service, tmp_path)


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
    assert found.missing == {}
    assert read(workspace, endpoint=endpoint.id) == found
