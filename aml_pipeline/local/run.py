"""Runs the steps of a plan, up to a number at a time, and accepts their outputs."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.removal import Refusal
from aml_pipeline.local import attempt, code, models, process, survivors, witness
from aml_pipeline.local.attempt import Judgement, Running
from aml_pipeline.local.beside import Work
from aml_pipeline.local.evaluate import FORCED, Context, Evaluation, evaluate, left_out
from aml_pipeline.local.outcome import Run
from aml_pipeline.local.process import Processes
from aml_pipeline.local.store import Result
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.runs.events import Event, RunEnded, RunStarted, State, StepEnded
from aml_pipeline.runs.recorder import Recorder

TICK_SECONDS = 0.1
# While work runs in a thread, whose end does not wake the loop.
_WORKING_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of a run: the steps that run in any case, how many at a time, and whether a failure stops the rest.

    ``shared``: this process also does other work, so its other children are not touched.
    """

    forced: Collection[str] = ()
    jobs: int = 1
    keep_going: bool = False
    shared: bool = False


def run(  # noqa: PLR0913 - what a run is made of
    context: Context,
    selected: Sequence[str],
    recorder: Recorder,
    header: Callable[[], Mapping[str, Any]],
    *,
    wishes: Wishes | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    """Run the ``selected`` steps, each after the steps it needs; steps with a valid result do not run.

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
        self._failed: dict[str, Running] = {}  # failed attempts of steps with retries
        self._tries: dict[str, int] = {}
        self._evaluating: tuple[Step, Work[Evaluation]] | None = None
        self._judging: dict[str, Work[Judgement]] = {}  # started steps whose process has ended
        self._tidying: list[Work[list[Refusal]]] = []
        self._drafting: list[Work[models.Draft | models.Version | None]] = []
        self._unregistered: list[MachineError | OSError] = []
        self._processes = Processes(shared=wishes.shared)
        # Steps whose code is still to be stored for the record, with their parts.
        self._unkept: list[tuple[Step, Mapping[str, Any]]] = []
        # Work that can wait until a process runs, or until all have ended.
        self._chores: list[Callable[[], object]] = []

    def _tell(self, event: Event) -> None:
        if isinstance(event, StepEnded):
            self._done.steps[event.step] = event
            self._done.metrics[event.step] = self._metrics(event.step)
        self._recorder(event)
        self._on_event(event)

    def _metrics(self, step: str) -> dict[str, Any]:
        """Return the last value of each metric of an ended step, or of the run that produced its result."""
        result = self._done.results.get(step)
        return self._recorder.metrics(step) or dict((result.facts.get("metrics") or {}) if result else {})

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
            self._sorter.add(name, *(other for other in self._upstream[name] if other in self._order))
        self._sorter.prepare()
        try:
            while self._sorter.is_active():
                while step := self._next():
                    self._take_up(step)
                self._do_chores()
                if self._running or self._evaluating:
                    self._watch()
            self._do_chores()
            self._end_drafting(wait=True)
            self._end_tidying()
            self._require_registered()
        except BaseException as error:
            self._done.state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            self._abandon_all(self._done.state)
            raise

    def _next(self) -> Step | None:
        """Return the first step that can be started now, if any and if there is a free slot."""
        for name in self._sorter.get_ready():
            heapq.heappush(self._ready, (self._order[name], name))
        if not self._ready or self._evaluating or len(self._running) >= self._wishes.jobs:
            return None
        return self._steps[heapq.heappop(self._ready)[1]]

    def _watch(self) -> None:
        """Wait a moment, and attend to running steps."""
        working = self._evaluating or self._judging
        alive = [running.process for name, running in self._running.items() if name not in self._judging]
        process.wait(alive, _WORKING_SECONDS if working else TICK_SECONDS)
        for name, running in list(self._running.items()):
            self._look_after(name, running)
        self._act_on_evaluation()

    def _do_chores(self) -> None:
        while self._unkept and self._recorder.is_open:  # a run with nothing to do stores nothing
            step, parts = self._unkept.pop()
            self._chores.append(partial(code.keep, self._context.contents, self._context.project, step, parts))
        while self._chores:
            self._chores.pop(0)()  # one by one: the others are done even if one fails
        self._end_drafting(wait=False)

    def _tidy(self, running: Running) -> None:
        """Clean up after an attempt, in a thread if that may take long, and collect earlier clean-ups."""
        over = [work for work in self._tidying if work.is_over]
        self._tidying = [work for work in self._tidying if work not in over]
        for work in over:
            self._note(work.result())
        if attempt.is_soon_tidied(running):
            self._note(attempt.tidy(running))
        else:
            self._tidying.append(Work(partial(attempt.tidy, running), beside=bool(self._running)))

    def _end_tidying(self) -> None:
        for work in self._tidying:
            self._note(work.result())
        self._tidying.clear()

    def _note(self, refused: Sequence[Refusal]) -> None:
        self._done.refused.update({refusal.path: refusal for refusal in refused})

    def _take_up(self, step: Step) -> None:
        """Reuse, start or skip a step whose upstream steps are done; evaluate it in a thread if another step runs."""
        failed = self._failed.pop(step.name, None)
        reason = "" if failed else self._hindrance(self._upstream[step.name])
        if reason:
            self._settle(StepEnded(time.time(), step.name, "not run", reason))
            return
        if self._recorder.is_open:  # pip may have installed something while another step ran
            self._context = witness.renewed(self._context, step)
        work = Work(partial(self._evaluate, step, failed), beside=bool(self._running))
        self._evaluating = (step, work)
        self._act_on_evaluation()

    def _evaluate(self, step: Step, failed: Running | None) -> Evaluation:
        """Evaluate a step, and remove an earlier failed attempt; ``failed`` is that of this run, if any."""
        forced = FORCED if step.name in self._wishes.forced else ""
        if failed:
            self._note(attempt.tidy(failed))
            forced = failed.evaluation.verdict.reason
        evaluation = evaluate(self._context, step, self._done.results, forced=forced)
        survivors.end(self._context.store, step.name)
        if not evaluation.result:
            self._note(self._context.store.remove_failed(step.name))
        return evaluation

    def _act_on_evaluation(self) -> None:
        """Reuse or start a step if its evaluation is done."""
        if self._evaluating is None or not self._evaluating[1].is_over:
            return
        step, work = self._evaluating
        evaluation = work.result()
        self._evaluating = None
        tried = step.name in self._tries
        reason = "" if tried else self._hindrance(self._upstream[step.name])
        if reason:  # another has failed meanwhile
            self._settle(StepEnded(time.time(), step.name, "not run", reason))
        elif evaluation.result:
            self._unkept.append((step, evaluation.parts))
            self._reuse(evaluation.result)
        else:
            self._recorder.open(self._header)
            self._done.id = self._recorder.run
            self._tries[step.name] = self._tries.get(step.name, 0) + 1
            self._start(evaluation)

    def _settle(self, event: StepEnded) -> None:
        """Report how a step finally ended, and release the steps that wait for it."""
        self._tell(event)
        self._sorter.done(event.step)

    def _hindrance(self, upstream: Sequence[str]) -> str:
        if self._done.state != "done" and not self._wishes.keep_going:
            return "an earlier step failed"
        missing = next((name for name in upstream if name not in self._done.results), None)
        return f"step {self._steps[missing].title} has no result" if missing else ""

    def _register(self, result: Result, *, ran: bool) -> None:
        """Keep the outputs of a result that are models; they are copied in a thread if another step runs."""
        store, digests = self._context.store, self._context.project.digests
        for name, settings in self._steps[result.step].outputs.items():
            if settings.model and result.contents[name].files:  # an argument that is omitted leaves its output empty
                draft = partial(
                    models.draft, store.folder, settings.model, result, name, digests, ran=ran, durable=store.durable
                )
                self._drafting.append(Work(draft, beside=bool(self._running)))
        self._end_drafting(wait=False)

    def _end_drafting(self, *, wait: bool) -> None:
        """Add the versions of models that have been copied; what goes wrong is no fault of a step, and told later."""
        over = [work for work in self._drafting if wait or work.is_over]
        self._drafting = [work for work in self._drafting if work not in over]
        for work in over:
            try:
                version = work.result()
                if isinstance(version, models.Draft):
                    store = self._context.store
                    version = models.add(store.folder, version, durable=store.durable)
                if version:
                    self._done.models[version.name] = version
            except (MachineError, OSError) as error:
                self._unregistered.append(error)

    def _require_registered(self) -> None:
        if self._unregistered:
            raise self._unregistered[0]

    def _reuse(self, result: Result) -> None:
        self._context.store.use(result)
        self._register(result, ran=False)
        self._done.results[result.step] = result
        ended = StepEnded(time.time(), result.step, "up to date", "", made_by=result.facts.get("run"), key=result.key)
        self._settle(replace(ended, outputs=dict(result.outputs), contents=dict(result.contents)))

    def _start(self, evaluation: Evaluation) -> None:
        name, tries = evaluation.step.name, self._tries[evaluation.step.name]
        again = f"attempt {tries} of {evaluation.step.retries + 1}" if tries > 1 else ""
        results = self._done.results
        self._running[name] = attempt.start(
            self._context, self._processes, self._recorder, self._tell, evaluation, results=results, again=again
        )
        self._unkept.append((evaluation.step, self._running[name].attempt.parts))

    def _look_after(self, name: str, running: Running) -> None:
        """Follow a step; once its process has ended, judge its outputs, in a thread if another step runs."""
        judging = self._judging.get(name)
        if judging is None:
            ended = self._processes.look(running.process)
            if ended is None:
                attempt.follow(self._context, running)
                return
            self._context = witness.renewed(self._context, running.evaluation.step, over=not ended.status)
            judge = partial(attempt.judge, self._context, running, ended, self._done.results)
            attempt.over(self._context, running, ended)
            judging = self._judging[name] = Work(judge, beside=len(self._running) > 1)
        if judging.is_over:
            self._finish(name, running, judging.result())

    def _finish(self, name: str, running: Running, judgement: Judgement) -> None:
        event, result = attempt.finish(self._context, self._recorder, running, judgement)
        del self._running[name], self._judging[name]
        process.close(running.process)
        if not result and self._tries[name] <= running.step.retries:
            self._failed[name] = running
            self._tell(event)
            heapq.heappush(self._ready, (self._order[name], name))
            return
        if result:
            self._chores += [partial(self._context.store.use, result), partial(self._register, result, ran=True)]
            self._done.results[name] = result
        else:
            self._done.state = "failed"
        self._chores.append(partial(self._tidy, running))
        self._settle(event)

    def _abandon_all(self, state: State) -> None:
        """End each running process, and note that its attempt failed."""
        with contextlib.suppress(KeyboardInterrupt):  # interrupted again: the grace is over, and all are killed
            self._processes.end([running.process for running in self._running.values()])
        while self._chores:
            with contextlib.suppress(OSError):
                self._do_chores()
        for running in self._running.values():
            process.close(running.process)
            with contextlib.suppress(OSError):
                self._tell(attempt.abandon(self._context, running, state))
        with contextlib.suppress(OSError, KeyboardInterrupt):
            self._end_tidying()
