"""`logs --follow`: what the steps of the run in progress print, while they run."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from aml_pipeline.cli.exits import status_of
from aml_pipeline.cli.screen.logged import log
from aml_pipeline.cli.screen.printing import is_coloured
from aml_pipeline.cli.screen.together import Together
from aml_pipeline.core import files
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.report.sources import ToSources, source_directory, to_sources
from aml_pipeline.runs import locks
from aml_pipeline.runs.record import RUN, RunRecord, records, titles

_POLL_SECONDS = 0.1
_PIECE_BYTES = 1 << 20


@dataclass(slots=True)
class _Log:
    """A log that grows: what was read of it, without a last line that may still get longer."""

    path: str
    to_source: ToSources
    at: int = 0
    rest: str = ""
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def new(self) -> Iterator[str]:
        """Yield what was added since the last call; an unfinished line once it rests."""
        is_resting = True
        with files.opened(self.path) as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(self.at if self.at <= size else 0)
            while piece := stream.read(_PIECE_BYTES):
                is_resting = False
                text = self.rest + self.decoder.decode(piece)
                end = text.rfind("\n") + 1
                self.rest = text[end:]
                yield self.to_source(text[:end])
            self.at = stream.tell()
        if is_resting:
            text, self.rest = self.rest, ""
            yield self.to_source(text)


class _Following:
    """The logs of the run in progress; of combinations, those of all runs, unless one is named."""

    def __init__(self, state: str, run: str | None, steps: Collection[str], rank: int) -> None:
        self._state, self._run, self._steps, self._rank = state, run, steps, rank
        self._since = _time_of(os.path.join(state, locks.LOCK))
        self._known: set[str] = set()
        self._runs: list[RunRecord] = []
        self._logs: dict[str, tuple[str, _Log]] = {}
        self._coloured = is_coloured(sys.stdout, os.environ)
        self._together = Together(sys.stdout, [], coloured=self._coloured)
        self._past = set() if steps else self._ended()

    @property
    def prints(self) -> bool:
        """Whether there is a log to print."""
        return bool(self._logs)

    def goes_on(self) -> bool:
        """Whether the run is still in progress."""
        is_same = _time_of(os.path.join(self._state, locks.LOCK)) == self._since
        return is_same and locks.is_locked(self._state)

    def print(self) -> None:
        """Print what is new."""
        for run, step in self._started():
            path = run.log(step, self._rank)
            if path not in self._logs and path not in self._past and os.path.exists(path):
                log_of_step = _Log(path, to_sources(run, step, source_directory(run, step)))
                self._logs[path] = self._name(run, step), log_of_step
        for name, growing in self._logs.values():
            for text in growing.new():
                self._put(name, text)

    def finish(self) -> None:
        """Print the rest of an ended run: a last line without an end once it rests."""
        self.print()
        self.print()
        for name, _ in self._logs.values():
            self._together.end(name)

    def _put(self, name: str, text: str) -> None:
        if name:
            self._together.write(name, text)
        else:
            log(sys.stdout, text, coloured=self._coloured)
            sys.stdout.flush()

    def _started(self) -> list[tuple[RunRecord, str]]:
        """Return the steps that ran a process, each with its run: its record was written after the lock was taken."""
        for run in records(os.path.join(self._state, "runs")):
            if run.id not in self._known and self._run in {None, run.id}:
                self._known.add(run.id)
                if _time_of(os.path.join(run.folder, RUN)) >= self._since:
                    self._runs.append(run)
        return [
            (run, step) for run in self._runs for step in run.logged_steps if not self._steps or step in self._steps
        ]

    def _ended(self) -> set[str]:
        """Return the logs of steps that have ended already."""
        return {run.log(step) for run, step in self._started() if step in _ended_steps(run)}

    def _name(self, run: RunRecord, step: str) -> str:
        """Return the name before the lines of a step; none if there are no others."""
        varies = [str(name) for name in sequence(mapping(run.header.get("group")).get("varies"))]
        if len(self._steps) == 1 and not varies:
            return ""
        values = " ".join(f"{name}={run.parameters.get(name)}" for name in varies)
        return f"{values}{'  ' if values else ''}{titles(run.header).get(step, step)}"


def _ended_steps(run: RunRecord) -> set[str]:
    last = {str(event.get("step")): event.get("event") for event in run.events() if "state" in event or "log" in event}
    return {step for step, event in last.items() if event == "StepEnded"}


def _time_of(path: str) -> int:
    """Return when a file was written last."""
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


def follow(state: str, run: str | None, steps: Collection[str], rank: int) -> int:
    """Print the logs of ``steps``, or of all that run, until the run that holds the lock on ``state`` ends."""
    following = _Following(state, run, steps, rank)
    try:
        following.print()
        if not following.prints:
            print("No log to follow yet. Waiting; Ctrl-C stops that.", file=sys.stderr)
        while following.goes_on():
            following.print()
            time.sleep(_POLL_SECONDS)
        following.finish()
    except KeyboardInterrupt as error:
        return status_of(error)
    return 0
