"""The directory of a run, read: what was recorded of it. One format, whoever ran it.

runs/ID/run.json          what was run; after its end also how each step ended
runs/ID/short.json        the same without what is long, once it has ended: the source of a list of many runs
runs/ID/events.jsonl      every event, one per line, as it happened
runs/ID/steps/STEP.log    what the step printed; of a distributed step, its process of rank 0
runs/ID/steps/STEP.rank-N.log    what its process of rank N printed
runs/ID/steps/STEP/       what it left in outputs/ and logs/ of its folder
runs/ID/pinned            exists while the run is pinned: its record is kept
runs/ID/notes.json        what people noted of it: a text, and tags
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from aml_pipeline.core import files
from aml_pipeline.core.masking import masked
from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.runs import contents

_LOG, _RANK = ".log", ".rank-"
RUN, SHORT, _PINNED, EVENTS = "run.json", "short.json", "pinned", "events.jsonl"
_NOTES = "notes.json"
# A longer line was not written as a whole event: the value of a metric has at most a million characters.
_LONGEST_EVENT = 1 << 24


def moment_of(seconds: float) -> str:
    """Return the beginning of the ids of runs that begin at a time."""
    return time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime(max(0.0, seconds)))


class RunRecord:
    """A recorded run: ``header`` is run.json, read when needed; in a killed run it says ``running``."""

    def __init__(self, run: str, folder: str, header: Mapping[str, Any] | None = None) -> None:
        self.id = run
        self.folder = folder
        self._header = header

    @property
    def header(self) -> Mapping[str, Any]:
        """The content of run.json; empty if it is damaged."""
        self._header = self.read_header()
        return self._header

    @property
    def short(self) -> Mapping[str, Any]:
        """The same without what is long, if the run has ended; else all. Not cached, since there may be many runs."""
        return self._read(SHORT) or self.read_header()

    def read_header(self) -> Mapping[str, Any]:
        """Return the content of run.json without caching it, since there may be many runs."""
        return self._read(RUN) if self._header is None else self._header

    def _read(self, name: str) -> Mapping[str, Any]:
        """Return the content of a file of the record; empty if it is damaged, or belongs to another run."""
        data = _read(self.folder, name)
        return data if data.get("run", self.id) == self.id else {}

    @property
    def state(self) -> str:
        """How it ended; "unreadable" if its record is damaged."""
        return str(self.header.get("state", "unreadable"))

    @property
    def started(self) -> float | None:
        """When it began, in seconds since 1970."""
        return number(self.short.get("started"))

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it has not ended."""
        return number(self.short.get("seconds"))

    @property
    def parameters(self) -> dict[str, str]:
        """The values of its parameters as texts, without secrets."""
        return parameters_of(self.short)

    @property
    def states(self) -> dict[str, str]:
        """How each step ended: "done", "up to date", "failed", "not run" or "interrupted"."""
        return {name: str(mapping(row).get("state")) for name, row in mapping(self.short.get("steps")).items()}

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """The last value of each metric, by the step that logged it."""
        rows = {name: mapping(row).get("metrics") for name, row in mapping(self.short.get("steps")).items()}
        return {name: dict(values) for name, values in rows.items() if isinstance(values, Mapping)}

    @property
    def is_empty(self) -> bool:
        """Whether it has no file at all: its run was killed when it had only just made the folder."""
        return not any(names for _, _, names in os.walk(self.folder))

    def damaged(self) -> list[str]:
        """Return the names of its files that cannot be read, or belong to another run.

        A line of the events may be torn where the run was killed.
        """
        there = [name for name in (RUN, SHORT) if name == RUN or os.path.lexists(os.path.join(self.folder, name))]
        names = [name for name in there if not self._read(name)]
        if self.state not in {"running", "unreadable"} and not _is_whole(os.path.join(self.folder, EVENTS)):
            names.append(EVENTS)
        return names

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Yield the events, without a line that was torn by a kill."""
        place = os.path.join(self.folder, EVENTS)
        if not os.path.isfile(place):
            return
        with files.opened(place) as stream:
            yield from (event for line in _lines(stream) if (event := _event(line)) is not None)

    @property
    def keys(self) -> set[str]:
        """The keys of what the steps were made from; for a run that did not end, from its events."""
        rows = self._steps() or self.events()
        return {str(row["key"]) for row in rows if row.get("key")}

    @property
    def makers(self) -> set[str]:
        """The runs that made the results which this one reused."""
        return {str(row["made_by"]) for row in self._steps() if row.get("made_by")}

    def _steps(self) -> list[Mapping[str, Any]]:
        """Return how the steps of an ended run ended; not cached, since there may be many runs."""
        rows = _rows(_read(self.folder, SHORT))
        is_complete = rows and all("key" in row for row in rows)  # an earlier version's is not
        return rows if is_complete else _rows(self.read_header())

    @property
    def parts(self) -> Mapping[str, Mapping[str, Any]]:
        """What the steps of a run in Azure ML were made from, according to its record."""
        parts = self.read_header().get("parts") if "azureml" in self.short else {}
        rows = parts.items() if isinstance(parts, dict) else ()
        return {step: row for step, row in rows if isinstance(row, dict)}

    @property
    def pinned(self) -> bool:
        """Whether its record is kept when others are removed."""
        return os.path.exists(os.path.join(self.folder, _PINNED))

    def pin(self, *, stays: bool) -> None:
        """Keep the record when others are removed, or no longer."""
        place = os.path.join(self.folder, _PINNED)
        if stays:
            files.write(place, b"")
        elif self.pinned:
            os.unlink(place)

    @property
    def notes(self) -> dict[str, Any]:
        """The ``note`` of the run, a text, and its ``tags``; what cannot be read counts as none."""
        data = _read(self.folder, _NOTES) if os.path.exists(os.path.join(self.folder, _NOTES)) else {}
        tags = {str(name): str(value) for name, value in mapping(data.get("tags")).items()}
        return {"note": str(data.get("note", "")), "tags": tags}

    def annotate(self, note: str | None = None, tags: Mapping[str, str] | None = None) -> None:
        """Set the note, and the named tags; an empty text removes what was noted."""
        noted = self.notes
        merged = {**noted["tags"], **(tags or {})}
        kept = {
            "note": noted["note"] if note is None else note,
            "tags": {name: value for name, value in merged.items() if value},
        }
        files.write(os.path.join(self.folder, _NOTES), json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace"))

    def log(self, step: str, rank: int = 0) -> str:
        """Return the path of a step's log, or of that of its process of rank ``rank``."""
        return log_of(self.folder, step, rank)

    @property
    def ranks(self) -> dict[str, list[int]]:
        """The ranks of the processes of distributed steps that have a log of their own, by step: all but 0."""
        ranks: dict[str, list[int]] = {}
        for name in self._logs():
            step, _, rank = name.partition(_RANK)
            if rank.isdecimal():
                ranks.setdefault(step, []).append(int(rank))
        return {step: sorted(numbers) for step, numbers in ranks.items()}

    @property
    def logged_steps(self) -> list[str]:
        """The steps that ran a process, by the time of their logs."""
        steps = [name for name in self._logs() if _RANK not in name]
        return sorted(steps, key=lambda name: os.stat(self.log(name)).st_mtime_ns)

    def _logs(self) -> list[str]:
        folder = os.path.join(self.folder, "steps")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [name.removesuffix(_LOG) for name in names if name.endswith(_LOG)]


