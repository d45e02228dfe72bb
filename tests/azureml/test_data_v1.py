"""Datasets of published pipelines are parameters in SDK v1, beside a pipeline that is written with the SDK alone."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.v1.snapshots import folder
from aml_pipeline.azureml.workspace.waiting import heard_by
from aml_pipeline.core.errors import AzureError, PipelineError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project as Folder
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_commands_v1 import register, sent, with_files, without_ids
from tests.conftest import Project
from tests.loopback import example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Entity, Sdk

pytestmark = quiet

PIPELINE = """
    name: lesson
    compute: cpu-cluster
    environment: {registered: training, version: 1}
    source_directory: source
    publish: {reuse: true}
    datasets:
      images: {registered: images}
      labels: {datastore: results, path: labels/latest, mode: download}
      rows: {registered: rows, type: table}
    steps:
      train:
        script: train.py
        arguments:
          --images: ${{ datasets.images }}
          --labels: ${{ datasets.labels }}
          --rows: ${{ datasets.rows }}
      check:
        script: check.py
        arguments: {--pictures: "${{ datasets.images }}", --labels: "${{ datasets.labels }}"}
    schedules:
      nightly:
        cron: 0 2 * * *
        datasets:
          images: azureml:images:1
          labels: azureml://datastores/other/paths/labels/tonight
    """
NAMED = "script: check.py", "script: check.py\n    inputs: {words: '${{ datasets.labels }}'}"
FILES = {
    "pipeline.yaml": PIPELINE,
    "source/train.py": "print('train')\n",
    "source/check.py": "print('check')\n",
}


@pytest.fixture
def project(tmp_path: Path, service: Service, workspace: Sdk) -> Project:
    register(workspace)
    for datastore in ("results", "other"):
        service.add_datastore(datastore)
    service.add_dataset("images", "newer")  # beside that of the example
    service.add_dataset("rows", "rows")
    service.state.datasets["rows"][-1]["datasetType"] = "tabular"
    made = Project(tmp_path / "project")
    made.write(FILES)
    return made


def opened(project: Project) -> tuple[Plan, Folder]:
    return open_pipeline(str(project.root / "pipeline.yaml")).require()


def by_hand(workspace: Sdk, plan: Plan, project: Folder) -> Sdk:
    """Return the same pipeline as somebody writes it who knows the SDK's notebooks on data as parameters."""
    from azureml.core import Dataset, Datastore, Environment
    from azureml.core.runconfig import RunConfiguration
    from azureml.data.datapath import DataPath, DataPathComputeBinding
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter
    from azureml.pipeline.steps import PythonScriptStep

    configuration = RunConfiguration()
    configuration.environment = Environment.get(workspace, "training", "1")
    configuration.max_run_duration_seconds = None
    path = DataPath(Datastore.get(workspace, "results"), "labels/latest", name="labels")
    labels = PipelineParameter("labels", default_value=path), DataPathComputeBinding(mode="download")
    images = PipelineParameter("images", default_value=Dataset.get_by_name(workspace, "images"))
    rows = PipelineParameter("rows", default_value=Dataset.get_by_name(workspace, "rows"))

    def step(name: str, arguments: list[Sdk]) -> Sdk:
        source = folder(project.uploads, project.snapshot(plan.step(name)))
        where = {"compute_target": example.CLUSTER, "runconfig": configuration, "source_directory": source}
        return PythonScriptStep(f"{name}.py", name, arguments=arguments, inputs=[labels], **where)

    given = DatasetConsumptionConfig("images", images).as_mount()
    table = DatasetConsumptionConfig("rows", rows)
    train = step("train", ["--images", given, "--labels", labels, "--rows", table])
    again = DatasetConsumptionConfig("pictures", images).as_mount()
    check = step("check", ["--pictures", again, "--labels", labels])
    return Pipeline(workspace, [train, check], default_datastore=workspace.get_default_datastore())


def published(service: Service) -> tuple[Entity, Entity, dict[str, Entity]]:
    """Return what the last published pipeline says of its data, its graph, and the modules of its steps."""
    entity = list(service.state.pipelines.values())[-1]
    graph = service.state.graphs[entity["GraphId"]]
    modules = [service.modules[node["ModuleId"]] for node in graph["ModuleNodes"]]
    interface = service.state.interfaces[entity["GraphId"]]
    data = {**interface, "assigned": entity["DataSetDefinitionValueAssignments"]}
    return data, graph, with_files(service, {module["Name"]: module for module in modules})


