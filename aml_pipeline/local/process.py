"""Child processes, each in its own session with its output in a file, watched together and ended with all descendants.

A step has one, or several that train together: if one fails, the others are ended. No process outlives its step: the
rest of its group, and processes that left its tree (``descendants``), are killed when it ends. When this process dies,
a guard kills the groups (``guard``), and the next run ends the rest (``survivors``).
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
    """How a process ended: its exit status (negative: the signal that ended it), and whether it timed out.

    Of several processes it is the status of the one with this ``rank``, which failed first.
    """

    status: int
    timed_out: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Rank:
    """What one of the processes of a step receives: its environment, and a file descriptor for its output."""

    environ: Mapping[str, str]
    log: int


@dataclass(frozen=True, slots=True)
class Process:
    """The child processes of an attempt, by rank; usually one.

    ``mark`` names the attempt, ``deadline`` is the end of its time by the monotonic clock.
    """

    children: tuple[subprocess.Popen[bytes], ...]
    mark: str
    deadline: float | None
    descriptors: tuple[int | None, ...]

    @property
    def statuses(self) -> list[int | None]:
        """The exit status of each child; None while it runs."""
        return [child.poll() for child in self.children]

    @property
    def alive(self) -> bool:
        """Whether a child is still running."""
        return None in self.statuses

    @property
    def watched(self) -> list[tuple[subprocess.Popen[bytes], int | None]]:
        """The children that are not yet known to have ended, with their descriptors."""
        pairs = zip(self.children, self.descriptors, strict=True)
        return [(child, descriptor) for child, descriptor in pairs if child.returncode is None]


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

    def start(
        self, command: Sequence[str], *, folder: str, ranks: Sequence[Rank], mark: str, timeout: float | None
    ) -> Process:
        """Start ``command`` in ``folder``, once for each of ``ranks``."""
        self._guard = self._guard or Guard()
        self._marks.add(mark)
        children = []
        for rank in ranks:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env={**rank.environ, descendants.MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=rank.log,
                stderr=rank.log,
                start_new_session=True,
            )
            children.append(child)
            self._groups.add(child.pid)
            self._guard.watch(self._groups)
        deadline = None if timeout is None else time.monotonic() + timeout
        return Process(tuple(children), mark, deadline, tuple(_descriptor(child.pid) for child in children))

    def look(self, process: Process) -> Ended | None:
        """Return how ``process`` ended, or None while it runs; one that timed out, or failed in part, is ended first.

        The other processes of a failed one have only the grace after TERM: they wait for it in vain.
        """
        statuses = process.statuses
        failed = _failed_rank(statuses)
        runs = None in statuses and failed is None
        timed_out = runs and process.deadline is not None and time.monotonic() > process.deadline
        if runs and not timed_out:
            self._forget_ended(process)
            return None
        self.end([process], (signal.SIGINT, signal.SIGTERM) if timed_out else (signal.SIGTERM,))
        rank = (_failed_rank(process.statuses) or 0) if failed is None else failed
        return Ended(process.children[rank].returncode, timed_out, rank)

    def end(
        self, processes: Sequence[Process], signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
    ) -> None:
        """End ``processes`` and all their descendants by ``signals``, with a grace after each, then KILL.

        A second interruption ends the grace. Of a child that has ended, only its descendants are ended.
        """
        alive = [process for process in processes if process.alive]
        try:
            for number in signals:
                until = time.monotonic() + GRACE_SECONDS
                for child in (child for process in alive for child in process.children if child.poll() is None):
                    descendants.signal_group(child.pid, number)
                while alive and time.monotonic() < until:
                    wait(alive, min(0.1, GRACE_SECONDS))
                    alive = [process for process in alive if process.alive]
        finally:
            for process in processes:
                self._kill(process)

    def _kill(self, process: Process) -> None:
        if process.mark not in self._marks:  # it has ended
            return
        for child in process.children:
            self._kill_group(child)
        self._end_strays(process.mark)
        self._marks.discard(process.mark)

    def _forget_ended(self, process: Process) -> None:
        """End the groups of children that have ended while others run: other processes may get their ids."""
        for child in process.children:
            if child.returncode is not None:
                self._kill_group(child)

    def _kill_group(self, child: subprocess.Popen[bytes]) -> None:
        if child.pid not in self._groups:  # another process may have its id
            return
        descendants.signal_group(child.pid, signal.SIGKILL)
        child.wait()
        self._groups.discard(child.pid)
        if self._guard:
            self._guard.watch(self._groups)


def _failed_rank(statuses: Sequence[int | None]) -> int | None:
    """Return the rank that failed; of several, one that a signal ended: the others may have failed for lack of it."""
    failed = [(status > 0, rank) for rank, status in enumerate(statuses) if status]
    return min(failed)[1] if failed else None


def _descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends, if the kernel supports it."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


def close(process: Process) -> None:
    """Release the descriptors that watch a process."""
    for descriptor in process.descriptors:
        if descriptor is not None:
            os.close(descriptor)


def wait(processes: Sequence[Process], seconds: float) -> None:
    """Wait until one of ``processes``, or one of the children of it, ends; at most ``seconds``."""
    watched = [pair for process in processes for pair in process.watched]
    descriptors = [descriptor for _, descriptor in watched if descriptor is not None]
    if descriptors and len(descriptors) == len(watched):
        poll = select.poll()  # systems with pidfds have poll
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
        return
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(child.poll() is None for child, _ in watched):
        time.sleep(0.005)


# Names of signals → what happened to a process that they ended.
_DEATHS = {
    "SIGKILL": "was killed (SIGKILL), perhaps out of memory. Use less memory, or run fewer steps at a time",
    "SIGSEGV": "crashed (segmentation fault, SIGSEGV)",
    "SIGBUS": "crashed (bus error, SIGBUS)",
    "SIGILL": "crashed (illegal instruction, SIGILL)",
    "SIGFPE": "crashed (arithmetic error, SIGFPE)",
    "SIGABRT": "was aborted (SIGABRT)",
    "SIGTERM": "was terminated (SIGTERM)",
    "SIGINT": "was interrupted (SIGINT)",
}


def failure(status: int, subject: str = "Its script") -> str:
    """Return how ``subject`` failed as a sentence; a negative ``status`` is the signal that ended it."""
    if status >= 0:
        return f"{subject} failed (exit status {status})."
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"{subject} was ended by signal {-status}."
    return f"{subject} {_DEATHS.get(number.name, f'was ended by {number.name}')}."
