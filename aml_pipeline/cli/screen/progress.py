"""Progress of a run: plain lines in a pipe, live lines on a terminal.

How each step ended goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TextIO

from aml_pipeline.cli.folding import folded
from aml_pipeline.cli.screen import summary, values
from aml_pipeline.cli.screen.board import Board, Row
from aml_pipeline.cli.screen.live import can_move
from aml_pipeline.cli.screen.logged import log, without_colours
from aml_pipeline.cli.screen.printing import is_coloured
from aml_pipeline.cli.screen.together import Together
from aml_pipeline.cli.screen.wrapping import columns_of, log_rows, padded, width, wrapped
from aml_pipeline.core.text import seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.spec.parameters import shown
from aml_pipeline.runs import events
from aml_pipeline.runs.events import Event

# The first hundred values of a metric are shown, then every tenth, then every hundredth.
_SHOWN_EACH = 100
_COLOURS = {"done": "32", "FAILED": "1;31", "interrupted": "33"}
# Endings that many variants of a step share in one line. It waits for more of them, but at most this long, and neither
# beyond the last variant nor beyond another step's line.
_IDLE = frozenset({"up to date", "not run"})
_IDLE_SECONDS = 1.0
_STATE = re.compile(rf"^(.*?  )({'|'.join(_COLOURS)})(?= |$)")


class Progress:
    """Shows the events of a run of ``selected`` steps; ``titles`` are those of variants.

    The ``title`` comes before everything. When the first step runs, ``remark`` returns a line to print. ``before``
    returns the facts of a step's last result, to compare with: its metrics and seconds. ``manner`` returns how a step
    runs, as a part of a sentence. ``jobs`` steps run at a time.
    Paths are shown relative to ``folder``, that of the project, or one above it.
    """

    def __init__(  # noqa: PLR0913 - what is shown beside the events
        self,
        folder: str,
        selected: Sequence[str],
        *,
        title: str = "",
        verbose: bool = False,
        jobs: int = 1,
        remark: Callable[[], str] = lambda: "",
        before: Callable[[str], Mapping[str, Any]] = lambda _step: {},
        manner: Callable[[str], str] = lambda _step: "",
        titles: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._names = {step: titles.get(step, step) for step in selected}
        self._families = {step: _family(name) for step, name in {**titles, **self._names}.items()}
        self._left = Counter(self._families[step] for step in self._names)
        self._widths = set(map(width, self._names.values()))
        self._verbose = verbose
        self._board = Board(sys.stderr, moving=not verbose and can_move(), jobs=jobs)
        names = list(self._names.values()) if jobs > 1 and len(self._names) > 1 else []
        self._together = Together(sys.stderr, names, coloured=_coloured(sys.stderr)) if names else None
        self._counts: dict[tuple[str, str], int] = {}
        self._last: dict[str, dict[str, object]] = {}
        self._started: dict[str, events.StepStarted] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._ended: dict[str, events.StepEnded] = {}
        self._took: dict[str, float | None] = {}
        self._is_estimated = False
        self._held: list[events.StepEnded] = []
        self._idle: dict[str, events.StepEnded] = {}
        self.lines: list[str] = []  # what was written to standard output
        self._folder = folder
        self._title = title
        self._over: events.RunEnded | None = None
        self._manner = manner
        self._remark = remark
        self._before = before

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, events.StepStarted):
            self._begin(event)
        elif isinstance(event, events.OutputWritten) and self._verbose:
            self._write(event)
        elif isinstance(event, events.MetricLogged):
            self._metric(event)
        elif isinstance(event, events.StepTicked):
            self._tick(event)
        elif isinstance(event, events.StepEnded) and self._title:
            self._held.append(event)
        elif isinstance(event, events.StepEnded):
            self._end(event)
            if not self._left[self._families.get(event.step, event.step)]:
                self._tell_idle()
        elif isinstance(event, events.RunEnded):
            self._over = event
            self._tell_idle()

    def _begin(self, event: events.StepStarted) -> None:
        if not self._started:
            self._begin_all(event.time)
        self._tell_idle()
        runs = "runs again" if event.step in self._started else "runs"
        self._started[event.step] = event
        self._facts[event.step] = self._before(event.step)
        self._say_of(self._name(event.step), f"{runs}{self._manner(event.step)}: {event.reason}", sys.stderr)
        for line in each(event.changes) if self._verbose else ():
            self.say(line)

    def _begin_all(self, now: float) -> None:
        """Say what runs, then what is up to date; so a run with nothing to do says only that."""
        if self._title:
            self.say(self._title)
            self._title = ""
            remark = self._remark()
            if remark:
                self.say(remark)
        self._board.begin(len(self._names), now)
        self._release()

    def _estimate(self) -> None:
        """Tell the live lines how long each step that has not ended may take."""
        ahead = self._names.keys() - self._ended.keys()
        self._board.expect({self._names[step]: self._expected(step) for step in ahead})
        self._is_estimated = True

    def _release(self) -> None:
        held, self._held, self._title = self._held, [], ""
        for event in held:
            self._end(event)
        self._tell_idle()

    def _write(self, event: events.OutputWritten) -> None:
        if self._together:
            self._together.write(self._name(event.step), event.text)
        else:
            log(sys.stderr, event.text, coloured=_coloured(sys.stderr))

    def _metric(self, event: events.MetricLogged) -> None:
        count = self._counts[event.step, event.name] = self._counts.get((event.step, event.name), 0) + 1
        value = self._last.setdefault(event.step, {})[event.name] = values.brief(event.value)
        step = 10 ** max(0, len(str(count // _SHOWN_EACH))) if count >= _SHOWN_EACH else 1
        is_printed = self._verbose and event.at is None  # an ``at`` comes from MLflow's files
        if not self._board.moving and not is_printed and count % step == 0:
            self._say_of(self._name(event.step), f"  {values.named(event.name, value)}", sys.stderr)

    def _tick(self, event: events.StepTicked) -> None:
        now = self._started[event.step].time + event.seconds
        if self._idle and now - max(ended.time for ended in self._idle.values()) > _IDLE_SECONDS:
            self._tell_idle()
        if not self._board.moving:
            return
        if not self._is_estimated:
            self._estimate()
        name, latest = self._name(event.step), values.latest(self._last.get(event.step, {}))
        row = Row(name, event.seconds, self._expected(event.step), latest)
        self._board.put(name, row, now)

    def _expected(self, step: str) -> float | None:
        """Return how long a step took for its last result; if it has none, it in another variant or combination."""
        if step not in self._facts:
            self._facts[step] = self._before(step)
        seconds = self._facts[step].get("seconds")
        return seconds if isinstance(seconds, (int, float)) else self._took.get(_declared(self._name(step)))

    def _end(self, event: events.StepEnded) -> None:
        """Note how a step ended, and tell it, unless others may be told with it."""
        self._ended[event.step] = event
        name = self._name(event.step)
        self._left[self._families.get(event.step, event.step)] -= 1
        if self._together:
            self._together.end(name)
        self._board.drop(name)
        self._is_estimated = False
        if event.state == "done":
            self._took[_declared(name)] = event.seconds
        if event.state in _IDLE and not event.remark and not self._verbose:
            self._idle[event.step] = event
        else:
            self._tell_idle()
            self._tell(event)

    def _tell_idle(self) -> None:
        """Tell which steps did not run; many variants of a step with the same ending in one line."""
        idle, self._idle = self._idle, {}
        rows = folded({step: self._ending(event) for step, event in idle.items()}, self._names, self._families)
        self._widths.update(width(name) for name, _ in rows)
        for name, text in rows:
            self._say_end(name, text)

    def _tell(self, event: events.StepEnded) -> None:
        name = self._name(event.step)
        self._say_end(name, self._ending(event))
        if event.state == "failed" and event.message:
            *tail, why = failure(name, event.message, event.tail, self._started[event.step].log, self._folder)
            self._put(tail, sys.stderr)
            self.say(why)
        if event.remark:
            self.say(f"{name}: {event.remark}")

    def _say_end(self, name: str, text: str) -> None:
        self.lines.append(f"{padded(name, max(self._widths, default=0))}  {text}")
        self._say_of(name, text, sys.stdout, _painted)

    def _ending(self, event: events.StepEnded) -> str:
        """Return how a step ended: after how long, and with which metrics, or why it did not run."""
        took = "" if event.seconds is None else seconds_in_words(event.seconds)
        texts = {"done": f"done{took and f' in {took}'}", "failed": f"FAILED{took and f' after {took}'}"}
        detail = {"done": self._compared(event.step), "not run": event.reason}.get(event.state, "")
        return "  ".join(filter(None, [texts.get(event.state, event.state), detail]))

    def _compared(self, step: str) -> str:
        """Return the latest values of a step's metrics, compared with its last result."""
        return values.compared(self._last.get(step, {}), self._facts.get(step, {}).get("metrics") or {})

    def finish(self) -> None:
        """Say what is still to be said: of a run in which no step ran, or how a run of several steps ended."""
        if not self._started:
            self._widths.clear()  # there are no lines but those of _tell_idle
        self._release()
        if self._over and self._started and len(self._names) > 1:
            self.say(summary.total(self._over, self._ended.values()))

    def say(self, text: str) -> None:
        """Show a remark that belongs to no event, above the live lines."""
        self.show(text.split("\n"), sys.stderr)

    def show(self, lines: Sequence[str], stream: TextIO) -> None:
        """Print lines above the live ones, wrapped at words."""
        columns = columns_of(stream)
        self._put([part for line in lines for part in wrapped(line, columns)], stream)

    def _say_of(self, name: str, text: str, stream: TextIO, paint: Callable[[str], str] = str) -> None:
        """Show a line about a step: its name, then aligned, below a name that takes too much of the terminal."""
        columns = columns_of(stream)
        most = None if columns is None else columns * 2 // 5
        aligned = max((size for size in self._widths if most is None or size <= most), default=0)
        has_room = most is None or width(name) <= most
        above, begin = ([], name) if has_room else (wrapped(name, columns), "")
        lines = wrapped(f"{padded(begin, aligned)}  {text}", columns, aligned + 2)
        self._put([*above, *lines], stream, paint)

    def _put(self, lines: Sequence[str], stream: TextIO, paint: Callable[[str], str] = str) -> None:
        self._board.above(lines, stream, paint if _coloured(stream) else str)

    def _name(self, step: str) -> str:
        return self._names.get(step, step)


