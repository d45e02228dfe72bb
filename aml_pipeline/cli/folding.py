"""Lines about steps, in which many variants of a step with the same text are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

from aml_pipeline.pipeline.plan.model import Plan

_MOST = 3


def lines(plan: Plan, texts: Mapping[str, str]) -> list[str]:
    """Return a line for each step in ``texts``, with its text; one for more than a few variants with the same text."""
    steps = {step.name: step for step in plan.steps if step.variant}
    variants = Counter(step.declared for step in steps.values())
    alike = Counter((steps[name].declared, text) for name, text in texts.items() if name in steps)
    rows: dict[Hashable, tuple[str, str]] = {}
    for name, text in texts.items():
        declared = steps[name].declared if name in steps else ""
        count, total = alike[declared, text], variants[declared]
        if count > _MOST:
            number = str(total) if count == total else f"{count} of {total}"
            rows[declared, text] = f"{declared} ({number} variants)", text
        else:
            rows[name] = plan.titles.get(name, name), text
    return _aligned(list(rows.values()))


def lines_in_full(plan: Plan, texts: Mapping[str, str], details: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each step in ``texts``, followed by its ``details``."""
    rows = _aligned([(plan.titles.get(name, name), text) for name, text in texts.items()])
    return [line for name, row in zip(texts, rows, strict=True) for line in (row, *details[name])]


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(title) for title, _ in rows), default=0)
    return [f"{title:<{width}}  {text}" for title, text in rows]
