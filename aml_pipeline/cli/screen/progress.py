"""Progress of a run: plain lines in a pipe, live lines on a terminal.

How each step ended goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Any

from aml_pipeline.cli.screen.live import Live, can_move
from aml_pipeline.cli.screen.logged import log, without_colours
from aml_pipeline.cli.screen.printing import is_coloured
from aml_pipeline.core.wording import counted, printable
from aml_pipeline.local import Run
from aml_pipeline.local.store import Store
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.runs import events, metrics
from aml_pipeline.runs.events import Event

# The first hundred values of a metric are shown, then every tenth, then every hundredth.
_SHOWN_EACH = 100
# A line shows only the first metrics of a step that logs many.
_MOST_METRICS = 40


class Progress:
    """Shows the events of a run of ``selected`` steps.

    When the first of them runs, ``remark`` returns a line to print and ``before`` the recorded last success of each
    step. ``manner`` returns how a step runs, as a part of a sentence. The ``title`` comes before everything.
    Paths are shown relative to ``folder``, that of the project, or one above it. ``titles`` are those of variants.
    """

    def __init__(  # noqa: PLR0913 - what is shown beside the events
        self,
        folder: str,
        selected: Sequence[str],
        *,
        title: str = "",
        verbose: bool = False,
        remark: Callable[[], str] = lambda: "",
        before: Callable[[], Mapping[str, Mapping[str, Any]]] = dict,
        manner: Callable[[str], str] = lambda _step: "",
        titles: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._titles = titles
        self._width = max((len(self._title_of(step)) for step in selected), default=0)
        self._verbose = verbose
        self._moving = not verbose and can_move()
        self._live = Live(sys.stderr, moving=self._moving)
        self._counts: dict[tuple[str, str], int] = {}
        self._last: dict[str, dict[str, object]] = {}
        self._logs: dict[str, str] = {}
        self.lines: list[str] = []  # what was written to standard output
        self._folder = folder
        self._heading = title
        self._manner = manner
        self._remark = remark
        self._before = cache(before)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, events.StepStarted):
            self._begin(event)
        elif isinstance(event, events.OutputWritten) and self._verbose:
            log(sys.stderr, event.text, coloured=is_coloured(sys.stderr, os.environ))
        elif isinstance(event, events.MetricLogged):
            self._metric(event)
        elif isinstance(event, events.StepTicked):
            time = f"{event.seconds:5.1f} s{self._expected(event.step)}"
            self._live.put(event.step, f"{self._begins(event.step)}  {time}  {self._metrics(event.step)}")
        elif isinstance(event, events.StepEnded):
            self._end(event)

    def _title_of(self, step: str) -> str:
        return self._titles.get(step, step)

    def _begins(self, step: str) -> str:
        """Return the beginning of a line about a step."""
        return f"{self._title_of(step):<{self._width}}"

    def _begin(self, event: events.StepStarted) -> None:
        if self._heading:
            self.say(self._heading)
            self._heading = ""
            remark = self._remark()
            if remark:
                self.say(remark)
        runs = "runs again" if event.step in self._logs else "runs"
        self._logs[event.step] = event.log
        self.say(f"{self._begins(event.step)}  {runs}{self._manner(event.step)}: {event.reason}")
        for line in each(event.changes) if self._verbose else ():
            self.say(line)

    def _metric(self, event: events.MetricLogged) -> None:
        count = self._counts[event.step, event.name] = self._counts.get((event.step, event.name), 0) + 1
        self._last.setdefault(event.step, {})[event.name] = _brief(event.value)
        step = 10 ** max(0, len(str(count // _SHOWN_EACH))) if count >= _SHOWN_EACH else 1
        if not self._moving and count % step == 0:
            self.say(f"{self._begins(event.step)}    {printable(event.name)} {_shown(_brief(event.value))}")

    def _metrics(self, step: str) -> str:
        first = islice(self._last.get(step, {}).items(), _MOST_METRICS)
        return "  ".join(f"{printable(name)} {_shown(value)}" for name, value in first)

    def _compared(self, step: str) -> str:
        """Return the latest values of a step's metrics, with those of its previous run."""
        last = self._last.get(step, {})
        old = (self._before().get(step, {}).get("metrics") or {}) if last else {}
        first = islice(last.items(), _MOST_METRICS)
        values = [f"{printable(name)} {_shown(value)}{_was(value, old.get(name))}" for name, value in first]
        more = [f"and {counted(len(last) - len(values), 'more metric')}"] if len(last) > len(values) else []
        return "  ".join([*values, *more])

    def _expected(self, step: str) -> str:
        """Return how long a step is expected to take, from its previous run."""
        seconds = self._before().get(step, {}).get("seconds") if self._moving else None
        return f" of about {seconds:.1f} s" if isinstance(seconds, (int, float)) else ""

    def _end(self, event: events.StepEnded) -> None:
        self._live.drop(event.step)
        took = [""] * 2 if event.seconds is None else [f" {word} {event.seconds:.1f} s" for word in ("in", "after")]
        words = {"done": f"done{took[0]}", "failed": f"FAILED{took[1]}"}
        text = words.get(event.state, event.state)
        detail = {"done": self._compared(event.step), "not run": event.reason}.get(event.state, "")
        self.lines.append(f"{self._begins(event.step)}  {text}{'  ' if detail else ''}{detail}")
        self._live.above(self.lines[-1], sys.stdout)
        if event.state == "failed" and event.message:
            title, log_file = self._title_of(event.step), self._logs[event.step]
            for line in failure(title, event.message, event.tail, log_file, self._folder):
                self.say(line)
        if event.remark:
            self.say(f"{self._title_of(event.step)}: {event.remark}")

    def say(self, text: str) -> None:
        """Show a remark that belongs to no event, above the live lines."""
        self._live.above(text, sys.stderr)


