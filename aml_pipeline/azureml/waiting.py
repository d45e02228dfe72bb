"""Nobody waits in silence: whoever listens hears what a call that takes long is waiting for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

# How long nothing is said at most.
SILENCE_SECONDS = 30.0

Listener = Callable[[str], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within the block, tell ``listener`` what is being waited for, a line each time."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def say(text: str) -> None:
    """Tell whoever listens."""
    listener = _listener.get()
    if listener:
        listener(text)


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Say ``what`` is still being done ("submitting the pipeline"), again and again, while the block takes long."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(what, listener, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(what: str, listener: Listener, over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(SILENCE_SECONDS):
        listener(f"still {what} ({time.monotonic() - began:.0f} s)")
