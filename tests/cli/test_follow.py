"""`logs --follow`: another process prints what the steps of a run print, until that ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.patience import no_hang, until

STEPS = """
    name: p
    parameters: {rate: 1}
    steps:
      first: {script: work.py, arguments: [first, "${{ parameters.rate }}"]}
      second: {script: work.py, arguments: [second, "${{ parameters.rate }}"], after: [first]}
"""
# Each begins once it may, ends once it may, and leaves a line without an end.
WORK = """
    import pathlib, sys, time
    name = sys.argv[1]
    print(f"{name} begins", flush=True)
    while not pathlib.Path(f"GATES/{name}").exists():
        time.sleep(0.01)
    print(f"{name} ends", end="", flush=True)
"""


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    (tmp_path / "gates").mkdir()
    return tmp_path / "gates"


@pytest.fixture
def project(tmp_path: Path, gates: Path) -> Iterator[Project]:
    project = Project(tmp_path / "project")
    project.write({"pipeline.yaml": STEPS, "work.py": WORK.replace("GATES", str(gates))})
    yield project
    for name in ("first", "second"):
        (gates / name).touch()


def _logs(project: Project) -> list[Path]:
    return list(project.root.glob(".aml_pipeline/p/runs/*/steps/*.log"))


def _run(project: Project, *words: str) -> subprocess.Popen[str]:
    """Start a run, and wait until its first step prints."""
    run = project.start("run", *words)
    until(lambda: [log for log in _logs(project) if log.read_text()])
    return run


def _ended(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    with no_hang():
        out, err = process.communicate()
    assert process.returncode == status
    return out, err


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    with no_hang():
        return process.stdout.readline()


def test_all_that_runs_is_followed_until_the_run_ends(project: Project, gates: Path) -> None:
    run = _run(project)
    following = project.start("logs", "--follow")
    assert _line(following) == "first | first begins\n"
    (gates / "first").touch()
    assert _line(following) == "second | second begins\n"
    (gates / "second").touch()
    _ended(run)
    assert _ended(following) == ("first  | first ends\nsecond | second ends\n", "")


def test_a_step_is_waited_for_and_shown_as_it_prints(project: Project, gates: Path) -> None:
    run = _run(project)
    following = project.start("logs", "-F", "second")
    assert following.stderr
    with no_hang():
        assert following.stderr.readline() == "No log to follow yet. Waiting; Ctrl-C stops that.\n"
    (gates / "first").touch()
    assert _line(following) == "second begins\n"
    (gates / "second").touch()
    _ended(run)
    assert _ended(following) == ("second ends", "")


def test_combinations_are_followed_with_their_values(project: Project, gates: Path) -> None:
    run = _run(project, "first", "--param", "rate=1,2", "--jobs", "2")
    until(lambda: sum(bool(log.read_text()) for log in _logs(project)) == 2)
    following = project.start("logs", "--follow")
    lines = {_line(following), _line(following)}
    (gates / "first").touch()
    _ended(run)
    rest, _ = _ended(following)
    assert lines == {"rate=1  first | first begins\n", "rate=2  first | first begins\n"}
    assert sorted(rest.splitlines()) == ["rate=1  first | first ends", "rate=2  first | first ends"]


def test_ctrl_c_ends_it_quietly_and_the_run_goes_on(project: Project, gates: Path) -> None:
    run = _run(project)
    following = project.start("logs", "--follow", "first")
    assert _line(following) == "first begins\n"
    following.send_signal(signal.SIGINT)
    assert _ended(following, -signal.SIGINT) == ("", "")
    (gates / "first").touch()
    (gates / "second").touch()
    _ended(run)


def test_what_has_ended_is_printed(project: Project, gates: Path) -> None:
    for name in ("first", "second"):
        (gates / name).touch()
    project.run()
    assert project.cli("logs", "--follow", "first").stdout == "first begins\nfirst ends"
    assert project.cli("logs", "--follow").stdout == "second begins\nsecond ends"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-f",), "To follow, write --follow or -F."),
        (("-f", "first"), "write `aml-pipeline logs --follow first`"),
        (("--follow", "--remote"), "`logs --remote` cannot follow."),
    ],
)
def test_what_cannot_be_followed(words: tuple[str, ...], said: str, project: Project) -> None:
    assert said in project.cli("logs", *words, status=2).stderr
