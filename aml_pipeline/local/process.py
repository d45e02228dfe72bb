"""Child processes, each in its own session with its output in a file, watched together and ended with all descendants.

No process outlives its step: the rest of its group, and processes that left its tree (``descendants``), are killed when
it ends. When this process dies, a guard kills the groups (``guard``), and the next run ends the rest (``survivors``).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aml_pipeline.local import descendants
from aml_pipeline.local.guard import Guard

# The grace after INT, and after TERM, before the next signal.
GRACE_SECONDS = 3.0
# Until Linux shows the environment, and so the mark, of a new process.
_LOADING_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status (negative: the signal that ended it), and whether it timed out."""

    status: int
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A child process; ``mark`` names its attempt, ``deadline`` is the end of its time by the monotonic clock."""

    child: subprocess.Popen[bytes]
    mark: str
    deadline: float | None
    descriptor: int | None

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self.child.poll() is None


class Processes:
    """The child processes of a run, as a context that ends them on exit."""

    def __init__(self, *, shared: bool = False) -> None:
        """``shared``: this process also does other work, so children without the mark of a step do not belong to us."""
        self._shared = shared
        self._foreign: set[int] = set()
        self._groups: set[int] = set()
        self._marks: set[str] = set()  # processes that were started and are not known to have ended
        self._guard: Guard | None = None
        self._interrupt: Any = None

    def __enter__(self) -> Processes:  # noqa: PYI034 - Self is of Python 3.11
        self._foreign = descendants.children()  # our caller may have children of its own
        if not self._shared:
            descendants.adopt_orphans()
            self._heed_interrupts()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_unknown()
        if self._guard:
            self._guard.close()
            self._guard = None
        if self._interrupt is not None:
            signal.signal(signal.SIGINT, self._interrupt)

    def _end_unknown(self) -> None:
        """Kill processes that were started, but not noted because of an interruption."""
        if self._marks:
            time.sleep(_LOADING_SECONDS)
        for mark in self._marks:
            self._end_strays(mark)
            descendants.end_survivors(mark, 0, None)
        self._marks.clear()

    def _end_strays(self, mark: str) -> None:
        if self._shared:
            descendants.end_marked(mark)
        else:
            descendants.end_strays(self._own, mark)

    @property
    def _own(self) -> set[int]:
        """Children that do not belong to a step."""
        return self._foreign | self._groups | ({self._guard.pid} if self._guard else set())

    def _heed_interrupts(self) -> None:
        """Give children the default action of INT if it is ignored here, as in a script's background.

        A new program inherits an ignored signal, but not a handler.
        """
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            with contextlib.suppress(ValueError):  # only the main thread may set handlers
                self._interrupt = signal.signal(signal.SIGINT, lambda *_: None)

    def start(  # noqa: PLR0913 - what a process has
        self,
        command: Sequence[str],
        *,
        folder: str,
        environ: Mapping[str, str],
        log: int,
        mark: str,
        timeout: float | None,
    ) -> Process:
        """Start ``command`` in ``folder`` with its output in the file descriptor ``log``."""
        self._guard = self._guard or Guard()
        self._marks.add(mark)
        child = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**environ, descendants.MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._groups.add(child.pid)
        self._guard.watch(self._groups)
        deadline = None if timeout is None else time.monotonic() + timeout
        return Process(child, mark, deadline, _descriptor(child.pid))

    def look(self, process: Process) -> Ended | None:
        """Return how ``process`` ended, or None while it runs; a process that timed out is ended first."""
        timed_out = process.alive and process.deadline is not None and time.monotonic() > process.deadline
        if process.alive and not timed_out:
            return None
        self.end([process])
        return Ended(process.child.returncode, timed_out)

    def end(self, processes: Sequence[Process]) -> None:
        """End ``processes`` and all their descendants: INT, then TERM, then KILL, with a grace between.

        A second interruption ends the grace. Of a child that has ended, only its descendants are ended.
        """
        alive = [process for process in processes if process.alive]
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                until = time.monotonic() + GRACE_SECONDS
                for process in alive:
                    descendants.signal_group(process.child.pid, number)
                while alive and time.monotonic() < until:
                    wait(alive, min(0.1, GRACE_SECONDS))
                    alive = [process for process in alive if process.alive]
        finally:
            for process in processes:
                self._kill(process)

    def _kill(self, process: Process) -> None:
        if process.child.pid not in self._groups:  # it has ended, and another process may have its id
            return
        descendants.signal_group(process.child.pid, signal.SIGKILL)
        process.child.wait()
        self._groups.discard(process.child.pid)
        self._end_strays(process.mark)
        self._marks.discard(process.mark)
        if self._guard:
            self._guard.watch(self._groups)


def _descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends, if the kernel supports it."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


def close(process: Process) -> None:
    """Release the descriptor that watches a process."""
    if process.descriptor is not None:
        os.close(process.descriptor)


def wait(processes: Sequence[Process], seconds: float) -> None:
    """Wait until one of ``processes`` ends, at most ``seconds``."""
    descriptors = [process.descriptor for process in processes if process.descriptor is not None]
    if descriptors and len(descriptors) == len(processes):
        poll = select.poll()  # systems with pidfds have poll
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
        return
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(process.alive for process in processes):
        time.sleep(0.005)


# Signals → what happened to a process that they ended.
_DEATHS = {
    signal.SIGKILL: "was killed (SIGKILL), perhaps out of memory. Use less memory, or run fewer steps at a time",
    signal.SIGSEGV: "crashed (segmentation fault, SIGSEGV)",
    signal.SIGBUS: "crashed (bus error, SIGBUS)",
    signal.SIGILL: "crashed (illegal instruction, SIGILL)",
    signal.SIGFPE: "crashed (arithmetic error, SIGFPE)",
    signal.SIGABRT: "was aborted (SIGABRT)",
    signal.SIGTERM: "was terminated (SIGTERM)",
    signal.SIGINT: "was interrupted (SIGINT)",
}


def failure(status: int) -> str:
    """Return how a script failed as a sentence; a negative ``status`` is the signal that ended it."""
    if status >= 0:
        return f"Its script failed (exit status {status})."
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"Its script was ended by signal {-status}."
    return f"Its script {_DEATHS.get(number, f'was ended by {number.name}')}."
