"""The loopback service of v2, driven by the real azure-ai-ml alone: assets, submissions, runs, faults."""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from aml_pipeline.azureml.v2 import export
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import ROOT, Project
from tests.loopback.lesson import FILES
from tests.loopback.state import GROUP, SCOPE, SUBSCRIPTION, WORKSPACE, Sdk
from tests.loopback_v2 import az
from tests.loopback_v2.lesson import a_lesson_v2
from tests.loopback_v2.serving import CLOUD, quiet, serving_v2
from tests.patience import PATIENCE, until

if TYPE_CHECKING:
    from tests.loopback_v2.service import ServiceV2

pytestmark = quiet

LOG = "user_logs/std_log.txt"
FOR_EVER = 100


class _SleepsForEver(BaseException):
    """No Exception, for these the client takes for failures of its own."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceV2]:
    with serving_v2(tmp_path / "home", monkeypatch) as service:
        yield service


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long the client wanted to sleep, which takes no time; who sleeps too often is stopped."""
    slept: list[float] = []
    sleep = time.sleep

    def nap(seconds: float) -> None:
        if seconds < 0.1:  # as subprocess does, while it waits for az
            sleep(seconds)
            return
        slept.append(seconds)
        if len(slept) == FOR_EVER:
            raise _SleepsForEver

    monkeypatch.setattr(time, "sleep", nap)
    return slept


Connect = Callable[..., Sdk]


@pytest.fixture
def connect(service: ServiceV2) -> Connect:
    assert service.url  # it runs, and the variables point to it
    return _connect


def _connect(**settings: object) -> Sdk:
    from azure.ai.ml import MLClient
    from azure.identity import AzureCliCredential

    return MLClient(AzureCliCredential(), SUBSCRIPTION, GROUP, WORKSPACE, **settings)  # type: ignore[arg-type]


