"""Rows of a table → the columns of the page: their values, kinds and roles, and what is shown at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.core.text import number_in_words, shortened, visible
from aml_pipeline.report.table.columns import is_best_highest
from aml_pipeline.report.table.rows import ABOUT, Table, Value

Column = dict[str, Any]
MOST_COLUMNS = 200
_KINDS = {"started": "time", "seconds": "seconds"}
_FIRST, _LAST = ("run", "state"), ("started", "seconds", "note", "tags")
# JavaScript has no larger integers.
_LARGEST = 2**53
_ORDER = ("first", "parameter", "axis", "metric", "about", "extreme")
_GIVEN = {"parameter", "axis"}
_NOTHING = (None, "", False)
# Metrics and parameters that are shown at first, and the parts of a title.
_FIRST_PARAMETERS, _FIRST_METRICS, _TITLE_VALUES, _TITLE_LETTERS = 8, 6, 4, 80
_NAME_LETTERS = 120


def columns_of(table: Table, letters: int, digits: int | None) -> tuple[list[Column], list[Column]]:
    """Return the columns that have values to show, and the others, which only conditions name.

    Texts have at most so many ``letters``, numbers that nobody gave so many ``digits``. Columns for which there is no
    room have the values None.
    """
    roles = dict.fromkeys((name for name in ABOUT if name != "age"), "about")
    roles |= dict.fromkeys(table.parameters, "parameter") | dict.fromkeys(table.axes, "axis")
    roles |= dict.fromkeys(table.metrics, "metric")
    roles |= dict.fromkeys((f"{name}:{end}" for name in table.metrics for end in ("min", "max")), "extreme")
    telling = [name for name in roles if any(row.get(name) not in _NOTHING for row in table.rows)]
    shown = sorted(telling[:MOST_COLUMNS], key=lambda name: _ORDER.index("first" if name in _FIRST else roles[name]))
    columns = [_column(name, roles[name], table, letters, digits) for name in shown]
    omitted = [{"name": _name(name), "role": roles[name], "values": None} for name in telling[MOST_COLUMNS:]]
    empty = [_column(name, roles[name], table, letters, digits) for name in roles if name not in set(telling)]
    return columns, [*empty, *omitted]


def _name(text: str) -> str:
    return shortened(visible(text), _NAME_LETTERS)


def _column(name: str, role: str, table: Table, letters: int, digits: int | None) -> Column:
    """Return a column with its values by row, and what is special about it.

    ``written``: what Python writes for numbers, where JavaScript would write something else; ``large``: the rows of
    integers that JavaScript does not have, which are texts; ``best``: 1 if a higher value is better, else -1.
    """
    given = [row.get(name) for row in table.rows]
    values = [_value(value, letters, None if role in _GIVEN else digits) for value in given]
    kind = _KINDS.get(name, "number" if any(map(_is_number, values)) else "text")
    column = {"name": _name(name), "kind": kind, "role": role, "values": values}
    written = {row: str(value) for row, value in enumerate(values) if _differs_in_javascript(value)}
    large = [row for row, value in enumerate(given) if isinstance(value, int) and isinstance(values[row], str)]
    best = (1 if is_best_highest(name) else -1) if role == "metric" else None
    special = {"written": written, "large": large, "best": best}
    return {**column, **{key: value for key, value in special.items() if value}}


def _differs_in_javascript(value: Value) -> bool:
    """Return whether JavaScript would write a number otherwise: 3.0, 1e-05, or as someone wrote it."""
    if not _is_number(value):
        return False
    return str(value) != repr(value) or (isinstance(value, float) and (value.is_integer() or "e" in repr(value)))


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
    given = [column for column in columns if column["values"][row] is not None]
    return [f"{column['name']}={_in_words(column, row)}" for column in given]


def _in_words(column: Column, row: int) -> str:
    return column.get("written", {}).get(row) or number_in_words(column["values"][row])
