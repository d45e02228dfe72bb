"""A recorded run as Python and notebooks see it: its record, all points of its curves, and a summary as HTML."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.plain import mapping, number
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.parts import MOST_BYTES, facts, moment, table
from aml_pipeline.report.series import ALL_POINTS, Series, series_of
from aml_pipeline.report.sparkline import sparkline
from aml_pipeline.runs.record import RunRecord, titles

_LETTERS = 120


class Logged(NamedTuple):
    """A logged value: its number from 1, its time in seconds since 1970, and its epoch or step, if known.

    A value of None is not a finite number.
    """

    number: int
    time: float
    value: float | None
    at: float | None


class RecordedRun(RunRecord):
    """A recorded run, with its curves."""

    def __repr__(self) -> str:
        """Return its id and state."""
        return f"<run {self.id}: {self.state}>"

    @property
    def steps(self) -> dict[str, Mapping[str, Any]]:
        """What is recorded of the end of each step: ``state``, ``reason``, ``seconds``, ``metrics`` and more."""
        return {str(name): mapping(row) for name, row in mapping(self.header.get("steps")).items()}

    @property
    def titles(self) -> dict[str, str]:
        """The titles of variants of a matrix by their names, such as "train[epochs=5]"."""
        return titles(self.header)

    def metric(self, name: str) -> list[Logged]:
        """Return all values that a step logged, by a name such as "train.loss". Raises UsageError if there are none.

        For a step that was up to date these are the values of the run that made its result, if its record exists.
        """
        called = self.titles
        logged = {
            f"{label}.{series.name}": series.points
            for series in self.curves()
            for label in (called.get(series.step, series.step), series.step)
        }
        if name not in logged:
            raise UsageError(f'Run {self.id} has no metric "{name}". {suggest(name, list(logged), noun="metric")}')
        return [Logged(*point[:4]) for point in logged[name]]

    def curves(self, most: int = ALL_POINTS) -> list[Series]:
        """Return the series that its steps logged, including those of reused results, with at most so many points."""
        series = series_of(self.events(), most)
        for maker, steps in self._makers():
            series += series_of((event for event in maker.events() if event.get("step") in steps), most)
        return series

    def _makers(self) -> Iterator[tuple[RunRecord, Collection[str]]]:
        """Yield the runs that made the reused results, with the steps concerned."""
        made_by = {name: str(row.get("made_by") or self.id) for name, row in self.steps.items()}
        runs = os.path.dirname(self.folder)
        for maker in dict.fromkeys(made_by.values()):
            if maker != self.id and maker == os.path.basename(maker) and maker not in {os.curdir, os.pardir}:
                steps = [step for step, other in made_by.items() if other == maker]
                yield RunRecord(maker, os.path.join(runs, maker)), steps

    def _repr_html_(self) -> str:
        """Return a summary for a notebook."""
        known = {
            "State": self.state,
            "Started": moment(self.started),
            "Duration": "" if self.seconds is None else seconds_in_words(self.seconds),
            "Profile": cut(str(self.header.get("profile") or ""), _LETTERS),
            "Parameters": cut(", ".join(f"{name}={value}" for name, value in self.parameters.items())),
        }
        heading = tag("p", tag("b", cut(str(self.header.get("pipeline", ""))), " ", self.id))
        return tag("div", heading, facts(known.items()), self._steps_part(), self._metrics_part())

    def _steps_part(self) -> Html:
        called = self.titles
        rows = [
            (
                cut(called.get(name, name), _LETTERS),
                cut(str(row.get("state", "")), _LETTERS),
                _seconds(row),
                cut(str(row.get("message") or row.get("reason") or "")),
            )
            for name, row in self.steps.items()
        ]
        return table(("Step", "State", "Duration", "Reason"), rows, "Steps", MOST_BYTES) if rows else Html()

    def _metrics_part(self) -> Html:
        called = self.titles
        rows = [
            (
                cut(f"{called.get(series.step, series.step)}.{series.name}", _LETTERS),
                number_in_words(series.points[-1].value),
                sparkline([point.value for point in series.points]) if series.is_line else "",
            )
            for series in self.curves(most=1_000)
        ]
        return table(("Metric", "Last value", "Curve"), rows, "Metrics", MOST_BYTES) if rows else join([])


def _seconds(row: Mapping[str, Any]) -> str:
    seconds = number(row.get("seconds"))
    return "" if seconds is None or row.get("state") in {"up to date", "not run"} else seconds_in_words(seconds)
