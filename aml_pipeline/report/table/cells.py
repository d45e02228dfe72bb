"""The values of a column → the texts that people read, each on one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from aml_pipeline.core.plain import number
from aml_pipeline.core.text import number_in_words, seconds_in_words
from aml_pipeline.core.wording import printable
from aml_pipeline.report.table.rows import ABOUT, Row, Value, Written

MISSING = "-"
DIRTY = "*"
_HEADINGS = {"seconds": "duration"}
_COMMIT_LETTERS = 9
# An age of at least so many seconds is given in this unit.
_AGES = ((172_800, 86_400, "d"), (7_200, 3_600, "h"), (120, 60, "min"), (0, 1, "s"))


def cells_of(rows: Sequence[Row], column: str) -> list[str]:
    """Return the texts of a column."""
    if column in _OF_ROWS:
        return [_OF_ROWS[column](row) for row in rows]
    in_words = _IN_WORDS.get(column, _metric if "." in column and column not in ABOUT else _text)
    return [MISSING if (value := row.get(column)) is None else in_words(value) for row in rows]


def heading_of(column: str) -> str:
    """Return the text above a column."""
    return _HEADINGS.get(column, column)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(value) if isinstance(value, str) else str(value)


def _metric(value: Value) -> str:
    return number_in_words(value) if isinstance(value, float) and not isinstance(value, Written) else _text(value)


def _age(seconds: Value) -> str:
    passed = number(seconds) or 0.0
    for least, unit, name in _AGES:
        if passed >= least:
            return f"{passed // unit:.0f} {name}"
    return "0 s"


def _duration(seconds: Value) -> str:
    return seconds_in_words(number(seconds) or 0.0)


def _moment(seconds: Value) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(number(seconds)))


def _mark(value: Value) -> str:
    return "yes" if value else MISSING


def _commit(row: Row) -> str:
    """Return the beginning of a commit, with a mark if files differed from it."""
    return f"{_text(row['commit'])[:_COMMIT_LETTERS]}{DIRTY if row['dirty'] else ''}" if row["commit"] else MISSING


def _state(row: Row) -> str:
    """Return how a run ended, with the steps that failed."""
    state = _text(row["state"])
    return f"{state}: {_text(row['failed_steps'])}" if row["failed_steps"] else state


_OF_ROWS: Mapping[str, Callable[[Row], str]] = {"commit": _commit, "state": _state}
_IN_WORDS: Mapping[str, Callable[[Value], str]] = {
    "age": _age,
    "seconds": _duration,
    "started": _moment,
    "pinned": _mark,
}


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """Return the shortest ends of all ids that commands take for no other run: the last part, the last two, or all."""
    for parts in (1, 2):
        ends = ["-".join(run.rsplit("-", parts)[-parts:]) for run in ids]
        known = sorted({*ids, *ends})
        begins = any(later.startswith(end) for end, later in pairwise(known))
        if len(set(ends)) == len(ids) and not begins:
            return dict(zip(ids, ends, strict=True))
    return {run: run for run in ids}
