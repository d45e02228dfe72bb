"""Runs the steps of a plan, as many at a time as allowed, and accepts what they make."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from aml_pipeline.events import Event, RunEnded, RunStarted, State, StepEnded
from aml_pipeline.local import attempt, code, process, survivors
from aml_pipeline.local.attempt import Running
from aml_pipeline.local.evaluate import FORCED, Context, Evaluation, evaluate, left_out
from aml_pipeline.local.process import Processes
from aml_pipeline.plan import Step
from aml_pipeline.record import Recorder
from aml_pipeline.store import Result

TICK_SECONDS = 0.1


@dataclass(slots=True)
class Run:
    """What a run came to: how each step ended, and the results in use."""

    state: State = "done"
    steps: dict[str, StepEnded] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a run should go: the steps that run in any case, how many at a time, and whether a failure stops the rest."""

    forced: Collection[str] = ()
    jobs: int = 1
    keep_going: bool = False


def run(  # noqa: PLR0913 - what a run is made of
    context: Context,
    selected: Sequence[str],
    recorder: Recorder,
    header: Callable[[], Mapping[str, Any]],
    *,
    wishes: Wishes | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    """Run the ``selected`` steps, each after those it needs; those whose result is still good are not run.

    ``recorder`` is opened, with ``header``, only when a step runs: a run with nothing to do leaves no record. Raises
    MachineError and OSError when this machine refuses.
    """
    return _Runner(context, recorder, header, wishes or Wishes(), on_event).run(selected)


class _Runner:
    def __init__(
        self,
        context: Context,
        recorder: Recorder,
        header: Callable[[], Mapping[str, Any]],
        wishes: Wishes,
        on_event: Callable[[Event], None],
    ) -> None:
        self._context = context
        self._recorder = recorder
        self._header = header
        self._wishes = wishes
        self._on_event = on_event
        self._done = Run()
        self._steps = {step.name: step for step in context.plan.steps}
        self._upstream = context.plan.upstream
        self._order: dict[str, int] = {}
        self._sorter: TopologicalSorter[str] = TopologicalSorter()
        self._ready: list[tuple[int, str]] = []
        self._running: dict[str, Running] = {}
        self._tries: dict[str, int] = {}
        self._processes = Processes()
        self._unkept: list[Evaluation] = []  # those whose code the record is to have
        self._chores: list[Callable[[], object]] = []  # what can wait until a process runs, or all are over

    def _tell(self, event: Event) -> None:
        if isinstance(event, StepEnded):
            self._done.steps[event.step] = event
        self._recorder(event)
        self._on_event(event)

    def run(self, selected: Sequence[str]) -> Run:
        started = time.time()
        self._context.store.forget()
        survivors.end_all(self._context.store, set(self._context.store.steps()) - set(selected))
        self._done.results.update(left_out(self._context, selected))
        self._tell(RunStarted(started, tuple(selected)))
        try:
            with self._processes:
                self._work_through(selected)
        except BaseException:
            with contextlib.suppress(OSError):
                self._tell(RunEnded(time.time(), self._done.state, time.time() - started))
            raise
        self._context.project.digests.save()
        self._tell(RunEnded(time.time(), self._done.state, time.time() - started))
        return self._done

    def _work_through(self, selected: Sequence[str]) -> None:
        self._order = {name: place for place, name in enumerate(selected)}
        for name in selected:
            self._sorter.add(name, *(one for one in self._upstream[name] if one in self._order))
        self._sorter.prepare()
        try:
            while self._sorter.is_active():
                while step := self._next():
                    self._take_up(step)
                self._do_chores()
                if self._running:
                    self._watch()
            self._do_chores()
        except BaseException as error:
            self._done.state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            self._abandon_all(self._done.state)
            raise

    def _next(self) -> Step | None:
        """Return the first of the steps that can be taken up now, if there is one and room for it."""
        for name in self._sorter.get_ready():
            heapq.heappush(self._ready, (self._order[name], name))
        if not self._ready or len(self._running) >= self._wishes.jobs:
            return None
        return self._steps[heapq.heappop(self._ready)[1]]

    def _watch(self) -> None:
        """Wait a little, and look after what runs."""
        process.wait([one.process for one in self._running.values()], TICK_SECONDS)
        for name, running in list(self._running.items()):
            self._look_after(name, running)

    def _do_chores(self) -> None:
        while self._unkept and self._recorder.is_open:  # a run with nothing to do keeps nothing
            one = self._unkept.pop()
            self._chores.append(partial(code.keep, self._context.contents, self._context.project, one.step, one.parts))
        while self._chores:
            self._chores.pop(0)()  # one by one: those that follow one that fails are done all the same

    def _take_up(self, step: Step) -> None:
        """Reuse, start or skip a step whose upstream is settled."""
        name = step.name
        reason = self._hindrance(self._upstream[name])
        if reason:
            self._settle(StepEnded(time.time(), name, "not run", reason))
            return
        forced = FORCED if name in self._wishes.forced else ""
        found = evaluate(self._context, step, self._done.results, forced=forced)
        survivors.end(found.last)
        if found.result:
            self._unkept.append(found)
            self._reuse(found.result)
            return
        self._recorder.open(self._header)
        self._tries[name] = 1
        self._start(found)

    def _settle(self, event: StepEnded) -> None:
        """Tell how a step ended for good, and let those go on that waited for it."""
        self._tell(event)
        self._sorter.done(event.step)

    def _hindrance(self, upstream: Sequence[str]) -> str:
        if self._done.state != "done" and not self._wishes.keep_going:
            return "an earlier step failed"
        missing = next((one for one in upstream if one not in self._done.results), None)
        return f"step {missing} has no result" if missing else ""

    def _reuse(self, result: Result) -> None:
        self._context.store.use(result)
        self._done.results[result.step] = result
        ended = StepEnded(time.time(), result.step, "up to date", "", made_by=result.facts.get("run"), key=result.key)
        self._settle(replace(ended, outputs=dict(result.outputs), contents=dict(result.contents)))

    def _start(self, found: Evaluation) -> None:
        name, tries = found.step.name, self._tries[found.step.name]
        again = f"attempt {tries} of {found.step.retries + 1}" if tries > 1 else ""
        self._running[name] = attempt.start(
            self._context, self._processes, self._recorder, self._tell, found, results=self._done.results, again=again
        )
        self._unkept.append(self._running[name].found)

    def _look_after(self, name: str, running: Running) -> None:
        ended = self._processes.look(running.process)
        if ended is None:
            attempt.follow(self._context, running)
            return
        event, result = attempt.finish(self._context, self._recorder, running, ended, self._done.results)
        del self._running[name]
        process.close(running.process)
        if result:
            self._chores.append(partial(self._context.store.use, result))
        self._chores.append(partial(attempt.tidy, running))
        if result:
            self._done.results[name] = result
            self._settle(event)
        elif self._tries[name] <= running.found.step.retries:
            self._tries[name] += 1
            self._tell(event)
            self._do_chores()  # the next attempt removes this one
            step, reason = running.found.step, running.found.verdict.reason
            self._start(evaluate(self._context, step, self._done.results, forced=reason))
        else:
            self._done.state = "failed"
            self._settle(event)

    def _abandon_all(self, state: State) -> None:
        """End every process that runs, and note that its attempt came to nothing."""
        with contextlib.suppress(KeyboardInterrupt):  # once more: the grace is over, and all are killed
            self._processes.end([one.process for one in self._running.values()])
        while self._chores:
            with contextlib.suppress(OSError):
                self._do_chores()
        for running in self._running.values():
            process.close(running.process)
            with contextlib.suppress(OSError):
                self._tell(attempt.abandon(self._context, running, state))
