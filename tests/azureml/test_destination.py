"""Where a pipeline goes in Azure ML: the keys ``sdk``, ``workspace``, ``experiment`` and ``tags``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn, cast

import pytest

from aml_pipeline import azureml, cli
from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.v1 import connect
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.core.errors import AzureError
from tests import v1
from tests.conftest import Project
from tests.loopback.lesson import Driven, Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

pytestmark = quiet
Capture = pytest.CaptureFixture[str]

TEXT = """
    name: greeting
    SDK
    compute: serverless
    environment: {name: training, conda_file: env.yml}
    parameters: {greeting: it's me}
    steps:
      greet:
        script: greet.py
        arguments: {--greeting: "${{ parameters.greeting }}"}
    profiles: {other: {sdk: v2}}
    """
GREET = """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--greeting")
    parser.parse_args()
    """


@pytest.fixture
def greeting(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.write({"pipeline.yaml": TEXT, "greet.py": GREET, "env.yml": "dependencies: [python=3.10]\n"})
    monkeypatch.chdir(project.root)
    return project


@pytest.mark.parametrize(
    ("sdk", "options", "code"),
    [
        ("", "", None),
        ("", "--sdk v1", "serverless-compute"),
        ("", "--sdk v2", "export-value"),
        ("sdk: v1", "", "serverless-compute"),
        ("sdk: v1", "--snapshot", "serverless-compute"),
        ("sdk: v1", "--sdk v2", "export-value"),
        ("sdk: v1", "--profile other", "export-value"),
    ],
)
def test_validate_tells_what_the_named_sdk_does_not_support(
    greeting: Project, sdk: str, options: str, code: str | None, capsys: Capture
) -> None:
    greeting.write({"pipeline.yaml": TEXT.replace("SDK", sdk)})
    status = cli.run(["validate", *options.split()], {})
    said = capsys.readouterr().out
    told = [one for one in ("serverless-compute", "export-value") if f"[{one}]" in said]
    assert (status, told) == ((2, [code]) if code else (0, []))


def test_a_warning_that_is_an_error_with_an_sdk_is_told_once(greeting: Project, capsys: Capture) -> None:
    text = TEXT.replace("it's me", "hello").replace("serverless", "cpu-cluster").replace("SDK", "")
    greeting.write({"pipeline.yaml": text, "env.yml": "dependencies: [python=3.10, pip, pip: [./wheels/ours.whl]]\n"})
    assert cli.run(["validate"], {}) == 0
    assert "no errors, 1 warning." in capsys.readouterr().out
    assert cli.run(["validate", "--sdk", "v2"], {}) == 2
    assert "1 error." in capsys.readouterr().out


def test_submit_uses_the_sdk_of_the_file_unless_one_is_given(greeting: Project, capsys: Capture) -> None:
    greeting.write({"pipeline.yaml": TEXT.replace("SDK", "sdk: v1").replace("it's me", "hello")})
    assert cli.run(["submit", "--dry-run"], {}) == 2
    assert "[serverless-compute]" in capsys.readouterr().err
    assert cli.run(["submit", "--dry-run", "--sdk", "v2"], {}) == 0
    assert cli.run(["submit", "--dry-run", "--profile", "other"], {}) == 0


# The workspace.

HERE = f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}"


def config(name: str) -> str:
    return json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": name})


@pytest.fixture
def connecting(greeting: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with every way to name a workspace; connecting fails, and tells what it should have connected to."""

    def refused(names: Names, *_: object) -> NoReturn:
        raise AzureError("/".join(names))

    monkeypatch.setattr(connect, "connect", refused)
    text = TEXT.replace("SDK", "workspace: s/g/file").replace("it's me", "hello").replace("serverless", "cpu")
    greeting.write(
        {
            "pipeline.yaml": text.replace("{sdk: v2}", "{workspace: places/profile.json}"),
            "places/profile.json": config("profile"),
            "places/option.json": config("option"),
            ".azureml/config.json": config("config"),
        }
    )
    return greeting


AZURE = {"AZURE_SUBSCRIPTION_ID": "s", "AZURE_DEFAULTS_GROUP": "g", "AZURE_DEFAULTS_WORKSPACE": "azure"}
AZUREML = {"AZUREML_ARM_SUBSCRIPTION": "s", "AZUREML_ARM_RESOURCEGROUP": "g", "AZUREML_ARM_WORKSPACE_NAME": "azureml"}


@pytest.mark.usefixtures("connecting")
@pytest.mark.parametrize("several", [(), ("--param", "greeting=a", "--param", "greeting=b")])
def test_a_dry_run_names_the_workspace_that_the_file_or_the_command_line_names(
    several: tuple[str, ...], capsys: Capture
) -> None:
    def named(*words: str) -> str:
        assert cli.run(["submit", "--dry-run", *several, *words], {}) == 0
        return capsys.readouterr().out.partition("\n")[0]

    profile = ("--profile", "other")
    assert named() == "workspace s/g/file"
    assert named(*profile) == "workspace places/profile.json"
    assert named(*profile, "--workspace", "s/g/option") == "workspace s/g/option"


def test_a_dry_run_names_the_places_of_data(greeting: Project, capsys: Capture) -> None:
    greeting.write(
        {
            "pipeline.yaml": """
            name: places
            compute: cpu
            environment: {name: training, conda_file: env.yml}
            datasets:
              rows: {local: env.yml, datastore: dev, path: rows.csv}
              unread: {registered: unread}
              sent: {local: env.yml, upload: true}
            steps:
              greet:
                script: greet.py
                arguments: ["${{ datasets.rows }}", "${{ datasets.sent }}"]
            profiles:
              other: {datasets: {rows: {registered: rows, version: 3}}}
            """,
            "greet.py": "print()",
        }
    )

    def places(*words: str) -> list[str]:
        assert cli.run(["submit", "--dry-run", *words], {}) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line for line in lines if line.startswith("dataset ")]

    sent = "dataset sent: 1 file, 28 bytes, uploaded unless Azure ML has it"
    assert places() == ["dataset rows azureml://datastores/dev/paths/rows.csv", sent]
    assert places("--profile", "other") == ["dataset rows azureml:rows:3", sent]
    assert places("--data", "rows=azureml:old:1") == ["dataset rows azureml:old:1", sent]


