"""Rows of a table → the columns of the page: their values, kinds and roles, and what is shown at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.core.text import number_in_words, shortened, visible
from aml_pipeline.report.table.rows import ABOUT, Table, Value, WrittenNumber

Column = dict[str, Any]
MOST_COLUMNS = 200
_KINDS = {"started": "time", "seconds": "seconds"}
_FIRST, _LAST = ("run", "state"), ("started", "seconds", "note", "tags")
# JavaScript has no larger integers.
_LARGEST = 2**53
_ORDER = ("first", "parameter", "axis", "metric", "about", "extreme")
_AS_WRITTEN = {"parameter", "axis"}
# Metrics and parameters that are shown at first, and the parts of a title.
_FIRST_PARAMETERS, _FIRST_METRICS, _TITLE_VALUES, _TITLE_LETTERS = 8, 6, 4, 80
_NAME_LETTERS, _DIGITS = 120, 7


def columns_of(table: Table, letters: int) -> list[Column]:
    """Return the columns that have values; texts have at most so many ``letters``."""
    roles = dict.fromkeys((name for name in ABOUT if name != "age"), "about")
    roles |= dict.fromkeys(table.parameters, "parameter") | dict.fromkeys(table.axes, "axis")
    roles |= dict.fromkeys(table.metrics, "metric")
    roles |= dict.fromkeys((f"{name}:{end}" for name in table.metrics for end in ("min", "max")), "extreme")
    known = [name for name in roles if any(row.get(name) not in {None, "", False} for row in table.rows)]
    kept = sorted(known[:MOST_COLUMNS], key=lambda name: _ORDER.index("first" if name in _FIRST else roles[name]))
    return [_column(name, roles[name], table, letters) for name in kept]


def _column(name: str, role: str, table: Table, letters: int) -> Column:
    digits = None if role in _AS_WRITTEN else _DIGITS
    values = [_value(row.get(name), letters, digits) for row in table.rows]
    kind = _KINDS.get(name, "number" if any(map(_is_number, values)) else "text")
    column = {"name": shortened(visible(name), _NAME_LETTERS), "kind": kind, "role": role, "values": values}
    written = {
        value: str(number)
        for value, row in zip(values, table.rows, strict=True)
        if isinstance(number := row.get(name), WrittenNumber)
    }
    return {**column, "written": list(written.items())} if written else column


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _value(value: Value, letters: int, digits: int | None) -> Value:
    if isinstance(value, float):
        return value if digits is None or abs(value) > 10**digits else float(f"{value:.{digits}g}")
    if isinstance(value, int) and abs(value) > _LARGEST:
        return str(value)
    return shortened(visible(value), letters) if isinstance(value, str) else value


def _varies(column: Column) -> bool:
    return any(value != column["values"][0] for value in column["values"])


def _names(columns: Sequence[Column], *roles: str) -> list[str]:
    """Return the names of the columns of these roles whose values vary."""
    return [column["name"] for column in columns if column["role"] in roles and _varies(column)]


def first_view(columns: Sequence[Column], with_curves: Mapping[str, object]) -> dict[str, Any]:
    """Return what the page shows at first: columns, order, metric, and the axes of the scatter plot."""
    metrics = [column["name"] for column in columns if column["role"] == "metric" and column["kind"] == "number"]
    varying = _names(columns, "parameter", "axis")
    drawn = [name for name in metrics if name in with_curves]
    metric = next(iter([*drawn, *metrics]), "")
    known = {column["name"] for column in columns}
    names = [*_FIRST, *varying[:_FIRST_PARAMETERS], *metrics[:_FIRST_METRICS], *_LAST]
    return {
        "columns": [name for name in names if name in known],
        "sort": "-started",
        "metric": metric,
        "curve": next(iter([*drawn, *with_curves]), ""),
        "right": next(iter(varying), "started"),
        "up": metric or "seconds",
    }


def short_ids(table: Table) -> list[str]:
    """Return the ends of the ids of the runs, or the whole ids if two runs have the same end."""
    runs = [str(row["run"]) for row in table.rows]
    ends = [run.rpartition("-")[2] for run in runs]
    return list(map(visible, ends if len(set(ends)) == len(set(runs)) else runs))


def titles_of(columns: Sequence[Column], ids: Sequence[str]) -> list[str]:
    """Return a name for each row: the id of its run, and its values that vary."""
    varying = set(_names(columns, "parameter", "axis")[:_TITLE_VALUES])
    told = [column for column in columns if column["name"] in varying]
    return [shortened(" ".join([run, *_values(told, row)]), _TITLE_LETTERS) for row, run in enumerate(ids)]


def _values(columns: Sequence[Column], row: int) -> list[str]:
    values = [(column, column["values"][row]) for column in columns]
    return [f"{column['name']}={_in_words(column, value)}" for column, value in values if value is not None]


def _in_words(column: Column, value: Value) -> str:
    return dict(column.get("written", ())).get(value) or number_in_words(value)
