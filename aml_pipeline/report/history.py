"""The recorded runs of a pipeline as Python and notebooks see them: a list that is a table too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any, SupportsIndex, overload

from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.report import parts
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.mlflow_store import Written, write
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.table.rows import ABOUT, Table, Value, table_of, varying
from aml_pipeline.runs.record import records
from aml_pipeline.runs.summaries import summary_of

# What a notebook shows of many runs.
_MOST_ROWS, _MOST_COLUMNS, _LETTERS, _WHOLE = 30, 16, 120, 40


class History(list[RecordedRun]):
    """The recorded runs, oldest first; ``table`` has a row for each, in the same order."""

    @overload
    def __getitem__(self, place: SupportsIndex) -> RecordedRun: ...
    @overload
    def __getitem__(self, place: slice) -> History: ...
    def __getitem__(self, place: SupportsIndex | slice) -> RecordedRun | History:
        """Return a run, or a part of the history."""
        return History(super().__getitem__(place)) if isinstance(place, slice) else super().__getitem__(place)

    def table(self) -> Table:
        """Return the rows of ``aml-pipeline runs``: parameters by their names, metrics as ``STEP.METRIC``."""
        return table_of([summary_of(run) for run in self], now=time.time(), busy=False)

    def by(self, column: str, *, descending: bool = False) -> History:
        """Return the runs in the order of a column, those without a value last. Raises UsageError if it is unknown."""
        values = [row.get(column) for row in self.table().rows]
        known = {name for row in self.table().rows for name in row}
        if column not in known:
            raise UsageError(f'Unknown column "{column}". {suggest(column, known, noun="column")}')
        pairs = [(value, run) for value, run in zip(values, self, strict=True) if value is not None]
        ordered = sorted(pairs, key=lambda pair: _rank(pair[0]), reverse=descending)
        rest = [run for value, run in zip(values, self, strict=True) if value is None]
        return History([*(run for _, run in ordered), *rest])

    def to_pandas(self) -> Any:  # noqa: ANN401 - a DataFrame, whose types are not there without pandas
        """Return the table as a DataFrame, with ``started`` in UTC. Raises MachineError if pandas is not installed."""
        try:
            pandas: Any = import_module("pandas")
        except ImportError as error:
            raise MachineError("pandas is not installed in this Python. Install it: pip install pandas.") from error
        found = self.table()
        columns = [*(name for name in ABOUT if name != "age"), *found.parameters, *found.metrics]
        frame = pandas.DataFrame([[row.get(name) for name in columns] for row in found.rows], columns=columns)
        frame["started"] = pandas.to_datetime(frame["started"], unit="s", utc=True)
        return frame

    def to_mlflow(self, address: str) -> Written:
        """Write the runs into the store of MLflow at ``address``, each once, and return their ids.

        Raises MachineError if MLflow is not installed or refuses.
        """
        return write(self, address)

    def _repr_html_(self) -> str:
        """Return the table for a notebook: the newest runs, and what differs between them."""
        newest = self[-_MOST_ROWS:]
        found = newest.table()
        chosen = ["run", "state", "seconds", *_telling(found)]
        shown, left_out = chosen[:_MOST_COLUMNS], len(chosen) - _MOST_COLUMNS
        rows = [tag("tr", *(_cell(_in_words(name, row.get(name))) for name in shown)) for row in found.rows]
        remarks = [
            f"Showing the newest {len(newest)} of {counted(len(self), 'run')}." if len(newest) < len(self) else "",
            f"{counted(left_out, 'column')} omitted." if left_out > 0 else "",
        ]
        said = " ".join(filter(None, [*remarks, "`to_pandas()` has them all." if any(remarks) else ""]))
        return join([parts.table_of([cut(name, _LETTERS) for name in shown], rows, "Runs", ""), tag("p", said)])


def history_of(runs: str) -> History:
    """Return the runs in the folder ``runs``."""
    return History(RecordedRun(record.id, record.folder) for record in records(runs))


def _telling(found: Table) -> Iterable[str]:
    """Return the columns that differ between rows, or all parameters of a single run; and all metrics."""
    about = [name for name in ("profile", "group", "schedule", "note", "tags") if any(row[name] for row in found.rows)]
    parameters = varying(found.rows, found.parameters) if len(found.rows) > 1 else found.parameters
    return [*about, *parameters, *found.metrics]


def _rank(value: Value) -> tuple[bool, float, str]:
    """Return a key that orders numbers before texts."""
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value or 0), "")


def _cell(text: str) -> Html:
    """Return a cell that is broken only if it is long: a notebook is narrow."""
    return tag("td", text, style="white-space: nowrap" if len(text) <= _WHOLE else None)


def _in_words(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == "seconds" and isinstance(value, float):
        return seconds_in_words(value)
    if name == "group":  # the id of its first run, which begins with the time
        return str(value).rpartition("-")[2]
    return cut(number_in_words(value), _LETTERS)
