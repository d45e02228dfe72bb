"""Replaces paths of a step's working copy, which is gone, by paths of its source in what it printed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.runs.record import RunRecord

_PIECE_LETTERS = 1 << 20
_LONGEST_PATH = 4_096


@dataclass(frozen=True, slots=True)
class ToSources:
    """Replaces the working copies whose paths begin with ``begin`` by ``source``."""

    begin: str
    source: str

    def __call__(self, text: str) -> str:
        """Return ``text`` with paths of the source."""
        if self.begin not in text:
            return text
        working_copy = re.escape(self.begin) + r"[^/\s]+/working-copy(?=[/\s\"'])"
        return re.sub(working_copy, lambda _: self.source, text)

    def pieces(self, stream: TextIO) -> Iterator[str]:
        """Yield a log of any length, with or without line ends, with paths of the source."""
        rest = ""
        while piece := stream.read(_PIECE_LETTERS):
            text = rest + piece
            end = text.rfind("\n") + 1 or self._between_paths(text)
            yield self(text[:end])
            rest = text[end:]
        yield self(rest)

    def _between_paths(self, text: str) -> int:
        """Return a position near the end of ``text`` that is not within a path."""
        end = max(0, len(text) - _LONGEST_PATH)
        begin = text.rfind(self.begin, max(0, end - _LONGEST_PATH), end + len(self.begin) - 1)
        return end if begin < 0 else begin


def to_sources(record: RunRecord, step: str, source_directory: str) -> ToSources:
    """Return the replacement of ``step``'s working copies by its source folder."""
    state = os.path.dirname(os.path.dirname(record.folder))
    source = os.path.normpath(os.path.join(state, "..", "..", source_directory))
    return ToSources(os.path.join(state, "steps", step, "attempt."), source)


def source_directory(record: RunRecord, step: str) -> str:
    """Return the source folder of ``step`` in that run."""
    rows = map(mapping, sequence(mapping(record.header.get("plan")).get("steps")))
    return next((str(row.get("source_directory", ".")) for row in rows if row.get("name") == step), ".")
