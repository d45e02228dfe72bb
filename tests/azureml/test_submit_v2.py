"""`submit --sdk v2` and `cancel`: the real command line and azure-ai-ml as it is, against a loopback service."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from aml_pipeline import load
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import installing
from aml_pipeline.core.errors import AzureError, PipelineError
from tests.azureml.test_conformance import CONFORMANCE, GIVEN, fill
from tests.azureml.test_export_v2 import by_hand
from tests.conftest import ROOT
from tests.forking import Started
from tests.loopback.lesson import goes_on
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback.storage import KEY, storing
from tests.loopback.wire import Answer, Request
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet
from tests.patience import PATIENCE, until
from tests.samples import in_turn
from tests.v2 import shell
from tests.v2.shell import Python

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
SUBMIT = ("submit", "--sdk", "v2")


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        yield lesson


def job_of(lesson: LessonV2) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the last job, and its properties as they were sent."""
    name = list(lesson.service.jobs)[-1]
    return name, lesson.service.jobs[name]["properties"]


def routes(lesson: LessonV2) -> list[str]:
    """Return what was written, without ids, digests, and the files of code."""
    found = [f"{one.method} {one.route}" for one in lesson.service.writes()]
    return [
        re.sub(r"[0-9a-f-]{36}|[0-9a-f]{16}|lesson-[0-9a-f]{12}", "ID", one) for one in found if "/blob/" not in one
    ]


def test_a_submitted_run_is_told_and_recorded(lesson: LessonV2) -> None:
    done = lesson.azure(*SUBMIT, "--param", "epochs=5")
    assert (done.status, done.err) == (0, "")
    name, job = job_of(lesson)
    assert done.out.splitlines()[0] == f"run {name}"
    portal = done.out.splitlines()[1]
    assert portal.startswith(f"https://ml.azure.com/runs/{name}?wsid=/subscriptions/")
    record = lesson.record()
    where = {"workspace": f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}", "tags": {}, "steps": ["prepare", "train"]}
    assert record["azureml"] == {"run": name, "experiment": "lesson", "portal": portal, "sdk": "v2", **where}
    assert done.where == f"workspace {WORKSPACE} (resource group {GROUP}, subscription {SUBSCRIPTION})\n"
    assert (record["state"], record["command"]) == ("submitted", "aml-pipeline submit --sdk v2 --param epochs=5")
    assert (job["jobType"], job["experimentName"], job["displayName"]) == ("Pipeline", "lesson", "lesson")
    assert job["tags"]["pipeline"] == "lesson"
    assert {key: one["value"] for key, one in job["inputs"].items()} == {"epochs": "5"}
    assert "force_rerun" not in job["settings"]
    assert "  submitted  " in lesson.cli("runs").stdout
    assert routes(lesson) == [
        "PUT /environments/training/versions/ID",
        *["POST /codes/ID/versions/1/startPendingUpload", "PUT /codes/ID/versions/1"],
        "PUT /components/azureml_anonymous/versions/ID",
        *["POST /codes/ID/versions/1/startPendingUpload", "PUT /codes/ID/versions/1"],
        "PUT /components/azureml_anonymous/versions/ID",
        "PUT /jobs/ID",
    ]


def test_what_is_sent_is_what_export_writes(lesson: LessonV2, capsys: Capture, tmp_path: Path) -> None:
    assert lesson.here(capsys, *SUBMIT).status == 0
    lesson.cli("export", str(tmp_path / "v2"))
    name, job = job_of(lesson)
    written = yaml.safe_load((tmp_path / "v2" / "pipeline.yml").read_text())
    assert list(job["jobs"]) == list(written["jobs"]) == ["prepare", "train"]
    for node in written["jobs"]:
        component = yaml.safe_load((tmp_path / "v2" / "components" / f"{node}.yml").read_text())
        sent = lesson.service.component_of(name, node)["properties"]["componentSpec"]
        assert sent["command"] == component["command"]
        assert sent["is_deterministic"] is True
        place = tmp_path / "v2" / "code" / node
        files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        assert lesson.service.code(lesson.service.component_of(name, node)) == files
    bound = job["jobs"]["train"]["inputs"]["in"]["value"]
    assert bound == written["jobs"]["train"]["inputs"]["in"] == "${{parent.jobs.prepare.outputs.data}}"