def test_the_graph_equals_one_that_is_written_with_the_sdk_alone(
    project: Project, service: Service, workspace: Sdk
) -> None:
    plan, known = opened(project)
    azureml.publish(plan, workspace, known)
    ours = published(service)
    by_hand(workspace, plan, known).publish(name="theirs", description="", version="1")
    theirs = published(service)
    assert without_ids(theirs[0]) == without_ids(ours[0])
    assert without_ids(theirs[1]) == without_ids(ours[1])
    assert without_ids(theirs[2]) == without_ids(ours[2])
    parameters = {row["Name"] for kind in ("DataPathParameters", "DataPathParameterList") for row in ours[0][kind]}
    assert parameters == {"images", "labels", "rows"}


def test_a_schedule_sets_a_dataset_and_a_path(project: Project, service: Service, workspace: Sdk) -> None:
    plan, known = opened(project)
    azureml.publish(plan, workspace, known)
    (schedule,) = service.state.schedules.values()
    info = schedule["PipelineSubmissionInfo"]
    first = service.state.datasets["images"][0]["latest"]["savedDatasetId"]
    assert info["DataSetDefinitionValueAssignments"] == {"images": {"SavedDataSetReference": {"Id": first}}}
    assert info["DataPathAssignments"] == {"labels": {"DataStoreName": "other", "RelativePath": "labels/tonight"}}
    assert [change.action for change in azureml.publish(*opened(project)[:1], workspace)] == ["unchanged"] * 3
    project.replace("pipeline.yaml", "azureml:images:1", "azureml:images@latest")
    changed = azureml.publish(load(project.root / "pipeline.yaml"), workspace)
    newest = service.state.datasets["images"][-1]["latest"]["savedDatasetId"]
    details = [change.details for change in changed if change.action != "unchanged"]
    assert details == [(f"parameter images: {first} → {newest}",)]
    service.add_dataset("images", "newest")  # what is published keeps the version that was the latest
    assert [row.kind for row in azureml.publish(load(project.root / "pipeline.yaml"), workspace, dry_run=True)
            if row.action != "unchanged"] == ["published pipeline", "endpoint", "schedule"]  # fmt: skip


def test_data_that_a_person_changed_in_a_schedule_is_shown_and_reverted(
    project: Project, service: Service, workspace: Sdk
) -> None:
    azureml.publish(*opened(project)[:1], workspace)

    def info() -> Entity:
        (schedule,) = service.state.schedules.values()
        return schedule["PipelineSubmissionInfo"]  # type: ignore[no-any-return] # JSON

    before = deepcopy(info())
    info()["DataPathAssignments"] = {"labels": {"DataStoreName": "results", "RelativePath": "mine"}}
    path = "parameter labels: azureml://datastores/results/paths/mine → azureml://datastores/other/paths/labels/tonight"
    assert azureml.publish(*opened(project)[:1], workspace)[-1].details == (path,)
    info()["DataSetDefinitionValueAssignments"] = {}
    first = before["DataSetDefinitionValueAssignments"]["images"]["SavedDataSetReference"]["Id"]
    assert azureml.publish(*opened(project)[:1], workspace)[-1].details == (f"parameter images: – → {first}",)
    assert info() == before


def test_a_kind_of_data_that_a_schedule_cannot_set(project: Project, workspace: Sdk) -> None:
    project.replace("pipeline.yaml", "azureml://datastores/other/paths/labels/tonight", "azureml:images:1")
    plan, known = opened(project)
    azureml.submit(plan, workspace, known)  # has no schedules
    azureml.submit(plan, workspace, known, step="check")
    message = '"nightly" can only set dataset "labels" to a path on a datastore'
    with pytest.raises(PipelineError, match=message):
        azureml.schedules(plan, workspace)
    with pytest.raises(PipelineError, match=message):
        azureml.publish(plan, workspace, known)  # the same project passed as a submission


def test_a_published_path_has_the_name_of_its_input(project: Project, service: Service, workspace: Sdk) -> None:
    project.replace("pipeline.yaml", *NAMED)
    azureml.publish(*opened(project)[:1], workspace)
    _, _, modules = published(service)
    _, others = sent(service, azureml.submit(*opened(project)[:1], workspace).id)
    for known in (modules, others):
        ports = {name: {port["Name"] for port in step["StructuredInterface"]["Inputs"]} for name, step in known.items()}
        assert ports == {"train": {"images", "labels", "rows"}, "check": {"pictures", "words"}}


