"""Faults that the campaign in tests/faults found, and a taste of the campaign itself."""

import contextlib
import errno
import fcntl
import json
import os
import random
import resource
import signal
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError
from aml_pipeline.local import cleaning, descendants, survivors
from aml_pipeline.local.process import Processes, Rank
from aml_pipeline.local.store import Store
from aml_pipeline.project.environment import interpreter
from aml_pipeline.runs import locks, reuse
from tests.conftest import Project
from tests.faults import daemons, hostile, midway, objects, swaps
from tests.faults.__main__ import carry_out, everything
from tests.faults.place import Place
from tests.faults.trials import Bench, Trial, _signal_running, _stays, kill_with_guard
from tests.patience import PATIENCE, until

KEY = reuse.key({})
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


@pytest.fixture
def results(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state"), Digests())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench").resolve()
    fresh, warm = Place(folder / "fresh"), Place(folder / "warm")
    fresh.write()
    warm.write()
    expected = {}
    for factor in (5, 3):
        warm.run("run", "--param", f"factor={factor}")
        expected[factor] = warm.outputs()
    assert warm.complaints == []
    return Bench(fresh.folder, warm.folder, expected, ("open .aml_pipeline/small/lock",))


LAST = ".aml_pipeline/small/steps/make/last"
TASTE = {
    "killed": Trial("", "", partial(_signal_running, 0.05, signal.SIGKILL, "grandchild")),
    "a daemon without an environment": Trial("", "", partial(_stays, "bare-daemon", "1")),
    "one whose runner died": Trial("", "", partial(daemons.orphaned, "unmarked", kill_with_guard, "run"), warm=True),
    "a FIFO in the state": Trial("", "", partial(objects.in_place, LAST, objects.OBJECTS["FIFO"]), warm=True),
    "a folder in the state": Trial("", "", partial(objects.in_place, LAST, objects.OBJECTS["folder"]), warm=True),
    "data by git checkout": Trial("", "", midway.checkout),
    "pip in the middle": Trial("", "", partial(midway.package, midway.upgraded, "while it runs")),
    "hostile lines": Trial("", "", partial(hostile.prints, "hexadecimal digits")),
    "links in a circle": Trial("", "", partial(hostile.in_output, "pair")),
    "swapped manifests": Trial(
        "", "", partial(swaps.in_place, swaps.swapped, *swaps.PAIRS["two results of a step"]), warm=True
    ),
}


IN_MORE = {"a daemon without an environment", "a folder in the state", "pip in the middle", "links in a circle"}


@linux
@pytest.mark.parametrize(
    "trial",
    [pytest.param(one, id=name, marks=pytest.mark.more if name in IN_MORE else ()) for name, one in TASTE.items()],
)
def test_a_trial_of_the_campaign(tmp_path: Path, bench: Bench, trial: Trial) -> None:
    assert carry_out(trial, bench, tmp_path / "trial") == []


def test_the_campaign_has_all_kinds_of_trials(bench: Bench) -> None:
    trials = everything(bench, random.Random(1))  # noqa: S311 - the same trials each time
    assert len(trials) > 500  # and those at each moment of a run, which are learned from one
    assert {one.fault for one in trials} > {"FIFO", "swapped", "hostile lines", "links: fan", "data by git checkout"}


def _terminal() -> None:
    os.setsid()
    fcntl.ioctl(os.open(os.ttyname(0), os.O_RDWR), termios.TIOCSCTTY, 0)


@linux
@pytest.mark.parametrize(
    ("mode", "inside", "of_a_person", "is_one"),
    [
        ("a", False, False, True),
        ("r", False, False, False),
        ("r", True, False, True),
        ("r", True, True, False),
        ("a", True, True, False),
    ],
)
def test_a_daemon_is_known_by_the_folder_that_it_works_in(
    tmp_path: Path,
    mode: str,
    inside: bool,  # noqa: FBT001
    of_a_person: bool,  # noqa: FBT001
    is_one: bool,  # noqa: FBT001
) -> None:
    """A shell that stands in the folder, or a program that reads what lies there, is a person's."""
    folder = tmp_path / "attempt.1"
    folder.mkdir()
    (folder / "log").touch()
    ours, theirs = os.openpty()
    where = folder if inside else tmp_path
    stdin = theirs if of_a_person else subprocess.DEVNULL
    with (folder / "log").open(mode) as log:
        child = subprocess.Popen(
            ["sleep", "60"],
            env={},
            cwd=where,
            stdin=stdin,
            pass_fds=[log.fileno()],
            preexec_fn=_terminal if of_a_person else os.setsid,  # noqa: PLW1509
        )
    try:
        assert descendants.daemons_in(str(folder)) == [child.pid] * is_one
        assert descendants.end_survivors("nobody's mark", 0, None, str(folder)) == is_one
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


def test_an_attempt_is_noted_before_anything_of_it_exists(results: Store) -> None:
    attempt = results.begin("train", KEY, {}, ["model"])
    last = results.last("train")
    assert last
    assert (last.attempt, last.outcome) == (attempt.id, "running")
    results.begin("train", KEY, {}, ["model"])
    assert not os.path.exists(attempt.folder)


def test_a_half_made_link_goes_with_the_next_run(results: Store) -> None:
    attempt = results.begin("train", KEY, {}, ["model"])
    result = results.accept(attempt, {}, results.contents(attempt))
    results.use(result)
    link = Path(results.link("train", "model"))
    link.rename(link.with_name("model.tmp"))
    results.use(result)
    assert [one.name for one in link.parent.iterdir()] == ["model"]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):  # the second if it ended in between
        return False
    return not stat.rpartition(")")[2].startswith(" Z")