@v1.needs_v1
def test_of_all_ways_to_name_a_workspace_the_first_counts(connecting: Project, capsys: Capture) -> None:
    """The ways are removed one by one."""
    environ = {**AZURE, **AZUREML}

    def named(*words: str) -> str:
        assert cli.run(["submit", *words], environ) in {2, 4}
        return capsys.readouterr().err.rstrip("\n")

    profile = ("--profile", "other")
    assert named(*profile, "--workspace", "s/g/option") == "s/g/option"
    assert named(*profile, "--workspace", "places/option.json") == "s/g/option"
    assert named(*profile) == "s/g/profile"
    assert named() == "s/g/file"
    connecting.replace("pipeline.yaml", "workspace: s/g/file", "")
    assert named() == "s/g/config"
    (connecting.root / ".azureml/config.json").unlink()
    assert named() == "s/g/azure"
    del environ["AZURE_DEFAULTS_GROUP"]  # two of three say nothing
    assert named() == "s/g/azureml"
    environ.clear()
    assert named().endswith("Or name the workspace: `workspace: subscription/group/name` in the pipeline file, or "
                            "--workspace.")  # fmt: skip
    assert named("--workspace", "none.json").startswith(f"The configuration file {connecting.root}/none.json was not ")


COMMANDS = [
    "publish",
    "publish --version previous",
    "plan --remote",
    "runs --remote",
    "schedules --remote",
    "pause",
    "cancel x",
]


@v1.needs_v1
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_for_azure_ml_takes_the_workspace(connecting: Project, command: str, capsys: Capture) -> None:
    assert cli.run(command.split(), {}) == 4
    assert capsys.readouterr().err == "s/g/file\n"
    assert cli.run([*command.split(), "--workspace", "s/g/option"], {}) == 4
    assert capsys.readouterr().err == "s/g/option\n"
    if command != "cancel x":  # it knows no profile
        assert cli.run([*command.split(), "--profile", "other"], {}) == 4
        assert capsys.readouterr().err == "s/g/profile\n"
    assert connecting.cli("validate").returncode == 0


@pytest.mark.parametrize("command", ["plan", "runs", "schedules"])
def test_a_workspace_without_remote_is_refused(connecting: Project, command: str, capsys: Capture) -> None:
    assert connecting.root.is_dir()
    assert cli.run([command, "--workspace", "s/g/w"], {}) == 2
    assert capsys.readouterr().err == "--workspace needs --remote here: without it, nothing in Azure ML is looked at.\n"


