"""INT and TERM at any moment of a command, from its first line on: it dies of the signal, without a traceback."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from aml_pipeline import cli
from tests.conftest import Project
from tests.patience import PATIENCE

# Python runs this before anything else. It counts the calls of functions since our first file was begun, after
# `__main__`; at the one that AT says it sends the signal NUMBER, and it writes how many there were into COUNT.
COUNTS = """
import atexit, os, sys
calls, at, number = 0, int(os.environ["AT"]), int(os.environ["NUMBER"])

def count(frame, event, _):
    global calls
    if event == "call" and (calls or "/aml_pipeline/cli/" in frame.f_code.co_filename):
        calls += 1
        if calls == at:
            sys.setprofile(None)
            Finalized() if os.environ.get("FINALIZED") else os.kill(os.getpid(), number)

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), number)

def tell():
    sys.setprofile(None)
    with open(os.environ["COUNT"], "w") as stream:
        stream.write(str(calls))

atexit.register(tell)
sys.setprofile(count)
"""
PIPELINE = """
    name: one
    steps:
      only:
        script: only.py
        arguments: {--output: "${{ outputs.out }}"}
    """
POINTS = pytest.mark.parametrize("number_of_points", [3, pytest.param(8, marks=pytest.mark.more)])


class Counted:
    """A command whose calls of functions are counted, and that gets a signal at one of them."""

    def __init__(self, project: Project, folder: Path, *words: str) -> None:
        self._project = project
        self._words = words
        self._count = folder / "count"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(COUNTS)
        self._path = f"{folder}:{project.environ['PYTHONPATH']}"

    def ended(self, at: int, number: int, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it, with the signal ``number`` at the call ``at`` and ``more`` variables."""
        environ = {"PYTHONPATH": self._path, "COUNT": str(self._count), "AT": str(at), "NUMBER": str(number)}
        return subprocess.run(
            self._project.command(*self._words),
            cwd=self._project.root,
            env={**self._project.environ, **environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    @property
    def calls(self) -> int:
        """How many calls it makes, if nothing disturbs it."""
        assert self.ended(0, 0).returncode == 0
        return int(self._count.read_text())


@pytest.mark.parametrize("words", [("validate",), ("run", "--force"), ("runs",)], ids=" ".join)
@POINTS
def test_a_signal_at_any_moment_ends_a_command_without_a_traceback(
    project: Project, tmp_path: Path, words: tuple[str, ...], number_of_points: int
) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('x')\n"})
    counted = Counted(project, tmp_path / "hook", *words)
    calls = counted.calls
    assert calls > number_of_points
    # Most of the beginning, and then the whole.
    points = sorted({1, 2, 30, 200, *(1 + calls * part // number_of_points for part in range(number_of_points))})
    for at in points:
        number = signal.SIGINT if at % 2 else signal.SIGTERM
        done = counted.ended(at, number)
        told = f"{number.name} at call {at} of {calls}:\n{done.stdout}{done.stderr}"
        assert done.returncode == -number, told
        assert "Traceback" not in done.stderr, told
        said = [line for line in done.stderr.splitlines() if line.startswith("Stopped.")]
        assert len(said) <= 1, told
        assert words[0] == "run" or done.stderr.splitlines() == said, told


def test_a_signal_out_of_which_python_raises_nothing_ends_a_command_too(project: Project, tmp_path: Path) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('x')\n"})
    counted = Counted(project, tmp_path / "hook", "run", "--force")
    at = counted.calls * 4 // 5
    for number in (signal.SIGINT, signal.SIGTERM):
        done = counted.ended(at, number, FINALIZED="yes")
        assert (done.returncode, "Traceback" in done.stderr) == (-number, False), done.stderr


def test_a_signal_of_which_python_makes_a_runtime_error_stops_a_command(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(*_: object) -> int:  # as Python before 3.12 does where a class is made
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    monkeypatch.chdir(project.root)
    monkeypatch.setattr("aml_pipeline.cli.commands.runs.runs", made)
    assert cli.run(["runs"], {}) == 130
    assert capsys.readouterr().err == "Stopped.\n"
