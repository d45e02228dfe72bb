"""Rows → lines with aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from aml_pipeline.core.problems import width


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as lines with aligned columns."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(text + " " * (room - width(text)) for text, room in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(line.rstrip() for line in padded)
