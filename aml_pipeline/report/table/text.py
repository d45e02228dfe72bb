"""A table of runs → lines for a terminal of any width: the least telling columns go first, and that is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from aml_pipeline.core.problems import width
from aml_pipeline.core.wording import counted, printable, shortened
from aml_pipeline.report.table.cells import DIRTY, cells_of, heading_of, short_ids
from aml_pipeline.report.table.columns import constant, usual
from aml_pipeline.report.table.rows import ABOUT, Table, varying

Paint = Callable[[str, str], str]

_GAP = "  "
# Characters of a cell in a pipe, on a terminal, and on a narrow one.
_LONGEST, _LONG, _SHORTEST = 100, 40, 16
_MOST_NAMED, _MOST_OMITTED = 6, 12
# More metrics are shown only if they are named.
_MOST_METRICS = 40
_TEXTS = frozenset(
    {"run", "state", "profile", "group", "schedule", "note", "tags", "data", "failed_steps", "commit", "azureml"}
)
_LEAST_TELLING = (
    *("azureml", "commit", "endpoint", "group", "schedule", "started", "seconds"),
    *("tags", "data", "profile", "pinned", "note", "age", "dirty", "failed_steps", "state"),
)
_TELLING = frozenset({"age", "failed_steps", "state"})
_FEW_METRICS = 2
# Kinds of columns; the later ones are left out first.
_RANKS = ("first metric", "parameter", "second metric", "telling", "metric", "about", "same")
_COLOURS = {"failed": "31", "unreadable": "31", "interrupted": "33", "running": "33"}
_BOLD = "1"


@dataclass(frozen=True)
class _Column:
    """A column as texts. That with the highest ``rank`` is left out first; one without a rank stays."""

    name: str
    heading: str
    cells: list[str]
    rank: tuple[int, int] | None = None

    @cached_property
    def width(self) -> int:
        texts = [self.heading, *self.cells]
        return max(map(len if self.is_ascii else width, texts))

    @cached_property
    def is_ascii(self) -> bool:
        return f"{self.heading}{''.join(self.cells)}".isascii()


def plain(text: str, _colour: str) -> str:
    """Return a text without colour."""
    return text


def lines_of(  # noqa: PLR0913 - what the lines depend on
    table: Table,
    ids: Sequence[str],
    *,
    columns: Sequence[str] = (),
    needed: Collection[str] = (),
    room: int | None = None,
    paint: Paint = plain,
) -> Iterator[str]:
    """Yield the lines of a table: with ``columns``, or the usual ones and those ``needed`` that fit into ``room``.

    ``ids`` are those of all runs, among which a shortened one is unique.
    """
    names = list(columns or dict.fromkeys([*usual(table), *needed]))
    many = set(table.metrics[_MOST_METRICS:]).difference(columns, needed)
    shown = [_column(table, name, _LONGEST if room is None else _LONG) for name in names if name not in many]
    if not columns:
        shown = _ranked(shown, table, {"run", *needed})
    fitting = shown if room is None or _width(shown) <= room else _fitted(shown, table, short_ids(ids), room)
    yield from _lines(fitting, paint)
    remarks = [
        *([] if columns else _same(fitting, table)),
        *_marks(fitting),
        *_left_out(names, [*(column.name for column in fitting), *([] if columns else constant(table))]),
    ]
    yield from (["", *remarks] if remarks else [])


def _column(table: Table, name: str, longest: int) -> _Column:
    return _cut(_Column(name, printable(heading_of(name)), cells_of(table.rows, name)), longest)


def _cut(column: _Column, longest: int) -> _Column:
    if max(map(len, column.cells)) <= longest:
        return column
    cells = [cell if len(cell) <= longest else f"{cell[: longest - 1]}…" for cell in column.cells]
    return replace(column, cells=cells)


def _ranked(columns: Sequence[_Column], table: Table, needed: Collection[str]) -> list[_Column]:
    """Rank columns by how little they tell, from those with one value to the first metric."""
    differing = set(varying(table.rows, [column.name for column in columns]))

    def rank(at: int, name: str) -> tuple[int, int]:
        place = len(_LEAST_TELLING) - _LEAST_TELLING.index(name) if name in ABOUT else at
        return _RANKS.index(_kind(name, table) if name in differing else "same"), place

    return [
        column if column.name in needed else replace(column, rank=rank(at, column.name))
        for at, column in enumerate(columns)
    ]


def _kind(name: str, table: Table) -> str:
    if name in ABOUT:
        return "telling" if name in _TELLING else "about"
    if name not in table.metrics:
        return "parameter"
    before = table.metrics.index(name)
    return "metric" if before >= _FEW_METRICS else "second metric" if before else "first metric"


def _fitted(columns: Sequence[_Column], table: Table, short: Mapping[str, str], room: int) -> list[_Column]:
    """Return the columns that fit: first ids, names of metrics and texts are shortened."""
    left = [_narrowed(column, table, short) for column in columns]
    while _width(left) > room and (ranks := [column.rank for column in left if column.rank]):
        left = [column for column in left if column.rank != max(ranks)]
    return left


def _narrowed(column: _Column, table: Table, short: Mapping[str, str]) -> _Column:
    if column.name == "run":
        return replace(column, cells=[short.get(cell, cell) for cell in column.cells])
    bare = column.name.rpartition(".")[2]
    others = [*table.axes, *table.parameters, *ABOUT]
    is_enough = bare not in others and sum(metric.endswith(f".{bare}") for metric in table.metrics) == 1
    return _cut(
        replace(column, heading=printable(bare)) if column.name in table.metrics and is_enough else column, _SHORTEST
    )


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.width + len(_GAP) for column in columns) - len(_GAP)


def _lines(columns: Sequence[_Column], paint: Paint) -> Iterator[str]:
    """Yield the heading, and the line of each row."""
    padded = [_padded(column) for column in columns]
    state = next((at for at, column in enumerate(columns) if column.name == "state"), None)
    heading, *rows = (list(cells) for cells in zip(*padded, strict=True))
    yield paint(_GAP.join(heading).rstrip(), _BOLD)
    for cells in rows:
        if state is not None and (colour := _COLOURS.get(re.split(r"[ :]", cells[state])[0])):
            cells[state] = paint(cells[state], colour)
        yield _GAP.join(cells).rstrip()


def _padded(column: _Column) -> list[str]:
    """Return heading and cells in the same width: texts on the left, numbers on the right."""
    texts, room = [column.heading, *column.cells], column.width
    if column.is_ascii:
        return [text.ljust(room) for text in texts] if column.name in _TEXTS else [text.rjust(room) for text in texts]
    gaps = [" " * (room - width(text)) for text in texts]
    return [text + gap if column.name in _TEXTS else gap + text for text, gap in zip(texts, gaps, strict=True)]


def _same(columns: Sequence[_Column], table: Table) -> Iterator[str]:
    if same := same_in_all(table, without={column.name for column in columns}):
        yield f"{same} everywhere"


def same_in_all(table: Table, without: Collection[str] = ()) -> str:
    """Return what is the same in all rows, except some columns: ``batch_size=4 and seed=0``."""
    names = [name for name in constant(table) if name not in without]
    return shortened([f"{printable(name)}={cells_of(table.rows[:1], name)[0]}" for name in names], _MOST_NAMED)


def _marks(columns: Sequence[_Column]) -> Iterator[str]:
    if any(cell.endswith(DIRTY) for column in columns if column.name == "commit" for cell in column.cells):
        yield f"{DIRTY} files differed from the commit"


def _left_out(names: Sequence[str], shown: Collection[str]) -> Iterator[str]:
    omitted = [printable(heading_of(name)) for name in names if name not in shown]
    if omitted:
        cure = "--columns shows them" if len(omitted) <= _MOST_OMITTED else "--columns '*' shows all"
        yield f"{counted(len(omitted), 'column')} left out: {shortened(omitted, _MOST_OMITTED)}; {cure}"
