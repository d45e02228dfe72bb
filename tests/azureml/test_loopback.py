"""The loopback service, driven by the real SDK v1 alone: workspace, submissions, runs, publications, faults."""

import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import loopback
from tests.loopback import example
from tests.loopback.rules import RULES, check
from tests.loopback.script import Script, Step
from tests.loopback.service import Service
from tests.loopback.serving import quiet, serving
from tests.loopback.state import Entity, Sdk, State
from tests.loopback.wire import Refusal
from tests.loopback.workspace import add_compute
from tests.v1 import needs_v1

pytestmark = quiet


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return example.write_scripts(tmp_path)


Submit = Callable[..., Sdk]


@pytest.fixture
def submit(workspace: Sdk, source: Path) -> Submit:
    return lambda **settings: example.submit(workspace, example.pipeline(workspace, source), **settings)


def test_the_workspace_of_the_configuration_file(service: Service, workspace: Sdk) -> None:
    assert workspace.name == "loopback"
    assert workspace.get_default_datastore().name == "workspaceblobstore"
    assert [str(one) for one in service.requests[:2]] == ["1 GET /", f"2 GET /discovery/{service.state.id}"]
    assert service.writes() == []


def test_an_environment_is_not_there_until_it_is_registered(service: Service, workspace: Sdk) -> None:
    from azureml.core import Environment

    with pytest.raises(Exception, match=r"Code: 404"):
        Environment.get(workspace, "training", "1")
    example.run_configuration().environment.register(workspace)
    got = Environment.get(workspace, "training", "1")
    assert (got.version, got.docker.base_image) == ("1", "registry.example/training:1")
    assert Environment.get(workspace, "training").version == "1"
    assert list(service.environments) == [("training", "1")]
    assert [one.method for one in service.requests if one.route.startswith("/environment")] == [
        "GET",
        "PUT",
        "GET",
        "GET",
    ]


def test_an_environment_without_a_version_gets_the_next(service: Service, workspace: Sdk) -> None:
    environment = example.run_configuration().environment
    for _ in range(2):
        environment.version = None
        environment.register(workspace)
    assert list(service.environments) == [("training", "1"), ("training", "2")]


def test_a_cluster_is_made(service: Service, workspace: Sdk) -> None:
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.exceptions import ComputeTargetException

    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        ComputeTarget(workspace, "gpu-cluster")
    settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", max_nodes=4)
    made = ComputeTarget.create(workspace, "gpu-cluster", settings)
    made.wait_for_completion()
    assert made.provisioning_state == "Succeeded"
    got = ComputeTarget(workspace, "gpu-cluster")
    assert (got.vm_size, got.scale_settings.maximum_node_count) == ("STANDARD_NC6", 4)
    assert set(workspace.compute_targets) == {example.CLUSTER, "gpu-cluster"}
    assert [str(one.method) for one in service.writes()] == ["PUT"]


def test_a_dataset_by_its_name(service: Service, workspace: Sdk) -> None:
    from azureml.core import Dataset

    service.add_dataset("images", "else/where")
    assert Dataset.get_by_name(workspace, "images").version == 2
    assert Dataset.get_by_name(workspace, "images", version=1).version == 1
    with pytest.raises(Exception, match='Cannot find dataset registered with name "letters"'):
        Dataset.get_by_name(workspace, "letters")


def test_a_pipeline_from_validation_to_metrics_and_logs(service: Service, workspace: Sdk, source: Path) -> None:
    service.script.steps["train"] = Step(log="hello\n", metrics={"loss": [0.5, 0.25], "best": [1.0]})
    pipeline = example.pipeline(workspace, source)
    assert pipeline.validate() == []
    run = example.submit(workspace, pipeline, pipeline_parameters={"epochs": "5"})
    assert run.wait_for_completion(show_output=False) == "Finished"
    assert run.get_details()["status"] == "Completed"
    steps = {step.name: step for step in run.get_steps()}
    assert {name: step.get_status() for name, step in steps.items()} == dict.fromkeys(
        ("prepare", "train", "report"), "Finished"
    )
    assert steps["train"].get_metrics() == {"loss": [0.5, 0.25], "best": 1.0}
    assert steps["prepare"].get_metrics() == {}
    assert steps["train"].get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "hello\n"
    assert steps["train"].get_stdout_log() == "hello\n"
    assert list(steps["prepare"].get_outputs()) == ["prepared"]
    assert service.assignments_of(run.id) == {"epochs": "5"}
    [files] = service.snapshots.values()
    assert set(files) == set(example.SCRIPTS)


