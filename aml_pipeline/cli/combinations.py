"""Shared by `run` and `submit` of several values of parameters: what is shown before, during and after the runs."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.cli.screen.wrapping import columns_of, padded, width
from aml_pipeline.core.text import number_in_words
from aml_pipeline.core.wording import counted, listed, printable
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.runs.events import Event, RunEnded, RunStarted

NOT_RUN = "not run"
UP_TO_DATE = "up to date"
_MOST_ROWS = 40
_MOST_METRICS = 3
_NOTHING = "–"
_WELL = frozenset({"done", UP_TO_DATE})


class Ended(NamedTuple):
    """How the run of a combination ended; ``run`` is the id of its record, ``metrics`` are the last values by step.

    A run without a record has no seconds.
    """

    state: str
    seconds: float | None = None
    run: str = ""
    metrics: Mapping[str, Mapping[str, Any]] = {}


def titled(label: str, plan: Plan, step: str) -> str:
    """Return what a step is called under the label of its combination."""
    return f"{label}  {plan.titles.get(step, step)}"


def labelled(label: str, plan: Plan, tell: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return a listener to the events of a run that shows those of its steps under its label."""

    def listen(event: Event) -> None:
        if not isinstance(event, (RunStarted, RunEnded)):
            tell(replace(event, step=titled(label, plan, event.step)))

    return listen


def title(plans: Sequence[Plan], varies: Sequence[str], steps: int) -> str:
    """Return the line before the first run: the number of combinations, and the parameters that all share."""
    plan = plans[0]
    shared = {**redaction.parameters(plan), **redaction.data(plan)}.items()
    values = ", ".join(f"{name}={shown(text)}" for name, text in shared if name not in varies)
    profile = f", profile {plan.profile}" if plan.profile else ""
    runs = f"{counted(len(plans), 'combination')} of {listed(varies)}"
    return f"{plan.name}{profile}: {counted(steps, 'step')}, {runs}{f' with {values}' if values else ''}"


def table(plans: Sequence[Plan], varies: Sequence[str], runs: Sequence[Ended]) -> list[str]:
    """Return how the runs of all plans ended, as lines: a table, and the number of runs in each state.

    Of many runs, those that did not end well go first; of metrics, those are shown that fit the terminal.
    """
    states = [run.state for run in runs]
    places = sorted(sorted(range(len(runs)), key=lambda place: states[place] in _WELL)[:_MOST_ROWS])
    texts = [redaction.parameters(plans[place]) for place in places]
    given = [[name, *(shown(row[name]) for row in texts)] for name in varies]
    chosen = [runs[place] for place in places]
    ended = [["state", *(run.state for run in chosen)], ["seconds", *map(_seconds, chosen)]]
    metrics = [_flat(plan, run) for plan, run in zip(plans, runs, strict=True)]
    measured = [[name, *(_metric(metrics[place], name) for place in places)] for name in _names_of(metrics)]
    lines = _aligned([*given, *ended], measured, [["run", *map(_id, chosen)]])
    more = [f"… and {counted(len(runs) - len(places), 'more run')}"] if len(runs) > len(places) else []
    return ["", *lines, *more, counts(states)]


def counts(states: Sequence[str]) -> str:
    """Return the number of runs in each state."""
    numbers = ", ".join(f"{count} {state}" for state, count in Counter(states).items())
    return f"{counted(len(states), 'run')}: {numbers}."


def _seconds(run: Ended) -> str:
    return _NOTHING if run.seconds is None else f"{run.seconds:.1f}"


def _id(run: Ended) -> str:
    return run.run.rpartition("-")[2] or _NOTHING


def _flat(plan: Plan, run: Ended) -> dict[str, Any]:
    """Return the metrics of a run as ``step.metric``."""
    titles = plan.titles
    return {
        printable(f"{titles.get(step, step)}.{name}"): value
        for step, values in run.metrics.items()
        for name, value in values.items()
    }


def _names_of(metrics: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first metrics that are numbers."""
    names = (name for row in metrics for name, value in row.items() if isinstance(value, (int, float)))
    return list(islice(dict.fromkeys(names), _MOST_METRICS))


def _metric(metrics: Mapping[str, Any], name: str) -> str:
    value = metrics.get(name)
    return _NOTHING if value is None else printable(number_in_words(value))


def _aligned(first: list[list[str]], middle: list[list[str]], last: list[list[str]]) -> list[str]:
    """Return the lines of columns; those in the middle are left out from the right until they fit the terminal."""
    columns = [*first, *middle, *last]
    widths = [max(map(width, column)) for column in columns]
    if middle and sum(widths) + 2 * len(widths) - 2 > (columns_of(sys.stdout) or math.inf):
        return _aligned(first, middle[:-1], last)
    padded_columns = [[padded(text, size) for text in column] for column, size in zip(columns, widths, strict=True)]
    return ["  ".join(row).rstrip() for row in zip(*padded_columns, strict=True)]
