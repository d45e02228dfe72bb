"""Selects the steps that a page shows if not all fit."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aml_pipeline.core.text import visible
from aml_pipeline.report.parts import size_of
from aml_pipeline.report.step_parts import step_part
from aml_pipeline.report.story import ShownRun, ShownStep
from aml_pipeline.report.timeline import row

# Bytes of a step in the graph, without its name, which occurs twice, and the lines to it.
_BOX_BYTES, _LINE_BYTES, _MOST_LINES = 300, 120, 10
_CELL_BYTES = 60  # of a variant's row
_UNHAPPY = frozenset({"failed", "interrupted", "running"})


def costs_of(run: ShownRun) -> list[int]:
    """Return the size of each step in bytes: its text, its bars and its box in the graph."""
    costs = []
    for number, step in enumerate(run.steps):
        bars = size_of(row(number, step, 0.0, 1.0)) if step.attempts else 0
        name = size_of(escape(visible(step.title[:500])))
        box = _BOX_BYTES + 2 * name + _LINE_BYTES * min(len(step.upstream), _MOST_LINES)
        row_of_variant = _CELL_BYTES * (2 + len(step.variant) + len(step.metrics)) if step.variant else 0
        costs.append(size_of(step_part(step, number, run)) + bars + box + row_of_variant)
    return costs


def steps_that_fit(run: ShownRun, costs: Sequence[int], room: int) -> tuple[ShownStep, ...]:
    """Return the steps that fit, in order."""
    shown: list[int] = []
    for number in _by_weight(run.steps):
        room -= costs[number]
        if room < 0:
            break
        shown.append(number)
    return tuple(run.steps[number] for number in sorted(shown))


def _by_weight(steps: Sequence[ShownStep]) -> list[int]:
    """Return the step numbers by priority: failed steps, the steps they need, those that ran, all others."""
    needed = {name for step in steps if step.state in _UNHAPPY for name in step.upstream}

    def weight(number: int) -> int:
        step = steps[number]
        ranks = (step.state in _UNHAPPY, step.name in needed, step.state == "done")
        return next((rank for rank, holds in enumerate(ranks) if holds), len(ranks))

    return sorted(range(len(steps)), key=weight)
