"""A run from start to end: the Python and environment of its steps, the lock, the record."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aml_pipeline.core.errors import UsageError
from aml_pipeline.local import secrets
from aml_pipeline.local.evaluate import Context
from aml_pipeline.local.outcome import Run
from aml_pipeline.local.pool import Wishes
from aml_pipeline.local.run import Listener, Order
from aml_pipeline.local.store import Store
from aml_pipeline.local.together import run_all
from aml_pipeline.local.tracking import prepare, tracking_environ
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import graph
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project import check
from aml_pipeline.project.environment import programs
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.environment.steps_python import Pythons, all_of, asking, steps_environ, without_pythons
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of
from aml_pipeline.runs import formats, locks, provenance
from aml_pipeline.runs.events import Event
from aml_pipeline.runs.recorder import Recorder, new_id


def run_plan(  # noqa: PLR0913 - what a run is made of
    plan: Plan,
    steps: Collection[str],
    environ: Mapping[str, str],
    *,
    python: str | None = None,
    force: bool = False,
    jobs: int = 1,
    keep_going: bool = False,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    """Run ``steps`` of ``plan`` and the steps they need, in a process that may also do other work."""
    if jobs < 1:
        raise UsageError(f"jobs must be 1 or more, got {jobs}.")
    steps = [steps] if isinstance(steps, str) else list(steps)
    selected = plan.select(steps)
    wishes = Wishes((plan.named(steps) or selected) if force else (), jobs, keep_going, shared=True)
    project = project_of(plan)
    plan = plan if python is None else without_pythons(plan)
    with asking(python, environ, project.folder) as pythons:
        locks.prepare(os.path.dirname(project.state), plan.name)
        context = context_of(plan, project, selected, pythons, environ)
    with locks.locked(project.state, "aml_pipeline.run"):
        return recorded(context, selected, wishes, on_event, command="aml_pipeline.run")


def context_of(  # noqa: PLR0913 - what a local run works with
    plan: Plan,
    project: Project,
    selected: Sequence[str],
    pythons: Pythons,
    environ: Mapping[str, str],
    *,
    durable: bool = False,
) -> Context:
    """Return the context of a run of the ``selected`` steps.

    Raises PipelineError for what is missing, MachineError for a state that a newer version wrote.
    """
    formats.require(project.state)
    needed = graph.closure(selected, plan.upstream)
    steps = [step for step in plan.steps if step.name in needed]
    chosen = [plan.step(name) for name in selected]
    missing = [*check.missing_data(plan, project, chosen), *check.unlaunched(project, chosen)]
    if missing:
        raise plan.refusal(missing)
    given = {**tracking_environ(environ, project.state, plan.name), **steps_environ(environ)}
    interpreters = all_of(plan, project, steps, pythons, environ)
    context = Context(plan, project, Store(project.state, project.digests, durable=durable), interpreters, given)
    absent = [row for step in chosen for row in programs.missing(step, context.interpreter(step), given)]
    if absent:
        raise plan.refusal(absent)
    return context


def _described(python: Interpreter) -> dict[str, str]:
    return {"path": python.path, "version": python.full_version, "platform": python.platform}


def recorded(  # noqa: PLR0913 - what a run is made of
    context: Context,
    selected: Sequence[str],
    wishes: Wishes,
    on_event: Listener,
    *,
    command: str,
    durable: bool = False,
) -> Run:
    """Run the ``selected`` steps, and record the run as started by ``command``. The caller holds the lock."""
    return recorded_together([(context, on_event)], selected, wishes, command=command, durable=durable)[0]


def recorded_together(  # noqa: PLR0913 - what runs are made of
    contexts: Sequence[tuple[Context, Listener]],
    selected: Sequence[str],
    wishes: Wishes,
    *,
    varies: Sequence[str] = (),
    command: str,
    durable: bool = False,
) -> list[Run]:
    """Carry out a run in each of the contexts, which differ in the parameters that ``varies`` names.

    Return those that began, in order. Of several, each record names their group. The caller holds the lock.
    """
    for context, _ in contexts:
        secrets.require(context, selected, wishes.forced)
    runs = os.path.join(contexts[0][0].project.state, "runs")
    opened: list[str] = []  # the runs that have a record

    def order(context: Context, on_event: Listener, *, is_last: bool) -> Order:
        recorder = Recorder(runs, new_id(), durable=durable)

        def header() -> Mapping[str, Any]:
            opened.append(recorder.run)
            group = {"group": {"id": opened[0], "varies": list(varies)}} if len(contexts) > 1 else {}
            return {**_header(context, selected, wishes, command), **group}

        return Order(context, selected, recorder, header, on_event, is_last=is_last)

    orders = (
        order(context, on_event, is_last=place == len(contexts))
        for place, (context, on_event) in enumerate(contexts, 1)
    )
    return run_all(contexts[0][0], orders, replace(wishes, several=len(contexts) > 1))


def _header(context: Context, selected: Sequence[str], wishes: Wishes, command: str) -> dict[str, Any]:
    """Return what the record of a run says at its beginning."""
    if wishes.jobs > 1:
        prepare(context.store.folder, context.plan.name)
    first, *others = dict.fromkeys(context.plan.step(name).python for name in selected)
    python = context.interpreters[first]
    return {
        **redaction.for_record(context.plan),
        **provenance.beginning(command, provenance.git_state(context.project.folder)),
        "python": _described(python),
        **({"pythons": [_described(context.interpreters[other]) for other in others]} if others else {}),
        "distributions": dict(python.distributions),
    }