def _rows(header: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = header.get("steps")
    return [row for row in steps.values() if isinstance(row, dict)] if isinstance(steps, dict) else []


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, with an empty one in place of each that is too long or torn."""
    while line := stream.readline(_LONGEST_EVENT):
        whole = line if line.endswith(b"\n") else b""
        while line and not line.endswith(b"\n"):
            line = stream.readline(_LONGEST_EVENT)
        yield whole


def log_of(folder: str, step: str, rank: int = 0) -> str:
    """Return the path of the log of a step's process of rank ``rank`` in the directory of a run."""
    return os.path.join(folder, "steps", f"{step}{f'{_RANK}{rank}' if rank else ''}{_LOG}")


def records(runs: str) -> list[RunRecord]:
    """Return the runs in the folder ``runs``, oldest first."""
    names = sorted(os.listdir(runs)) if os.path.isdir(runs) else []
    return [RunRecord(name, os.path.join(runs, name)) for name in names]


def unreferenced_texts(state: str, kept: Collection[RunRecord], environments: Collection[str] = ()) -> list[str]:
    """Return the paths of the code texts that none of the ``kept`` records refers to.

    ``environments`` are digests of definitions that stay in any case: those of the kept results, so that the next run
    can tell what changed in them.
    """
    keys = {key for run in kept for key in run.keys}
    parts = (row for run in kept for row in run.parts.values())
    return contents.unreferenced(state, keys, chain(parts, ({"environment": digest} for digest in environments)))


def _event(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _is_whole(place: str) -> bool:
    """Whether every line of an events file is an event."""
    try:
        with files.opened(place) as stream:
            return all(_event(line) is not None for line in _lines(stream))
    except OSError:
        return False


def _read(folder: str, name: str) -> Mapping[str, Any]:
    try:
        data = json.loads(files.read(os.path.join(folder, name)))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def parameters_of(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a recorded run as texts; secrets in records of earlier versions are masked."""
    return {str(name): masked(str(name), str(value)) for name, value in mapping(header.get("parameters")).items()}


def titles(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles of a recorded run's variants by their names, such as ``train[epochs=5]``.

    A step that is no variant is called by its name. ``header`` may be a short one.
    """
    return {name: str(row["title"]) for name, row in variants(header).items() if "title" in row}


def variants(header: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what the plan of a recorded run says of each variant by its name: ``declared``, ``variant``, ``title``."""
    rows = map(mapping, sequence(mapping(header.get("plan")).get("steps")))
    return {str(row.get("name")): row for row in rows if row.get("variant")}


def defaults_of(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a recorded run that nobody set, with their values."""
    declared = mapping(mapping(header.get("plan")).get("parameters"))
    return {
        str(name): masked(str(name), str(mapping(parameter).get("default", ""))) for name, parameter in declared.items()
    }


def dirty_files(git: Mapping[str, Any]) -> int | None:
    """Return how many files differed from the commit, by a record's git state or its short form; None if unknown."""
    dirty = git.get("dirty")
    count = git.get("dirty_files", len(dirty) if isinstance(dirty, list) else dirty)
    return count if isinstance(count, int) else None
