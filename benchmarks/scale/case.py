"""What a measurement of scale is made of."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.measure import Program


class Measured(NamedTuple):
    """A program to measure; ``page`` is a file that it writes, whose size counts too."""

    what: str
    program: Program
    page: str | None = None


class Case(NamedTuple):
    """So many ``things``, at two ``sizes``; ``prepare`` makes them in a new folder and yields what to measure there.

    ``start`` (its first argument) is the command of aml-pipeline. It yields the same programs at each size. What one
    yields may be measured before the next is asked for.
    """

    things: str
    sizes: tuple[int, int]
    prepare: Callable[[Sequence[str], str, int], Iterator[Measured]]
