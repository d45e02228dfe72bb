"""One child process in a process group of its own, its output in a file, watched while it runs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TICK_SECONDS = 0.1
# How long a process has after INT, and after TERM, before the next signal.
GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status (negative: the signal that ended it), and whether its time was up."""

    status: int
    timed_out: bool = False


def run(
    command: Sequence[str],
    *,
    folder: str,
    environ: Mapping[str, str],
    log: int,
    timeout: float | None,
    on_tick: Callable[[], None],
) -> Ended:
    """Run ``command`` in ``folder`` with its output in the file descriptor ``log``.

    ``on_tick`` is called about ten times a second. When this process is interrupted the child's whole group is ended
    first; so is what is left of the group when the child itself is over.
    """
    child = subprocess.Popen(  # noqa: S603 - the user's own script, as a list, without a shell
        list(command), cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    timed_out = False
    try:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not _wait(child, TICK_SECONDS):
            on_tick()
            if deadline is not None and time.monotonic() > deadline:
                timed_out = True
                break
    finally:
        end_group(child)
    return Ended(child.returncode, timed_out)


def _wait(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether ``child`` ended within ``seconds``; learns of it at once where the kernel can tell."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(child.pid)
            try:
                if not select.select([descriptor], [], [], seconds)[0]:
                    return False
            finally:
                os.close(descriptor)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=seconds)
    return child.returncode is not None


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End ``child`` and what is left of its group: INT, then TERM, then KILL, with a grace between.

    When this process is interrupted once more, the grace is over.
    """
    try:
        if child.returncode is None:
            for number in (signal.SIGINT, signal.SIGTERM):
                _signal_group(child.pid, number)
                if _wait(child, GRACE_SECONDS):
                    break
    finally:
        if _signal_group(child.pid, signal.SIGKILL):
            child.wait()


def _signal_group(group: int, number: signal.Signals) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def describe(status: int) -> str:
    """Return how a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
