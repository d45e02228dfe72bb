"""A table of runs as CSV or Markdown: every column that has a value, with whole values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from aml_pipeline.core.wording import printable
from aml_pipeline.report.table.cells import cells_of, heading_of
from aml_pipeline.report.table.columns import names_of, usual
from aml_pipeline.report.table.rows import ABOUT, Table, Value


def as_csv(table: Table, columns: Sequence[str] = ()) -> str:
    """Return a table as CSV: values as they are, none as an empty field, a first line with the names of columns."""
    names = columns or _with_values(table)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(heading_of, names))
    writer.writerows([_field(row.get(name)) for name in names] for row in table.rows)
    return stream.getvalue()


def as_markdown(table: Table, columns: Sequence[str] = ()) -> str:
    """Return a table as GitHub shows it in a comment or a README, with the texts of a terminal."""
    names = columns or usual(table)
    cells = [[_escaped(text) for text in (heading_of(name), *cells_of(table.rows, name))] for name in names]
    heading, *rows = zip(*cells, strict=True)
    rule = ["---"] * len(names)
    return "".join(f"| {' | '.join(row)} |\n" for row in (heading, rule, *rows))


def _with_values(table: Table) -> list[str]:
    """Return all columns, ``run`` first; of those about a run, the ones in which a row has a value."""
    about = [name for name in ABOUT if any(row[name] is not None for row in table.rows)]
    own = [name for name in names_of(table) if name not in ABOUT]
    return [*(name for name in about if name != "age"), *own]


def _field(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    text = printable(text).replace("\\", "\\\\")
    for sign in "|<>`*_[]":
        text = text.replace(sign, f"\\{sign}")
    return text
