"""Runs the steps of a plan, one after the other, and accepts what they make."""

from __future__ import annotations

import codecs
import os
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline import reuse, snapshot, tokens
from aml_pipeline.errors import MachineError
from aml_pipeline.events import (
    Event,
    MetricLogged,
    OutputWritten,
    RunEnded,
    RunStarted,
    State,
    StepEnded,
    StepStarted,
    StepTicked,
)
from aml_pipeline.local import process
from aml_pipeline.local.advice import advice
from aml_pipeline.local.evaluate import Context, Evaluation, evaluate, left_out
from aml_pipeline.metrics import MetricReader
from aml_pipeline.plan import Step
from aml_pipeline.record import Recorder
from aml_pipeline.store import Attempt, Result

OnEvent = Callable[[Event], None]
TAIL_LINES = 20
_TAIL_BYTES = 64_000


@dataclass(slots=True)
class Run:
    """What a run came to: how each step ended, and the results in use."""

    state: State = "done"
    steps: dict[str, StepEnded] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)


def run(
    context: Context,
    selected: Sequence[str],
    *,
    recorder: Recorder,
    header: Callable[[], Mapping[str, Any]],
    forced: Collection[str] = (),
    on_event: OnEvent = lambda _event: None,
) -> Run:
    """Run the ``selected`` steps in order; those whose result is still good are not run.

    After a failure the rest is not run. ``recorder`` is opened, with ``header``, only when a step runs: a run with
    nothing to do leaves no record. Raises MachineError and OSError when this machine refuses.
    """
    return _Runner(context, recorder, header, on_event).run(selected, forced)


