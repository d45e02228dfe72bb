"""How much work Python code does, counted and not timed: the same on every machine, however busy it is.

It counts the lines that are executed, in this process and thread. What C code does within one line (a regular
expression, a sort) counts as that line.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(work: Callable[[], object]) -> int:
    """Return how many lines of Python ``work`` executes."""
    count = 0

    def trace(_frame: FrameType, event: str, _about: Any) -> Any:  # noqa: ANN401 - as sys.settrace has it
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def grows_in_step(work: Callable[[int], object], size: int, *, times: int = 4) -> bool:
    """Whether ``times`` the size is no more than about ``times`` the work: a quarter more is allowed for logarithms."""
    for of in (size, size * times):
        work(of)  # what is remembered of the first time is no part of the growth
    return lines_run(lambda: work(size * times)) <= lines_run(lambda: work(size)) * times * 1.25


def memory_taken(work: Callable[[], object]) -> int:
    """Return how many bytes ``work`` held at a time at most, beyond what was held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
