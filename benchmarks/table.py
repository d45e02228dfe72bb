"""The table that is printed: a row for each thing measured, a column for each tool, and our goals."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.measure import Cost
from benchmarks.tools import NAMES, OURS

HEAD = f"| | P | yardstick | goal | {' | '.join(NAMES)} | runs |\n|{'---|' * (len(NAMES) + 5)}"


class Goal(NamedTuple):
    """The most that our figure may be: so many P, so many yardsticks, and so much (seconds or MiB), added up."""

    text: str
    p: float = 0
    yardsticks: float = 0
    fixed: float = 0

    def met(self, figure: float, floor: float, yardstick: float) -> bool:
        """Say whether a figure is no more than the goal."""
        return figure <= self.p * floor + self.yardsticks * yardstick + self.fixed


GOALS = {
    "cold 300": Goal("≤ 1.5 ms", fixed=0.0015),
    "idle 30": Goal("≤ 3 P", p=3),
    "idle 300": Goal("≤ 4 P", p=4),
    "validate 30": Goal("≤ 17 P", p=17),
    "validate 300": Goal("≤ 22 P", p=22),
    "--version": Goal("≤ 1.5 P", p=1.5),
    "--help": Goal("≤ 3 P", p=3),
    "large first": Goal("≤ 1.1 × sha256", yardsticks=1.1),
    "large again": Goal("≤ small + 2 ms", yardsticks=1, fixed=0.002),
    "many again": Goal("≤ 13 P", p=13),
    "memory idle": Goal("≤ 16 MiB", fixed=16),
    "memory cold": Goal("≤ 36 MiB", fixed=36),
}


class Yardstick(NamedTuple):
    """What a figure is held against beside P: a name, and seconds."""

    name: str
    seconds: float


class Row(NamedTuple):
    """One thing measured: its name, what P is there, a figure for each tool (seconds, or MiB), how many runs each.

    ``key`` names its goal.
    """

    what: str
    key: str
    floor: float
    figures: Mapping[str, float]
    runs: Mapping[str, int]
    yardstick: Yardstick | None = None
    unit: str = "s"

    def line(self, here: Sequence[str]) -> str:
        """Return the row as Markdown, given the names of the tools that are here."""
        goal = GOALS.get(self.key)
        yardstick = f"{self.yardstick.name} {_amount(self.yardstick.seconds, 's')}" if self.yardstick else "–"
        head = [self.what, _amount(self.floor, self.unit), yardstick, goal.text if goal else "–"]
        return f"| {' | '.join([*head, *(self._cell(name, goal, here) for name in NAMES), self._runs()])} |"

    def _cell(self, name: str, goal: Goal | None, here: Sequence[str]) -> str:
        if name not in self.figures:
            return "–" if name in here else "not here"
        figure = self.figures[name]
        cell = f"{_amount(figure, self.unit)}, {figure / self.floor:.1f} P"
        if name != OURS or goal is None:
            return cell
        met = goal.met(figure, self.floor, self.yardstick.seconds if self.yardstick else 0)
        return f"{cell}: {'met' if met else 'missed'}"

    def _runs(self) -> str:
        """Return how many runs a figure is the median of: ours, and theirs where it was less."""
        ours = self.runs[OURS]
        fewer = [f"{name} {self.runs[name]}" for name in NAMES if self.runs.get(name, ours) < ours]
        return ", ".join([str(ours), *fewer])


def timed(what: str, key: str, costs: Mapping[str, Cost], yardstick: Yardstick | None = None) -> Row:
    """Return the row that shows seconds of whole processes."""
    seconds = {name: cost.seconds for name, cost in costs.items()}
    return Row(what, key, costs["P"].seconds, seconds, runs(costs), yardstick)


def memory(what: str, key: str, costs: Mapping[str, Cost]) -> Row:
    """Return the row that shows peak memory."""
    return Row(what, key, costs["P"].mib, {name: cost.mib for name, cost in costs.items()}, runs(costs), unit="MiB")


def runs(costs: Mapping[str, Cost]) -> dict[str, int]:
    """Return how many runs each median was taken of."""
    return {name: cost.runs for name, cost in costs.items()}


def _amount(figure: float, unit: str) -> str:
    if unit == "MiB":
        return f"{figure:.1f} MiB"
    if figure >= 1:
        return f"{figure:.2f} s"
    return f"{figure * 1000:.{2 if figure < 0.01 else 1}f} ms"  # noqa: PLR2004
