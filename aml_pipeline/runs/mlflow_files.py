"""Files that MLflow in a step writes → metrics. Needs no MLflow: it knows the format of MLflow's file store.

    EXPERIMENT/RUN/metrics/NAME     a line for each value: its time in milliseconds, the value, its step (old: none)
    EXPERIMENT/RUN/tags/NAME        the text of a tag
    EXPERIMENT/RUN/meta.yaml        start_time and more

A run belongs to the attempt of a step whose id is in its tag: MLflow puts the tags of the variable MLFLOW_RUN_CONTEXT
on each run that it starts, including nested runs and those of child processes. So simultaneous steps do not get each
other's metrics.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from aml_pipeline.core import files
from aml_pipeline.runs.metrics import Metric

TAG = "aml_pipeline.attempt"
_CONTEXT, _PLACE = "MLFLOW_RUN_CONTEXT", "MLFLOW_TRACKING_URI"
# Of a step that starts more runs, such as a search, the others are only in MLflow.
MOST_RUNS = 20
# Limits of what is read from a file, and of the number of values, at a time: more than a script logs meanwhile.
_PIECE_BYTES, _MOST_VALUES = 1 << 20, 100_000
_STARTED = re.compile(r"^start_time: (\d+)$", re.MULTILINE)
# A name that MLflow makes up: it differs each time.
_MADE_UP = re.compile(r"[a-z]+-[a-z]+-\d+")


def folder_of(environ: Mapping[str, str]) -> str | None:
    """Return the folder that MLflow writes to with the variables ``environ``; None if it is not a folder."""
    address = urlsplit(environ.get(_PLACE, ""))
    return unquote(address.path) if address.scheme == "file" and address.netloc in {"", "localhost"} else None


def marked(environ: Mapping[str, str], attempt: str) -> dict[str, str]:
    """Return the variables that put the id of an attempt on the runs of MLflow; none if it does not write to files."""
    if folder_of(environ) is None:
        return {}
    return {_CONTEXT: json.dumps({**_mapping(environ.get(_CONTEXT)), TAG: attempt})}


def _mapping(text: str | None) -> dict[str, Any]:
    with suppress(ValueError):
        data = json.loads(text or "{}")
        if isinstance(data, dict):
            return data
    return {}


@dataclass(slots=True)
class _Run:
    """A run of MLflow: the prefix of its metrics' names, and how far each file was read."""

    folder: str
    prefix: str
    read: dict[str, int] = field(default_factory=dict)


class MlflowReader:
    """Returns the metrics that the attempt of a step logs to the file store ``folder``, as they come."""

    def __init__(self, folder: str, attempt: str) -> None:
        self._folder = folder
        self._attempt = attempt
        self._runs: list[_Run] = []
        self._others = set(self._places())  # earlier runs, or those of another step
        self._names: set[str] = set()

    def new(self) -> list[tuple[float, Metric]]:
        """Return the time and the metric of values since the last call, by time: all, or a part if there are very many.

        When it returns none, none is left.
        """
        self._find_runs()
        rows: list[tuple[float, Metric]] = []
        for values in (values for run in self._runs for values in _new_values(run)):
            rows += values
            if len(rows) > _MOST_VALUES:
                break
        return sorted(rows, key=lambda row: row[0])

    def _places(self) -> Iterator[str]:
        for experiment in _folders(self._folder):
            yield from _folders(experiment)

    def _find_runs(self) -> None:
        known = self._others | {run.folder for run in self._runs}
        mine = []
        for place in self._places():
            tag = None if place in known else _text(place, "tags", TAG)
            if tag == self._attempt:
                match = _STARTED.search(_text(place, "meta.yaml") or "")
                mine.append(((int(match[1]) if match else 0), place))
            elif tag is not None:
                self._others.add(place)
        for _, place in sorted(mine)[: MOST_RUNS - len(self._runs)]:
            self._runs.append(_Run(place, self._prefix(place)))

    def _prefix(self, place: str) -> str:
        """Return the prefix that distinguishes a run's metrics from those of the step's first run, which have none."""
        number = len(self._runs) + 1
        if number == 1:
            return ""
        given = _text(place, "tags", "mlflow.runName") or ""
        name = f"run-{number}" if not given or _MADE_UP.fullmatch(given) else given
        name = f"{name}-{number}" if name in self._names else name
        self._names.add(name)
        return f"{name}/"


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as listing:
            return [entry.path for entry in listing if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []


def _text(*names: str) -> str | None:
    try:
        with files.opened(os.path.join(*names)) as stream:
            return stream.read(_PIECE_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _new_values(run: _Run) -> Iterator[list[tuple[float, Metric]]]:
    """Yield the new values of each metric of a run."""
    top = os.path.join(run.folder, "metrics")
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            path = os.path.join(folder, name)
            label = run.prefix + os.path.relpath(path, top).replace(os.sep, "/")
            values = (value for line in _new_lines(path, run.read) if (value := _value(line)))
            yield [(time, Metric(label, "scalar", value, at)) for time, value, at in values]


def _new_lines(path: str, read: dict[str, int]) -> list[str]:
    """Return whole lines that were added to a file since it was read, up to a limit."""
    try:
        with files.opened(path) as stream:
            stream.seek(read.get(path, 0))
            data = stream.read(_PIECE_BYTES)
    except OSError:
        return []
    whole = data[: data.rfind(b"\n") + 1] or (data if len(data) == _PIECE_BYTES else b"")  # or no line at all
    read[path] = read.get(path, 0) + len(whole)
    return whole.decode("utf-8", "replace").splitlines()


def _value(line: str) -> tuple[float, float | str, int | None] | None:
    """Return the time, the value and the step in a line; a value that is not finite as text, as in all metrics."""
    try:
        milliseconds, value, *rest = line.split()
        number = float(value)
        at = int(rest[0]) if rest else None
        return int(milliseconds) / 1000, number if math.isfinite(number) else str(number), at
    except (ValueError, OverflowError):
        return None
