"""The recorded runs of a pipeline as Python and notebooks see them: a list that is a table too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, SupportsIndex, overload

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted
from aml_pipeline.report import parts
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.mlflow_store import Written, write
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.table.cells import cells_of
from aml_pipeline.report.table.columns import named, ordered, usual
from aml_pipeline.report.table.rows import ABOUT, Row, Table, table_of
from aml_pipeline.report.table.where import predicate
from aml_pipeline.runs import index, locks
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.summaries import Summary

# What a notebook shows of many runs.
_MOST_ENDS, _MOST_COLUMNS, _LETTERS, _WHOLE = 15, 16, 120, 40


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
        if not self:
            return Table([], [], [], [])
        runs, summaries = os.path.dirname(self[0].folder), index.summaries_of(self)
        makers = index.summaries_of(list(_makers(runs, summaries)))
        busy = locks.is_locked(os.path.dirname(runs))
        found = table_of([*summaries, *makers], now=time.time(), busy=busy)
        rows = found.rows[: len(self)]
        parameters, metrics = (_known(rows, names) for names in (found.parameters, found.metrics))
        return Table(rows, [], parameters, metrics)

    def by(self, column: str, *, descending: bool = False) -> History:
        """Return the runs in the order of a column, those without a value last. Raises UsageError if it is unknown."""
        found = self.table()
        return self._of(ordered(found.rows, named(column, found), descending=descending))

    def where(self, condition: str) -> History:
        """Return the runs for which a condition is true, such as "epochs > 5 and state == done", as ``runs --where``.

        Raises UsageError with the place of a mistake.
        """
        found = self.table()
        holds = predicate(condition, found)
        return self._of(row for row in found.rows if holds(row))

    def _of(self, rows: Iterable[Row]) -> History:
        runs = {run.id: run for run in self}
        return History(runs[str(row["run"])] for row in rows)

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
        """Return the table for a notebook: the first and the last runs of this list, and what tells all apart."""
        found = self.table()
        rows = found.rows if len(self) <= 2 * _MOST_ENDS else [*found.rows[:_MOST_ENDS], *found.rows[-_MOST_ENDS:]]
        columns = usual(found) if rows else ["run", "state"]
        shown, left_out = columns[:_MOST_COLUMNS], len(columns) - _MOST_COLUMNS
        texts = [cells_of(rows, name) for name in shown]
        remarks = [
            f"Showing the first {_MOST_ENDS} and the last {_MOST_ENDS} of {len(self)} runs."
            if len(rows) < len(self)
            else "",
            f"{counted(left_out, 'column')} omitted." if left_out > 0 else "",
        ]
        said = " ".join(filter(None, [*remarks, "`to_pandas()` has them all." if any(remarks) else ""]))
        body = [tag("tr", *map(_cell, row)) for row in zip(*texts, strict=True)]
        return join([parts.table_of([cut(name, _LETTERS) for name in shown], body, "Runs", ""), tag("p", said)])


def history_of(runs: str) -> History:
    """Return the runs in the folder ``runs``."""
    return History(RecordedRun(record.id, record.folder) for record in records(runs))


def _makers(runs: str, summaries: Sequence[Summary]) -> Iterator[RunRecord]:
    """Yield the runs that made reused results, as far as they are not among ``summaries``: they have the metrics."""
    made_by = {str(maker) for summary in summaries for maker in summary["made_by"].values()}
    for maker in sorted(made_by - {summary["run"] for summary in summaries}):
        if maker == os.path.basename(maker):
            yield RunRecord(maker, os.path.join(runs, maker))


def _known(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    """Return the columns with a value in some row."""
    return [name for name in columns if any(row.get(name) is not None for row in rows)]


def _cell(text: str) -> Html:
    """Return a cell that is broken only if it is long: a notebook is narrow."""
    return tag("td", cut(text, _LETTERS), style="white-space: nowrap" if len(text) <= _WHOLE else None)
