"""What runs that work at the same time share: wishes, processes, and what each of them makes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from aml_pipeline.local.attempt import Running
from aml_pipeline.local.process import Processes

# A step and the key of a result.
Product = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of a run: the steps that run in any case, how many at a time, and whether a failure stops the rest.

    ``shared``: this process also does other work, so its other children are not touched. ``several``: these are the
    options of several runs.
    """

    forced: Collection[str] = ()
    jobs: int = 1
    keep_going: bool = False
    shared: bool = False
    several: bool = False


class Pool:
    """The slots for processes, and what was made in them."""

    def __init__(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self.processes = Processes(shared=wishes.shared)
        self.running: dict[str, Running] = {}  # by attempt
        self.is_evaluating = False
        self.made: list[Product] = []
        self.failed: dict[Product, str] = {}  # with the run in which it failed

    @property
    def has_room(self) -> bool:
        """Whether another step can be taken up; one at a time is evaluated."""
        return not self.is_evaluating and len(self.running) < self.wishes.jobs

    @property
    def is_stopped(self) -> bool:
        """Whether nothing else begins because a step failed."""
        return bool(self.failed) and not self.wishes.keep_going

    def is_making(self, product: Product) -> bool:
        """Whether a running step makes this."""
        return any((running.step.name, running.attempt.key) == product for running in self.running.values())