@pytest.mark.parametrize(
    ("old", "new"), [NAMED, ("script: check.py", "script: check.py\n    inputs: {more: '${{ datasets.rows }}'}")]
)
def test_another_declared_input_is_another_published_pipeline(
    project: Project, workspace: Sdk, old: str, new: str
) -> None:
    azureml.publish(*opened(project)[:1], workspace)
    project.replace("pipeline.yaml", old, new)
    changed = azureml.publish(*opened(project)[:1], workspace, dry_run=True)
    assert [row.action for row in changed] == ["create", "update", "unchanged"]


def test_a_parameter_costs_no_reuse(project: Project, service: Service, workspace: Sdk) -> None:
    """The fingerprint of a module does not contain parameters of data; the port of a path has a name that stays."""
    plan, known = opened(project)
    azureml.publish(plan, workspace, known)
    before = {module["IdentifierHash"] for module in service.modules.values()}
    project.replace("pipeline.yaml", "name: lesson", "name: another")
    azureml.publish(*opened(project)[:1], workspace)
    assert {module["IdentifierHash"] for module in service.modules.values()} == before


def test_a_submitted_run_has_its_data_and_no_parameters(project: Project, service: Service, workspace: Sdk) -> None:
    file = project.root / "pipeline.yaml"
    moved = load(file, data={"images": "azureml:images:1", "labels": "azureml://datastores/other/paths/mine"})
    graph, _ = sent(service, azureml.submit(moved, workspace).id)
    read: list[Any] = [node["DataSetDefinition"]["Value"] for node in graph["DatasetNodes"]]
    versions = [row["DataSetReference"].get("Version") for row in read if row.get("DataSetReference")]
    assert set(versions) == {"1"}  # of images, and of rows
    saved = {row["SavedDataSetReference"]["Id"] for row in read if row.get("SavedDataSetReference")}
    assert ["/datastores/other/paths/mine" in str(service.state.saved_datasets[known]) for known in saved] == [True]


def test_a_table_is_read_by_its_name(project: Project, service: Service, workspace: Sdk) -> None:
    _, modules = sent(service, azureml.submit(load(project.root / "pipeline.yaml"), workspace).id)
    ports = {port["Name"]: port["DataStoreMode"] for port in modules["train"]["StructuredInterface"]["Inputs"]}
    assert ports == {"images": "mount", "labels": "download", "rows": "direct"}
    project.replace("pipeline.yaml", "images: {registered: images}", "images: {registered: images, type: table}")
    with pytest.raises(AzureError, match=r"is a folder, not a table\. Write `type: folder`"):
        azureml.submit(load(project.root / "pipeline.yaml"), workspace)


def test_a_caller_of_the_endpoint_sets_data(project: Project, service: Service, workspace: Sdk) -> None:
    """As docs/how-to/publishing.md says."""
    from azureml.core import Dataset, Datastore
    from azureml.data.datapath import DataPath
    from azureml.pipeline.core import PipelineEndpoint

    azureml.publish(*opened(project)[:1], workspace)
    data = {
        "images": Dataset.get_by_name(workspace, "images", version=1),
        "labels": DataPath(Datastore.get(workspace, "other"), "labels/mine"),
    }
    run = PipelineEndpoint.get(workspace, name="lesson").submit("lesson", pipeline_parameters=data)
    entity = service.state.pipeline_runs[run.id]
    first = service.state.datasets["images"][0]["latest"]["savedDatasetId"]
    assert entity["DataSetDefinitionValueAssignments"] == {"images": {"SavedDataSetReference": {"Id": first}}}
    assert entity["DataPathAssignments"] == {"labels": {"DataStoreName": "other", "RelativePath": "labels/mine"}}


def test_only_publish_tells_of_a_dataset_with_the_name_of_a_parameter(project: Project, workspace: Sdk) -> None:
    project.replace("pipeline.yaml", "{--pictures:", '{--count: "${{ parameters.images }}", --pictures:')
    project.replace("pipeline.yaml", "steps:\n", "parameters: {images: 3}\nsteps:\n")
    plan, known = opened(project)
    lines: list[str] = []
    with heard_by(lines.append):
        azureml.submit(plan, workspace, known)
        assert "[same-name]" not in "".join(lines)
        azureml.publish(plan, workspace, known)
    assert "".join(lines).count("[same-name]") == 1
