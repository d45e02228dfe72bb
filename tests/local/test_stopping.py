"""Runs that are stopped or killed, two runs at once, and readers that have gone."""

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, reasons, states
from tests.local.projects import one_step
from tests.patience import PATIENCE

# A script tells that it is under way by opening a named pipe, which ends when the last
# process that has it open is gone.

HOLDS = """
        import os, signal, subprocess, sys, time
        pipe = os.open(os.environ["PIPE"], os.O_WRONLY)
        child = subprocess.Popen(["sleep", "60"], pass_fds=[pipe])
        def tell(number, _frame):
            os.write(pipe, b"i" if number == signal.SIGINT else b"t")
        if "STUBBORN" in os.environ:
            signal.signal(signal.SIGINT, tell)
            signal.signal(signal.SIGTERM, tell)
        os.write(pipe, b".")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(60)
        """


def under_way(run: subprocess.Popen[str]) -> None:
    """Wait until a run has begun a step."""
    assert run.stderr
    assert any("  runs: " in line for line in run.stderr), "the run ended before it began a step"


class Held:
    """A run whose step is under way until it is ended; ``pipe`` is open as long as a process of the step lives."""

    def __init__(self, project: Project, folder: Path, **environ: str) -> None:
        path = folder / "pipe"
        os.mkfifo(path)
        self.run = project.start("run", env={**project.environ, "PIPE": str(path), **environ})
        under_way(self.run)
        self.pipe = os.open(path, os.O_RDONLY)
        assert self.read() == b"."

    def read(self) -> bytes:
        """Return the next sign of life, b"" when there will be none."""
        assert select.select([self.pipe], [], [], PATIENCE)[0], "nothing happens"
        return os.read(self.pipe, 1)

    def ended(self) -> tuple[int, str]:
        """Return how the run ended, as Python tells it (-2: of signal 2), and what it told at its end."""
        _, told = self.run.communicate(timeout=PATIENCE)
        return self.run.returncode, told.splitlines()[-1]


@pytest.fixture
def held(project: Project, tmp_path: Path) -> Iterator[Callable[..., Held]]:
    project.write(one_step(HOLDS))
    made: list[Held] = []

    def hold(**environ: str) -> Held:
        made.append(Held(project, tmp_path, **environ))
        return made[-1]

    yield hold
    for one in made:
        one.run.kill()
        one.run.communicate()
        os.close(one.pipe)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_dies_of_the_signal(
    project: Project, held: Callable[..., Held], number: signal.Signals
) -> None:
    run = held()
    run.run.send_signal(number)
    assert run.ended() == (-number, "Stopped. The next run will continue from here.")
    assert run.read() == b"", "a process of the step lives on"
    record = json.loads((project.runs()[0] / "run.json").read_text())
    assert (record["state"], record["steps"]["only"]["state"]) == ("interrupted", "interrupted")
    assert project.plan() == {"only": "will run  last attempt was interrupted"}
    project.write({"only.py": ""})
    assert project.run() == {"only": "done"}


def test_a_second_interrupt_does_not_wait_for_a_stubborn_step(project: Project, held: Callable[..., Held]) -> None:
    run = held(STUBBORN="yes")
    run.run.send_signal(signal.SIGINT)
    assert run.read() == b"i"
    run.run.send_signal(signal.SIGINT)
    assert run.ended() == (-signal.SIGINT, "Stopped. The next run will continue from here.")
    assert run.read() == b"", "a process of the step lives on"
    assert json.loads((project.runs()[0] / "run.json").read_text())["state"] == "interrupted"


def test_a_stubborn_step_is_killed_after_a_grace(held: Callable[..., Held]) -> None:
    run = held(STUBBORN="yes")
    run.run.send_signal(signal.SIGTERM)
    assert [run.read(), run.read(), run.read()] == [b"i", b"t", b""]
    assert run.ended()[0] == -signal.SIGTERM


LOOP = 'for number in 1 2 3; do "$@"; done; echo the loop went on'


PIPED = 'for number in 1 2 3; do "$@" 2>&1 | cat; done; echo the loop went on'


