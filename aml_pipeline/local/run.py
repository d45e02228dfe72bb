"""One run: takes up the steps of a plan as slots become free, and accepts their outputs."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.removal import Refusal
from aml_pipeline.local import attempt, code, models, process, witness
from aml_pipeline.local.attempt import Judgement, Running
from aml_pipeline.local.beside import Work
from aml_pipeline.local.evaluate import FORCED, Context, Evaluation, evaluate, left_out
from aml_pipeline.local.outcome import Run
from aml_pipeline.local.pool import Pool, Product
from aml_pipeline.local.store import Result
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.runs import reuse
from aml_pipeline.runs.events import Event, RunEnded, RunStarted, State, StepEnded
from aml_pipeline.runs.recorder import Recorder

Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: the ``selected`` steps, each after the steps it needs; steps with a valid result do not run.

    ``recorder`` is opened, with ``header``, only when a step runs: a run with nothing to do leaves no record.
    ``is_last``: afterwards, its results are the ones in use.
    """

    context: Context
    selected: Sequence[str]
    recorder: Recorder
    header: Callable[[], Mapping[str, Any]]
    on_event: Listener = lambda _event: None
    is_last: bool = True


class Runner:
    """A run that is driven from outside: ``advance`` takes up what can be taken up, ``look_after`` what has ended."""

    def __init__(self, order: Order, pool: Pool) -> None:
        """Begin the run in ``pool``. Raises UsageError when a step that it leaves out has no result."""
        context = order.context
        self._order = order
        self._pool = pool
        self._context = context
        self._recorder, self._on_event = order.recorder, order.on_event
        self._started, self._has_ended = time.time(), False
        self.done = Run()
        self._steps = {step.name: step for step in context.plan.steps}
        self._upstream = context.plan.upstream
        self._places = {name: place for place, name in enumerate(order.selected)}
        self._sorter: TopologicalSorter[str] = TopologicalSorter()
        self._ready: list[tuple[int, str]] = []
        self._running: dict[str, Running] = {}
        self._failed: dict[str, Running] = {}  # failed attempts of steps with retries
        self._tries: dict[str, int] = {}
        self._evaluating: tuple[Step, Work[Evaluation]] | None = None
        self._made_before = 0  # results made by all runs when the evaluation began
        self._waiting: dict[str, Product] = {}  # steps whose result another run is making
        self._judging: dict[str, Work[Judgement]] = {}  # started steps whose process has ended
        self._tidying: list[Work[list[Refusal]]] = []
        self._drafting: list[Work[models.Draft | models.Version | None]] = []
        self._unregistered: list[MachineError | OSError] = []
        # Steps whose code is still to be stored for the record, with their parts.
        self._unkept: list[tuple[Step, Mapping[str, Any]]] = []
        # Work that can wait until a process runs, or until all have ended.
        self._chores: list[Callable[[], object]] = []
        self.done.results.update(left_out(context, order.selected))
        for name in order.selected:
            self._sorter.add(name, *(other for other in self._upstream[name] if other in self._places))
        self._sorter.prepare()
        self._tell(RunStarted(self._started, tuple(order.selected)))

    def _tell(self, event: Event) -> None:
        if isinstance(event, StepEnded):
            self.done.steps[event.step] = event
            self.done.metrics[event.step] = self._metrics(event.step)
        self._recorder(event)
        self._on_event(event)

    def _metrics(self, step: str) -> dict[str, Any]:
        """Return the last value of each metric of an ended step, or of the run that produced its result."""
        result = self.done.results.get(step)
        return self._recorder.metrics(step) or dict((result.facts.get("metrics") or {}) if result else {})

    def advance(self) -> None:
        """Take up the steps that can be taken up now, and do what can be done while processes run."""
        while step := self._next():
            self._take_up(step)
        self._do_chores()

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do but to ``end``."""
        works: list[Work[Any]] = [*self._tidying, *self._drafting]
        return not self._sorter.is_active() and all(work.is_over for work in works)

    def end(self) -> None:
        """Finish a run that is over. Raises MachineError and OSError when a model could not be kept."""
        self._end_drafting(wait=True)
        self._end_tidying()
        if self._unregistered:
            raise self._unregistered[0]
        if self.done.state == "done" and "not run" in self.done.states.values():  # because another run failed
            self.done.state = "interrupted"
        self._end()

    def break_off(self) -> None:
        """Record the end of a run that was abandoned, if it had not ended before."""
        with contextlib.suppress(OSError):
            self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.done.seconds = time.time() - self._started
            self._tell(RunEnded(time.time(), self.done.state, self.done.seconds))

    def put_in_use(self) -> None:
        """Make its results the ones in use, whatever other runs made later."""
        for name in self.done.steps.keys() & self.done.results.keys():
            self._context.store.use(self.done.results[name])

    def _next(self) -> Step | None:
        """Return the first step that can be started now, if any and if there is a free slot."""
        for name in [name for name, product in self._waiting.items() if not self._pool.is_making(product)]:
            del self._waiting[name]
            heapq.heappush(self._ready, (self._places[name], name))
        for name in self._sorter.get_ready() if self._sorter.is_active() else ():
            heapq.heappush(self._ready, (self._places[name], name))
        if not self._ready or not self._pool.has_room:
            return None
        return self._steps[heapq.heappop(self._ready)[1]]

    @property
    def processes(self) -> list[process.Process]:
        """The processes of its steps that are not known to have ended."""
        return [running.process for name, running in self._running.items() if name not in self._judging]

    @property
    def is_working(self) -> bool:
        """Whether it waits for threads, whose end does not wake the loop."""
        return bool(self._evaluating or self._judging or not self._sorter.is_active())

    def look_after(self) -> None:
        """Attend to its running steps, and to a step whose evaluation is done."""
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
            self._note(self._tidied(running))
        else:
            self._tidying.append(Work(partial(self._tidied, running), beside=bool(self._pool.running)))

    def _tidied(self, running: Running) -> list[Refusal]:
        refused = attempt.tidy(running)
        self._context.store.at_work.discard(running.attempt.id)
        return refused

    def _end_tidying(self) -> None:
        for work in self._tidying:
            self._note(work.result())
        self._tidying.clear()

    def _note(self, refused: Sequence[Refusal]) -> None:
        self.done.refused.update({refusal.path: refusal for refusal in refused})

    def _take_up(self, step: Step) -> None:
        """Reuse, start or skip a step whose upstream steps are done; evaluate it in a thread if another step runs."""
        failed = self._failed.pop(step.name, None)
        reason = "" if failed else self._hindrance(step.name)
        if reason:
            self._settle(StepEnded(time.time(), step.name, "not run", reason))
            return
        if self._recorder.is_open:  # pip may have installed something while another step ran
            self._context = witness.renewed(self._context, step)
        work = Work(partial(self._evaluate, step, failed), beside=bool(self._pool.running))
        self._evaluating = (step, work)
        self._made_before = len(self._pool.made)
        self._pool.is_evaluating = True
        self._act_on_evaluation()

    def _evaluate(self, step: Step, failed: Running | None) -> Evaluation:
        """Evaluate a step, and remove an earlier failed attempt; ``failed`` is that of this run, if any."""
        forced = FORCED if step.name in self._pool.wishes.forced else ""
        if failed:
            self._note(self._tidied(failed))
            forced = failed.evaluation.verdict.reason
        evaluation = evaluate(self._context, step, self.done.results, forced=forced)
        if forced == FORCED and _product(evaluation) in self._pool.made:  # by another run, which was forced to
            evaluation = evaluate(self._context, step, self.done.results)
        if not evaluation.result:
            self._note(self._context.store.remove_failed(step.name))
        return evaluation

    def _act_on_evaluation(self) -> None:
        """Reuse or start a step if its evaluation is done."""
        if self._evaluating is None or not self._evaluating[1].is_over:
            return
        step, work = self._evaluating
        evaluation = work.result()
        self._evaluating, self._pool.is_evaluating = None, False
        product = _product(evaluation)
        reason = self._hindrance(step.name, product)
        if reason:  # another has failed meanwhile
            self._settle(StepEnded(time.time(), step.name, "not run", reason))
        elif evaluation.result:
            self._unkept.append((step, evaluation.parts))
            self._reuse(evaluation.result)
        elif self._pool.is_making(product) or product in self._pool.made[self._made_before :]:
            self._waiting[step.name] = product
        else:
            if self._pool.wishes.several and not self._recorder.is_open:  # so far it waited for the others
                self._started = time.time()
            self._recorder.open(self._order.header)
            self.done.id = self._recorder.run
            self._tries[step.name] = self._tries.get(step.name, 0) + 1
            self._start(evaluation)

    def _settle(self, event: StepEnded) -> None:
        """Report how a step finally ended, and release the steps that wait for it."""
        self._tell(event)
        self._sorter.done(event.step)

    def _hindrance(self, step: str, product: Product | None = None) -> str:
        """Return why a step that was not tried yet is not run, or ""."""
        if step in self._tries:
            return ""
        if self._pool.is_stopped:
            return "an earlier step failed" if self.done.state == "failed" else "another run failed"
        if product in self._pool.failed:
            self.done.state = "failed"
            return f"it failed in run {self._pool.failed[product]}"
        missing = next((name for name in self._upstream[step] if name not in self.done.results), None)
        return f"step {self._steps[missing].title} has no result" if missing else ""

    def _register(self, result: Result, *, ran: bool) -> None:
        """Keep the outputs of a result that are models; they are copied in a thread if another step runs."""
        store, digests = self._context.store, self._context.project.digests
        for name, settings in self._steps[result.step].outputs.items():
            if settings.model and result.contents[name].files:  # an argument that is omitted leaves its output empty
                draft = partial(
                    models.draft, store.folder, settings.model, result, name, digests, ran=ran, durable=store.durable
                )
                beside = bool(self._pool.running) and not self._pool.wishes.several  # or two copies get one number
                self._drafting.append(Work(draft, beside=beside))
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
                    self.done.models[version.name] = version
            except (MachineError, OSError) as error:
                self._unregistered.append(error)

    def _reuse(self, result: Result) -> None:
        if self._order.is_last:
            self._context.store.use(result)
        self._register(result, ran=False)
        self.done.results[result.step] = result
        ended = StepEnded(time.time(), result.step, "up to date", "", made_by=result.facts.get("run"), key=result.key)
        self._settle(replace(ended, outputs=dict(result.outputs), contents=dict(result.contents)))

    def _start(self, evaluation: Evaluation) -> None:
        name, tries = evaluation.step.name, self._tries[evaluation.step.name]
        again = f"attempt {tries} of {evaluation.step.retries + 1}" if tries > 1 else ""
        results = self.done.results
        running = self._running[name] = attempt.start(
            self._context, self._pool.processes, self._recorder, self._tell, evaluation, results=results, again=again
        )
        self._pool.running[running.attempt.id] = running
        self._context.store.at_work.add(running.attempt.id)
        self._unkept.append((evaluation.step, running.attempt.parts))

    def _look_after(self, name: str, running: Running) -> None:
        """Follow a step; once its process has ended, judge its outputs, in a thread if another step runs."""
        judging = self._judging.get(name)
        if judging is None:
            ended = self._pool.processes.look(running.process)
            if ended is None:
                attempt.follow(self._context, running)
                return
            self._context = witness.renewed(self._context, running.evaluation.step, over=not ended.status)
            judge = partial(attempt.judge, self._context, running, ended, self.done.results)
            attempt.over(self._context, running, ended)
            judging = self._judging[name] = Work(judge, beside=len(self._pool.running) > 1)
        if judging.is_over:
            self._finish(name, running, judging.result())

    def _finish(self, name: str, running: Running, judgement: Judgement) -> None:
        event, result = attempt.finish(self._context, self._recorder, running, judgement)
        del self._running[name], self._judging[name], self._pool.running[running.attempt.id]
        process.close(running.process)
        product = (name, running.attempt.key)
        if not result and self._tries[name] <= running.step.retries:
            self._failed[name] = running
            self._tell(event)
            heapq.heappush(self._ready, (self._places[name], name))
            return
        if result:
            self._chores += [partial(self._context.store.use, result), partial(self._register, result, ran=True)]
            self.done.results[name] = result
            self._pool.made.append(product)
        else:
            self.done.state = "failed"
            self._pool.failed[product] = self._recorder.run
        self._chores.append(partial(self._tidy, running))
        self._settle(event)

    def abandon(self, state: State) -> None:
        """Note that the attempts failed whose processes were ended."""
        self.done.state = state
        while self._chores:
            with contextlib.suppress(OSError):
                self._do_chores()
        for running in self._running.values():
            process.close(running.process)
            with contextlib.suppress(OSError):
                self._tell(attempt.abandon(self._context, running, state))
        with contextlib.suppress(OSError, KeyboardInterrupt):
            self._end_tidying()


def _product(evaluation: Evaluation) -> Product:
    """Return what a step would make."""
    return evaluation.step.name, reuse.key(evaluation.parts)
