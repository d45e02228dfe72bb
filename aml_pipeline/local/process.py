"""Child processes, each in a session of its own, output in a file, watched together and ended as whole trees.

On Linux three things make sure that no process outlives its step. The kernel kills the child when this process dies
(``PR_SET_PDEATHSIG``). Descendants that leave the tree become this process's children (``PR_SET_CHILD_SUBREAPER``), so
they are seen when the step ends. And every descendant carries the attempt's id in its environment, so that the next run
finds what a killed runner left behind. Elsewhere the session alone is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# How long a process has after INT, and after TERM, before the next signal.
GRACE_SECONDS = 3.0
# The variable that marks every process of an attempt.
MARK = "AML_PIPELINE_ATTEMPT"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
# The children that were started here and are not over.
_children: set[int] = set()
_LADDER = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status (negative: the signal that ended it), and whether its time was up."""

    status: int
    timed_out: bool = False


def _prctl() -> Callable[..., int] | None:
    """Return the kernel's prctl, or None where there is none. Loaded once: not to be looked up after a fork."""
    if not sys.platform.startswith("linux"):
        return None
    return ctypes.CDLL(None, use_errno=True).prctl


@dataclass(slots=True)
class Process:
    """A child that runs ``command``; ``deadline`` is when its time is up, by the monotonic clock."""

    child: subprocess.Popen[bytes]
    mark: str
    deadline: float | None
    descriptor: int | None = None
    _timed_out: bool = field(default=False, init=False)

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs; when its time is up, it is ended first."""
        if self.child.poll() is None and self.deadline is not None and time.monotonic() > self.deadline:
            self._timed_out = True
            end([self])
        if self.child.poll() is None:
            return None
        end([self])
        return Ended(self.child.returncode, self._timed_out)

    def close(self) -> None:
        """Give back what watching it took."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def start(  # noqa: PLR0913 - what a process has
    command: Sequence[str], *, folder: str, environ: Mapping[str, str], log: int, mark: str, timeout: float | None
) -> Process:
    """Start ``command`` in ``folder`` with its output in the file descriptor ``log``; ``mark`` names its attempt."""
    prctl = _prctl()
    if prctl:
        if not _children:
            _children.update(_all_children())  # whoever calls us may have some of its own
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a caller in the background has it ignored
        if prctl:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    child = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**environ, MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
    )
    _children.add(child.pid)
    deadline = None if timeout is None else time.monotonic() + timeout
    return Process(child, mark, deadline, _descriptor(child.pid))


def _descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends, where the kernel has such."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


def wait(processes: Iterable[Process], seconds: float) -> None:
    """Wait until one of ``processes`` ends, at most ``seconds``."""
    processes = list(processes)
    if all(one.descriptor is not None for one in processes):
        select.select([one.descriptor for one in processes], [], [], seconds)
        return
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(one.child.poll() is None for one in processes):
        time.sleep(0.005)


def end(processes: Sequence[Process]) -> None:
    """End ``processes`` and all their descendants: INT, then TERM, then KILL, with a grace between.

    When this process is interrupted once more, the grace is over. A child that is over already leaves only its rest.
    """
    alive = [one for one in processes if one.child.poll() is None]
    try:
        for number in _LADDER[:-1]:
            until = time.monotonic() + GRACE_SECONDS
            for one in alive:
                _signal_group(one.child.pid, number)
            while alive and time.monotonic() < until:
                wait(alive, min(0.1, GRACE_SECONDS))
                alive = [one for one in alive if one.child.poll() is None]
    finally:
        for one in processes:
            _kill(one)


def _kill(process: Process) -> None:
    _signal_group(process.child.pid, signal.SIGKILL)
    process.child.wait()
    _children.discard(process.child.pid)
    while (strays := _strays()) and (left := {*marked(process.mark), *filter(_unmarked, strays)}):
        _kill_each(left)
        time.sleep(0.001)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _kill_each(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _strays() -> list[int]:
    """Return the children of this process that it did not start: descendants of steps that left their tree.

    Those of its own session are none, for every step has a session of its own.
    """
    return [pid for pid in _all_children() - _children if _elsewhere(pid) and not _reaped(pid)]


def _all_children() -> set[int]:
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children", "rb") as stream:
            return set(map(int, stream.read().split()))
    except OSError:
        return set()


def _elsewhere(pid: int) -> bool:
    try:
        return os.getsid(pid) != os.getsid(0)
    except ProcessLookupError:
        return False


def _unmarked(stray: int) -> bool:
    """Whether a stray dropped the variable that tells which step it is of; then it belongs to none that may go on."""
    for _ in range(2):  # it looks empty, too, while another program is put in its place
        with contextlib.suppress(OSError), open(f"/proc/{stray}/environ", "rb") as stream:
            if variables := stream.read():
                return not any(one.startswith(f"{MARK}=".encode()) for one in variables.split(b"\0"))
        time.sleep(0.005)
    return True


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def marked(mark: str) -> list[int]:
    """Return the processes of this user that carry ``mark``, but for this one; none where the kernel cannot tell."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as stream:
                if wanted in stream.read().split(b"\0"):
                    found.append(int(name))
    return found


def identity(pid: int) -> str | None:
    """Return what tells a process from a later one of the same number: when it started. None: it is over."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as stream:
        return stream.read().rpartition(b")")[2].split()[19].decode()
    if os.path.isdir("/proc/self"):
        return None
    answer = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def end_survivors(mark: str, pid: int, started: str | None) -> int:
    """Kill what is left of an attempt whose runner died; return how many processes that were."""
    found = set()
    if started is not None and identity(pid) == started:
        _signal_group(pid, signal.SIGKILL)
        found = {pid}
    until = time.monotonic() + GRACE_SECONDS
    while (left := marked(mark)) and time.monotonic() < until:
        _kill_each(left)  # again and again: one may start another before it is killed
        found.update(left)
        time.sleep(0.01)
    return len(found)


def describe(status: int) -> str:
    """Return how a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