@pytest.mark.parametrize("words", [("run",), ("run", "--debug", "only")], ids=" ".join)
@pytest.mark.parametrize(("shell", "loop_of"), [("bash", LOOP), ("sh", LOOP), ("bash", PIPED)])
def test_ctrl_c_ends_the_loop_of_a_shell(
    project: Project, tmp_path: Path, shell: str, loop_of: str, words: tuple[str, ...]
) -> None:
    flag, told = tmp_path / "begun", tmp_path / "told"
    # In a block: an interrupt that comes while a forgotten file is closed is lost.
    script = f"import time\nwith open({str(flag)!r}, 'a') as file:\n    file.write('begun ')\ntime.sleep(60)\n"
    project.write(one_step(script))
    command = [shell, "-c", loop_of, shell, *project.command(*words)]
    with open(told, "w") as stream:
        loop = subprocess.Popen(
            command, cwd=project.root, env=project.environ, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        while not (flag.exists() and flag.read_text()):
            assert loop.poll() is None, told.read_text()
            time.sleep(0.01)
        os.killpg(loop.pid, signal.SIGINT)  # as a terminal does: to the whole group in its foreground
        status = loop.wait(timeout=PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(loop.pid, signal.SIGKILL)
        loop.wait()
    assert (status, flag.read_text()) == (-signal.SIGINT, "begun "), told.read_text()
    # Of a script that --debug runs, the INT may end it, and with it the command, before the command has got its own.
    last = "Stopped. The next run will continue from here." if len(words) == 1 else ("Stopped.", "only.out ")
    assert loop_of != LOOP or told.read_text().splitlines()[-1].startswith(last)  # else who shows it was stopped, too


@pytest.mark.parametrize(("name", "status"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_a_shell_sees_the_status_of_a_run_that_is_stopped(project: Project, name: str, status: int) -> None:
    script = f"""
        import os, time
        while f'"pid":{{os.getpid()}}' not in open("../../last").read():  # until the run has noted its step
            time.sleep(0.01)
        os.kill(int(os.environ["RUN"]), {signal.Signals["SIG" + name].value})
        time.sleep(60)
        """
    project.write(one_step(textwrap.dedent(script)))
    shell = """sh -c 'RUN=$$ exec "$@"' sh "$@"; echo $?"""
    command = ["sh", "-c", shell, "sh", *project.command("run")]
    done = subprocess.run(
        command, cwd=project.root, env=project.environ, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.splitlines() == ["only  interrupted", str(status)], done.stderr


def test_two_runs_at_once(project: Project, held: Callable[..., Held]) -> None:
    run = held()
    told = project.cli("run", "--force", status=6).stderr
    assert told.startswith(f"Another run of this pipeline is in progress (process {run.run.pid} on ")
    assert told.endswith(
        ": aml-pipeline run). Wait for it (--wait-for-lock does), or stop it; there is no lock to clear.\n"
    )
    assert project.cli("clean", status=6).stderr == told
    assert len(project.runs()) == 1


def somebody_reads(pipe: Path) -> bool:
    """Let the process go on that waits at the end of a named pipe, if there is one."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return False
    return True


def test_a_killed_run_and_its_surviving_child(project: Project, tmp_path: Path) -> None:
    script = """
        import os, pathlib, sys
        pipe = pathlib.Path(os.environ.get("PIPE", "nothing"))
        if pipe.exists():
            pipe.write_text("under way")
            pipe.read_text()
        out = pathlib.Path(sys.argv[-1])
        out.mkdir(parents=True, exist_ok=True)
        (out / "text").write_text("survivor" if pipe.exists() else "second")
        if pipe.exists():
            pipe.write_text("over")
        """
    project.write(one_step(script))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = project.start("run", env={**project.environ, "PIPE": str(pipe)})
    under_way(first)
    assert pipe.read_text() == "under way"
    first.kill()
    first.communicate()
    assert project.cli("runs").stdout.splitlines()[1].split()[1] == "interrupted"

    done = project.cli("run")
    assert states(done.stdout) == {"only": "done"}
    assert reasons(done.stderr) == {"only": "last attempt was interrupted"}
    if somebody_reads(pipe):  # the first child lives on and goes on now: nobody looks at what it writes
        assert pipe.read_text() == "over"
    assert project.run() == {"only": "up to date"}
    assert (project.output("only", "out") / "text").read_text() == "second"


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_an_output_that_the_caller_closed(project: Project, closed: str) -> None:
    project.write(one_step(""))
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *project.command("run")]
    done = subprocess.run(command, cwd=project.root, env=project.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert project.run() == {"only": "up to date"}


@pytest.mark.parametrize("words", [["logs"], ["run", "--force"], ["plan"], ["runs"]], ids=lambda words: words[0])
def test_a_reader_that_has_gone_is_no_fault(project: Project, words: list[str]) -> None:
    project.write(one_step("print('words\\n' * 100_000)"))
    project.run()
    command = project.start(*words)
    assert command.stdout
    assert command.stderr
    command.stdout.close()
    told = command.stderr.read()
    assert (command.wait(), told) == (141, "one: 1 step\nonly  runs: forced\n" if words[0] == "run" else "")
    command.stderr.close()
    assert project.run() == {"only": "up to date"}