@pytest.fixture
def client(connect: Connect) -> Sdk:
    return connect(show_progress=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    project.write(FILES)
    return project


@pytest.fixture
def folder(service: ServiceV2, project: Project) -> Path:
    """Return the export of a pipeline of two steps; the service has the cluster and the environment of it."""
    service.add_compute("cpu-cluster")
    made = _export(project)
    for file in made.glob("environments/*.yml"):
        service.add_environment(*_named(file))
    return made


def _export(project: Project) -> Path:
    opened = open_pipeline(str(project.root / "pipeline.yaml"), None, {})
    plan, found = opened.require()
    place = project.root.parent / "v2"
    export.write(plan, found, str(place), force=True)
    return place


def _named(file: Path) -> tuple[str, str]:
    lines = dict(line.split(": ", 1) for line in file.read_text(encoding="utf-8").splitlines() if ": " in line)
    return lines["name"], lines["version"]


def _submit(client: Sdk, folder: Path, **settings: object) -> Sdk:
    from azure.ai.ml import load_job

    return client.jobs.create_or_update(load_job(folder / "pipeline.yml"), **settings)


def _uploads(service: ServiceV2) -> list[str]:
    """Return the files that were uploaded, without the containers that they went to."""
    sent = [one for one in service.requests if one.method == "PUT" and one.route.startswith("/blob/")]
    return sorted(one.route.split("/", 3)[3] for one in sent if "comp" not in one.query)


def _held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _runs(client: Sdk) -> Sdk:
    return client.jobs._runs_operations


def _children(client: Sdk, job: str) -> dict[str, Sdk]:
    return {one.display_name: one for one in _runs(client).get_run_children(job)}


def _watch(client: Sdk, job: str, looks: int = 20) -> list[tuple[str, dict[str, str]]]:
    """Ask until the job is over; return what each look saw: its status, and that of each node that has begun."""
    seen: list[tuple[str, dict[str, str]]] = []
    for _ in range(looks):
        status = str(client.jobs.get(job).status.value)
        seen.append((status, {name: one.status for name, one in _children(client, job).items()}))
        if status in ("Completed", "Failed", "Canceled"):
            return seen
    raise AssertionError(f"it does not end: {seen}")


def _text(address: str) -> str:
    import requests  # which trusts the certificate by the variable

    said = requests.get(address, timeout=PATIENCE)
    said.raise_for_status()
    return str(said.text)


# The cloud, and logging in.


def test_the_variables_alone_lead_to_the_service(service: ServiceV2, client: Sdk) -> None:
    assert [one.name for one in client.compute.list()] == []
    assert {str(one)[2:] for one in service.requests[:-1]} == {"GET /metadata/endpoints"}
    assert service.requests[-1].path.startswith(SCOPE)
    assert os.environ[CLOUD] == client._cloud == f"Loopback{service.url.rpartition(':')[2]}"
    assert [path.name for path in Path.home().iterdir() if path.name not in ("bin", "loopback.pem")] == []


def test_the_cloud_is_forgotten_after_the_test(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch, serving_v2(tmp_path, patch):
        _connect()
        assert os.environ[CLOUD]
    assert dict(os.environ) == before


def test_two_services_do_not_meet(service: ServiceV2, tmp_path: Path) -> None:
    service.add_compute("first")
    assert [one.name for one in _connect().compute.list()] == ["first"]
    with pytest.MonkeyPatch.context() as patch, serving_v2(tmp_path / "other", patch) as other:
        other.add_compute("second")
        assert [one.name for one in _connect().compute.list()] == ["second"]


def test_az_gives_tokens_and_says_who_it_is(service: ServiceV2) -> None:
    import jwt

    def ask(*words: str) -> Sdk:
        return json.loads(subprocess.run(["az", *words], capture_output=True, check=True).stdout)

    said = ask("account", "get-access-token", "--resource", "https://ml.azure.com", "--output", "json")
    claims = jwt.decode(said["accessToken"], options={"verify_signature": False, "verify_aud": False})
    assert (claims["aud"], claims["tid"]) == ("https://ml.azure.com", az.TENANT)
    assert claims["exp"] == said["expires_on"] > time.time() + 3000
    assert ask("account", "show")["id"] == SUBSCRIPTION
    with pytest.raises(subprocess.CalledProcessError):
        ask("vm", "list")
    assert service.requests == []


# Assets.


def test_an_environment_is_made_and_found_again(service: ServiceV2, client: Sdk) -> None:
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError, match="was not found"):
        client.environments.get("training", "1")
    made = client.environments.create_or_update(Environment(name="training", version="1", image="registry.example/a"))
    assert made.id == f"azureml:{SCOPE}/environments/training/versions/1" or made.id.endswith("/training/versions/1")
    assert service.environments["training", "1"]["properties"]["image"] == "registry.example/a"
    assert client.environments.get("training", "1").image == "registry.example/a"
    client.environments.create_or_update(Environment(name="training", version="1", image="registry.example/a"))
    with pytest.raises(ResourceExistsError, match="cannot be changed"):
        client.environments.create_or_update(Environment(name="training", version="1", image="registry.example/b"))
    assert service.environments["training", "1"]["properties"]["image"] == "registry.example/a"


def test_the_latest_version_is_the_one_that_was_made_last(service: ServiceV2, client: Sdk) -> None:
    from azure.ai.ml.entities import Environment

    service.add_environment("training", "9")
    service.add_environment("training", "abc")
    assert client.environments.get("training", label="latest").version == "abc"
    client.environments.create_or_update(Environment(name="training", image="registry.example/c"))
    assert list(service.environments) == [("training", "9"), ("training", "abc"), ("training", "3")]
    service.add_data("images", "1")
    service.add_data("images", "2")
    assert client.data.get("images", label="latest").version == "2"


def test_a_cluster_is_made(service: ServiceV2, client: Sdk) -> None:
    from azure.ai.ml.entities import AmlCompute
    from azure.core.exceptions import ResourceNotFoundError

    service.add_compute("broken", "Failed")
    with pytest.raises(ResourceNotFoundError):
        client.compute.get("gpu-cluster")
    made = client.compute.begin_create_or_update(AmlCompute(name="gpu-cluster", size="STANDARD_NC6", max_instances=4))
    assert made.result().provisioning_state.value == "Succeeded"
    got = client.compute.get("gpu-cluster")
    assert (got.size, got.max_instances) == ("STANDARD_NC6", 4)
    assert service.computes["gpu-cluster"]["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4
    states = {one.name: one.provisioning_state.value for one in client.compute.list()}
    assert states == {"broken": "Failed", "gpu-cluster": "Succeeded"}


# Submissions.


def test_a_submission_uploads_what_was_exported_byte_for_byte(service: ServiceV2, client: Sdk, folder: Path) -> None:
    (folder / "code" / "train" / "1.json").write_bytes(b"1")  # bytes, not the number that they spell
    (folder / "code" / "train" / "odd.bin").write_bytes(bytes(range(256)))
    (folder / "code" / "train" / "empty").write_bytes(b"")
    sent = _submit(client, folder)
    assert sent.status == "NotStarted"
    assert sent.studio_url.endswith(f"&tid={az.TENANT}")
    nodes = service.jobs[sent.name]["properties"]["jobs"]
    assert list(nodes) == ["prepare", "train"]
    for node in nodes:
        expected = _held(folder / "code" / node)
        assert f"{node}.py" in expected
        assert service.code(service.component_of(sent.name, node)) == expected
        assert service.code(nodes[node]["componentId"]) == expected
    assert service.component_of(sent.name, "train")["properties"]["componentSpec"]["command"].startswith("python train")
    assert len(service.components) == 2


def test_what_has_not_changed_is_not_uploaded_again(
    service: ServiceV2, client: Sdk, folder: Path, project: Project
) -> None:
    first = _submit(client, folder)
    assert [one for one in _uploads(service) if one.endswith(".py")] == ["prepare/prepare.py", "train/train.py"]
    service.forget()
    second = _submit(client, folder)
    assert _uploads(service) == []
    assert service.component_of(second.name, "train") == service.component_of(first.name, "train")
    writes = [one.route.split("/")[1] for one in service.writes()]
    assert writes == ["components", "components", "jobs"]
    service.forget()
    project.write({"steps/train.py": "print('train better')\n"})
    third = _submit(client, _export(project))
    assert [one for one in _uploads(service) if one.endswith(".py")] == ["train/train.py"]
    assert service.code(service.component_of(third.name, "train"))["train.py"] == b"print('train better')\n"
    assert service.code(service.component_of(second.name, "train"))["train.py"] == b"print('train')\n"


def test_an_unknown_cluster_is_refused_before_anything_is_written(
    service: ServiceV2, client: Sdk, folder: Path
) -> None:
    from azure.ai.ml.exceptions import MlException

    service.computes.clear()
    file = folder / "pipeline.yml"  # the client looks up the targets of nodes, and not that of the settings
    file.write_text(yaml.safe_dump(_with_targets(yaml.safe_load(file.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(MlException, match="Compute cpu-cluster was not found"):
        _submit(client, folder)
    assert service.writes() == []


def test_what_a_job_names_must_be_there(service: ServiceV2, client: Sdk, folder: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    service.computes.clear()
    with pytest.raises(HttpResponseError, match="Compute with name cpu-cluster of node prepare not found"):
        _submit(client, folder, skip_validation=True)
    service.environments.clear()
    with pytest.raises(HttpResponseError, match=r"The environment .* was not found"):
        _submit(client, folder, skip_validation=True)
    assert service.jobs == {}


def test_a_job_is_put_once_and_then_changed_in_little(client: Sdk, folder: Path) -> None:
    from azure.ai.ml import load_job
    from azure.core.exceptions import HttpResponseError

    job = load_job(folder / "pipeline.yml")
    job.name = "mine"
    client.jobs.create_or_update(job)
    client.jobs.get("mine")
    again = load_job(folder / "pipeline.yml")
    again.name, again.tags = "mine", {"a": "b"}
    assert client.jobs.create_or_update(again).status == "Running"  # the same run
    assert client.jobs.get("mine").tags == {"a": "b"}
    other = load_job(folder / "pipeline.yml")
    other.name, other.experiment_name = "mine", "other"
    with pytest.raises(HttpResponseError, match="already exists"):
        client.jobs.create_or_update(other)


# Runs.


def test_a_run_goes_on_each_time_somebody_asks(service: ServiceV2, client: Sdk, folder: Path) -> None:
    service.prints("train", "loss 0.5\n")
    job = _submit(client, folder).name
    assert service.run_of(job).status == "NotStarted"
    assert _watch(client, job) == [
        ("Running", {"prepare": "Queued"}),
        ("Running", {"prepare": "Running"}),
        ("Running", {"prepare": "Completed", "train": "Queued"}),
        ("Running", {"prepare": "Completed", "train": "Running"}),
        ("Completed", {"prepare": "Completed", "train": "Completed"}),
    ]
    train = _children(client, job)["train"]
    details = _runs(client).get_run_details(train.name)
    assert (details.end_time_utc - details.start_time_utc).total_seconds() == 30
    assert service.run_of(job, "train").started == "2026-01-05T08:02:00.0000000+00:00"
    assert details.properties["azureml.pipelinerunid"] == job
    assert details.error is None
    assert {name: _text(address) for name, address in details.log_files.items()} == {LOG: "loss 0.5\n"}
    assert client.jobs.get(train.name).display_name == "train"
    assert [one.display_name for one in client.jobs.list(parent_job_name=job)] == ["prepare", "train"]
    assert [one.name for one in client.jobs.list()] == [job]


def test_a_failed_node_is_told_and_the_later_ones_never_start(service: ServiceV2, client: Sdk, folder: Path) -> None:
    service.fails("prepare", "no such file", "Traceback\n")
    job = _submit(client, folder).name
    assert _watch(client, job)[-1] == ("Failed", {"prepare": "Failed"})
    details = _runs(client).get_run_details(_children(client, job)["prepare"].name)
    assert (details.status, details.error.error.message) == ("Failed", "no such file")
    assert _text(details.log_files[LOG]) == "Traceback\n"
    whole = _runs(client).get_run_details(job)
    assert (whole.status, whole.error.error.code) == ("Failed", "UserError")
    assert not whole.log_files
    assert client.jobs.get(job).status == "Failed"


@pytest.mark.parametrize(("says", "ends"), [("false", ("Failed", "Canceled")), ("true", ("Running", "Running"))])
def test_what_needs_no_failed_node_goes_on_where_the_job_says_so(
    service: ServiceV2, client: Sdk, folder: Path, says: str, ends: tuple[str, str]
) -> None:
    text = (folder / "pipeline.yml").read_text(encoding="utf-8")
    assert text.count("continue_on_step_failure: false") == 1
    text = text.replace("continue_on_step_failure: false", f"continue_on_step_failure: {says}")
    prepare = text[text.index("  prepare:\n") : text.index("  train:\n")]
    (folder / "pipeline.yml").write_text(text + prepare.replace("  prepare:\n", "  other:\n"), encoding="utf-8")
    service.fails("prepare", "no such file")
    service.stays("other")
    job = _submit(client, folder).name
    for begun in ("Queued", "Running"):
        assert client.jobs.get(job).status == "Running"
        assert {name: one.status for name, one in _children(client, job).items()} == {"prepare": begun, "other": begun}
    assert client.jobs.get(job).status == ends[0]
    assert {name: one.status for name, one in _children(client, job).items()} == {"prepare": "Failed", "other": ends[1]}


def test_a_reused_node_is_done_at_once(service: ServiceV2, client: Sdk, folder: Path) -> None:
    service.reuses("prepare")
    job = _submit(client, folder).name
    assert _watch(client, job)[0] == ("Running", {"prepare": "Completed", "train": "Queued"})
    children = _children(client, job)
    assert children["prepare"].properties["azureml.isreused"] == "true"
    assert "azureml.isreused" not in children["train"].properties


def test_a_run_is_cancelled(service: ServiceV2, client: Sdk, folder: Path) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    service.stays("prepare")
    job = _submit(client, folder).name
    assert [client.jobs.get(job).status for _ in range(8)] == ["Running"] * 8
    client.jobs.begin_cancel(job).result()
    assert service.cancelled == [job]
    assert _watch(client, job) == [("Canceled", {"prepare": "Canceled"})]
    with pytest.raises(HttpResponseError, match="Cannot cancel"):
        client.jobs.begin_cancel(job)
    with pytest.raises(ResourceNotFoundError):
        client.jobs.begin_cancel("nobody")


def test_somebody_else_cancels(service: ServiceV2, client: Sdk, folder: Path) -> None:
    job = _submit(client, folder).name
    client.jobs.get(job)
    service.cancels(job)
    assert _watch(client, job) == [("Canceled", {"prepare": "Canceled"})]
    assert service.cancelled == []


# Publishing: pipeline components, schedules, batch endpoints.


def _with_targets(pipeline: Sdk) -> Sdk:
    """Return a pipeline in which each node names the compute target of the settings."""
    target = {"compute": pipeline["settings"]["default_compute"]}
    return {**pipeline, "jobs": {name: node | target for name, node in pipeline["jobs"].items()}}


@pytest.fixture
def component(client: Sdk, folder: Path) -> str:
    """Return the id of the pipeline of two steps as a component."""
    from azure.ai.ml import load_component

    pipeline = yaml.safe_load((folder / "pipeline.yml").read_text(encoding="utf-8"))
    spec = {
        "type": "pipeline",
        "name": "lesson",
        "version": "abc",
        "inputs": {"epochs": {"type": "string", "default": "2"}},
        "jobs": _with_targets(pipeline)["jobs"],
    }
    (folder / "component.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return str(client.components.create_or_update(load_component(folder / "component.yml")).id)


def _schedule(component: str, name: str = "nightly", **settings: Sdk) -> Sdk:
    from azure.ai.ml.entities import CronTrigger, JobSchedule, PipelineJob

    trigger = CronTrigger(expression="0 2 * * *", time_zone="UTC")
    job = PipelineJob(component=component, experiment_name="night", inputs={"epochs": "9"})
    return JobSchedule(name=name, trigger=trigger, create_job=job, is_enabled=True, **settings)


def test_a_pipeline_component_is_made_listed_and_archived(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.ai.ml.constants import ListViewType

    assert component == f"{SCOPE}/components/lesson/versions/abc"
    assert list(service.components["lesson", "abc"]["properties"]["componentSpec"]["jobs"]) == ["prepare", "train"]
    assert [one.name for one in client.components.list()] == ["lesson"]  # those without a name of their own are not
    assert client.components.get("lesson").version == "abc"
    client.components.archive("lesson", "abc")
    assert list(client.components.list("lesson")) == []
    assert [one.version for one in client.components.list("lesson", list_view_type=ListViewType.ALL)] == ["abc"]
    client.components.restore("lesson", "abc")
    client.components.archive("lesson")
    assert list(client.components.list()) == []
    client.components.restore("lesson")
    assert [one.name for one in client.components.list()] == ["lesson"]


def test_a_version_of_a_component_keeps_what_it_is(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceExistsError

    stored = client.components._version_operation
    raw = stored.get(GROUP, WORKSPACE, "lesson", "abc")
    raw["properties"]["tags"] = {"a": "b"}
    stored.create_or_update(GROUP, WORKSPACE, "lesson", "abc", raw)
    assert service.components["lesson", "abc"]["properties"]["tags"] == {"a": "b"}
    raw["properties"]["componentSpec"]["inputs"]["epochs"]["default"] = "3"
    with pytest.raises(ResourceExistsError, match="cannot be changed"):
        stored.create_or_update(GROUP, WORKSPACE, "lesson", "abc", raw)
    raw["properties"]["componentSpec"]["jobs"]["train"]["componentId"] = component.replace("abc", "gone")
    with pytest.raises(HttpResponseError, match="component of node train of lesson was not found"):
        stored.create_or_update(GROUP, WORKSPACE, "lesson", "new", raw)


def test_the_later_version_has_the_later_time(client: Sdk, component: str) -> None:
    stored = client.components._version_operation
    raw = stored.get(GROUP, WORKSPACE, "lesson", "abc")
    raw["properties"]["componentSpec"]["version"] = "def"
    stored.create_or_update(GROUP, WORKSPACE, "lesson", "def", raw)
    newest, oldest = client.components.list("lesson")
    assert (newest.version, oldest.version) == ("def", "abc")
    assert newest.creation_context.created_at > oldest.creation_context.created_at
    assert component.endswith(oldest.version)


def test_a_job_may_be_a_component(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.ai.ml.entities import PipelineJob
    from azure.core.exceptions import ResourceNotFoundError

    job = client.jobs.create_or_update(PipelineJob(component=component, experiment_name="once")).name
    assert _watch(client, job)[-1] == ("Completed", {"prepare": "Completed", "train": "Completed"})
    assert set(service.code(service.component_of(job, "train"))) == {"train.py"}
    with pytest.raises(ResourceNotFoundError, match=r"component .* was not found"):
        client.jobs.create_or_update(PipelineJob(component=component.replace("abc", "gone"), experiment_name="once"))


def test_a_schedule_is_put_in_full_each_time(service: ServiceV2, client: Sdk, component: str) -> None:
    given = _schedule(component, tags={"mine": "1"}, display_name="Nightly", description="Each night.")
    made = client.schedules.begin_create_or_update(given).result()
    assert (made.is_enabled, made.provisioning_state, made.tags) == (True, "Succeeded", {"mine": "1"})
    job = service.schedules["nightly"]["properties"]["action"]["jobDefinition"]
    assert (job["componentId"], job["experimentName"]) == (component, "night")
    assert job["inputs"]["epochs"]["value"] == "9"
    client.schedules.begin_create_or_update(_schedule(component)).result()
    assert not client.schedules.get("nightly").tags
    service.pause("nightly")
    assert list(client.schedules.list()) == []
    assert [one.is_enabled for one in client.schedules.list(list_view_type="All")] == [False]
    assert [one.name for one in client.schedules.list(list_view_type="DisabledOnly")] == ["nightly"]
    client.schedules.begin_enable("nightly").result()
    service.edit("nightly", displayName="Changed")
    assert [one.display_name for one in client.schedules.list()] == ["Changed"]


def test_a_schedule_goes_when_it_is_disabled(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    client.schedules.begin_create_or_update(_schedule(component)).result()
    with pytest.raises(ResourceExistsError, match="Disable it"):
        client.schedules.begin_delete("nightly")
    client.schedules.begin_disable("nightly").result()
    client.schedules.begin_delete("nightly").result()
    assert service.schedules == {}
    client.schedules.begin_delete("nightly").result()  # again: it is gone
    with pytest.raises(ResourceNotFoundError):
        client.schedules.get("nightly")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "a.b"}, "name a.b must match"),
        ({"component": f"{SCOPE}/components/lesson/versions/gone"}, "component .* was not found"),
        ({"expression": "0 2 *"}, "cron expression 0 2 [*] is invalid"),
    ],
)
def test_what_no_schedule_can_be_is_refused(
    service: ServiceV2, client: Sdk, component: str, settings: dict[str, str], says: str
) -> None:
    from azure.core.exceptions import HttpResponseError

    schedule = _schedule(settings.get("component", component), settings.get("name", "nightly"))
    schedule.trigger.expression = settings.get("expression", schedule.trigger.expression)
    with pytest.raises(HttpResponseError, match=says):
        client.schedules.begin_create_or_update(schedule)
    assert service.schedules == {}


def test_a_schedule_begins_jobs(service: ServiceV2, client: Sdk, component: str) -> None:
    client.schedules.begin_create_or_update(_schedule(component)).result()
    client.schedules.begin_create_or_update(_schedule(component, "weekly")).result()
    nightly, weekly = str(service.fire("nightly")), service.fire("weekly")
    by_hand = client.schedules.trigger("weekly").job_name
    assert [one.name for one in client.jobs.list(scheduled_job_name="weekly")] == [by_hand, weekly]
    assert [one.name for one in client.jobs.list()] == [by_hand, weekly, nightly]
    shown = client.jobs.get(nightly)
    assert (shown.display_name, shown.experiment_name) == ("nightly-20260105T080000Z", "night")
    assert _watch(client, nightly)[-1] == ("Completed", {"prepare": "Completed", "train": "Completed"})
    service.pause("nightly")
    assert service.fire("nightly") is None
    service.enable("nightly")
    assert service.fire("nightly") in service.jobs


def test_what_is_taken_may_fail_to_be_made(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.core.exceptions import HttpResponseError

    service.fails_to_make("nightly", "no room")
    with pytest.raises(HttpResponseError, match="no room"):
        client.schedules.begin_create_or_update(_schedule(component)).result()
    assert client.schedules.get("nightly").provisioning_state == "Failed"


def test_jobs_are_listed_by_tag_and_property(client: Sdk, component: str) -> None:
    from azure.ai.ml.entities import PipelineJob

    for name, value in (("one", "1"), ("two", "2")):
        properties, tags = {"digest": value}, {name: ""}
        client.jobs.create_or_update(
            PipelineJob(name=name, component=component, experiment_name="once", properties=properties, tags=tags)
        )
    assert [one.name for one in client.jobs.list(tag="one")] == ["one"]
    assert [one.name for one in client.jobs.list(properties="digest=2")] == ["two"]
    assert [one.name for one in client.jobs.list(properties="digest")] == ["two", "one"]


def _deployment(component: str, name: str = "dabc", endpoint: str = "lesson-train") -> Sdk:
    from azure.ai.ml.entities import PipelineComponentBatchDeployment

    settings, tags = {"default_compute": "cpu-cluster"}, {"digest": "abc"}
    return PipelineComponentBatchDeployment(
        name=name, endpoint_name=endpoint, component=component, settings=settings, tags=tags
    )


def test_a_batch_endpoint_runs_its_default_deployment(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.ai.ml import Input
    from azure.ai.ml.entities import BatchEndpoint
    from azure.core.exceptions import ResourceExistsError

    made = client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="lesson-train", tags={"a": "b"})).result()
    assert (made.tags, made.defaults) == ({"a": "b"}, {})
    for name in ("dabc", "ddef"):
        client.batch_deployments.begin_create_or_update(_deployment(component, name)).result()
    made.defaults = {"deployment_name": "dabc"}
    client.batch_endpoints.begin_create_or_update(made).result()
    assert client.batch_endpoints.get("lesson-train").defaults.deployment_name == "dabc"
    assert [one.name for one in client.batch_deployments.list("lesson-train")] == ["dabc", "ddef"]
    assert client.batch_deployments.get("dabc", "lesson-train").tags == {"digest": "abc"}
    inputs = {"epochs": Input(type="string", default="9")}
    job = client.batch_endpoints.invoke("lesson-train", inputs=inputs).name
    assert service.jobs[job]["properties"]["componentId"] == component
    assert service.jobs[job]["properties"]["inputs"]["epochs"]["value"] == "9"
    with pytest.raises(ResourceExistsError, match="is the default"):
        client.batch_deployments.begin_delete("dabc", "lesson-train")
    client.batch_deployments.begin_delete("ddef", "lesson-train").result()
    assert list(service.deployments) == [("lesson-train", "dabc")]
    client.batch_endpoints.begin_delete("lesson-train").result()
    assert (service.endpoints, service.deployments) == ({}, {})


def test_what_no_endpoint_can_be_is_refused(service: ServiceV2, client: Sdk, component: str) -> None:
    from azure.ai.ml.entities import BatchEndpoint
    from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

    service.takes_endpoint("train")
    with pytest.raises(ResourceExistsError, match="already in use"):
        client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="train"))
    with pytest.raises(HttpResponseError, match="default deployment gone does not exist"):
        client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="mine", defaults={"deployment_name": "gone"}))
    raw = {"location": "westeurope", "properties": {"authMode": "AADToken"}}
    with pytest.raises(HttpResponseError, match="3 to 32"):
        client.batch_endpoints._batch_operation.begin_create_or_update(GROUP, WORKSPACE, "a", raw)
    with pytest.raises(ResourceNotFoundError):
        client.batch_deployments.begin_create_or_update(_deployment(component, endpoint="gone"))
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="mine")).result()
    with pytest.raises(ResourceNotFoundError, match=r"component .* was not found"):
        client.batch_deployments.begin_create_or_update(_deployment(component.replace("abc", "gone"), endpoint="mine"))
    with pytest.raises(HttpResponseError, match="3 to 32"):
        client.batch_deployments.begin_create_or_update(_deployment(component, "1st", "mine"))
    tagged = client.batch_endpoints._batch_operation.begin_update(GROUP, WORKSPACE, "mine", {"tags": {"a": "b"}})
    assert tagged.result().tags == {"a": "b"}


# Faults: what the client does with them.


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_a_fault_that_passes_is_not_noticed(
    service: ServiceV2, connect: Connect, naps: list[float], status: int
) -> None:
    service.add_environment("training", "1")
    client = connect()
    service.fail("/environments/", status, times=3)
    assert client.environments.get("training", "1").version == "1"
    assert naps == [1.6, 3.2]  # the first retry comes at once
    assert len(service.asked("GET", "/versions/1")) == 4


def test_a_fault_that_stays_is_told_after_four_tries(service: ServiceV2, connect: Connect, naps: list[float]) -> None:
    from azure.core.exceptions import HttpResponseError

    service.fail("/jobs/", 503, times=99)
    with pytest.raises(HttpResponseError, match="a fault on order: 503"):
        connect().jobs.get("nobody")
    assert (len(service.asked("GET", "/nobody")), naps) == (4, [1.6, 3.2])
    with pytest.raises(HttpResponseError, match="a fault on order: 503"):
        connect(retry_total=0).jobs.get("nobody")
    assert (len(service.asked("GET", "/nobody")), naps) == (5, [1.6, 3.2])


def test_a_refusal_is_told_at_once(service: ServiceV2, connect: Connect, naps: list[float]) -> None:
    from azure.core.exceptions import HttpResponseError

    service.fail("/jobs/", 403, times=99)
    with pytest.raises(HttpResponseError, match="a fault on order: 403"):
        connect().jobs.get("nobody")
    assert (len(service.asked("GET", "/nobody")), naps) == (1, [])


def test_a_post_is_asked_again_after_503_alone(
    service: ServiceV2, client: Sdk, folder: Path, naps: list[float]
) -> None:
    from azure.core.exceptions import HttpResponseError

    service.fail("startPendingUpload", 503)
    service.fail("startPendingUpload", 429, first=3)
    with pytest.raises(HttpResponseError, match="429"):
        _submit(client, folder)
    assert (len(service.asked("POST", "/startPendingUpload")), naps) == (3, [])


def test_without_progress_a_failed_upload_is_waited_for_for_ever(
    service: ServiceV2, connect: Connect, folder: Path, naps: list[float]
) -> None:
    """``show_progress=False`` has nobody ask the futures of the uploads how they ended; a file less is waited for."""
    from azure.core.exceptions import HttpResponseError

    service.fail("train.py", 403, method="PUT")
    with pytest.raises(_SleepsForEver):
        _submit(connect(show_progress=False), folder)
    assert naps == [0.5] * FOR_EVER
    service.fail("train.py", 403, method="PUT", times=9)
    with pytest.raises(HttpResponseError, match="Refused"):
        _submit(connect(show_progress=True), folder)
    assert service.jobs == {}


# What must not happen.


def test_what_leaves_the_machine_fails_the_test(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match=r"wanted out: .*example\.com"),
        pytest.MonkeyPatch.context() as patch,
        serving_v2(tmp_path, patch),
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection(("example.com", 443))


def test_a_request_without_a_route_fails_the_test(service: ServiceV2, client: Sdk) -> None:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="no route"):
        list(client.models.list())
    assert len(service.unknown) == 1
    assert "GET /models" in service.complaints()[0]
    service.forgive()
    assert service.complaints() == []


def test_an_error_of_the_service_fails_the_test(service: ServiceV2, client: Sdk, folder: Path) -> None:
    job = _submit(client, folder).name
    del service.jobs[job]
    with pytest.raises(Exception, match="crashed"):
        client.jobs.get(job)
    assert "KeyError" in service.crashes[0]
    service.forgive()


def test_a_client_that_says_nothing_holds_up_nobody(service: ServiceV2, client: Sdk) -> None:
    port = int(service.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as silent, socket.create_connection(("127.0.0.1", port)) as bad:
        bad.sendall(b"GET / HTTP/1.1\r\n\r\n")
        service.add_compute("cpu-cluster")
        assert [one.name for one in client.compute.list()] == ["cpu-cluster"]
        assert silent.fileno() > 0


def test_who_does_not_trust_the_certificate_learns_nothing(service: ServiceV2) -> None:
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{service.url}/discovery", timeout=PATIENCE)  # noqa: S310 - it is ours
    assert service.requests == []


# As processes of their own.

SUBMIT = """
import sys
from azure.ai.ml import MLClient, load_job
from azure.identity import AzureCliCredential
client = MLClient(AzureCliCredential(), *sys.argv[2:])
job = client.jobs.create_or_update(load_job(sys.argv[1]))
print(job.name)
while client.jobs.get(job.name).status not in ("Completed", "Failed"):
    pass
"""


def test_a_process_needs_the_variables_alone(service: ServiceV2, folder: Path, tmp_path: Path) -> None:
    guard = {name: value for name, value in os.environ.items() if name.upper().endswith("_PROXY")}
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT, str(folder / "pipeline.yml"), SUBSCRIPTION, GROUP, WORKSPACE],
        env={**service.environ(tmp_path / "other"), **guard},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(service.jobs)  # what the client itself says goes to stderr
    assert "Uploading train" in done.stderr
    assert service.run_of(done.stdout.strip()).status == "Completed"
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["bin", "loopback.pem"]


def test_the_command_line_is_run_as_it_is(service: ServiceV2, project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.loopback_v2.command_line", "validate"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "pipeline.yaml: no errors.\n", "")
    assert service.requests == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_a_command_within_this_process_leaves_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def connections() -> int:
        gc.collect()
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(os.path.realpath(link).rpartition("/")[2].startswith("socket:") for link in links)

    before = connections()
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        for _ in range(2):  # each command freezes what the one before it left
            assert lesson.here(capsys, *lesson.submit).status == 0
    until(lambda: connections() <= before)
