"""Secrets that would be sent to Azure ML, or recorded: files, values and addresses of a project on a disk."""

from __future__ import annotations

import json

import pytest

from aml_pipeline.azureml import refusal, sendable
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline import redaction
from aml_pipeline.project import script_check, secret_check
from aml_pipeline.project.environment import indexes
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import Project

HEAD = """
    name: secrets
    compute: cpu-cluster
    environment: {registered: training, version: 1}
    """
SIGNED = "https://acct.blob.core.windows.net/data/iris.csv?sv=2024-11-04&sp=r&sig=c2lnbmF0dXJlMTIz%3D"


def warned(project: Project, text: str, **files: str) -> list[Problem]:
    """Return the warnings about secrets of a pipeline with ``text`` below its first lines."""
    project.write({"pipeline.yaml": f"{HEAD}{text}", "train.py": "", **files})
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    return secret_check.warnings(plan, opened, plan.steps)


READS = """
    steps:
      train:
        script: train.py
        snapshot: ["*.py"]
        environment_variables: {TOKEN: {secret: my-token}}
    """


@pytest.mark.parametrize(
    "content",
    [b'print "get_secret"\n', b"get_secret\0", b"# coding: none-such\nget_secret()\n", b"(" * 400 + b"get_secret"],
)
def test_a_file_that_python_cannot_read_may_read_any_secret(project: Project, content: bytes) -> None:
    project.write({"old.py": ""})
    (project.root / "old.py").write_bytes(content)
    assert warned(project, READS) == []


def test_a_long_chain_of_calls_is_read(project: Project) -> None:
    chain = "run" + ".f()" * 150 + '.get_secret("my-token")\n'
    assert warned(project, READS, **{"old.py": chain}) == []


def test_the_login_of_an_address_may_be_split_by_an_expression(project: Project) -> None:
    text = """
    parameters: {who: bob}
    steps:
      train:
        script: train.py
        arguments:
          --mirror: "https://${{ parameters.who }}:pwSECRET3@host.example/x"
          --words: "https://bob:${{ parameters.who }}@host.example/${{ parameters.who }}/data"
    """
    [warning] = warned(project, text)
    assert (warning.code, warning.path[-1]) == ("plain-secret", "--mirror")
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    for stored in (redaction.for_record(plan), sendable.parts(plan, opened, plan.steps[0])):
        assert "pwSECRET3" not in json.dumps(stored)
        assert "https://bob:" in json.dumps(stored)


def test_the_signature_of_an_address_is_reported_and_not_recorded(project: Project) -> None:
    text = f"""
    datasets:
      iris: {{url: "{SIGNED}"}}
      other: {{url: "https://example.com/other.csv"}}
    steps:
      train:
        script: train.py
        arguments: {{--iris: "${{{{ datasets.iris }}}}", --other: "${{{{ datasets.other }}}}"}}
    schedules:
      nightly: {{cron: "0 2 * * *", datasets: {{other: "{SIGNED}"}}}}
    """
    found = warned(project, text)
    assert [(problem.code, problem.path) for problem in found] == [
        ("plain-secret", ("datasets", "iris", "url")),
        ("plain-secret", ("schedules", "nightly", "datasets", "other")),
    ]
    assert not [problem for problem in found if "c2ln" in problem.message + problem.cure]
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    assert "c2ln" not in json.dumps(redaction.for_record(plan))
    assert "c2ln" not in json.dumps(sendable.parts(plan, opened, plan.steps[0]))
    assert project.cli("schedules").stdout.count("sig=***") == 1


def test_the_signature_of_a_place_that_is_given_is_not_recorded(project: Project) -> None:
    text = """
    datasets: {iris: {local: iris.csv}}
    steps:
      train: {script: train.py, arguments: {--iris: "${{ datasets.iris }}"}}
    """
    warned(project, text)
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml"), data={"iris": SIGNED}).require()
    assert [problem.code for problem in secret_check.warnings(plan, opened, plan.steps)] == ["plain-secret"]
    assert "c2ln" not in json.dumps(redaction.for_record(plan))


def test_a_schedule_may_set_a_parameter_to_a_secret(project: Project) -> None:
    text = """
    parameters: {password: changeme, epochs: 5}
    steps:
      train: {script: train.py, arguments: {--password: "${{ parameters.password }}", --n: "${{ parameters.epochs }}"}}
    schedules:
      nightly: {cron: "0 2 * * *", parameters: {password: s3cretvalue, epochs: 6}}
    """
    [warning] = warned(project, text)
    assert (warning.code, warning.path) == ("plain-secret", ("schedules", "nightly", "parameters", "password"))


def test_files_beside_a_dockerfile_are_reported(project: Project) -> None:
    project.write({"docker/Dockerfile": "FROM scratch\n", "docker/.env": "", "docker/id_rsa": "", "train.py": ""})
    steps = (
        "{one: {script: train.py}, two: {script: train.py, environment: {name: two, dockerfile: docker/Dockerfile}}}"
    )
    text = f"name: p\nenvironment: {{name: one, dockerfile: docker/Dockerfile}}\nsteps: {steps}\n"
    project.write({"pipeline.yaml": text})
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    found = secret_check.warnings(plan, opened, plan.steps)
    assert [(problem.code, problem.file) for problem in found] == [
        ("secret-file", "docker/.env"),
        ("secret-file", "docker/id_rsa"),
    ]
    assert found[0].cure == "Exclude it: add `.env` to docker/.amlignore."
    (project.root / "docker" / ".amlignore").write_text(".env\nid_rsa\n")
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    assert secret_check.warnings(plan, opened, plan.steps) == []


def test_a_word_that_a_shell_would_change_may_be_a_secret(project: Project) -> None:
    text = """
    parameters: {password: "s3cretvalue$", plain: "a b"}
    steps:
      train:
        command: [bash, run.sh]
        arguments:
          --password: ${{ parameters.password }}
          --token: s3cretvalue&
          --plain: ${{ parameters.plain }}
    """
    warned(project, text, **{"run.sh": ""})
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    found = [problem for problem in refusal.problems(plan, opened, "v1") if problem.code == "shell-word"]
    assert [problem.message.split('"')[3] for problem in found] == ["***", "***", "a b"]


def test_a_variable_that_another_step_declares_as_a_secret(project: Project) -> None:
    text = """
    steps:
      train: {script: train.py}
      other: {script: other.py, environment_variables: {OTHER: {secret: my-token}}}
    """
    reads = 'import os\nos.environ["OTHER"]\nos.environ["MODE"]\n'
    warned(project, text, **{"train.py": reads, "other.py": ""})
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    other, mode = script_check.warnings(plan, opened)
    assert "`environment_variables: {OTHER: {secret: my-token}}`" in other.cure
    assert "`environment_variables: {MODE: …}`" in mode.cure


def test_the_text_of_a_login_with_variables_is_not_shown() -> None:
    host = "@packages.example.com/simple"
    assert indexes.login(f"--index-url https://bob:HARDSECRET${{PIP_TOKEN}}{host}") == "***:***${PIP_TOKEN}"
    assert indexes.login(f"--index-url https://${{PIP_USER}}:${{PIP_TOKEN}}{host}") == "${PIP_USER}:${PIP_TOKEN}"
