"""Stops a command while an SDK of Azure ML is busy."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from aml_pipeline.cli.exits import Terminated, die_of
from aml_pipeline.cli.sending import listener

if TYPE_CHECKING:
    Hook = Callable[[sys.UnraisableHookArgs], object]

# Neither azure-ai-ml nor an upload of data is interrupted at once.
UPLOADS = "Stopping after the current uploads; interrupt again to stop at once."


@contextlib.contextmanager
def heard(notice: str = "") -> Iterator[Callable[[], None]]:
    """Within the block, a signal to stop prints ``notice`` before it takes effect, and a second one ends the process.

    Yields a function that raises the exception if a signal arrived that could not raise it, because Python was in an
    object's finalizer.
    """
    numbers: list[int] = []
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    tell = listener()

    def hear(number: int, frame: FrameType | None) -> None:
        for one in kept:
            signal.signal(one, leave)
        numbers.append(number)
        if notice:
            tell(notice)
        before = kept[signal.Signals(number)]
        if callable(before):
            before(number, frame)

    def leave(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.write(2, b"Stopped.\n")  # the stream may be busy with the notice
        die_of(number)

    for number, before in kept.items():
        if callable(before):
            signal.signal(number, hear)
    hook, sys.unraisablehook = sys.unraisablehook, _without_interrupts(sys.unraisablehook)
    try:
        yield lambda: _raise(numbers)
    finally:
        sys.unraisablehook = hook
        for number, before in kept.items():
            signal.signal(number, before)


def _without_interrupts(hook: Hook) -> Hook:
    """Return a hook that leaves out interrupts: that of the command line would send them a second time."""
    return lambda unraisable: None if isinstance(unraisable.exc_value, KeyboardInterrupt) else hook(unraisable)


def _raise(numbers: list[int]) -> None:
    if numbers:
        raise Terminated if numbers[0] == signal.SIGTERM else KeyboardInterrupt