SLEEPER = """
    import os, pathlib, sys, time
    if os.fork():
        pathlib.Path(sys.argv[1], "pid").write_text(str(os.getpid()))
    time.sleep(60)
    """


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_step_dies_with_its_runner(project: Project, number: signal.Signals) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: one
                source_directory: .
                steps: {sleeper: {script: sleeper.py, arguments: ["${{ outputs.here }}"]}}
                """,
            "sleeper.py": SLEEPER,
        }
    )
    runner = project.start("run")
    pids = until(lambda: [one for one in project.root.glob(".aml_pipeline/one/steps/*/*/here/pid") if one.read_text()])
    pid = int(pids[0].read_text())
    assert _alive(pid)
    runner.send_signal(number)
    runner.communicate(timeout=PATIENCE)
    until(lambda: not [one for one in _group(pid) if _alive(one)], lambda: f"left of group {pid}: {_group(pid)}")


@linux
def test_a_child_whose_start_is_interrupted_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **settings: Any) -> None:  # noqa: ANN401 - as Popen has them
            super().__init__(command, **settings)
            if command[0] == "sleep":
                started.append(self.pid)
                self.returncode = 0  # nobody will wait for it
                raise KeyboardInterrupt

    monkeypatch.setattr("aml_pipeline.local.process.subprocess.Popen", Interrupted)

    def start() -> None:
        with Processes() as processes, (tmp_path / "log").open("wb") as log:
            mark, environ, here = f"test-{os.getpid()}", dict(os.environ), str(tmp_path)
            ranks = [Rank(environ, log.fileno())]
            processes.start(["sleep", "60"], folder=here, ranks=ranks, mark=mark, timeout=None)

    with pytest.raises(KeyboardInterrupt):
        start()
    assert [pid for pid in started if _alive(pid)] == []


def _group(group: int) -> list[int]:
    members = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(ProcessLookupError):
            if name.isdigit() and os.getpgid(int(name)) == group:
                members.append(int(name))
    return members


def test_a_result_that_was_accepted_and_not_yet_noted_is_in_use(results: Store) -> None:
    attempt = results.begin("train", KEY, {}, ["model"])
    made = results.accept(attempt, {}, results.contents(attempt))
    again = Store(results.folder, Digests())
    last = again.last("train")
    assert last
    assert (last.outcome, last.accepted) == ("accepted", KEY)
    assert cleaning.unused(again) == []
    assert again.latest("train") == made


def test_what_a_failed_attempt_left_is_kept_when_it_is_tried_again(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: one
                source_directory: .
                steps: {first: {script: leave.py, retries: 1, arguments: ["${{ outputs.room }}"]}}
                """,
            "leave.py": """
                import pathlib, sys
                marker = pathlib.Path(sys.argv[1], "../../tried").resolve()
                if not marker.exists():
                    marker.write_text("once")
                    pathlib.Path("logs/crash.txt").write_text("kept")
                    sys.exit("my own error")
                pathlib.Path(sys.argv[1], "made").write_text("at last")
                """,
        }
    )
    done = project.cli("run")
    assert "my own error" in done.stderr  # and not: this machine refused
    assert (project.runs()[0] / "steps/first/logs/crash.txt").read_text() == "kept"


@linux
def test_survivors_that_start_others_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"test-{os.getpid()}"
    loop = f"while :; do sleep 0.001 & sleep 0.002; done; : {tmp_path}"
    child = subprocess.Popen(["sh", "-c", loop], env={**os.environ, descendants.MARK: mark}, start_new_session=True)
    until(lambda: descendants.marked(mark))
    monkeypatch.setattr(descendants, "CHASE_SECONDS", PATIENCE)
    assert descendants.end_survivors(mark, 0, None)
    assert descendants.marked(mark) == []
    child.wait()


@linux
def test_survivors_of_any_step_are_ended(results: Store) -> None:
    attempt = results.begin("train", KEY, {}, ["model"])
    mark = {descendants.MARK: attempt.id}
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, **mark}, start_new_session=True)
    until(lambda: descendants.marked(attempt.id))  # Linux shows its environment when its program is loaded
    survivors.end_all(results)
    assert child.wait() == -signal.SIGKILL


def test_a_machine_that_starts_no_program_is_told_from_a_wrong_python(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("subprocess.Popen", refused)
    with pytest.raises(OSError, match="Too many open files"):
        interpreter.inspect(sys.executable, {})


@pytest.mark.parametrize("text", ["", "1", "[]", "null", '{"pid": 1}', "\ud800"])
def test_a_lock_whose_holder_cannot_be_read(tmp_path: Path, text: str) -> None:
    with locks.locked(str(tmp_path), "first"):
        (tmp_path / "lock").write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(MachineError, match="a run that has just started"), locks.locked(str(tmp_path), "second"):
            pass


@linux
def test_children_of_the_caller_are_no_strays() -> None:
    own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        with Processes() as processes:
            processes.end([])
            descendants.end_strays(processes._foreign, "mark")
    finally:
        own.kill()
        assert own.wait() == -signal.SIGKILL  # its status is still there for whoever started it


def test_a_disk_that_is_full_when_a_script_failed(results: Store) -> None:
    attempt = results.begin("train", KEY, {}, ["model"])
    results.need_room(attempt)
    assert os.listdir(attempt.folder) == ["model"]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match=attempt.id):
            results.need_room(attempt)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_write_that_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aml_pipeline.core.files.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write(str(tmp_path / "file"), json.dumps({}).encode())
    assert list(tmp_path.iterdir()) == []
