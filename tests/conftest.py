"""What tests share: a project in a folder of its own, and the real command line run in it as a process."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import textwrap
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import is_hypothesis_test, settings

from tests import forking, v1

if TYPE_CHECKING:
    from tests.loopback.lesson import Lesson

ROOT = forking.ROOT

# No test asserts a time: by default Hypothesis would, of each example.
settings.register_profile("some", deadline=None, max_examples=25)
settings.register_profile("more", deadline=None, max_examples=400)
settings.load_profile("some")

# A thread of azureml.core calls this while pytest sets up the filters of a test, when none of them holds yet.
setattr(threading.Thread, "setDaemon", lambda thread, daemonic: setattr(thread, "daemon", daemonic))  # noqa: B010

# Among the objects of an SDK and of pytest itself a search for garbage takes long: with fewer of them, and without what
# is frozen below, once all tests are collected, a file of tests of SDK v2 takes an eighth less time.
gc.set_threshold(20_000, 20, 50)
_freeze = gc.freeze

# A command freezes what exists when it starts. Here that is the garbage of all earlier tests, such as connections of an
# SDK, which would never be closed.
setattr(gc, "freeze", lambda: None)  # noqa: B010

# A shell starts what runs in its background deaf to INT, nohup to HUP, and what is started from there inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Project:
    """A folder with a pipeline in it, and the command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files by their paths in the project; the indentation that all lines of a text share is taken off."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace ``old``, which stands in the file once, by ``new``."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the command line: the caller's own, without variables for Python, and this package."""
        return forking.environ()

    @staticmethod
    def command(*words: str) -> list[str]:
        """Return the command line as a list; in its process a warning is an error."""
        return forking.command(words)

    def cli(
        self, *words: str, status: int = 0, cwd: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end; it must exit with ``status``."""
        done = forking.run(words, cwd or self.root, {**self.environ, **(environ or {})})
        assert done.returncode == status, f"{words} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert "Warning" not in done.stderr, done.stderr
        return done

    def start(self, *words: str, **settings: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - as Popen has them
        """Start the command line with pipes."""
        given: dict[str, Any] = {"cwd": self.root, "env": self.environ, "stdin": subprocess.DEVNULL, **settings}
        return subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", **given
        )

    def run(self, *words: str, status: int = 0) -> dict[str, str]:
        """Run steps; return how each ended, without the time: ``{"train": "done", "evaluate": "up to date"}``."""
        return states(self.cli("run", *words, status=status).stdout)

    def plan(self, *words: str) -> dict[str, str]:
        """Return what ``plan`` says of each step: ``{"train": "will run  train.py changed"}``."""
        return dict(row.split(maxsplit=1) for row in self.cli("plan", *words).stdout.splitlines())

    def runs(self) -> list[Path]:
        """Return the directories of the runs, the oldest first."""
        return sorted(self.root.glob(".aml_pipeline/*/runs/*"))

    def output(self, step: str, name: str) -> Path:
        """Return the folder that people find an accepted output at."""
        return next(self.root.glob(f".aml_pipeline/*/outputs/{step}/{name}"))


def states(stdout: str) -> dict[str, str]:
    """Return how each step ended, from what ``run`` printed."""
    rows = dict(row.split(maxsplit=1) for row in stdout.splitlines())
    steps = {name: text for name, text in rows.items() if ".aml_pipeline/" not in text}  # without outputs and models
    words = {step: text.partition(" in ")[0].partition(" after ")[0] for step, text in steps.items()}
    return {step: text.partition("  ")[0] for step, text in words.items()}


def reasons(stderr: str) -> dict[str, str]:
    """Return why each step ran, from what ``run`` printed."""
    rows = [row.partition("  runs: ") for row in stderr.splitlines() if "  runs: " in row]
    return {step.strip(): reason for step, _, reason in rows}


def pytest_configure(config: pytest.Config) -> None:
    """Let `make test-more` take more examples of Hypothesis."""
    if config.option.markexpr == "more":
        settings.load_profile("more")


@pytest.hookimpl(tryfirst=True)  # before those that are not marked are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let `make test-more` run each test by Hypothesis again."""
    if config.option.markexpr == "more":
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker(pytest.mark.more)


def pytest_collection_finish() -> None:
    """Leave what was made so far out of all searches for garbage; no test ran yet, so none of it is a test's."""
    _freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests were skipped for want of SDK v1."""
    skipped = sum(v1.REASON in str(report.longrepr) for report in terminalreporter.getreports("skipped"))
    if skipped:
        terminalreporter.write_line(v1.summary(skipped))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def unprivileged() -> list[str]:
    """What to put before a command so that permissions hold for it too."""
    if os.getuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root, whom permissions do not stop, and no setpriv")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"]


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    """Give a project of two steps and a loopback service that takes it."""
    from tests.loopback.lesson import a_lesson  # which itself begins with what stands here

    with a_lesson(tmp_path, monkeypatch) as lesson:
        yield lesson
