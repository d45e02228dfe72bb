"""The summaries of all runs of a pipeline, cached in one file: a list of ten thousand runs reads no record twice.

A summary is valid while the metadata of the record's folder, in which files are replaced, and of its short form are the
same. Records of runs that may go on are not cached, nor is what changed less than two seconds ago. Nothing depends on
the cache: if it is missing, damaged or cannot be written, the records are read.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import time
import zlib
from collections.abc import Sequence
from typing import Any

from aml_pipeline.core import files
from aml_pipeline.core.digests import YOUNG_NS
from aml_pipeline.runs.record import SHORT, RunRecord
from aml_pipeline.runs.summaries import Summary, summary_of

INDEX = "index"
_RUNS = "runs"
# The number is increased when summaries change.
_MARK = f"aml_pipeline index 4, Python {sys.version_info[:2]}\n".encode()
# While fewer of the summaries than this part are new, reading those records costs less than writing all summaries.
_PART = 0.02

# The metadata of a record, and its summary.
Entry = list[Any]


def summaries(state: str) -> list[Summary]:
    """Return the summaries of the runs recorded in the state folder of a pipeline, oldest first."""
    runs, place = os.path.join(state, _RUNS), os.path.join(state, INDEX)
    cached, entries, new = _read(place), {}, 0
    for run in files.names(runs):
        folder = f"{runs}/{run}"
        look = _look(folder)
        entry = cached.get(run)
        if entry is None or entry[0] != look:
            entry = [look, summary_of(RunRecord(run, folder))]
            new += 1
        entries[run] = entry
    if new > _PART * len(entries) or cached.keys() - entries.keys():
        _write(place, entries)
    return [summary for _, summary in entries.values()]


def summaries_of(records: Sequence[RunRecord]) -> list[Summary]:
    """Return the summaries of recorded runs of one pipeline, in the same order."""
    runs = os.path.dirname(records[0].folder) if records else ""
    known = summaries(os.path.dirname(runs)) if os.path.basename(runs) == _RUNS else []
    by_run = {summary["run"]: summary for summary in known}
    return [by_run.get(record.id) or summary_of(record) for record in records]


def _look(folder: str) -> list[int]:
    """Return the metadata of a record; empty if the run may go on or the record is damaged."""
    try:
        above, short = os.stat(folder), os.stat(f"{folder}/{SHORT}")
    except OSError:
        return []
    return [above.st_mtime_ns, short.st_mtime_ns, short.st_size, short.st_ino]


def _read(place: str) -> dict[str, Entry]:
    """Return the cached entries; none if the file is of another version of Python or of ours, or damaged."""
    try:
        data = files.read(place)
    except OSError:
        return {}
    head, seal = data[: len(_MARK)], data[len(_MARK) : len(_MARK) + 4]
    text = data[len(_MARK) + 4 :]
    if head != _MARK or seal != zlib.crc32(text).to_bytes(4, "big"):
        return {}
    entries: dict[str, Entry] = marshal.loads(text)  # noqa: S302 - sealed, and our own; four times as fast as JSON
    return entries


def _write(place: str, entries: dict[str, Entry]) -> None:
    settled = time.time_ns() - YOUNG_NS
    kept = {run: entry for run, entry in entries.items() if entry[0] and max(entry[0][:2]) < settled}
    shared: dict[str, Any] = {}
    lean = {
        run: [look, {name: shared.setdefault(repr(value), value) for name, value in summary.items()}]
        for run, (look, summary) in kept.items()
    }
    text = marshal.dumps(lean)  # which writes, and reads, what several summaries share once
    with contextlib.suppress(OSError):
        files.write(place, _MARK + zlib.crc32(text).to_bytes(4, "big") + text)