def test_nothing_is_made_twice(lesson: LessonV2, capsys: Capture) -> None:
    assert lesson.here(capsys, *SUBMIT).status == 0
    before = [len(one) for one in (lesson.service.environments, lesson.service.components)]
    lesson.service.forget()
    assert lesson.here(capsys, *SUBMIT).status == 0
    assert [one for one in routes(lesson) if "/codes/" in one or "/environments/" in one] == []
    assert [len(one) for one in (lesson.service.environments, lesson.service.components)] == before
    assert not [one for one in lesson.service.writes() if "/blob/" in one.route]
    lesson.replace("steps/train.py", "train", "another")
    lesson.service.forget()
    assert lesson.here(capsys, *SUBMIT).status == 0
    uploaded = {one.route.rsplit("/", 2)[-2] for one in lesson.service.writes() if "/blob/" in one.route}
    assert uploaded == {"train"}


def test_waiting_shows_steps_and_records_them(lesson: LessonV2) -> None:
    lesson.service.prints("train", "epoch 1\nAccountKey=abcdefgh==\n")
    done = lesson.azure(*SUBMIT, "--wait")
    assert done.status == 0, done.err
    assert done.out.splitlines()[2:] == ["prepare  done in 30.0 s", "train    done in 30.0 s"]
    record = lesson.record()
    assert record["state"] == "done"
    assert {name: row["state"] for name, row in record["steps"].items()} == {"prepare": "done", "train": "done"}
    assert lesson.cli("logs", "train").stdout == "epoch 1\nAccountKey=***\n"
    assert "  done  " in lesson.cli("runs").stdout
    page = Path(lesson.cli("report").stdout.split()[-1])
    assert "epoch 1" in (lesson.root / page).read_text(encoding="utf-8")


