"""What a step counts while it logs, as ``epoch`` or ``step`` → the x values of its curves."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from aml_pipeline.core.plain import number

# Names of metrics that count, and the only columns of rows that do; the first one that helps is used.
NAMES = ("epoch", "step")

Places = Sequence[float | None]


class Counters:
    """The counters of one step: their values, and the number of the event that logged each."""

    def __init__(self) -> None:
        self._values: dict[str, array[float]] = {}
        self._events: dict[str, array[int]] = {}

    def add(self, name: str, value: object, event: int) -> None:
        """Take a logged value, in case it counts."""
        name, count = name.rpartition(".")[2], number(value)
        if name in NAMES and count is not None:
            self._values.setdefault(name, array("d")).append(count)
            self._events.setdefault(name, array("q")).append(event)

    def places(self, metric: str, steps: Places, events: Sequence[int]) -> tuple[str, Places]:
        """Return the x values of the values of a metric, and what they count ("" if they have none).

        ``steps`` are those that were logged with the values, ``events`` the numbers of the events that logged them.
        """
        if _tell_apart(steps):
            return "step", steps
        for name in NAMES:
            if name in self._values and name != metric.rpartition(".")[2]:
                places = self._beside(name, events)
                if _tell_apart(places):
                    return name, places
        return "", [None] * len(events)

    def _beside(self, name: str, events: Sequence[int]) -> Places:
        """Return the latest count before each event, or the next one if the step counts after it logs."""
        counts, counted = self._values[name], self._events[name]
        if events[0] < counted[0] and events[-1] < counted[-1]:
            return [counts[bisect_left(counted, event)] for event in events]
        befores = [bisect_right(counted, event) for event in events]
        return [counts[before - 1] if before else None for before in befores]


def _tell_apart(places: Places) -> bool:
    """Whether x values differ and never go back; MLflow's are all 0 if the script gives none."""
    known = [place for place in places if place is not None]
    return len(set(known)) > 1 and all(before <= after for before, after in pairwise(known))
