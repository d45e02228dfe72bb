"""Kernel locks on the state of a pipeline: one run at a time, and no lock that a user would have to clear."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator

from aml_pipeline.core import files
from aml_pipeline.core.errors import MachineError
from aml_pipeline.runs import formats

LOCK, RECORDING = "lock", "recording"
# Seconds between attempts to lock: a check for a current run holds the lock for less than a millisecond.
_WAITS = (0.0, *[0.01] * 20)
_LONG_WAIT_SECONDS = 0.1


@contextlib.contextmanager
def locked(
    folder: str, command: str, *, patience: float = 0.0, say: Callable[[str], None] = lambda _text: None
) -> Iterator[bool]:
    """Hold the kernel's lock on ``folder``, so that one run at a time works in it; yield whether it was waited for.

    The lock ends with the process, however that ends; no file has to be removed. Raises MachineError with the holder,
    after ``patience`` seconds, or if locks do not work; before a wait, ``say`` gets a text that names the holder.
    (POSIX locks, `fcntl.lockf`, are no alternative: file systems without flock mostly lack them as well, and they are
    released when this process closes any other descriptor of the file.)
    """
    require_locks()
    descriptor = files.open_regular(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT)
    try:
        is_busy = not any(_taken(folder, descriptor, wait) for wait in _WAITS)
        if is_busy:
            _wait(folder, descriptor, patience, say)
        _require_effect(folder)
        holder = {
            "pid": os.getpid(),
            "host": os.uname().nodename,
            "command": command,
            "since": time.strftime("%H:%M:%S"),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield is_busy
    finally:
        os.close(descriptor)


def _wait(folder: str, descriptor: int, patience: float, say: Callable[[str], None]) -> None:
    """Wait for the lock. Raises MachineError when the patience is over."""
    until = time.monotonic() + patience
    if patience:
        say(f"Waiting for another run of this pipeline ({_holder(descriptor)}).")
    while time.monotonic() < until:
        if _taken(folder, descriptor, _LONG_WAIT_SECONDS):
            return
    raise MachineError(_refusal(descriptor))


def _taken(folder: str, descriptor: int, wait: float) -> bool:
    """Whether this process gets the lock within ``wait`` seconds."""
    time.sleep(wait)
    try:
        _lock(descriptor)
    except BlockingIOError:
        return False
    except OSError as error:
        raise MachineError(_no_locks(folder, str(error.strerror))) from None
    return True


def _require_effect(folder: str) -> None:
    """Raise MachineError if the lock that is held has no effect: a second descriptor must not get it."""
    descriptor = files.open_regular(os.path.join(folder, LOCK), os.O_RDONLY)
    try:
        _lock(descriptor, shared=True)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
    raise MachineError(_no_locks(folder, "they have no effect"))


def _lock(descriptor: int, *, shared: bool = False, wait: bool = False) -> None:
    """Lock an open file. Raises BlockingIOError if another process holds the lock, OSError where locks do not work."""
    if sys.platform == "win32":
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    import fcntl

    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(descriptor, how if wait else how | fcntl.LOCK_NB)


def require_locks() -> None:
    """Raise MachineError on Windows: it has neither these locks nor the process groups and signals of a run."""
    if sys.platform == "win32":
        raise MachineError(
            "`run` and `clean` do not work on Windows: use WSL or a dev container. The other commands work here."
        )


def _no_locks(folder: str, why: str) -> str:
    what = f"File locks do not work in {folder} ({why}), so two simultaneous runs could not be kept apart"
    return f"{what}. Move the project to a local disk, or mount its file system with lock support, and run again."


@contextlib.contextmanager
def recording(folder: str) -> Iterator[None]:
    """Wait for, and hold, a separate lock on the records in ``folder``.

    So that `clean` removes no text whose record is being written. The lock of runs would not do: what was sent to Azure
    ML is recorded while a local run is in progress.
    """
    descriptor = files.open_regular(os.path.join(folder, RECORDING), os.O_RDWR | os.O_CREAT)
    try:
        with contextlib.suppress(OSError):  # where locks do not work, `clean` refuses: nobody has to be kept out
            _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def is_alone(descriptor: int) -> bool:
    """Lock an open file; return whether no other process holds that lock. Where locks do not work, none does."""
    try:
        _lock(descriptor)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def is_locked(folder: str) -> bool:
    """Whether a run holds the lock on ``folder`` now."""
    try:
        require_unlocked(folder)
    except MachineError:
        return True
    return False


def require_unlocked(folder: str) -> None:
    """Raise MachineError with the holder when a run holds the lock on ``folder`` now."""
    try:
        descriptor = files.open_regular(os.path.join(folder, LOCK), os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        _lock(descriptor, shared=True)
    except BlockingIOError:
        raise MachineError(_refusal(descriptor)) from None
    except OSError:  # where locks do not work, no run holds one
        return
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Return who holds the lock."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        holder = json.loads(os.read(descriptor, 4096))
        return "process {pid} on {host} since {since}: {command}".format(**holder)
    except (ValueError, KeyError, TypeError):
        return "a run that has just started"


def _refusal(descriptor: int) -> str:
    return (
        f"Another run of this pipeline is in progress ({_holder(descriptor)}). "
        "Wait for it (--wait-for-lock does), or stop it; there is no lock to clear."
    )


def prepare(state: str, pipeline: str) -> str:
    """Create the folder of a pipeline's state in ``state`` (``.aml_pipeline``), ignored by git; return it."""
    folder = os.path.join(state, pipeline)
    os.makedirs(folder, exist_ok=True)
    _make_private(state)
    formats.note(folder)
    ignore = os.path.join(state, ".gitignore")
    if not files.is_file(ignore):
        files.write(ignore, b"*\n")
    return folder


def _make_private(state: str) -> None:
    """Make a folder readable only by its owner: it contains values, logs and data.

    The group may read it too if the folder has its bit (``chmod g+s``), as the folders of a shared project have.
    """
    mode = stat.S_IMODE(os.stat(state).st_mode)
    wanted = mode & ~0o007 if mode & stat.S_ISGID else 0o700
    if mode != wanted:
        with contextlib.suppress(OSError):  # another user's folder, or a file system without permissions
            os.chmod(state, wanted)
