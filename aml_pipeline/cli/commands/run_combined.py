"""``run`` with several values of parameters: a run of each combination, and a table of how they ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from aml_pipeline.cli import combinations
from aml_pipeline.cli.combinations import NOT_RUN, UP_TO_DATE, Ended
from aml_pipeline.cli.exits import EXIT_FAILED
from aml_pipeline.cli.github import summarize
from aml_pipeline.cli.opened import command_line
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.selected import say, warn_of_left_out
from aml_pipeline.core import removal
from aml_pipeline.local import Context, Run, Wishes, ranks, recorded_together
from aml_pipeline.pipeline.combinations import labels
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.runs.events import Event, RunEnded


class Wanted(NamedTuple):
    """What the command line asks for: a run of the ``selected`` steps in each of the ``contexts``.

    They differ in the parameters that ``varies`` names.
    """

    state: str
    contexts: list[Context]
    varies: list[str]
    selected: list[str]
    wishes: Wishes

    @property
    def plans(self) -> list[Plan]:
        """The plan of each run."""
        return [context.plan for context in self.contexts]

    @property
    def title(self) -> str:
        """The line before the first run."""
        return combinations.title(self.plans, self.varies, len(self.selected))


def run_combined(options: Options, wanted: Wanted, environ: Mapping[str, str]) -> int:
    """Carry out the runs; exit with 1 if one failed or was not carried out."""
    contexts, plans, verbose = wanted.contexts, wanted.plans, options.flag("verbose")
    names = labels(plans, wanted.varies)
    warned = warn_of_left_out(contexts, wanted.selected, names, verbose=verbose)
    progress = _progress(wanted, names, verbose=verbose)
    states = dict.fromkeys(names, NOT_RUN)
    listeners = [_noting(name, plan, progress, states) for name, plan in zip(names, plans, strict=True)]
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
        progress.say(combinations.counts(list(states.values())))
        raise
    progress.finish()
    if refused := {place: refusal for run in done for place, refusal in run.refused.items()}:
        say(removal.in_words(list(refused.values())))
    not_run = [Ended(NOT_RUN)] * (len(plans) - len(done))
    table = combinations.table(plans, wanted.varies, [*map(_ended, done), *not_run])
    print(*table, sep="\n")
    summarize(environ, wanted.title, list(zip(names, plans, done, strict=False)), wanted.state)
    if not any(run.id for run in done) and all(run.state == "done" for run in done):
        options.answer = None if warned else "\n".join([*progress.lines, *table])
    return 0 if [run.state for run in done] == ["done"] * len(contexts) else EXIT_FAILED


def _progress(wanted: Wanted, names: Sequence[str], *, verbose: bool) -> Progress:
    from aml_pipeline.cli.commands.environment import warning

    first = wanted.contexts[0]
    plan = first.plan
    steps = {combinations.titled(name, plan, step): step for name in names for step in wanted.selected}
    return Progress(
        first.project.folder,
        list(steps),
        title=wanted.title,
        verbose=verbose,
        remark=lambda: warning(plan, wanted.selected, first.project, first.interpreters),
        jobs=wanted.wishes.jobs,
        before=lambda title: {"seconds": first.store.facts(steps[title]).get("seconds")},
        manner=lambda title: ranks.in_words(plan.step(steps[title])),
    )


def _noting(name: str, plan: Plan, tell: Callable[[Event], None], states: dict[str, str]) -> Callable[[Event], None]:
    """Return a listener to the events of a run that shows them under the name of the run, and notes its end."""
    show = combinations.labelled(name, plan, tell)

    def listen(event: Event) -> None:
        if isinstance(event, RunEnded):
            states[name] = event.state
        show(event)

    return listen


def _ended(run: Run) -> Ended:
    if run.id:
        return Ended(run.state, run.seconds, run.id, run.metrics)
    state = {"interrupted": NOT_RUN, "done": UP_TO_DATE}.get(run.state, run.state)
    return Ended(state, metrics=run.metrics)