class _Runner:
    def __init__(
        self, context: Context, recorder: Recorder, header: Callable[[], Mapping[str, Any]], on_event: OnEvent
    ) -> None:
        self._context = context
        self._recorder = recorder
        self._header = header
        self._on_event = on_event
        self._done = Run()

    def _tell(self, event: Event) -> None:
        if isinstance(event, StepEnded):
            self._done.steps[event.step] = event
        self._recorder(event)
        self._on_event(event)

    def run(self, selected: Sequence[str], forced: Collection[str]) -> Run:
        started = time.time()
        self._done.results.update(left_out(self._context, selected))
        self._tell(RunStarted(started, tuple(selected)))
        try:
            for name in selected:
                self._step(name, forced=name in forced)
        except KeyboardInterrupt:
            self._done.state = "interrupted"
            raise
        except BaseException:
            self._done.state = "failed"
            raise
        finally:
            self._context.project.digests.save()
            self._tell(RunEnded(time.time(), self._done.state, time.time() - started))
        return self._done

    def _step(self, name: str, *, forced: bool) -> None:
        if self._done.state != "done":
            self._tell(StepEnded(time.time(), name, "not run", "an earlier step failed"))
            return
        found = evaluate(self._context, self._context.plan.step(name), self._done.results, forced=forced)
        if found.result:
            self._reuse(found.result)
        else:
            self._run_step(found, forced=forced)

    def _reuse(self, result: Result) -> None:
        self._context.store.use(result)
        self._done.results[result.step] = result
        self._tell(StepEnded(time.time(), result.step, "up to date", "", outputs=dict(result.outputs)))

    def _run_step(self, found: Evaluation, *, forced: bool) -> None:
        self._recorder.open(self._header)
        for _ in range(found.step.retries + 1):
            found = self._attempt(found, forced=forced)
            if self._done.steps[found.step.name].state == "done":
                return
        self._done.state = "failed"

    def _attempt(self, found: Evaluation, *, forced: bool) -> Evaluation:
        """Try a step once; return its evaluation, a new one when its files changed as they were copied."""
        for _ in range(3):
            store, step = self._context.store, found.step
            attempt = store.begin(step.name, reuse.key(found.parts), found.parts, list(step.outputs))
            work = os.path.join(attempt.folder, "work")
            changed = snapshot.write(self._context.project.snapshot(step), work)
            if not changed:
                self._execute(found, attempt, work)
                return found
            store.fail(attempt)
            self._context.project.forget()
            found = evaluate(self._context, step, self._done.results, forced=True)
        raise MachineError(f"{changed[0]} changes while it is copied. Wait until its writer is done, and run again.")

    def _execute(self, found: Evaluation, attempt: Attempt, work: str) -> None:
        step, log = found.step, self._recorder.log(found.step.name)
        for name in ("outputs", "logs"):
            os.makedirs(os.path.join(work, name), exist_ok=True)
        begun = time.time()
        self._tell(StepStarted(begun, step.name, found.verdict.reason, attempt.id, log))
        try:
            ended = self._watch(step, attempt, work, log)
        except BaseException as error:
            state: State = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            self._context.store.fail(attempt, state)
            self._tell(StepEnded(time.time(), step.name, state, found.verdict.reason, time.time() - begun))
            raise
        finally:
            self._keep(work, os.path.dirname(log))
        self._close(found, attempt, ended, log, begun, work)

    def _watch(self, step: Step, attempt: Attempt, work: str, log: str) -> process.Ended:
        follower = _Follower(log, step.name, self._tell)
        command = [self._context.interpreter.path, *self._command(step, attempt)]
        try:
            with open(log, "ab") as stream:
                return process.run(
                    command,
                    folder=work,
                    environ={**self._context.environ, **step.environment_variables},
                    log=stream.fileno(),
                    timeout=step.timeout,
                    on_tick=follower.read,
                )
        finally:
            follower.read(end=True)

    def _command(self, step: Step, attempt: Attempt) -> list[str]:
        """Return the script and its arguments, every token as the text that the process receives."""
        plan, project, results = self._context.plan, self._context.project, self._done.results

        def bind(token: tokens.Token) -> str | None:
            if isinstance(token, tokens.Literal):
                return token.text
            if isinstance(token, tokens.Parameter):
                return plan.parameters[token.name].text
            if isinstance(token, tokens.Input):
                return results[token.step].outputs[token.name]
            if isinstance(token, tokens.Output):
                return attempt.outputs[token.name]
            local = plan.datasets[token.name].local
            return project.path(local) if local and os.path.exists(project.path(local)) else None

        return [step.script, *tokens.render(step.arguments, bind)]

    def _keep(self, work: str, record: str) -> None:
        """Keep what the step left in ``outputs/`` and ``logs/`` of its folder, as Azure ML does; drop the folder."""
        for name in ("outputs", "logs"):
            source = os.path.join(work, name)
            if os.path.isdir(source) and os.listdir(source):
                shutil.rmtree(os.path.join(record, name), ignore_errors=True)
                shutil.move(source, os.path.join(record, name))
        shutil.rmtree(work, ignore_errors=True)

    def _close(  # noqa: PLR0913 - what there is to tell of an attempt
        self, found: Evaluation, attempt: Attempt, ended: process.Ended, log: str, begun: float, work: str
    ) -> None:
        step, reason, seconds = found.step, found.verdict.reason, time.time() - begun
        message = self._fault(found, ended) or self._accept(step, attempt, seconds)
        if message:
            self._context.store.fail(attempt)
            tail, cure = self._failure(step, log, work)
            message = f"{message} {cure}".strip()
            self._tell(StepEnded(time.time(), step.name, "failed", reason, seconds, ended.status, message, tail))
        else:
            outputs = dict(self._done.results[step.name].outputs)
            self._tell(StepEnded(time.time(), step.name, "done", reason, seconds, ended.status, outputs=outputs))

    def _accept(self, step: Step, attempt: Attempt, seconds: float) -> str:
        """Make ``attempt`` the result of ``step``; return why its outputs cannot be one, or "" when they are."""
        facts = {"run": self._recorder.run, "seconds": seconds, "metrics": self._recorder.metrics(step.name)}
        try:
            self._done.results[step.name] = self._context.store.accept(attempt, facts)
        except MachineError as error:
            return str(error)
        return ""

    def _failure(self, step: Step, log: str, work: str) -> tuple[tuple[str, ...], str]:
        """Return the last lines of a log, with the paths of the source, and the cure for what they tell, or ""."""
        tail, source = _tail(log), self._context.project.source(step)
        cure = advice("\n".join(tail), source, self._context.project.snapshot(step), work, step.snapshot)
        for place in (work, os.path.realpath(work)):
            tail = [line.replace(place, source.path) for line in tail]
        return tuple(tail[-TAIL_LINES:]), cure

    def _fault(self, found: Evaluation, ended: process.Ended) -> str:
        """Return why the attempt is not accepted, or "" when it is."""
        if ended.timed_out:
            return f"It took longer than its timeout of {found.step.timeout} s."
        if ended.status:
            return f"Its script failed ({process.describe(ended.status)})."
        for name in found.step.datasets:
            tree = self._context.project.dataset(self._context.plan.datasets[name].local)
            if (tree.digest if tree else reuse.ABSENT) != found.parts["datasets"][name]:
                return f"Dataset {name} changed while the step ran, so its result is of neither state. Run again."
        return ""


class _Follower:
    """Reads what a step adds to its log, and tells of it and of the metrics in it."""

    def __init__(self, log: str, step: str, tell: OnEvent) -> None:
        self._stream = open(log, "ab+")  # noqa: SIM115 - closed by the last read
        self._step = step
        self._tell = tell
        self._metrics = MetricReader()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = time.monotonic()

    def read(self, *, end: bool = False) -> None:
        text = self._decoder.decode(self._stream.read(), final=end)
        if end:
            self._stream.close()
        if text:
            self._tell(OutputWritten(self._step, text))
        for one in self._metrics.feed(text, end=end):
            self._tell(MetricLogged(time.time(), self._step, one.name, one.kind, one.value))
        self._tell(StepTicked(self._step, time.monotonic() - self._begun))


def _tail(log: str) -> list[str]:
    """Return the last lines of a log."""
    with open(log, "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
        return stream.read().decode("utf-8", "replace").splitlines()
