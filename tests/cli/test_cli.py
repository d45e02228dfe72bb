"""The dispatch of the command line: words → command, exceptions → texts and exit statuses."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aml_pipeline import __version__, cli
from aml_pipeline.cli import exits
from aml_pipeline.cli.commands import graph

PIPELINE = "name: p\nsteps:\n  one:\n    script: one.py\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "one.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_both_ways_to_start_it_are_the_same_program() -> None:
    expected = f"aml-pipeline {__version__}\n"
    module = subprocess.run(
        [sys.executable, "-m", "aml_pipeline", "--version"], capture_output=True, text=True, check=True
    )
    assert module.stdout == expected
    script = Path(sys.executable).with_name("aml-pipeline")
    if script.exists():
        command = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True)
        assert command.stdout == expected


def test_without_a_command_the_overview_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([], {}) == 2
    without = capsys.readouterr().out
    assert cli.run(["--help"], {}) == 0
    assert capsys.readouterr().out == without
    assert "validate" in without


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rum"], 'Unknown command "rum". Did you mean "run"?'),
        (["--colour"], 'Unknown option "--colour". See `aml-pipeline --help`.'),
        (["--bogus"], 'Unknown option "--bogus". See `aml-pipeline --help`.'),
        (["--logs"], 'Unknown option "--logs". Did you mean "logs"? See'),
        (["run", "--fil", "x"], 'Unknown option "--fil" of `run`. Did you mean "--file"?'),
        (["run", "--param"], "--param needs a value. Write --param NAME=VALUE."),
        (["run", "--only=x"], "--only does not take a value."),
        (["validate", "--format", "xml"], '--format does not accept "xml". Choose from: text, json, github, sarif.'),
        (["graph", "train"], 'Unexpected operand "train": `graph` takes no operands.'),
        (["run", "--param", "epochs"], '--param "epochs" has no "=".'),
        (["run", "-f", "none.yaml"], "none.yaml was not found."),
        (["run", "-f", "."], ". is a folder, not a pipeline file."),
        (["run", "trian"], 'Unknown step "trian".'),
        (["run", "--only"], "--only needs at least one step."),
        (["run", "--python", "nowhere"], 'The Python "nowhere" was not found.'),
        (["logs", "--run", "x"], "There are no runs yet."),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_wrong_command_line_is_told_in_one_line_with_status_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words, dict(os.environ)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(told)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "words", [["graph", "-f", "pipeline.yaml"], ["-f", "pipeline.yaml", "graph"], ["--file=pipeline.yaml", "graph"]]
)
def test_options_and_the_command_mix_freely(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words, {}) == 0
    assert capsys.readouterr().out == "1. one  (one.py)\n"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "x", "/a/b"), 6, "The disk is full: /a/b."),
        (OSError(errno.EROFS, "x", "/a/b"), 6, "This file system is read-only: /a/b."),
        (PermissionError(errno.EACCES, "x", "/a/b"), 6, "Permission denied: /a/b."),
        (OSError(errno.EMFILE, "x"), 6, "Too many open files."),
        (KeyboardInterrupt(), 130, "Stopped."),
        (exits.Terminated(), 143, "Stopped."),
        (ZeroDivisionError("oops"), 3, "Traceback"),
    ],
    ids=["disk", "read-only", "permission", "descriptors", "INT", "TERM", "bug"],
)
@pytest.mark.usefixtures("project")
def test_each_exception_has_its_status_and_words(
    error: BaseException, status: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(graph, "graph", fail)
    assert cli.run(["graph"], {}) == status
    told = capsys.readouterr().err
    assert told.startswith(words)
    assert ("Traceback" in told) == (status == 3)


def test_a_closed_pipe_for_errors_is_silent(project: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it would hide it
    command = [sys.executable, "-m", "aml_pipeline", "run"]
    with open(writer, "wb") as closed:
        done = subprocess.run(command, cwd=project, env=environ, stderr=closed, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 141


def test_a_closed_pipe_is_silent(project: Path) -> None:
    (project / "pipeline.yaml").write_text(PIPELINE + "".join(f"  s{n}:\n    script: one.py\n" for n in range(2000)))
    command = f'"{sys.executable}" -m aml_pipeline graph | head -n 1'
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, cwd=project)
    assert (answer.stdout, answer.stderr) == ("1. one  (one.py)\n", "")


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_validate_tells_problems_in_each_form_with_status_2(
    form: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pipeline.yaml").write_text(PIPELINE.replace("script", "scrpt"))
    assert cli.run(["validate", "--format", form], {}) == 2
    told = capsys.readouterr()
    assert ("unknown-key" in told.out, "1 error." in told.out + told.err) == (True, True)


def test_help_may_be_asked_for_by_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> tuple[int, str]:
        status = cli.run(words, {})
        said = capsys.readouterr()
        return status, said.out + said.err

    assert told("help") == told("--help")
    assert told("help", "run") == told("run", "--help")
    assert told("help", "rum") == told("rum", "--help")
    assert told("help", "rum")[0] == 2


def test_init_tells_a_command_that_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def told(*words: str) -> str:
        assert cli.run(["init", *words], {}) == 0
        return capsys.readouterr().out.splitlines()[-1]

    assert told("My Project") == "Run it with: cd 'My Project' && aml-pipeline run"
    assert told("plain") == "Run it with: cd plain && aml-pipeline run"
    assert told() == "Run it with: aml-pipeline run"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert told(".") == "Run it with: aml-pipeline run"


def test_init_makes_a_pipeline_that_validates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "my-project"], {}) == 0
    monkeypatch.chdir(tmp_path / "my-project")
    assert cli.run(["validate"], {}) == 0
    before = (tmp_path / "my-project" / "greet.py").read_text()
    assert cli.run(["init"], {}) == 2
    assert (tmp_path / "my-project" / "greet.py").read_text() == before
