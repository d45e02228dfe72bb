"""The real command line as a process of its own, without the third of a second that its imports take each time.

A helper (``__main__``), one for each program and process of pytest, imports once what the program needs and forks
itself for each run: a process with its own folder, environment, streams, signals and exit status, which runs the
program as ``python -m`` does. Where the start itself is the subject, ``command`` is the thing to run.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from tests.patience import PATIENCE

Done: TypeAlias = "subprocess.CompletedProcess[str]"

ROOT = Path(__file__).parents[2]
SIZE = struct.Struct("!Q")
PID = 8  # characters, for the id of a process
COMMAND_LINE = "aml_pipeline"
SCRIPTS = "steps"  # not one program but the scripts of this folder, and others that import torch
# What Python reads while it starts: with other values of these a process has to be started anew.
_READ_AT_START = ("LANG", "LC_", "PYTHON")


def run(words: Sequence[str], cwd: Path, variables: Mapping[str, str], program: str = COMMAND_LINE) -> Done:
    """Run a program to its end, without standard input."""
    if _at_start(variables) == _at_start(environ()):
        return _helper(program).run(words, cwd, variables)
    return subprocess.run(
        command(words, program),
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def run_script(words: Sequence[str], cwd: Path, variables: Mapping[str, str], warnings: Sequence[str]) -> Done:
    """Run a script, the first word, to its end, as Python with the options ``warnings`` does where torch is imported.

    ``PYTHONPATH`` may be among the variables, and no other variable for Python.
    """
    return _helper(SCRIPTS, tuple(warnings)).run(words, cwd, variables)


def start(words: Sequence[str], cwd: Path, variables: Mapping[str, str], program: str = COMMAND_LINE) -> Started:
    """Start a program, without standard input; the variables that Python reads at its start must be the usual ones."""
    assert _at_start(variables) == _at_start(environ())
    return Started(*_helper(program).start(words, cwd, variables))


class Started:
    """A process that goes on: as much of ``subprocess.Popen`` as tests use of it."""

    def __init__(self, end: int, out: int, err: int) -> None:
        self._end = open(end, encoding="ascii")  # noqa: SIM115 - closed when the process has ended
        self.stdout = open(out, encoding="utf-8")  # noqa: SIM115
        self.stderr = open(err, encoding="utf-8")  # noqa: SIM115
        self.returncode: int | None = None
        self.pid = int(os.read(end, PID))

    def __del__(self) -> None:
        """Close what a failed test left open: it would be told instead of the failure."""
        for stream in (self._end, self.stdout, self.stderr):
            stream.close()

    def poll(self) -> int | None:
        """Return the exit status; None as long as the process goes on."""
        if self.returncode is None and select.select([self._end], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Wait until the process has ended; one that does not end is killed."""
        if self.returncode is None:
            with self._given_up():
                self.returncode = int(self._end.read())
            self._end.close()
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Wait until the process has ended; return what is left to read of it. One that does not end is killed."""
        with self._given_up(), ThreadPoolExecutor(1) as other, self.stdout, self.stderr:
            err = other.submit(self.stderr.read)
            out = self.stdout.read()
            said = out, err.result()
        self.wait()
        return said

    def send_signal(self, number: int) -> None:
        """Send a signal, if the process goes on."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process, if it goes on."""
        self.send_signal(signal.SIGKILL)

    @contextlib.contextmanager
    def _given_up(self) -> Iterator[None]:
        timer = threading.Timer(PATIENCE, os.kill, (self.pid, signal.SIGKILL))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def command(words: Sequence[str], program: str = COMMAND_LINE) -> list[str]:
    """Return what starts a program anew."""
    return [*_python(program), "-m", program, *words]


def environ() -> dict[str, str]:
    """Return the environment of this process, without variables for Python, and with this package."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**inherited, "PYTHONPATH": str(ROOT)}


def _python(program: str) -> list[str]:
    """Return Python as a program is run by it: a warning in our own is an error; an SDK has warnings of its own."""
    return [sys.executable, *(["-W", "error"] if program == COMMAND_LINE else [])]


def _at_start(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_READ_AT_START)}


class _Helper:
    """The process that forks itself; it ends when this process does, since it then reads the end of its requests."""

    def __init__(self, program: str, options: tuple[str, ...] = ()) -> None:
        self._program = program
        self._requests, other = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        with other:
            self._process = subprocess.Popen(
                [*_python(program), *options, "-m", __name__, str(other.fileno()), program],
                cwd=ROOT,
                env=environ(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # as in a run: what a text stream of Python can do depends on it
                stderr=subprocess.PIPE,
                pass_fds=[other.fileno()],
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._requests.close()
        self._process.communicate()

    def run(self, words: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> Done:
        """Run the program once, to its end."""
        ended, out, err = _read_all(self.start(words, cwd, variables))
        assert ended, f"the helper could not run {words}"
        _, status = ended.split()
        return subprocess.CompletedProcess(command(words, self._program), int(status), _text(out), _text(err))

    def start(self, words: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> list[int]:
        """Start the program; return what to read: its id and, when it has ended, its status; its two streams."""
        request = json.dumps({"words": [*words], "cwd": os.fspath(cwd), "environ": {**variables}}).encode()
        pipes = [os.pipe() for _ in range(3)]
        with self._one_at_a_time:
            socket.send_fds(self._requests, [SIZE.pack(len(request))], [write for _, write in pipes])
            self._requests.sendall(request)
        for _, write in pipes:
            os.close(write)
        return [read for read, _ in pipes]


_helper = functools.cache(_Helper)


def _text(written: bytes) -> str:
    return written.decode().replace("\r\n", "\n").replace("\r", "\n")  # as subprocess reads text


def _read_all(pipes: Sequence[int]) -> list[bytes]:
    """Read all pipes to their ends; what does not end is killed: the first begins with the id of the process."""
    texts = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                os.kill(int(texts[pipes[0]].split()[0]), signal.SIGKILL)
                raise AssertionError(f"it does not end: {[*texts.values()]}")
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 16)
                texts[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [*texts.values()]