@pytest.fixture(params=[pytest.param("v1", marks=v1.needs_v1), "v2"])
def lesson(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driven]:
    with (a_lesson if request.param == "v1" else a_lesson_v2)(tmp_path, monkeypatch) as lesson:
        lesson.replace("pipeline.yaml", "experiment: lesson", f"sdk: {request.param}\nexperiment: lesson")
        yield lesson


def sent_tags(lesson: Driven) -> Mapping[str, str]:
    if isinstance(lesson, LessonV2):
        return cast("Mapping[str, str]", list(lesson.service.jobs.values())[-1]["properties"]["tags"])
    assert isinstance(lesson, Lesson)
    (run,) = lesson.service.runs
    return cast("Mapping[str, str]", lesson.service.state.runs[run]["tags"])


def test_cancel_finds_the_workspace_to_which_the_run_was_submitted(lesson: Driven, capsys: Capture) -> None:
    (lesson.root / ".azureml/config.json").unlink()
    done = lesson.here(capsys, "submit", "--workspace", HERE)
    assert (done.status, done.err) == (0, "")
    where = f"workspace {WORKSPACE} (resource group {GROUP}, subscription {SUBSCRIPTION})\n"
    assert done.where == where
    assert lesson.record()["azureml"]["workspace"] == HERE
    done = lesson.here(capsys, "cancel")
    assert (done.status, done.where) == (0, where)


@v1.needs_v1
def test_publish_names_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        (lesson.root / ".azureml/config.json").unlink()
        lesson.replace("pipeline.yaml", "name: lesson", f"name: lesson\nworkspace: {HERE}")
        done = lesson.here(capsys, "publish", "--format", "json")
        assert done.status == 0
        assert done.where.count("\n") == 1
        assert json.loads(done.out)


def test_a_workspace_by_its_names_from_python(lesson: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    (lesson.root / ".azureml/config.json").unlink()
    with monkeypatch.context() as patch:
        lesson.log_in(patch)
        sdk = "v2" if isinstance(lesson, LessonV2) else "v1"
        workspace = azureml.connect(workspace=HERE, sdk=sdk, login=azureml.Login())
    assert "/".join(sdks.names_of(workspace)) == HERE


# Experiment and tags.


def test_a_run_has_the_tags_of_the_file_the_profile_and_the_command_line(lesson: Driven, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: lesson\ntags: {team: vision, stage: dev, n: 1}")
    with (lesson.root / "pipeline.yaml").open("a") as file:
        file.write("profiles: {prod: {experiment: nightly, tags: {stage: prod, region: west}}}\n")
    done = lesson.here(capsys, "submit", "--profile", "prod", "--tag", "region=north", "--tag", "note=a=b")
    assert (done.status, done.err) == (0, "")
    tags = {"team": "vision", "stage": "prod", "n": "1", "region": "north", "note": "a=b"}
    assert {**tags, "pipeline": "lesson", "profile": "prod"}.items() <= sent_tags(lesson).items()
    about = lesson.record()["azureml"]
    assert (about["experiment"], about["tags"]) == ("nightly", tags)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("team", '--tag "team" has no "=". Write NAME=VALUE, for example --tag team=vision.\n'),
        ("profile=x", 'The tag "profile" is set by aml-pipeline itself. Choose another name.\n'),
    ],
)
def test_a_tag_that_is_none(connecting: Project, word: str, told: str, capsys: Capture) -> None:
    assert connecting.root.is_dir()
    assert cli.run(["submit", "--tag", word], {}) == 2
    assert capsys.readouterr().err == told


# Secrets.


def test_nothing_of_a_secret_is_sent(lesson: Driven, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its value, nor its name, nor the variable; but the script, which reads it."""
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-value")
    declared = "environment_variables: {MY_TOKEN: {secret: my-token}, MODE: fast}\nexperiment: lesson"
    lesson.replace("pipeline.yaml", "experiment: lesson", declared)
    done = lesson.here(capsys, "submit")
    assert done.status == 0
    assert done.err.count("[unread-secret]") == 2
    assert isinstance(lesson, (Lesson, LessonV2))
    sent = json.dumps([one.body for one in lesson.service.requests], default=str)
    assert "fast" in sent
    assert [word for word in ("MY_TOKEN", "my-token", "s3cr3t-value") if word in sent] == []
    (run,) = lesson.runs()
    assert "s3cr3t-value" not in (run / "run.json").read_text()
