"""Waiting for what happens in its own time: no test says how long that takes, and what never happens is a failure."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

Seen = TypeVar("Seen")

# Seconds after which what did not happen counts as never: far more than anything takes on a machine that is busy.
PATIENCE = 120.0
_MOMENT = 0.01


def until(seen: Callable[[], Seen], otherwise: Callable[[], object] = lambda: "it did not happen") -> Seen:
    """Wait until ``seen`` gives something, and return that."""
    end = time.monotonic() + PATIENCE
    while not (something := seen()):
        assert time.monotonic() < end, otherwise()
        time.sleep(_MOMENT)
    return something


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """Fail if the block does not end; for the main thread.

    It is meant for input of such a size that quadratic work on it would take hours.
    """

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
