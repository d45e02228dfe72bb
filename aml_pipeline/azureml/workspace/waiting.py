"""Reports to a listener what is being waited for, at regular intervals, across any number of calls."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

# The longest silence.
SILENCE_SECONDS = 30.0

Listener = Callable[[str], None]


class _Work(NamedTuple):
    """An activity and its start."""

    what: Callable[[], str]
    since: float


@dataclass(slots=True)
class _Hearing:
    """A listener, the time of the last report, and the current activities: the whole first, then its part."""

    listener: Listener
    spoken: float = field(default_factory=time.monotonic)
    work: list[_Work] = field(default_factory=list)

    def remind(self) -> None:
        """Report the current activity: the part, if it alone took all the time, else the whole."""
        now = time.monotonic()
        if now - self.spoken < SILENCE_SECONDS or not self.work:
            return
        work = list(self.work)
        longest = next((part for part in reversed(work) if part.since <= self.spoken), work[0])
        self.spoken = now
        self.listener(f"still {longest.what()} ({now - longest.since:.0f} s)")

    def remind_until(self, over: threading.Event) -> None:
        """Send reports to the listener until it is removed."""
        while not over.wait(max(SILENCE_SECONDS / 10, self.spoken + SILENCE_SECONDS - time.monotonic())):
            self.remind()


_hearing: ContextVar[_Hearing | None] = ContextVar("hearing", default=None)


@contextlib.contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within the block, call ``listener`` with a line on what is being waited for."""
    hearing, over = _Hearing(listener), threading.Event()
    thread = threading.Thread(target=hearing.remind_until, args=(over,), daemon=True)
    before = _hearing.set(hearing)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _hearing.reset(before)


def say(text: str) -> None:
    """Send a line to the listener, if any."""
    hearing = _hearing.get()
    if hearing:
        hearing.spoken = time.monotonic()
        hearing.listener(text)


def spoken() -> None:
    """Note that something else was just printed."""
    hearing = _hearing.get()
    if hearing:
        hearing.spoken = time.monotonic()


@contextlib.contextmanager
def reminding(what: str | Callable[[], str]) -> Iterator[None]:
    """Report ``what`` ("submitting the pipeline") at intervals while the block runs."""
    hearing = _hearing.get()
    if hearing is None:
        yield
        return
    hearing.work.append(_Work((lambda: what) if isinstance(what, str) else what, time.monotonic()))
    try:
        yield
    finally:
        hearing.work.pop()
