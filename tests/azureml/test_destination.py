"""Where a pipeline goes in Azure ML: the keys ``sdk``, ``workspace``, ``experiment`` and ``tags``."""

from __future__ import annotations

import pytest

from aml_pipeline import cli
from tests.conftest import Project

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
    greeting: Project, sdk: str, options: str, code: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting.write({"pipeline.yaml": TEXT.replace("SDK", sdk)})
    status = cli.run(["validate", *options.split()], {})
    said = capsys.readouterr().out
    told = [one for one in ("serverless-compute", "export-value") if f"[{one}]" in said]
    assert (status, told) == ((2, [code]) if code else (0, []))


def test_a_warning_that_is_an_error_with_an_sdk_is_told_once(
    greeting: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TEXT.replace("it's me", "hello").replace("serverless", "cpu-cluster").replace("SDK", "")
    greeting.write({"pipeline.yaml": text, "env.yml": "dependencies: [python=3.10, pip, pip: [./wheels/ours.whl]]\n"})
    assert cli.run(["validate"], {}) == 0
    assert "no errors, 1 warning." in capsys.readouterr().out
    assert cli.run(["validate", "--sdk", "v2"], {}) == 2
    assert "1 error." in capsys.readouterr().out


def test_submit_uses_the_sdk_of_the_file_unless_one_is_given(
    greeting: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting.write({"pipeline.yaml": TEXT.replace("SDK", "sdk: v1").replace("it's me", "hello")})
    assert cli.run(["submit", "--dry-run"], {}) == 2
    assert "[serverless-compute]" in capsys.readouterr().err
    assert cli.run(["submit", "--dry-run", "--sdk", "v2"], {}) == 0
    assert cli.run(["submit", "--dry-run", "--profile", "other"], {}) == 0


@pytest.mark.parametrize("command", ["publish", "plan --remote", "runs --remote", "schedules --remote"])
def test_what_needs_v1_refuses_a_file_for_v2(
    greeting: Project, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting.write({"pipeline.yaml": TEXT.replace("SDK", "sdk: v2").replace("it's me", "hello")})
    assert cli.run(command.split(), {}) == 2
    assert capsys.readouterr().err == (
        f"`aml-pipeline {command}` needs SDK v1, but pipeline.yaml has `sdk: v2`. Use `aml-pipeline export` and `az "
        "ml`, or a profile with `sdk: v1`.\n"
    )