def test_a_log_that_is_refused_fails_no_run(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.fail("/logs/", 403, times=1000)
    assert lesson.here(capsys, *SUBMIT, "--wait").status == 0
    said = lesson.cli("logs", "train").stdout
    assert said.startswith(
        "The log could not be downloaded. You are not allowed to do that in this workspace. Ask its owner for "
    )
    assert "invalid status" not in said


def test_where_the_code_comes_from_is_told_of_the_project_alone(lesson: LessonV2, tmp_path: Path) -> None:
    """azure-ai-ml would tell it of the folder where the command is typed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(elsewhere, "init", "--quiet")
    git(elsewhere, "remote", "add", "origin", "ssh://git:pw12345@git.example/x.git")
    git(elsewhere, "commit", "--quiet", "--allow-empty", "-m", "another")
    words = (*SUBMIT, "-f", str(lesson.root / "pipeline.yaml"))
    assert lesson.azure(*words, cwd=elsewhere).status == 0
    assert job_of(lesson)[1]["properties"] == {"azureml.git.dirty": "False"}
    git(lesson.root, "init", "--quiet", "--initial-branch=main")
    git(lesson.root, "add", "pipeline.yaml", "conda.yml", ".azureml")
    git(lesson.root, "commit", "--quiet", "-m", "first")
    commit = git(lesson.root, "rev-parse", "HEAD")
    assert lesson.azure(*words, cwd=elsewhere).status == 0
    job = job_of(lesson)[1]
    assert job["tags"]["git_commit"] == commit
    assert job["properties"] == {
        "azureml.git.dirty": "True",  # steps/ is not committed
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": commit,
    }


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_temporary_folder_within_the_source_is_no_part_of_it(lesson: LessonV2) -> None:
    lesson.write({"steps/prepare.py": "import importlib\nimportlib.import_module(name)\n", "steps/tmp/x.py": ""})
    done = lesson.azure(*SUBMIT, environ={"TMPDIR": str(lesson.root / "steps" / "tmp")})
    assert (done.status, done.err) == (0, "")
    files = lesson.service.code(lesson.service.component_of(job_of(lesson)[0], "prepare"))
    assert {name for name in files if not name.startswith(".")} == {"prepare.py", "train.py", "tmp/x.py"}
    assert os.listdir(lesson.root / ".aml_pipeline" / "lesson" / "uploads") == []


def test_force_and_a_step_alone_run_afresh(lesson: LessonV2, capsys: Capture) -> None:
    assert lesson.here(capsys, *SUBMIT, "--force").status == 0
    assert job_of(lesson)[1]["settings"]["force_rerun"] is True
    done = lesson.here(capsys, *SUBMIT, "prepare", "--wait")
    assert done.out.splitlines()[2:] == ["prepare  done in 30.0 s"]
    _, job = job_of(lesson)
    assert (list(job["jobs"]), job["settings"]["force_rerun"]) == (["prepare"], True)
    refused = lesson.here(capsys, *SUBMIT, "train")
    assert (refused.status, refused.out) == (2, "")
    assert 'step "train" reads data of step "prepare", so it cannot run alone.' in refused.err


@pytest.fixture
def held(lesson: LessonV2, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Give an event that uploads of files wait for."""
    arrived, answer = threading.Event(), lesson.service._server.answer

    def slow(request: Request) -> Answer | None:
        if request.method == "PUT" and "/blob/" in request.route:
            arrived.wait()
        return answer(request)

    monkeypatch.setattr(lesson.service._server, "answer", slow)
    yield arrived
    arrived.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_an_upload(lesson: LessonV2, held: threading.Event, number: signal.Signals) -> None:
    process = _stopped_once(lesson, number)
    held.set()
    done = lesson.end(process)
    assert done.status == -number
    if done.out:  # Python was within an object's finalizer, from which no exception comes
        name, _ = job_of(lesson)
        assert done.out.startswith(f"run {name}\n")
        assert done.err == f"{goes_on(name)}\n"
    else:
        lost = "If it started nevertheless, the portal shows it in experiment lesson."
        # Progress bars of the SDK may complain that they were cut off, before the process ends.
        assert done.err.startswith(f"Stopped while the run was being submitted. {lost}\n")
        assert lesson.service.jobs == {}
        assert lesson.runs() == []


@pytest.mark.usefixtures("held")
def test_stopping_an_upload_at_once(lesson: LessonV2) -> None:
    process = _stopped_once(lesson, signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    done = lesson.end(process)
    assert (done.status, done.out, done.err) == (-signal.SIGTERM, "", "Stopped.\n")
    assert lesson.service.jobs == {}


def _stopped_once(lesson: LessonV2, number: signal.Signals) -> Started:
    process = lesson.start_azure(*SUBMIT)
    until(lambda: any("/blob/" in one.route for one in lesson.service.writes()))
    process.send_signal(number)
    process.stderr.readline()  # the workspace
    heard = process.stderr.readline()
    assert heard == "Stopping after the current uploads; interrupt again to stop at once.\n"
    assert process.poll() is None
    return process


def test_stopping_while_the_job_is_sent_leaves_one_that_cancel_knows(
    lesson: LessonV2, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), lesson.service._server.answer

    def slow(request: Request) -> Answer | None:
        said = answer(request)
        if request.method == "PUT" and "/jobs/" in request.route:
            asked.wait()
        return said

    monkeypatch.setattr(lesson.service._server, "answer", slow)
    process = lesson.start_azure(*SUBMIT)
    until(lambda: lesson.service.jobs)
    process.send_signal(signal.SIGINT)
    done = lesson.end(process)
    asked.set()
    assert done.status == -signal.SIGINT
    name, _ = job_of(lesson)
    _, told = done.err.splitlines()
    lost = f"If run {name} did start, stop it with `aml-pipeline cancel {name}`."
    assert told == f"Stopped while the run was being submitted. {lost}"
    assert (lesson.record()["azureml"]["run"], lesson.record()["azureml"]["sdk"]) == (name, "v2")
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {name}\n"
    assert lesson.service.cancelled == [name]


def test_cancelling_a_job_that_nobody_here_sent(lesson: LessonV2, capsys: Capture) -> None:
    assert lesson.here(capsys, *SUBMIT).status == 0
    name, _ = job_of(lesson)
    shutil.rmtree(lesson.root / ".aml_pipeline")
    assert lesson.here(capsys, "cancel", name, "--sdk", "v2").out == f"asked Azure ML to stop run {name}\n"
    done = lesson.here(capsys, "cancel", "nothing_there", "--sdk", "v2")
    assert (done.status, done.out) == (4, "")
    assert done.err == (
        "Cancelling run nothing_there failed. Azure ML cannot find it. Check the names that you gave and those in "
        ".azureml/config.json. Azure ML says: Job nothing_there was not found in workspace loopback.\n"
    )


@pytest.mark.parametrize(
    ("there", "python", "sdk"),
    [
        ({"azureml-pipeline-steps", "azureml-core", "azure-ai-ml"}, (3, 11), "v1"),
        ({"azureml-core", "azure-ai-ml"}, (3, 12), "v2"),
        ({"azure-ai-ml"}, (3, 11), "v2"),
        ({"azureml-pipeline-steps", "azureml-core"}, (3, 11), "v1"),
        (set(), (3, 11), "v1"),
        (set(), (3, 12), "v2"),
    ],
)
def test_the_sdk_of_a_run_that_nothing_tells_of(
    there: set[str], python: tuple[int, int], sdk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "python", lambda: python)
    monkeypatch.setattr(installing, "is_apple_silicon", lambda: False)

    def found(name: str) -> str:
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return name

    monkeypatch.setattr(metadata, "distribution", found)
    assert sdks.installed() == sdk


# What the workspace has, and has not.


def test_models_and_results_are_outputs_of_the_job(lesson: LessonV2) -> None:
    option = "      --out: ${{ outputs.data }}\n"
    settings = "    outputs: {data: {type: file, path: 'nets/{run}', model: {name: net}}}\n"
    lesson.replace("pipeline.yaml", option, option + settings)
    with (lesson.root / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write("outputs: {net: '${{ steps.prepare.outputs.data }}'}\n")
    done = lesson.azure(*SUBMIT, "--wait")
    assert done.status == 0, done.err
    _, job = job_of(lesson)
    assert job["outputs"]["net"] == {
        "jobOutputType": "custom_model",
        "assetName": "net",
        "mode": "Upload",
        "uri": "azureml://datastores/${{default_datastore}}/paths/nets/${{name}}",
    }
    assert job["jobs"]["prepare"]["outputs"] == {"data": {"type": "literal", "value": "${{parent.outputs.net}}"}}
    assert "prepare.data: registered as model net\n" in lesson.azure(*SUBMIT, "--dry-run").out


def test_serverless_compute_is_looked_up_by_nobody(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: serverless")
    lesson.service.computes.clear()
    done = lesson.here(capsys, *SUBMIT, "--wait")
    assert done.status == 0, done.err
    assert not [one for one in lesson.service.requests if "/computes" in one.route]
    assert job_of(lesson)[1]["settings"]["default_compute"].endswith("/computes/serverless")


def test_a_missing_environment_and_a_missing_datastore_are_told_in_our_words(lesson: LessonV2, capsys: Capture) -> None:
    team = "\n    environment: {registered: team}"
    lesson.replace("pipeline.yaml", "script: train.py", f"script: train.py{team}")
    assert (
        lesson.here(capsys, *SUBMIT).err
        == "Workspace loopback has no environment team. Check its name in the portal.\n"
    )
    lesson.replace("pipeline.yaml", team, "")
    lesson.replace(
        "pipeline.yaml", "${{ outputs.data }}", '"${{ outputs.data }}"\n    outputs: {data: {datastore: big}}'
    )
    told = "Workspace loopback has no datastore big. Check its name in the portal.\n"
    assert lesson.here(capsys, *SUBMIT).err == told


def test_the_build_context_of_an_image_is_uploaded_once(
    lesson: LessonV2, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson.replace("pipeline.yaml", "conda_file: conda.yml", "dockerfile: docker/Dockerfile")
    files = {"Dockerfile": "FROM python:3.11\nCOPY . /tools\n", "more/packages.txt": "numpy\n"}
    lesson.write({f"docker/{name}": text for name, text in files.items()})
    lesson.service.unlock("AccountKey", KEY)
    with storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        done = lesson.here(capsys, *SUBMIT)
        assert (done.status, done.err) == (0, "")
        (sent,) = lesson.service.environments.values()
        build = sent["properties"]["build"]
        assert "dockerfilePath" not in build  # Dockerfile is the default
        folder = build["contextUri"].partition(".net/workspaceblobstore/")[2]
        assert storage.files(folder) == {name: text.encode() for name, text in files.items()}
        storage.forget()
        assert lesson.here(capsys, *SUBMIT).status == 0
        assert storage.sent == []


def test_an_environment_of_a_registry_is_sent_as_its_address(lesson: LessonV2, capsys: Capture) -> None:
    registered = "{registered: sklearn-1.5, registry: azureml, version: 3}"
    lesson.replace("pipeline.yaml", "{name: training, conda_file: conda.yml}", registered)
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (0, "")
    sent = {one["properties"]["componentSpec"]["environment"] for one in lesson.service.components.values()}
    assert sent == {"azureml://registries/azureml/environments/sklearn-1.5/versions/3"}
    assert "PUT /environments" not in "".join(routes(lesson))


def test_the_words_for_what_is_not_there_are_those_of_v1(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: cpu-clutser")
    assert lesson.here(capsys, *SUBMIT).err == (
        "Workspace loopback has no compute target cpu-clutser. "
        'Did you mean "cpu-cluster"? With `vm_size:`, it is created.\n'
    )
    lesson.replace("pipeline.yaml", "cpu-clutser", "broken")
    lesson.service.add_compute("broken", "Failed")
    assert lesson.here(capsys, *SUBMIT).err == (
        "Compute target broken cannot be used: it is failed. Delete it in the portal, or name another.\n"
    )


NO_KIND = "of a kind that azure-ai-ml does not know"


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        (
            {"computeType": "AKS"},
            f"Compute target other is {NO_KIND}, which cannot run steps. Name a cluster or an instance.",
        ),
        (
            {"computeType": "ComputeInstance", "properties": {"vmSize": "STANDARD_D2_V2", "state": "Stopped"}},
            "Compute target other is a stopped instance. Start it in the portal, or name another.",
        ),
    ],
)
def test_a_target_on_which_no_step_would_ever_run(
    lesson: LessonV2, capsys: Capture, properties: dict[str, object], words: str
) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: other")
    lesson.service.computes["other"] = {"location": "here", "properties": properties}
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (4, f"{words}\n")
    assert lesson.service.writes() == []


def test_a_cluster_of_another_size_is_told(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: {name: cpu-cluster, vm_size: STANDARD_NC24}")
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (
        0,
        "Compute target cpu-cluster exists with size STANDARD_D2_V2, not STANDARD_NC24, and is used as it is.\n",
    )


def test_a_cluster_is_made_at_last(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace(
        "pipeline.yaml", "compute: cpu-cluster", "compute: {name: new, vm_size: STANDARD_D2_V2, max_nodes: 3}"
    )
    assert lesson.here(capsys, *SUBMIT).status == 0
    kinds = [one.split("/")[1] for one in routes(lesson)]
    assert kinds.index("computes") == kinds.index("environments") + 1
    made = lesson.service.computes["new"]["properties"]["properties"]
    assert (made["vmSize"], made["scaleSettings"]["maxNodeCount"]) == ("STANDARD_D2_V2", 3)
    lesson.service.forget()
    assert lesson.here(capsys, *SUBMIT).status == 0
    assert "computes" not in [one.split("/")[1] for one in routes(lesson)]


def test_an_optional_dataset_that_is_not_there_is_left_out(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace(
        "pipeline.yaml", "parameters:\n", "datasets:\n  more: {registered: images, optional: true}\nparameters:\n"
    )
    lesson.replace("pipeline.yaml", "--epochs: ", "--more: ${{ datasets.more }}\n      --epochs: ")
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (0, 'Azure ML has no dataset more, so --more of step "train" is omitted.\n')
    spec = lesson.service.component_of(job_of(lesson)[0], "train")["properties"]["componentSpec"]
    assert "--more" not in spec["command"]
    lesson.replace("pipeline.yaml", "registered: images", "registered: images, version: latest")
    lesson.service.add_data("images", "4")
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (0, "")
    name, job = job_of(lesson)
    of_pipeline, read = job["inputs"]["more"], job["jobs"]["train"]["inputs"]["more"]
    assert of_pipeline["uri"].endswith("/data/images/versions/4")
    assert of_pipeline["jobInputType"] == "uri_folder"  # as it is registered there
    assert (read["value"], read.get("mode")) == ("${{parent.inputs.more}}", None)  # mounted, which is the default
    assert (
        "--more '${{inputs.more}}'"
        in lesson.service.component_of(name, "train")["properties"]["componentSpec"]["command"]
    )


# What is refused, and by whom.


def test_what_v2_cannot_say_is_told_before_anything_is_sent(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "  epochs: 2", "  epochs: it's")
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.out) == (2, "")
    assert "[export-value]" in done.err
    assert lesson.here(capsys, *SUBMIT, "--dry-run").err == done.err
    assert lesson.service.requests == []
    assert lesson.here(capsys, "submit", "--sdk", "v1", "--dry-run").status == 0  # v1 can say it
    alone = lesson.here(capsys, *SUBMIT, "prepare")  # which does not receive it
    assert (alone.status, alone.err) == (0, "")


def test_schedules_are_not_sent_so_their_values_are_not_looked_at(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "  epochs: 2", '  epochs: {type: string, default: "2"}')
    with (lesson.root / "pipeline.yaml").open("a") as file:
        file.write("schedules:\n  nightly: {cron: '0 2 * * *', time_zone: UTC, parameters: {epochs: \"it's\"}}\n")
    assert lesson.here(capsys, *SUBMIT).status == 0
    assert "[export-value]" in lesson.cli("export", "v2", status=2).stderr


def test_a_parameter_that_no_step_receives(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "  epochs: 2", "  epochs: 2\n  unused: 1")
    done = lesson.here(capsys, *SUBMIT, "--param", "unused=2")
    assert (done.status, done.err) == (0, 'No step receives the parameter "unused", so it is not sent.\n')


def test_a_library_call_is_silent_and_refuses_what_the_command_line_refuses(lesson: LessonV2, capsys: Capture) -> None:
    from aml_pipeline import azureml

    client = azureml.connect(str(lesson.root), sdk="v2", login=azureml.Login())
    file = str(lesson.root / "pipeline.yaml")
    plan = load(file)
    job = azureml.submit(plan, client)
    assert azureml.submit(plan, client, step="prepare").id != job.id
    with pytest.raises(PipelineError, match=r"cannot run alone"):
        azureml.submit(plan, client, step="train")
    lesson.replace("pipeline.yaml", "  epochs: 2", "  epochs: it's")
    with pytest.raises(PipelineError, match=r"\[export-value\]"):
        azureml.submit(load(file), client)
    assert len(lesson.service.jobs) == 2
    assert capsys.readouterr() == ("", "")


def test_a_client_without_progress_does_not_wait_for_ever(lesson: LessonV2) -> None:
    """Told in tests/loopback_v2/README.md: of a failed upload."""
    from aml_pipeline import azureml

    client = azureml.connect(str(lesson.root), sdk="v2", login=azureml.Login())
    client._operation_config._show_progress = False
    lesson.service.fail("/blob/", 403, method="PUT", times=1000)
    with pytest.raises(AzureError, match=r"You are not allowed to use the storage account of this workspace"):
        azureml.submit(load(str(lesson.root / "pipeline.yaml")), client)


DROPPED = 0
FAULTS = {
    DROPPED: "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again.",
    401: "You are not logged in to Azure ML, or the login has expired. Log in: `az login`; ",
    403: "You are not allowed to do that in this workspace. Ask its owner for the role AzureML Data Scientist, ",
    404: "Azure ML cannot find it. Check the names ",
    409: "Something with that name exists with different content, or is being changed right now. Try again in a "
    "while; ",
    429: "Azure ML is throttling requests; wait a few minutes, and try again.",
    500: "Azure ML had an internal error (HTTP 500). Try again in a while.",
}
OF_STORAGE = (
    "You are not allowed to use the storage account of this workspace. Ask its owner for the role Storage Blob "
    "Data Contributor; "
)
PLACES = {
    "GET ^/$": "Connecting to workspace loopback failed.",
    "GET /computes/cpu": "Looking up compute target cpu-cluster failed.",
    "GET /environments/": "Looking up environment training failed.",
    "PUT /environments/": "Registering environment training failed.",
    "GET /codes": "Submitting the pipeline failed.",
    "POST /codes/": "Submitting the pipeline failed.",
    "PUT /codes/": "Submitting the pipeline failed.",
    "HEAD /blob/": "Submitting the pipeline failed.",
    "PUT /blob/": "Submitting the pipeline failed.",
    "PUT /components/": "Submitting the pipeline failed.",
    "PUT /jobs/": "Submitting the pipeline failed.",
}
ABSENT = {"GET /computes/cpu", "GET /environments/", "HEAD /blob/"}  # of these 404 is an answer
OF_THE_SDK = re.compile(
    r"invalid status|Asset .* does not exist|Client Error|Server Error|ConnectionPool|Error occurred"
)


MAY_HAVE_BEGUN = r" If run (lesson-\w+) did start, stop it with `aml-pipeline cancel \1`\."


@pytest.mark.parametrize(("place", "statuses"), in_turn(PLACES, [*FAULTS], 2))
def test_a_refusal_is_one_line_in_our_words(lesson: LessonV2, capsys: Capture, place: str, statuses: list[int]) -> None:
    method, _, route = place.partition(" ")
    for status in statuses:
        if status == 404 and place in ABSENT:
            continue
        lesson.service.faults.ordered.clear()
        lesson.service.state.environments.clear()
        lesson.service.state.codes.clear()
        lesson.service.state.blobs.clear()
        (lesson.service.fail(route, status, method=method, times=1000) if status else
         lesson.service.drop(route, method=method, times=1000))  # fmt: skip
        done = lesson.here(capsys, *SUBMIT)
        assert (done.status, done.out) == (4, "")
        (failed,) = done.err.splitlines()
        expected = OF_STORAGE if (status, "/blob/" in route) == (403, True) else FAULTS[status]
        assert failed.startswith(f"{PLACES[place]} {expected}")
        assert not OF_THE_SDK.search(failed)
        assert failed.count("on order") <= 1
        begun = re.search(f"{MAY_HAVE_BEGUN}$", failed)
        assert bool(begun) == (place == "PUT /jobs/" and status in {DROPPED, 500})


def test_a_job_whose_answer_got_lost_is_one_that_cancel_knows(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.lose("/jobs/", method="PUT", times=1000)
    assert lesson.here(capsys, *SUBMIT).status == 4
    name, _ = job_of(lesson)
    assert lesson.here(capsys, "cancel").out == f"asked Azure ML to stop run {name}\n"
    assert lesson.service.cancelled == [name]


def test_nobody_answers(lesson: LessonV2) -> None:
    lesson.service.drop("^/$", times=1000)
    done = lesson.azure(*SUBMIT)
    assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
    assert "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again." in done.err


def test_nobody_is_logged_in(lesson: LessonV2, tmp_path: Path) -> None:
    refusing = tmp_path / "refusing"
    refusing.mkdir()
    (refusing / "az").write_text("#!/bin/sh\necho 'Please run az login to setup account.' >&2\nexit 1\n")
    (refusing / "az").chmod(0o755)
    done = lesson.azure(*SUBMIT, environ={"PATH": f"{refusing}:{os.environ['PATH']}"})
    assert (done.status, done.out, done.err.count("\n")) == (4, "", 1)
    assert done.err.startswith("You are not logged in to Azure CLI. Log in: `az login`; ")


def test_an_sdk_that_is_not_installed(lesson: LessonV2, tmp_path: Path) -> None:
    broken = tmp_path / "first" / "azure"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'azure'\")\n")
    environ = {"PYTHONPATH": os.pathsep.join([str(broken.parent), lesson.environ["PYTHONPATH"]])}
    done = lesson.azure(*SUBMIT, environ=environ)
    assert (done.status, done.out, done.err.count("\n")) == (6, "", 1)
    assert done.err.endswith("Install it there: pip install 'aml-pipeline-yaml[azureml-v2]'.\n")
    assert lesson.service.requests == []


def test_a_wait_outlives_a_service_that_is_gone_for_a_while(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.fail("^/discovery", 503, times=4)
    lesson.service.drop("/children", first=2, times=2)
    lesson.service.fail("/details", 503, times=8)
    done = lesson.here(capsys, *SUBMIT, "--wait", patience=PATIENCE)
    assert done.status == 0, done.err
    assert lesson.record()["state"] == "done"


def test_a_wait_ends_when_nobody_answers_for_long(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.fail("^/discovery", 503, times=10**6)
    done = lesson.here(capsys, *SUBMIT, "--wait")
    name, _ = job_of(lesson)
    assert done.status == 4
    *_, continues, failed = done.err.splitlines()
    assert continues == goes_on(name)
    assert failed == (
        "Azure ML did not return the addresses of its services. Check your role in the workspace, and try again in "
        "a while."
    )


def test_what_takes_long_is_told(lesson: LessonV2) -> None:
    """On standard error, from which the SDK is kept off meanwhile."""
    lesson.service.fail("/jobs/", 503, times=1000)  # the SDK asks again, for a second
    done = lesson.azure(*SUBMIT, environ={"LOOPBACK_SILENCE": "0.2", "LOOPBACK_SLEEP": "0.3"})
    assert (done.status, done.out) == (4, "")
    *told, failed = done.err.splitlines()
    assert re.search(MAY_HAVE_BEGUN, failed)
    assert [line for line in told if re.fullmatch(r"still submitting the pipeline \(\d+ s\)", line)]
    assert failed.startswith("Submitting the pipeline failed. Azure ML had an internal error (HTTP 503).")


def test_a_cluster_that_is_just_being_made_is_waited_for(lesson: LessonV2) -> None:
    lesson.service.add_compute("cpu-cluster", "Creating")
    process = lesson.start_azure(*SUBMIT)
    until(lambda: len(lesson.service.asked("GET", "/computes/cpu-cluster")) > 2)
    assert not lesson.service.writes()
    lesson.service.add_compute("cpu-cluster")
    done = lesson.end(process)
    assert (done.status, done.out[:4], done.err) == (0, "run ", "")


# The same arguments as here.


@pytest.mark.parametrize("file", sorted((CONFORMANCE / "pipelines").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_a_script_receives_what_it_receives_here(
    lesson: LessonV2, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """The commands of the bodies that were sent, bound and run by real shells."""
    shutil.rmtree(lesson.root)
    lesson.root.mkdir()
    fill(lesson.root)
    lesson.configure()
    for name in ("big-cluster", "made-cluster"):
        lesson.service.add_compute(name)
    lesson.service.add_datastore("results")
    for version in ("1", "2"):
        lesson.service.add_data("images", version)
    lesson.service.add_data("letters", "1")
    lesson.service.add_environment("team", "1")
    text, expected = by_hand(file)
    lesson.write({"pipeline.yaml": text})
    profile, parameters = GIVEN.get(file.stem, (None, {}))
    chosen = ["--workspace=.azureml/config.json", *(["--profile", profile] if profile else [])]
    lesson.service.unlock("AccountKey", KEY)
    with storing(lesson.service.guard, tmp_path, monkeypatch):
        done = lesson.here(capsys, *SUBMIT, *chosen, *(f"--param={name}={value}" for name, value in parameters.items()))
    assert done.status == 0, done.err
    name, job = job_of(lesson)
    python, order = Python(tmp_path / "bin"), tmp_path / "order"
    order.mkdir()
    plan = load(lesson.root / "pipeline.yaml")
    for node in job["jobs"]:
        spec = lesson.service.component_of(name, node)["properties"]["componentSpec"]
        writes_order = "outputs.order}" in spec["command"] and "order" not in expected[shell.step(node)]
        command = shell.bound(job, node, spec["command"], order if writes_order else None)
        for one in shell.SHELLS:
            words = plan.step(shell.step(node)).words
            assert python.starts(one, command) == [*words, *expected[shell.step(node)]]


def test_the_shipped_pipeline_from_the_environment_to_the_end(lesson: LessonV2, tmp_path: Path) -> None:
    shutil.rmtree(lesson.root / "steps")
    shutil.copytree(ROOT / "steps", lesson.root / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pipeline.yaml", lesson.root)
    shutil.copy(ROOT / ".azureml" / "pytorch-env.yml", lesson.root / ".azureml")
    done = lesson.azure(*SUBMIT, "--wait", "--param", "learning_rate=0.010")
    assert done.status == 0, done.err
    assert [row.split()[0] for row in done.out.splitlines()[2:]] == ["prepare-data", "train", "register-environment"]
    ((environment, version),) = lesson.service.environments
    name, job = job_of(lesson)
    for node in job["jobs"]:
        spec = lesson.service.component_of(name, node)["properties"]["componentSpec"]
        assert spec["environment"].endswith(f"/environments/{environment}/versions/{version}")
    spec = lesson.service.component_of(name, "train")["properties"]["componentSpec"]
    command, python = shell.bound(job, "train", spec["command"], None), Python(tmp_path / "bin")
    given = {"--epochs": "2", "--batch-size": "4", "--learning-rate": "0.010", "--seed": "0"}
    expected = ["--data", "<input prepare-data.images>", *[word for one in given.items() for word in one]]
    for one in shell.SHELLS:
        assert python.receives(one, command) == ["train.py", *expected, "--output", "<output train.model>"]
    assert shell.after(job)["register-environment"] == {"train"}