def test_a_run_that_is_looked_at_while_it_goes(service: Service, submit: Submit) -> None:
    service.script.walk = ["NotStarted", "Running", "Running"]
    run = submit()
    seen = [(run.get_status(), service.node_statuses(run.id)) for _ in range(4)]
    assert seen == [
        ("NotStarted", {"prepare": "NotStarted", "train": "NotStarted", "report": "NotStarted"}),
        ("Running", {"prepare": "Running", "train": "Queued", "report": "NotStarted"}),
        ("Running", {"prepare": "Finished", "train": "Running", "report": "Queued"}),
        ("Finished", {"prepare": "Finished", "train": "Finished", "report": "Finished"}),
    ]


def test_the_output_of_a_run_is_streamed(service: Service, submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = Script({"prepare": Step(log="one\ntwo\n")}, log_names=["azureml-logs/70_driver_log.txt"])
    service.script.walk, service.script.pace = ["Running"] * 4, 4
    assert submit().wait_for_completion(show_output=True) == "Finished"
    assert "Streaming azureml-logs/70_driver_log.txt" in (printed := capsys.readouterr().out)
    assert "one\ntwo\n" in printed


def test_a_failed_step_with_an_error(service: Service, submit: Submit) -> None:
    from azureml.exceptions import ActivityFailedException

    service.script.steps["train"] = Step(fails=True, error="no such file: images", log="Traceback\n")
    run = submit()
    with pytest.raises(ActivityFailedException, match="no such file: images"):
        run.wait_for_completion(show_output=False)
    assert {step.name: step.get_status() for step in run.get_steps()} == {"prepare": "Finished", "train": "Failed"}
    [train] = run.find_step_run("train")
    assert train.get_details()["error"]["error"]["message"] == "no such file: images"


def test_a_failed_step_without_an_error(service: Service, submit: Submit) -> None:
    service.script.steps["train"] = Step(fails=True)
    run = submit()
    assert run.wait_for_completion(show_output=False) == "Failed"
    assert "error" not in run.get_details()


def test_a_run_is_cancelled(service: Service, submit: Submit) -> None:
    service.script.holds, service.script.walk = True, ["Running"] * 2
    run = submit()
    assert [run.get_status() for _ in range(4)] == ["Running"] * 4
    run.cancel()
    assert run.wait_for_completion(show_output=False) == "Canceled"
    assert run.get_details()["status"] == "Canceled"
    assert {step.name: step.get_status() for step in run.get_steps()} == {
        "prepare": "Finished",
        "train": "Canceled",
        "report": "Canceled",
    }


def test_a_run_stays_until_it_is_cancelled_and_then_as_it_is(service: Service, submit: Submit) -> None:
    service.script = Script(walk=["Running"] * 3, holds=True)
    run = submit()
    assert run.get_status() == "Running"
    run.cancel()
    assert [run.get_status() for _ in range(5)] == ["Canceled"] * 5
    assert service.node_statuses(run.id) == {"prepare": "Canceled", "train": "Canceled", "report": "NotStarted"}


def test_a_run_that_has_ended_is_not_cancelled(service: Service, submit: Submit) -> None:
    service.script.walk = []
    run = submit()
    assert run.get_status() == "Finished"
    run.cancel()
    assert run.get_status() == "Finished"


def test_a_step_is_reused(service: Service, submit: Submit) -> None:
    service.script = Script({"prepare": Step(reused=True)}, walk=[])
    run = submit()
    run.get_status()
    assert {step.name: step._is_reused for step in run.get_steps()} == {
        "prepare": True,
        "train": False,
        "report": False,
    }


def test_the_same_again_makes_nothing_new(service: Service, submit: Submit) -> None:
    submit()
    assert (len(service.modules), len(service.snapshots)) == (3, 1)
    service.forget()
    submit()
    assert (len(service.modules), len(service.snapshots)) == (3, 1)
    assert [one.route.rsplit("/", 1)[0] for one in service.writes()] == [
        "/pipelines/v1.0/PipelineRuns/Unsubmitted",
        "/pipelines/v1.0/PipelineRuns/Submit",
    ]


def test_an_edit_makes_modules_and_a_snapshot(service: Service, submit: Submit, source: Path) -> None:
    submit()
    (source / "train.py").write_text("print('better')\n", encoding="utf-8")
    submit()
    assert (len(service.modules), len(service.snapshots)) == (6, 2)  # the three steps share a folder


def test_publication(service: Service, workspace: Sdk, source: Path) -> None:
    from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline

    first = example.pipeline(workspace, source).publish("lesson", "what it does", "1.0")
    assert (PublishedPipeline.get(workspace, first.id).description, first.version) == ("what it does", "1.0")
    with pytest.raises(Exception, match="no pipeline endpoint lesson"):
        PipelineEndpoint.get(workspace, name="lesson")
    PipelineEndpoint.publish(workspace, name="lesson", description="", pipeline=first)
    endpoint = PipelineEndpoint.get(workspace, name="lesson")
    second = example.pipeline(workspace, source).publish("lesson", "what it does", "2.0")
    endpoint.add_default(second)
    assert endpoint.default_version == "1"
    run = endpoint.submit("lesson", pipeline_parameters={"epochs": "7"})
    assert service.assignments_of(run.id) == {"epochs": "7"}
    assert service.runs[run.id]["PipelineId"] == second.id
    first.disable()
    assert [one.id for one in PublishedPipeline.list(workspace)] == [second.id]
    first.enable()
    assert {one.id for one in PublishedPipeline.list(workspace)} == {first.id, second.id}
    endpoint.disable()
    assert PipelineEndpoint.list(workspace) == []


def test_a_schedule(service: Service, workspace: Sdk, source: Path) -> None:
    from azureml.pipeline.core import PipelineEndpoint, Schedule, ScheduleRecurrence

    published = example.pipeline(workspace, source).publish("lesson", "", "1.0")
    endpoint = PipelineEndpoint.publish(workspace, name="lesson", description="", pipeline=published)
    nightly = ScheduleRecurrence("Day", 1, hours=[2], minutes=[0])
    schedule = Schedule.create_for_pipeline_endpoint(
        workspace, "nightly", endpoint.id, "lesson", nightly, description="old", pipeline_parameters={"epochs": "9"}
    )
    schedule.update(description="new", recurrence=ScheduleRecurrence("Day", 1, hours=[3], minutes=[30]))
    [stored] = service.schedules.values()
    assert stored["Recurrence"]["Schedule"] == {"Hours": [3], "Minutes": [30]}
    assert stored["PipelineSubmissionInfo"]["ParameterAssignments"] == {"epochs": "9"}
    assert Schedule.get(workspace, schedule.id).description == "new"
    assert [one.id for one in Schedule.get_schedules_for_pipeline_endpoint_id(workspace, endpoint.id)] == [schedule.id]
    schedule.disable()
    assert Schedule.list(workspace) == []
    assert [one.status for one in Schedule.list(workspace, active_only=False)] == ["Disabled"]


def script_run(workspace: Sdk, source: Path) -> Sdk:
    from azureml.core import Experiment, ScriptRunConfig

    environment = example.run_configuration().environment
    settings = {"arguments": ["--n", 1], "compute_target": example.CLUSTER, "environment": environment}
    return Experiment(workspace, "lesson").submit(ScriptRunConfig(str(source), "report.py", **settings))


def test_one_script_alone(service: Service, workspace: Sdk, source: Path) -> None:
    service.script = Script({"report.py": Step(log="hello\n", metrics={"n": [1]})}, walk=[])
    run = script_run(workspace, source)
    assert run.get_status() == "Completed"
    assert (run.get_metrics(), run.get_details_with_logs()["logFiles"]) == (
        {"n": 1},
        {"user_logs/std_log.txt": "hello\n"},
    )
    [sent] = service.asked("POST", "/snapshotrun")
    assert sent.body["Configuration"]["arguments"] == ["--n", 1]
    assert sent.body["SnapshotId"] in service.snapshots
    assert run.get_details()["target"] == example.CLUSTER


def test_one_script_is_cancelled(service: Service, workspace: Sdk, source: Path) -> None:
    service.script.holds = True
    run = script_run(workspace, source)
    assert run.get_status() == "Running"
    run.cancel()
    assert run.get_status() == "Canceled"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_error_on_order(service: Service, submit: Submit, status: int) -> None:
    service.fail("/CreationInfoWithGraph$", status)
    with pytest.raises(Exception, match=f"a fault on order: {status}") as raised:
        submit()
    assert raised.value.response.status_code == status  # type: ignore[attr-defined] # an error of the SDK
    assert service.runs == {}
    assert submit().get_status() == "Running"


def test_a_dropped_connection(service: Service, submit: Submit) -> None:
    service.drop("/CreationInfoWithGraph$", method="POST", times=9)
    with pytest.raises(Exception, match="Connection aborted"):
        submit()
    assert service.runs == {}


def test_the_second_request_of_a_kind_fails(service: Service, submit: Submit) -> None:
    service.fail("/Modules$", 500, method="POST", first=2)
    with pytest.raises(Exception, match="a fault on order: 500"):
        submit()
    assert 1 <= len(service.modules) < 3


@pytest.mark.parametrize("writes", [0, 2, 4])
def test_the_service_dies_after_some_writes(service: Service, submit: Submit, writes: int) -> None:
    service.stop_after_writes(writes)
    with pytest.raises(Exception, match="Connection aborted"):
        submit()
    stored = len(service.state.experiments) + len(service.snapshots) + len(service.modules)
    assert stored == writes
    assert service.runs == {}


def test_a_read_by_post_is_no_write(service: Service, submit: Submit) -> None:
    service.script.steps["train"] = Step(metrics={"loss": [1.0]})
    run = submit()
    service.forget()
    run.get_status()
    [train] = run.find_step_run("train")
    assert (train.get_metrics(), train.get_status()) == ({"loss": 1.0}, "Finished")
    assert {one.method for one in service.requests} == {"GET", "POST"}
    assert service.writes() == []


def refused(said: str) -> pytest.RaisesExc[Exception]:
    return pytest.raises(Exception, match=said)


def test_an_empty_parameter_is_refused(workspace: Sdk, source: Path) -> None:
    with refused("Assignment for parameter epochs is not specified"):
        example.submit(workspace, example.pipeline(workspace, source, epochs=""))


def test_an_unknown_cluster_is_refused(workspace: Sdk, source: Path) -> None:
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import PythonScriptStep

    step = PythonScriptStep("train.py", compute_target=("typo", "AmlCompute"), source_directory=str(source))
    with refused("there is no compute target 'typo'"):
        example.submit(workspace, Pipeline(workspace, steps=[step]))


def test_a_cycle_is_refused(workspace: Sdk, source: Path) -> None:
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import PythonScriptStep

    shared = {"compute_target": example.CLUSTER, "source_directory": str(source)}
    first, second = PythonScriptStep("prepare.py", **shared), PythonScriptStep("train.py", **shared)
    first.run_after(second)
    second.run_after(first)
    with refused("the graph has a cycle"):
        example.submit(workspace, Pipeline(workspace, steps=[first, second]))


@pytest.mark.parametrize("name", ["AzureML-mine", "my environment", "-mine"])
def test_a_name_of_an_environment_is_refused(workspace: Sdk, name: str) -> None:
    environment = example.run_configuration().environment
    environment.name = name
    with refused("Environment name"):
        environment.register(workspace)


def test_a_schedule_without_a_trigger_is_refused(workspace: Sdk, source: Path) -> None:
    from azureml.pipeline.core import Schedule

    published = example.pipeline(workspace, source).publish("lesson", "", "1.0")
    with refused("neither a recurrence nor a datastore"):
        Schedule.create(workspace, "nightly", published.id, "lesson")


def test_an_unknown_parameter_of_a_published_pipeline_is_refused(workspace: Sdk, source: Path) -> None:
    published = example.pipeline(workspace, source).publish("lesson", "", "1.0")
    with refused("the pipeline has no parameter typo"):
        published.submit(workspace, "lesson", pipeline_parameters={"typo": "1"})


def graph(nodes: list[Entity], edges: list[Entity], datasets: list[Entity]) -> Entity:
    return {"Graph": {"ModuleNodes": nodes, "Edges": edges, "DatasetNodes": datasets}}


NODE = {"Id": "n", "ModuleId": "m", "ModuleParameters": [{"Name": "Target", "Value": "cpu-cluster"}]}
EDGE = {"SourceOutputPort": {"NodeId": "d"}, "DestinationInputPort": {"NodeId": "n", "PortName": "typo"}}
LATER = {"Id": "d", "DataSetDefinition": {"Value": {"DataSetReference": {"Id": "i", "Version": "2"}}}}
UNSAVED = {"Id": "d", "DataSetDefinition": {"Value": {"SavedDataSetReference": {"Id": "i"}}}}


@pytest.mark.parametrize(
    ("kind", "thing", "said"),
    [
        ("experiment", "a lesson", "Experiment name 'a lesson' is not valid"),
        ("compute", "1-cluster", "Compute name '1-cluster' is not available"),
        ("module", {"StorageId": "typo"}, "there is no snapshot typo"),
        ("graph", graph([{**NODE, "ModuleId": "typo"}], [], []), "there is no module typo"),
        ("graph", graph([NODE], [EDGE], []), "node n has no port typo among its Inputs"),
        ("graph", graph([NODE], [], [LATER]), "there is no dataset i of version 2"),
        ("graph", graph([NODE], [], [UNSAVED]), "there is no saved dataset i"),
        ("endpoint", {"Name": "taken"}, "there is a pipeline endpoint taken already"),
        ("schedule", {"Recurrence": {"Frequency": "Day"}, "PipelineId": "typo"}, "there is no pipeline typo"),
        ("script run", {"Configuration": {"target": "typo"}}, "there is no compute target 'typo'"),
    ],
)
def test_the_other_rules(kind: str, thing: object, said: str) -> None:
    state = State(Script(), "w")
    add_compute(state, "cpu-cluster")
    state.modules["m"] = {"Name": "m", "StructuredInterface": {"Inputs": [], "Outputs": []}}
    state.datasets["images"] = [{"datasetId": "i"}]
    state.endpoints["e"] = {"Name": "taken"}
    check("graph", state, graph([NODE], [], []))
    with pytest.raises(Refusal, match=said):
        check(kind, state, thing)


def get(url: str) -> None:
    urllib.request.build_opener().open(url)  # urlopen would keep the proxy of an earlier test


def test_a_request_without_a_route_fails_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = serving(tmp_path, monkeypatch)
    service = here.__enter__()
    with pytest.raises(urllib.error.HTTPError, match="501"):
        get(f"{service.url}/no/such/route")
    with pytest.raises(AssertionError, match="no route for 1 GET /no/such/route"):
        here.__exit__(None, None, None)


def test_a_crash_of_the_service_fails_the_test(service: Service) -> None:
    service.state.experiments["broken"] = {}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        get(f"{service.url}/history/v1.0/experimentids/1")
    [crash] = service.complaints()
    assert "KeyError: 'experimentId'" in crash
    service.forgive()


def test_the_table_of_rules_in_the_readme() -> None:
    text = (Path(loopback.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert [rule.source for rule in RULES if f"| {rule.source} |" not in text] == []


@pytest.mark.parametrize("url", ["https://login.microsoftonline.com/x", "http://example.com/x"])
def test_the_proxy_lets_nothing_out(service: Service, url: str) -> None:
    with pytest.raises(OSError, match="403"):
        get(url)
    [caught] = service.complaints()
    assert caught.startswith("wanted out: ")
    service.forgive()


def test_nobody_gets_around_the_proxy(service: Service) -> None:
    with socket.socket() as there, pytest.raises(ConnectionRefusedError, match="nothing leaves this machine"):
        there.connect(("192.0.2.1", 443))
    with pytest.raises(ConnectionRefusedError, match="nothing leaves this machine"):
        socket.getaddrinfo("example.com", 443)
    assert len(service.complaints()) == 2
    service.forgive()


@needs_v1
def test_each_service_is_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.loopback.client import connect

    for name in ("one", "two"):
        with serving(tmp_path, monkeypatch) as here:
            here.add_compute(name)
            assert list(connect(here, tmp_path).compute_targets) == [name]


def test_the_home_of_the_user_is_left_alone(service: Service, submit: Submit, tmp_path: Path) -> None:
    submit()
    assert service.requests
    assert os.path.expanduser("~") == str(tmp_path)
    assert (tmp_path / ".azureml" / ".discovery").is_file()
