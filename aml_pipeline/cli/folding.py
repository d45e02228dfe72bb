"""Lines about steps, in which many variants of a step with the same text are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

from aml_pipeline.pipeline.plan.model import Plan

MOST = 3


def lines(plan: Plan, texts: Mapping[str, str]) -> list[str]:
    """Return a line for each step in ``texts``, with its text; one for more than a few variants with the same text."""
    families = {step.name: step.declared for step in plan.steps if step.variant}
    return _aligned(folded(texts, plan.titles, families))


def folded(texts: Mapping[str, str], titles: Mapping[str, str], families: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a title and a text for each step in ``texts``; for more than a few variants with the same text one pair.

    ``families`` are what all variants of a step are called together.
    """
    sizes = Counter(families.values())
    alike = Counter((families[name], text) for name, text in texts.items() if name in families)
    rows: dict[Hashable, tuple[str, str]] = {}
    for name, text in texts.items():
        family = families.get(name, "")
        count, size = alike[family, text], sizes[family]
        if count > MOST:
            number = str(size) if count == size else f"{count} of {size}"
            rows[family, text] = f"{family} ({number} variants)", text
        else:
            rows[name] = titles.get(name, name), text
    return list(rows.values())


def lines_in_full(plan: Plan, texts: Mapping[str, str], details: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each step in ``texts``, followed by its ``details``."""
    rows = _aligned([(plan.titles.get(name, name), text) for name, text in texts.items()])
    return [line for name, row in zip(texts, rows, strict=True) for line in (row, *details[name])]


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(title) for title, _ in rows), default=0)
    return [f"{title:<{width}}  {text}" for title, text in rows]
