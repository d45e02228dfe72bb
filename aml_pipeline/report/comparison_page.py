"""Two runs → one page: their differences, and the curves of both on the same charts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aml_pipeline.core.text import cut
from aml_pipeline.report.changes_part import changes_table
from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.code import Diff
from aml_pipeline.report.comparison import Comparison, Row, compare
from aml_pipeline.report.document import document
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import (
    MOST_BYTES,
    MOST_ROWS,
    ROOMS,
    cell,
    diffs_part,
    drawn,
    facts,
    fitting,
    moment,
    section,
    size_of,
    state,
    table_of,
)
from aml_pipeline.report.story import ShownRun

# Limit of all diffs of a page together, the same as that of the logs.
_DIFF_BYTES = 250_000
_OF_NUMBERS = frozenset({"Parameters", "Final metrics", "Durations"})


def comparison_page(first: ShownRun, second: ShownRun, code: Iterable[Diff] = ()) -> str:
    """Return the self-contained page of two runs, with the diffs of their ``code``."""
    comparison = compare(first, second)
    curves = charts(
        [Curves(name, run.started or 0.0, run.series, run.labels) for name, run in (("A", first), ("B", second))]
    )
    title, heading = f"{first.pipeline} {first.id} {second.id}", _heading(first, second)
    diffs = list(diffs_part(code, _DIFF_BYTES, is_open=True))
    known = [*([section("Code", "code", *diffs)] if diffs else []), section("Metrics", "metrics", drawn(curves))]
    left = MOST_BYTES - size_of(document(title, heading), *known)
    for room in ROOMS:
        changed = section("What changed", "what-changed", _changes(comparison, {**first.titles, **second.titles}, room))
        tables = list(_sections(comparison, room))
        if size_of(changed, *tables) <= left:
            break
    return document(title, heading, changed, *known, *tables)


def _heading(first: ShownRun, second: ShownRun) -> Html:
    runs = [
        tag("div", tag("h2", f"{letter} ", state(cut(run.state, 60))), facts(_known(run)))
        for letter, run in (("A", first), ("B", second))
    ]
    return tag("header", tag("h1", f"Two runs of {cut(second.pipeline)}"), tag("div", *runs, class_="beside"))


def _known(run: ShownRun) -> Iterator[tuple[str, str]]:
    yield "Run", cut(run.id)
    yield "Started", moment(run.started)
    yield "Command", cut(str(run.header.get("command", "")))


def _changes(comparison: Comparison, titles: dict[str, str], room: int) -> Html:
    if not comparison.causes:
        return tag("p", "Nothing that the steps depend on changed.")
    return changes_table(comparison.causes, titles, "Changes in what the steps depend on", room)


def _sections(comparison: Comparison, room: int) -> Iterator[Html]:
    for title, rows in comparison.parts.items():
        shown = [row for row in rows if row.differs] if title == "Packages" else rows
        if shown:
            yield section(title, title.lower().replace(" ", "-"), _table(title, shown, room))


def _table(title: str, rows: list[Row], room: int) -> Html:
    numbers = {1, 2, 3} if title in _OF_NUMBERS else set()
    body = fitting((tag("tr", *_cells(row, ["number"] if numbers else [])) for row in rows[:MOST_ROWS]), room)
    differing = sum(row.differs for row in rows)
    more = f" Showing the first {len(body):,}." if len(body) < len(rows) else ""
    return table_of(
        ("Name", "A", "B", "Difference"), body, title, f": {differing} of {len(rows)} differ.{more}", numbers
    )


def _cells(row: Row, classes: Sequence[str]) -> Iterator[Html]:
    yield tag("th", cut(row.name, 120), scope="row")
    for text in (row.first, row.second):
        yield cell(cut(text), *classes, *(["differs"] if row.differs else []))
    yield cell(cut(row.note, 120), *classes)
