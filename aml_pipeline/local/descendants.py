"""Finds processes that left the tree of their step: by the mark in their environment, or as children of this process.

On Linux, descendants that leave their tree become children of this process (``PR_SET_CHILD_SUBREAPER``). Each carries
its attempt's id in its environment, so that the next run finds what a killed runner left behind; a process without that
id is found by the attempt's folder, if it works there or writes into it. On other systems none can be found, and only
the process group is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator

# The environment variable that marks each process of an attempt.
MARK = "AML_PIPELINE_ATTEMPT"
# How long to keep killing survivors that start new processes.
CHASE_SECONDS = 3.0
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of descendants that leave their tree, if the kernel supports it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Return the children of this process; none if the kernel does not list them."""
    me = os.getpid()
    try:
        return set(map(int, _bytes_of(f"/proc/{me}/task/{me}/children").split()))
    except OSError:
        return set()


def end_strays(own: Collection[int], mark: str) -> None:
    """Kill the descendants of the step marked ``mark`` that left its tree; ``own`` are other children."""
    while (strays := _strays(own)) and (left := {*marked(mark), *filter(_unmarked, strays)}):
        kill_each(left)
        time.sleep(0.001)


def end_marked(mark: str) -> None:
    """Kill the descendants of the step marked ``mark`` that still carry that mark."""
    while left := marked(mark):
        kill_each(left)
        time.sleep(0.001)


def _strays(own: Collection[int]) -> list[int]:
    """Return the children that this process did not start: descendants of steps that left their tree.

    Children in its own session do not count, because each step has a session of its own.
    """
    return [pid for pid in children() if pid not in own and _elsewhere(pid) and not _reaped(pid)]


def _elsewhere(pid: int) -> bool:
    try:
        return os.getsid(pid) != os.getsid(0)
    except ProcessLookupError:
        return False


def _unmarked(stray: int) -> bool:
    """Whether a stray process dropped the variable that names its step, so that it cannot belong to a running step."""
    for _ in range(2):  # it is also empty for a moment during exec
        with contextlib.suppress(OSError):
            if variables := _bytes_of(f"/proc/{stray}/environ"):
                return not any(variable.startswith(f"{MARK}=".encode()) for variable in variables.split(b"\0"))
        time.sleep(0.005)
    return True


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def marked(mark: str) -> list[int]:
    """Return this user's other processes with ``mark``; none if the kernel does not list them."""
    wanted = f"{MARK}={mark}".encode()
    pids = []
    for pid in _processes():
        with contextlib.suppress(OSError):
            if wanted in _bytes_of(f"/proc/{pid}/environ").split(b"\0"):
                pids.append(pid)
    return pids


def _processes() -> list[int]:
    """Return all other processes; none if the kernel does not list them."""
    names = os.listdir("/proc") if os.path.isdir("/proc/self") else []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def daemons_in(folder: str) -> list[int]:
    """Return processes without a terminal that work in ``folder`` or have a file below it open for writing.

    People who inspect an attempt have a terminal or only read. Ancestors of this process do not count either.
    """
    place = f"{os.path.realpath(folder)}{os.sep}"
    ours = set(_ancestors())
    return [pid for pid in _processes() if pid not in ours and _works_in(pid, place) and not _has_terminal(pid)]


def _ancestors() -> Iterator[int]:
    pid = os.getppid()
    with contextlib.suppress(OSError):  # if the kernel does not tell the rest, the first is enough
        while pid:
            yield pid
            pid = int(_status(pid)[1])


def _has_terminal(pid: int) -> bool:
    try:
        return _status(pid)[4] != b"0"
    except OSError:
        return True  # it has ended


def _works_in(pid: int, place: str) -> bool:
    """Whether a process works below ``place``, a path that ends in ``/``, or has a file there open for writing."""
    try:
        if f"{os.readlink(f'/proc/{pid}/cwd')}/".startswith(place):
            return True
        return any(_writes(pid, name, place) for name in os.listdir(f"/proc/{pid}/fd"))
    except OSError:  # it has ended, or belongs to another user
        return False


def _writes(pid: int, descriptor: str, place: str) -> bool:
    if not os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(place):
        return False
    _, _, rest = _bytes_of(f"/proc/{pid}/fdinfo/{descriptor}").partition(b"flags:")
    return int(rest.split()[0], 8) & os.O_ACCMODE != os.O_RDONLY


def _status(pid: int) -> list[bytes]:
    """Return the kernel's status fields of a process after its name: state, parent and so on (proc(5))."""
    return _bytes_of(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def identity(pid: int) -> str | None:
    """Return the start time, which distinguishes a process from a later one with the same id; None if it has ended."""
    with contextlib.suppress(OSError):
        return _status(pid)[19].decode()
    if os.path.isdir("/proc/self"):
        return None
    answer = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def end_survivors(mark: str, pid: int, started: str | None, folder: str = "") -> int:
    """Kill what is left of an attempt whose runner died; return the number of processes.

    ``folder`` is the attempt's folder, to also find daemons that lost their mark.
    """
    killed = set()
    if started is not None and identity(pid) == started:
        signal_group(pid, signal.SIGKILL)
        killed.add(pid)
    until = time.monotonic() + CHASE_SECONDS
    while (left := {*marked(mark), *(daemons_in(folder) if folder else ())}) and time.monotonic() < until:
        kill_each(left)  # repeatedly: a process may start another before it is killed
        killed.update(left)
        time.sleep(0.01)
    return len(killed)


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group, if it exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def kill_each(pids: Iterable[int]) -> None:
    """Kill processes that still exist."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _bytes_of(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.read()
