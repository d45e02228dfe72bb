"""``run`` with several values of parameters: a run of each combination, and a table of how they ended."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.cli.exits import EXIT_FAILED
from aml_pipeline.cli.github import summarize
from aml_pipeline.cli.opened import command_line
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.screen.wrapping import columns_of, padded, width
from aml_pipeline.cli.selected import say, warn_of_left_out
from aml_pipeline.core import removal
from aml_pipeline.core.text import number_in_words
from aml_pipeline.core.wording import counted, listed, printable
from aml_pipeline.local import Context, Run, Wishes, ranks, recorded_together
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.combinations import labels
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.runs.events import Event, RunEnded, RunStarted

_MOST_ROWS = 40
_MOST_METRICS = 3
_NOTHING = "–"
_WELL = frozenset({"done", "up to date"})


class Wanted(NamedTuple):
    """What the command line asks for: a run of the ``selected`` steps in each of the ``contexts``.

    They differ in the parameters that ``varies`` names.
    """

    state: str
    contexts: list[Context]
    varies: list[str]
    selected: list[str]
    wishes: Wishes


def run_combined(options: Options, wanted: Wanted, environ: Mapping[str, str]) -> int:
    """Carry out the runs; exit with 1 if one failed or was not carried out."""
    contexts, verbose = wanted.contexts, options.flag("verbose")
    names = labels([context.plan for context in contexts], wanted.varies)
    warned = warn_of_left_out(contexts, wanted.selected, names, verbose=verbose)
    progress = _progress(wanted, names, verbose=verbose)
    states = dict.fromkeys(names, "not run")
    listeners = [_named(name, context.plan, progress, states) for context, name in zip(contexts, names, strict=True)]
    try:
        done = recorded_together(
            list(zip(contexts, listeners, strict=True)),
            wanted.selected,
            wanted.wishes,
            varies=wanted.varies,
            command=command_line(),
            durable=options.flag("fsync"),
        )
    except KeyboardInterrupt:
        progress.say(_counts(list(states.values())))
        raise
    progress.finish()
    if refused := {place: refusal for run in done for place, refusal in run.refused.items()}:
        say(removal.in_words(list(refused.values())))
    table = _table(wanted, done)
    print(*table, sep="\n")
    plans = (context.plan for context in contexts)
    summarize(environ, _title(wanted, contexts[0]), list(zip(names, plans, done, strict=False)), wanted.state)
    if not any(run.id for run in done) and all(run.state == "done" for run in done):
        options.answer = None if warned else "\n".join([*progress.lines, *table])
    return 0 if [run.state for run in done] == ["done"] * len(contexts) else EXIT_FAILED


def _progress(wanted: Wanted, names: Sequence[str], *, verbose: bool) -> Progress:
    from aml_pipeline.cli.commands.environment import warning

    first = wanted.contexts[0]
    plan = first.plan
    steps = {_titled(name, plan, step): step for name in names for step in wanted.selected}
    return Progress(
        first.project.folder,
        list(steps),
        title=_title(wanted, first),
        verbose=verbose,
        remark=lambda: warning(plan, wanted.selected, first.project, first.interpreters),
        jobs=wanted.wishes.jobs,
        before=lambda title: {"seconds": first.store.facts(steps[title]).get("seconds")},
        manner=lambda title: ranks.in_words(plan.step(steps[title])),
    )


def _titled(name: str, plan: Plan, step: str) -> str:
    return f"{name}  {plan.titles.get(step, step)}"


def _title(wanted: Wanted, context: Context) -> str:
    """Return the line before the first run: the number of combinations, and the parameters that all share."""
    plan = context.plan
    shared = {**redaction.parameters(plan), **redaction.data(plan)}.items()
    values = ", ".join(f"{name}={shown(text)}" for name, text in shared if name not in wanted.varies)
    profile = f", profile {plan.profile}" if plan.profile else ""
    runs = f"{counted(len(wanted.contexts), 'combination')} of {listed(wanted.varies)}"
    steps = counted(len(wanted.selected), "step")
    return f"{plan.name}{profile}: {steps}, {runs}{f' with {values}' if values else ''}"


def _named(name: str, plan: Plan, tell: Callable[[Event], None], states: dict[str, str]) -> Callable[[Event], None]:
    """Return a listener to the events of a run that shows its steps under the name of the run, and notes its end."""

    def listen(event: Event) -> None:
        if isinstance(event, RunEnded):
            states[name] = event.state
        elif not isinstance(event, RunStarted):
            tell(replace(event, step=_titled(name, plan, event.step)))

    return listen


def _table(wanted: Wanted, done: Sequence[Run]) -> list[str]:
    """Return how the runs ended, as lines: a table, and the number of runs in each state.

    Of many runs, those that did not end well go first; of metrics, those are shown that fit the terminal.
    """
    runs = [*done, *[None] * (len(wanted.contexts) - len(done))]
    states = [_state(run) for run in runs]
    places = sorted(sorted(range(len(runs)), key=lambda place: states[place] in _WELL)[:_MOST_ROWS])
    texts = [redaction.parameters(wanted.contexts[place].plan) for place in places]
    chosen = [runs[place] for place in places]
    given = [[name, *(shown(row[name]) for row in texts)] for name in wanted.varies]
    ended = [["state", *(states[place] for place in places)], ["seconds", *map(_seconds, chosen)]]
    measured = [[name, *(_metric(run, name) for run in chosen)] for name in _metrics_of(done)]
    lines = _aligned([*given, *ended], measured, [["run", *map(_id, chosen)]])
    more = [f"… and {counted(len(runs) - len(places), 'more run')}"] if len(runs) > len(places) else []
    return ["", *lines, *more, _counts(states)]


def _counts(states: Sequence[str]) -> str:
    """Return the number of runs in each state."""
    counts = ", ".join(f"{count} {state}" for state, count in Counter(states).items())
    return f"{counted(len(states), 'run')}: {counts}."


def _aligned(first: list[list[str]], middle: list[list[str]], last: list[list[str]]) -> list[str]:
    """Return the lines of columns; those in the middle are left out from the right until they fit the terminal."""
    columns = [*first, *middle, *last]
    widths = [max(map(width, column)) for column in columns]
    if middle and sum(widths) + 2 * len(widths) - 2 > (columns_of(sys.stdout) or math.inf):
        return _aligned(first, middle[:-1], last)
    padded_columns = [[padded(text, size) for text in column] for column, size in zip(columns, widths, strict=True)]
    return ["  ".join(row).rstrip() for row in zip(*padded_columns, strict=True)]


def _state(run: Run | None) -> str:
    if run is None or (run.state == "interrupted" and not run.id):
        return "not run"
    return "up to date" if run.state == "done" and not run.id else run.state


def _seconds(run: Run | None) -> str:
    return f"{run.seconds:.1f}" if run and run.id else _NOTHING


def _id(run: Run | None) -> str:
    return run.id.rpartition("-")[2] if run and run.id else _NOTHING


def _metrics_of(done: Sequence[Run]) -> list[str]:
    """Return the first numbers that the runs logged, as ``step.metric``."""
    names = (name for run in done for name, value in _flat(run).items() if isinstance(value, (int, float)))
    return list(islice(dict.fromkeys(names), _MOST_METRICS))


def _flat(run: Run | None) -> dict[str, Any]:
    steps: Mapping[str, Mapping[str, Any]] = run.metrics if run else {}
    return {printable(f"{step}.{name}"): value for step, values in steps.items() for name, value in values.items()}


def _metric(run: Run | None, name: str) -> str:
    value = _flat(run).get(name)
    return _NOTHING if value is None else printable(number_in_words(value))