def failure(step: str, message: str, tail: Sequence[str], log_file: str, folder: str) -> list[str]:
    """Return the last lines of the log of a failed step, and why it failed."""
    end = "\n" if "\n" in message else " "
    why = f"{step}: {message}{end}Log: {_from_here(log_file, folder)}"
    return [*(f"    {without_colours(line)}" for line in tail), why]


def each(changes: Sequence[str]) -> list[str]:
    """Return a line for each change, if there are several."""
    return [f"    {change}" for change in changes] if len(changes) > 1 else []


def title_of(plan: Plan, steps: int) -> str:
    """Return the line with the parameters of ``plan``, of which a number of steps is selected."""
    given = {**redaction.parameters(plan), **redaction.data(plan)}
    values = ", ".join(f"{name}={shown(text)}" for name, text in given.items())
    profile = f", profile {plan.profile}" if plan.profile else ""
    return f"{plan.name}{profile}: {counted(steps, 'step')}{f' with {values}' if values else ''}"


def _brief(value: object) -> object:
    """Return a number, or the shortened text of a value that is not one."""
    return value if isinstance(value, (int, float)) else _shown(metrics.summary(value))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = printable(str(value))
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004


def _was(value: object, old: object) -> str:
    """Return the previous number, if it was different."""
    numbers = isinstance(value, (int, float)) and isinstance(old, (int, float))
    return f" (was {_shown(old)})" if numbers and _shown(value) != _shown(old) else ""


def output_lines(plan: Plan, store: Store, done: Run, file: str) -> list[str]:
    """Return where the final outputs are, and the models, one per line."""
    base = os.path.dirname(os.path.abspath(file))
    rows = [(name, _from_here(store.link(*source), base)) for name, source in _final(plan, done).items()]
    rows += [
        (f"{name}:{version.number}", _from_here(version.place, base)) for name, version in sorted(done.models.items())
    ]
    width = max((len(left) for left, _ in rows), default=0)
    return [f"{left:<{width}}  {right}" for left, right in rows]


def _final(plan: Plan, done: Run) -> dict[str, tuple[str, str]]:
    """Return the outputs that the pipeline names, or else those that no step reads: each with its step and name."""
    made = [(step, name) for step, result in done.results.items() if step in done.steps for name in result.outputs]
    if plan.outputs:
        named = {name: (source.step, source.name) for name, source in plan.outputs.items()}
        return {name: source for name, source in named.items() if source in made}
    read = {(source.step, source.name) for step in plan.steps for source in step.inputs}
    unread = [(step, name) for step, name in made if (step, name) not in read]
    return {f"{plan.step(step).title}.{name}": (step, name) for step, name in unread}


def _from_here(path: str, base: str) -> str:
    """Return ``path`` relative to the current folder, if that is the project or a folder above it."""
    here = os.getcwd()
    return os.path.relpath(path, here) if base == here or base.startswith(here + os.sep) else path
