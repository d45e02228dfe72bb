"""A project of two steps and a service that takes it: what tests of the command line against Azure ML begin with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.conftest import Project
from tests.patience import PATIENCE

from .command_line import SILENCE, sleep_short
from .service import Service
from .serving import serving

PIPELINE = """
    name: lesson
    experiment: lesson
    compute: cpu-cluster
    environment: {name: training, conda_file: conda.yml}
    source_directory: steps

    parameters:
      epochs: 2

    steps:
      prepare:
        script: prepare.py
        arguments:
          --out: ${{ outputs.data }}

      train:
        script: train.py
        arguments:
          --in: ${{ steps.prepare.outputs.data }}
          --epochs: ${{ parameters.epochs }}
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "conda.yml": "dependencies: [python=3.11, pip]\n",
    "steps/prepare.py": "print('prepare')\n",
    "steps/train.py": "print('train')\n",
}
# On a busy machine no reminder of something that takes long stands among the lines that a test expects.
_QUIET = {SILENCE: str(PATIENCE)}


@dataclass
class Done:
    """How a command line ended; ``where`` is the line of ``err`` that names the workspace, apart."""

    status: int
    out: str
    err: str
    where: str = ""

    def __post_init__(self) -> None:
        lines = self.err.splitlines(keepends=True)
        named = [line for line in lines if re.match(r"workspace \S+ \(", line)]
        self.where = "".join(named)
        self.err = "".join(line for line in lines if line not in named)


def goes_on(run: str) -> str:
    """Return what is said of a run that is not waited for any more."""
    ways = f"To wait for it: `aml-pipeline wait {run}`; to stop it: `aml-pipeline cancel {run}`."
    return f"The run continues in Azure ML. {ways}"


class Driven(Project):
    """A project, and the command line that is logged in at a service: ``program``."""

    program = ""
    submit: tuple[str, ...] = ("submit",)

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root)
        self._monkeypatch = monkeypatch

    def azure_words(self, *words: str) -> list[str]:
        """Return what the program is called with."""
        return [*words]

    def log_in(self, patch: pytest.MonkeyPatch) -> None:
        """Have this process logged in at the service."""

    def azure(self, *words: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
        """Run the command line as a process of its own, to its end."""
        variables = {**self.environ, **_QUIET, **(environ or {})}
        done = forking.run(self.azure_words(*words), cwd or self.root, variables, self.program)
        return _checked(Done(done.returncode, done.stdout, done.stderr))

    def start_azure(self, *words: str, environ: Mapping[str, str] | None = None) -> forking.Started:
        """Start the command line as a process of its own."""
        variables = {**self.environ, **_QUIET, **(environ or {})}
        return forking.start(self.azure_words(*words), self.root, variables, self.program)

    def end(self, process: forking.Started) -> Done:
        """Wait until a started command line has ended."""
        out, err = process.communicate()
        return Done(process.wait(), out, err)

    def here(self, capsys: pytest.CaptureFixture[str], *words: str, patience: float = 0.1) -> Done:
        """Run the command line within this process, which costs no second import of the SDK.

        A wait ends when the service has not answered for ``patience``, in seconds.
        """
        from aml_pipeline import cli
        from aml_pipeline.azureml.workspace import watch

        with self._monkeypatch.context() as patch:
            self.log_in(patch)
            patch.setattr(time, "sleep", sleep_short)
            patch.setattr(watch, "POLL_SECONDS", (0.0,))
            patch.setattr(watch, "AGAIN_SECONDS", (0.0,))
            patch.setattr(watch, "PATIENCE_SECONDS", patience)
            patch.chdir(self.root)
            capsys.readouterr()
            with _own_signals():
                status = cli.run(words, dict(os.environ))
        said = capsys.readouterr()
        return _checked(Done(status, said.out, said.err))

    def record(self, place: int = -1) -> dict[str, Any]:
        """Return the record of a run, the last one unless told otherwise."""
        data: dict[str, Any] = json.loads((self.runs()[place] / "run.json").read_text(encoding="utf-8"))
        return data


class Lesson(Driven):
    """The project, and a service of SDK v1."""

    program = "tests.loopback.command_line"

    def __init__(self, root: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root, monkeypatch)
        self.service = service
        self.url = service.url

    def azure_words(self, *words: str) -> list[str]:
        """Return what the program is called with: the service comes first."""
        return [self.url, *words]

    def log_in(self, patch: pytest.MonkeyPatch) -> None:
        """Have this process logged in at the service."""
        from aml_pipeline.azureml.v1 import login

        from .client import LoopbackAuth

        patch.setattr(login, "auth", lambda _: LoopbackAuth(self.url))

    def clone(self, root: Path) -> Lesson:
        """Return a copy of the project in another folder, without what runs left."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(".aml_pipeline", "__pycache__"))
        return Lesson(root, self.service, self._monkeypatch)


def _checked(done: Done) -> Done:
    for word in ("Traceback", "Warning", "This is a bug", "InnerException", "azureml.exceptions", "azure.core"):
        assert word not in done.out + done.err, done.out + done.err
    return done


@contextmanager
def _own_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def a_lesson(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    """Give the project in ``folder``, with a workspace that has its cluster."""
    with serving(folder / "home", monkeypatch) as service:
        from .client import write_config  # imports the SDK, which may be absent

        service.add_compute("cpu-cluster")
        lesson = Lesson(folder / "project", service, monkeypatch)
        lesson.write(FILES)
        write_config(lesson.root)
        yield lesson
