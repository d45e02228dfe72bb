"""The end of a run on the screen: how it went, and where its outputs are."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping

from aml_pipeline.cli.folding import MOST
from aml_pipeline.core.text import seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.local import Run
from aml_pipeline.local.store import Store
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.runs.events import RunEnded, StepEnded

_BEGINNINGS = {"done": "Done in", "failed": "Failed after"}


def total(run: RunEnded, steps: Iterable[StepEnded]) -> str:
    """Return how a run ended, and how many of its steps in which state."""
    counts: Counter[str] = Counter(step.state for step in steps)
    ran = [f"{counted(counts['done'], 'step')} ran"] if counts["done"] else []
    others = [f"{counts[other]} {other}" for other in ("failed", "not run", "up to date") if counts[other]]
    return f"{_BEGINNINGS[run.state]} {seconds_in_words(run.seconds)}: {', '.join([*ran, *others])}."


def output_lines(plan: Plan, store: Store, done: Run, file: str) -> list[str]:
    """Return where the final outputs are, and the models, one per line; many variants of a step share a line."""
    base = os.path.dirname(os.path.abspath(file))
    rows = [(name, from_here(store.link(*source), base)) for name, source in _final(plan, done).items()]
    rows += [
        (f"{name}:{version.number}", from_here(version.place, base)) for name, version in sorted(done.models.items())
    ]
    width = max((len(left) for left, _ in rows), default=0)
    return [f"{left:<{width}}  {right}" for left, right in rows]


def _final(plan: Plan, done: Run) -> dict[str, tuple[str, str]]:
    """Return the outputs that the pipeline names, or else those that no step reads: each with its step and name."""
    made = [(step, name) for step, result in done.results.items() if step in done.steps for name in result.outputs]
    if plan.outputs:
        named = {name: (source.step, source.name) for name, source in plan.outputs.items()}
        return {name: source for name, source in named.items() if source in made}
    read = {(source.step, source.name) for step in plan.steps for source in step.inputs}
    unread = [(step, name) for step, name in made if (step, name) not in read]
    return _folded({f"{plan.step(step).title}.{name}": (step, name) for step, name in unread}, plan)


def _folded(sources: Mapping[str, tuple[str, str]], plan: Plan) -> dict[str, tuple[str, str]]:
    """Return outputs with those of many variants of a step as one: its place is that of all its variants."""
    steps = {step: plan.step(step) for step, _ in sources.values()}
    families = {(step, name): (steps[step].declared, name) for step, name in sources.values() if steps[step].variant}
    sizes = Counter(families.values())
    rows = {}
    for label, source in sources.items():
        family = families.get(source)
        if family and sizes[family] > MOST:
            declared, name = family
            rows[f"{declared}.{name} ({sizes[family]:,} variants)"] = (f"{declared}-*", name)
        else:
            rows[label] = source
    return rows


def from_here(path: str, base: str) -> str:
    """Return ``path`` relative to the current folder, if that is the project or a folder above it."""
    here = os.getcwd()
    return os.path.relpath(path, here) if base == here or base.startswith(here + os.sep) else path
