"""Paths in what a step printed: those of its working copy, which is gone, become those of its source."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from aml_pipeline.record import RunRecord
from aml_pipeline.report.story import mapping, sequence


def to_sources(record: RunRecord, step: str) -> Callable[[str], str]:
    """Return what puts the source folder in place of the working copies of ``step`` in a text."""
    state = os.path.dirname(os.path.dirname(record.folder))
    place = re.escape(os.path.join(state, "steps", step, "attempt."))
    working_copy = re.compile(place + r"[^/\s]+/working-copy(?=[/\s\"'])")
    source = os.path.normpath(os.path.join(state, "..", "..", _source_directory(record, step)))
    return lambda text: working_copy.sub(lambda _: source, text)


def _source_directory(record: RunRecord, step: str) -> str:
    """Return the source folder that ``step`` had in that run."""
    rows = map(mapping, sequence(mapping(record.header.get("plan")).get("steps")))
    return next((str(row.get("source_directory", ".")) for row in rows if row.get("name") == step), ".")
