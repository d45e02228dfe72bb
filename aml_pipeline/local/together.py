"""Runs the steps of one plan, or of several at a time: in order, with as many processes as the caller wishes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aml_pipeline.local import process, survivors
from aml_pipeline.local.evaluate import Context
from aml_pipeline.local.outcome import Run
from aml_pipeline.local.pool import Pool, Wishes
from aml_pipeline.local.run import Listener, Order, Runner
from aml_pipeline.runs.recorder import Recorder

TICK_SECONDS = 0.1
# While work runs in a thread, whose end does not wake the loop.
_WORKING_SECONDS = 0.01
# Runs that wait for results of earlier ones, so that a later run without such a need gets a free slot.
_MOST_WAITING = 16


def run(  # noqa: PLR0913 - what a run is made of
    context: Context,
    selected: Sequence[str],
    recorder: Recorder,
    header: Callable[[], Mapping[str, Any]],
    *,
    wishes: Wishes | None = None,
    on_event: Listener = lambda _event: None,
) -> Run:
    """Run the ``selected`` steps, each after the steps it needs; steps with a valid result do not run.

    ``recorder`` is opened, with ``header``, only when a step runs: a run with nothing to do leaves no record. Raises
    MachineError and OSError when this machine refuses.
    """
    order = Order(context, selected, recorder, header, on_event)
    return run_all(context, [order], wishes or Wishes())[0]


def run_all(context: Context, orders: Iterable[Order], wishes: Wishes) -> list[Run]:
    """Carry out runs of one pipeline, and return them; ``context`` is that of any of them.

    A later run gets the slots that the earlier ones leave free. What several need is made once. After a failure, no
    other begins unless the wishes say so. Raises MachineError and OSError when this machine refuses.
    """
    context.store.forget()
    survivors.end_all(context.store)
    begun: list[Runner] = []
    pool = Pool(wishes)
    try:
        with pool.processes:
            _work_through(iter(orders), pool, begun)
    except BaseException:
        for runner in begun:
            runner.break_off()
        raise
    if len(begun) > 1:
        begun[-1].put_in_use()
    context.project.digests.save()
    return [runner.done for runner in begun]


def _work_through(orders: Iterator[Order], pool: Pool, begun: list[Runner]) -> None:
    active: list[Runner] = []
    most = pool.wishes.jobs + _MOST_WAITING
    try:
        while True:
            for runner in active:
                runner.advance()
            while pool.has_room and not pool.is_stopped and len(active) < most and (order := next(orders, None)):
                begun.append(Runner(order, pool))
                active.append(begun[-1])
                begun[-1].advance()
                _end_over(active)
            _end_over(active)
            if not active:
                return
            _watch(active)
    except BaseException as error:
        with contextlib.suppress(KeyboardInterrupt):  # interrupted again: the grace is over, and all are killed
            pool.processes.end([running.process for running in pool.running.values()])
        for runner in active:
            runner.abandon("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise


def _end_over(active: list[Runner]) -> None:
    for runner in [runner for runner in active if runner.is_over]:
        runner.end()
        active.remove(runner)


def _watch(active: Sequence[Runner]) -> None:
    """Wait a moment, and attend to running steps."""
    is_working = any(runner.is_working for runner in active)
    alive = [child for runner in active for child in runner.processes]
    process.wait(alive, _WORKING_SECONDS if is_working else TICK_SECONDS)
    for runner in active:
        runner.look_after()
