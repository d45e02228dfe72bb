"""The columns of a table of runs: which one a text means, which are shown if nobody says, and the order of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.report.table.rows import ABOUT, Row, Table, varying

# A metric after its step, whose title may have dots in brackets.
_METRIC = re.compile(r"[^.\[]*(?:\[.*?\])?\.(.+)")
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
    same = [metric for metric in table.metrics if metric_of(metric) == bare]
    ends = same or [metric for metric in table.metrics if metric.endswith(f".{bare}")]
    if bare in known:
        column = bare
    elif bare in _ALIASES:
        column = _ALIASES[bare]
    elif len(ends) == 1:
        column = ends[0]
    elif ends:
        what = "Several steps log" if same else "Several metrics end with"
        raise UsageError(f'{what} "{bare}". Write one of: {", ".join(ends[:5])}.')
    else:
        longer = [column for column in known if bare and bare in column]
        cure = f'Did you mean "{longer[0]}"?' if longer else suggest(bare, known, noun="column")
        raise UsageError(f'Unknown column "{name}". {cure}')
    return column + name[len(bare) :]


def metric_of(column: str) -> str:
    """Return the name of a metric without its step."""
    match = _METRIC.fullmatch(column)
    return match[1] if match else column


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
        name for name in ("schedule", "endpoint", "data", "tags", "note", "pinned") if any(row[name] for row in rows)
    ]
    origins = varying(rows, ["profile", "commit", "group"])
    if "commit" not in origins and any(map(itemgetter("dirty"), rows)):
        origins.append("commit")
    remote = ["azureml"] if any(map(itemgetter("azureml"), rows)) else []
    return ["run", "state", "age", "seconds", *table.axes, *parameters, *table.metrics, *origins, *said, *remote]


def constant(table: Table) -> Row:
    """Return the parameters, the state, the profile and the clean commit that are the same in several rows."""
    if len(table.rows) < 2:  # noqa: PLR2004
        return {}
    names = [
        *table.parameters,
        "state",
        "profile",
        *(["commit"] if not any(map(itemgetter("dirty"), table.rows)) else []),
    ]
    differing = set(varying(table.rows, names))
    return {
        name: table.rows[0][name] for name in names if name not in differing and table.rows[0].get(name) is not None
    }


def ordered(rows: Iterable[Row], column: str, *, descending: bool) -> list[Row]:
    """Return rows by the value of a column: numbers first, then texts such as "nan", then those without a value."""
    numbers: list[tuple[float, Row]] = []
    texts: list[tuple[str, Row]] = []
    missing: list[Row] = []
    for row in rows:
        value = row.get(column)
        if value is None:
            missing.append(row)
        elif isinstance(value, str) or value != value:  # noqa: PLR0124 - only NaN differs from itself
            texts.append((str(value), row))
        else:
            numbers.append((value, row))
    present = [*_sorted(numbers, descending=descending), *_sorted(texts, descending=descending)]
    return [*present, *missing]


def _sorted(pairs: Iterable[tuple[Any, Row]], *, descending: bool) -> list[Row]:
    return [row for _, row in sorted(pairs, key=itemgetter(0), reverse=descending)]


def best_first(text: str, table: Table) -> tuple[str, bool]:
    """Return the column that ``--best`` names, and whether its best value is the highest one. Raises UsageError."""
    column = named(text, table)
    return column, is_best_highest(column)


def is_best_highest(column: str) -> bool:
    """Return whether a higher value is better: unless the name says ``:min``, or a loss, an error or a time."""
    way = _RANGE.search(column)
    return way[0] == ":max" if way else not _LOWER.search(column.rpartition(".")[2])
