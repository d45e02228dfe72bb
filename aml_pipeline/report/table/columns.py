"""The columns of a table of runs: which one a text means, which are shown if nobody says, and the order of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.report.table.rows import ABOUT, Row, Table, Value, varying

_RANGE = re.compile(":(?:min|max)$")
_ALIASES = {"duration": "seconds", "id": "run"}
# Words of a metric that is better when it is lower.
_LOWER = re.compile(
    r"(?:\b|_)(?:loss|err|error|mae|mse|rmse|mape|perplexity|wer|cer|latency|seconds|age)s?(?:\b|_)", re.IGNORECASE
)
# A part of a list of columns: commas in brackets belong to the title of a variant.
_PART = re.compile(r"(?:\[[^\]]*\]|[^,\[])+|\[")


def names_of(table: Table) -> list[str]:
    """Return the names of all columns except the ranges of metrics, those of this pipeline first."""
    return [*table.axes, *table.parameters, *table.metrics, *ABOUT]


def named(text: str, table: Table) -> str:
    """Return the column that ``text`` means; the step of a metric may be omitted if only one step logs it.

    Raises UsageError.
    """
    name = text.strip()
    bare = _RANGE.sub("", name)
    known = names_of(table)
    ends = [metric for metric in table.metrics if metric.endswith(f".{bare}")]
    if bare in known:
        column = bare
    elif bare in _ALIASES:
        column = _ALIASES[bare]
    elif len(ends) == 1:
        column = ends[0]
    elif ends:
        raise UsageError(f'Several steps log "{bare}". Write one of: {", ".join(ends[:5])}.')
    else:
        longer = [column for column in known if bare and bare in column]
        cure = f'Did you mean "{longer[0]}"?' if longer else suggest(bare, known, noun="column")
        raise UsageError(f'Unknown column "{name}". {cure}')
    return column + name[len(bare) :]


def listed(text: str, table: Table) -> list[str]:
    """Return the columns in a list such as ``run,epochs,train.*``; ``*`` stands for any text. Raises UsageError."""
    columns: dict[str, None] = {}
    for part in filter(None, map(str.strip, _PART.findall(text))):
        pattern = re.compile(re.escape(part).replace(r"\*", ".*"))
        several = [name for name in names_of(table) if pattern.fullmatch(name)] if "*" in part else []
        columns |= dict.fromkeys(several or [named(part, table)])
    if not columns:
        raise UsageError("--columns needs the name of a column, for example --columns run,state.")
    return list(columns)


def usual(table: Table) -> list[str]:
    """Return the columns that are shown if nobody names any: those that tell something about these rows."""
    rows = table.rows
    parameters = varying(rows, table.parameters) if len(rows) > 1 else table.parameters
    said = [
        name
        for name in ("schedule", "endpoint", "group", "data", "tags", "note", "pinned")
        if any(row[name] for row in rows)
    ]
    origins = [name for name in ("profile", "commit") if varying(rows, [name])]
    if "commit" not in origins and any(map(itemgetter("dirty"), rows)):
        origins.append("commit")
    remote = ["azureml"] if any(map(itemgetter("azureml"), rows)) else []
    return ["run", "state", "age", "seconds", *table.axes, *parameters, *table.metrics, *origins, *said, *remote]


def constant(table: Table) -> Row:
    """Return the parameters, the profile and the clean commit that are the same in several rows."""
    if len(table.rows) < 2:  # noqa: PLR2004
        return {}
    names = [*table.parameters, "profile", *(["commit"] if not any(map(itemgetter("dirty"), table.rows)) else [])]
    differing = set(varying(table.rows, names))
    return {
        name: table.rows[0][name] for name in names if name not in differing and table.rows[0].get(name) is not None
    }


def ordered(rows: Iterable[Row], column: str, *, descending: bool) -> list[Row]:
    """Return rows by the value of a column; those without one come last."""
    present: list[Row] = []
    missing: list[Row] = []
    for row in rows:
        (missing if row.get(column) is None else present).append(row)
    return [*sorted(present, key=lambda row: _rank(row[column]), reverse=descending), *missing]


def _rank(value: Value) -> tuple[bool, float, str]:
    """Return what orders values of different types: numbers, then texts."""
    return (True, 0.0, value) if isinstance(value, str) else (False, value or 0, "")


def best_first(text: str, table: Table) -> tuple[str, bool]:
    """Return the column that ``--best`` names, and whether its best value is the highest one.

    It is unless the name says ``:min``, or that it is a loss, an error or a time. Raises UsageError.
    """
    column = named(text, table)
    way = _RANGE.search(column)
    return column, way[0] == ":max" if way else not _LOWER.search(column.rpartition(".")[2])