def _declared(name: str) -> str:
    """Return what a step is called in the file; its name may begin with a combination and end with a variant."""
    return _family(name).rpartition("  ")[2]


def _family(name: str) -> str:
    """Return the name that the variants of a step share: that without the values of its matrix."""
    combination, gap, title = name.rpartition("  ")
    return f"{combination}{gap}{title.partition('[')[0]}"


def _coloured(stream: TextIO) -> bool:
    return is_coloured(stream, os.environ)


def _painted(line: str) -> str:
    """Return a line about the end of a step with its state in colour."""
    return _STATE.sub(lambda found: f"{found[1]}\x1b[{_COLOURS[found[2]]}m{found[2]}\x1b[0m", line)


def failure(step: str, message: str, tail: Sequence[str], log_file: str, folder: str) -> list[str]:
    """Return the last lines of the log of a failed step, and why it failed."""
    end = "\n" if "\n" in message else " "
    why = f"{step}: {message}{end}Log: {summary.from_here(log_file, folder)}"
    columns = columns_of(sys.stderr)
    return [*(row for line in tail for row in log_rows(f"    {without_colours(line)}", columns)), why]


def each(changes: Sequence[str]) -> list[str]:
    """Return a line for each change, if there are several."""
    return [f"    {change}" for change in changes] if len(changes) > 1 else []


def title_of(plan: Plan, steps: int) -> str:
    """Return the line with the parameters of ``plan``, of which a number of steps is selected."""
    given = {**redaction.parameters(plan), **redaction.data(plan)}
    values = ", ".join(f"{name}={shown(text)}" for name, text in given.items())
    profile = f", profile {plan.profile}" if plan.profile else ""
    return f"{plan.name}{profile}: {counted(steps, 'step')}{f' with {values}' if values else ''}"
