"""How the program ends: exit statuses, and death by signals."""

from __future__ import annotations

import os
import sys

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_BUG = 3
EXIT_AZURE = 4
EXIT_SOMETHING_TO_DO = 5
EXIT_MACHINE = 6
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141
EXIT_TERMINATED = 143
# A shell adds this to the number of the signal from which a process died.
SIGNALLED = 128


class Terminated(KeyboardInterrupt):
    """The process got TERM, or HUP because its terminal was closed; ``status`` is the corresponding exit status."""

    def __init__(self, status: int = EXIT_TERMINATED) -> None:
        super().__init__()
        self.status = status


def status_of(error: KeyboardInterrupt) -> int:
    """Return the exit status of a stopped command; the exception of a signal may be the cause of ``error``."""
    raised = error.__cause__ or error
    return raised.status if isinstance(raised, Terminated) else EXIT_INTERRUPTED


def die_of(number: int) -> None:
    """End this process by a handled signal: after a mere exit status, a shell's loop would continue."""
    import signal

    if sys.platform != "win32":  # there, os.kill would make the number itself the exit status
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(SIGNALLED + number)  # the kernel does not kill process 1, for example in a container
