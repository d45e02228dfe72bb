"""``plan`` with several values of parameters: what ``run`` would do for each combination."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.progress import each
from aml_pipeline.cli.selected import in_words, warn_of_left_out
from aml_pipeline.core.wording import counted
from aml_pipeline.local import Context, forecast
from aml_pipeline.local.evaluate import SHARED
from aml_pipeline.pipeline.combinations import labels
from aml_pipeline.runs.reuse import UP_TO_DATE, Verdict


def plan_combined(
    options: Options,
    contexts: Sequence[Context],
    varies: Sequence[str],
    selected: list[str],
    forced: Collection[str],
) -> int:
    """Print a line for each combination; with ``--verbose`` one for each of its steps."""
    made: set[Hashable] = set()
    forecasts = [forecast(context, selected, forced, made) for context in contexts]
    names = labels([context.plan for context in contexts], varies)
    verbose = options.flag("verbose")
    width = max(map(len, names))
    lines: list[str] = []
    for name, context, verdicts in zip(names, contexts, forecasts, strict=True):
        title = f"{name:<{width}}"
        titles = context.plan.titles
        lines += _steps(title, context, verdicts) if verbose else [f"{title}  {_summary(verdicts, titles)}"]
    busy = sum(any(verdict not in {UP_TO_DATE, SHARED} for _, verdict in verdicts) for verdicts in forecasts)
    idle = len(contexts) - busy
    counts = [f"{busy} with something to do"] * bool(busy) + [f"{idle} up to date"] * bool(idle)
    lines.append(f"{counted(len(contexts), 'combination')}: {', '.join(counts)}.")
    text = "\n".join(lines)
    print(text)
    warned = warn_of_left_out(contexts, selected, names, verbose=verbose)
    options.answer = None if busy or warned else text
    return EXIT_SOMETHING_TO_DO if busy and options.flag("exit_code") else 0


def _steps(title: str, context: Context, verdicts: Sequence[tuple[str, Verdict]]) -> list[str]:
    steps = [(context.plan.step(step), verdict) for step, verdict in verdicts]
    width = max(len(step.title) for step, _ in steps)
    rows = ((step.title, in_words(step, verdict), each(verdict.changes)) for step, verdict in steps)
    return [line for step, text, changes in rows for line in (f"{title}  {step:<{width}}  {text}", *changes)]


def _summary(verdicts: Sequence[tuple[str, Verdict]], titles: Mapping[str, str]) -> str:
    """Return which steps would run, and which may run."""
    actions = {"run": "will run", "depends": "may run"}
    steps = {words: [titles.get(step, step) for step, verdict in verdicts if verdict.action == action]
             for action, words in actions.items()}  # fmt: skip
    parts = [f"{words} {', '.join(names)}" for words, names in steps.items() if names]
    registering = [verdict.reason for _, verdict in verdicts if verdict.action == "reuse" and verdict != UP_TO_DATE]
    return "; ".join(parts) or next((reason for reason in registering if reason != SHARED.reason), "up to date")
