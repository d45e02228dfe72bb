"""Two runs → one page: what differs between them, and the curves of both on the same charts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.comparison import Comparison, Row, compare
from aml_pipeline.report.document import document
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import MOST_ROWS, drawn, facts, moment, scrolled, section, state
from aml_pipeline.report.story import RunTold
from aml_pipeline.report.text import cut


def comparison_page(first: RunTold, second: RunTold) -> str:
    """Return the page of two runs: one file that needs no other."""
    found = compare(first, second)
    curves = charts([Curves(name, run.started or 0.0, run.series) for name, run in (("A", first), ("B", second))])
    sections = [section("Metrics", "metrics", drawn(curves)), *_sections(found)]
    return document(f"{first.pipeline} {first.run} {second.run}", _heading(first, second), *sections)


def _heading(first: RunTold, second: RunTold) -> Html:
    runs = [
        tag("div", tag("h2", f"{letter} ", state(cut(run.state, 60))), facts(_known(run)))
        for letter, run in (("A", first), ("B", second))
    ]
    return tag("header", tag("h1", f"Two runs of {cut(second.pipeline)}"), *runs)


def _known(run: RunTold) -> Iterator[tuple[str, str]]:
    yield "Run", cut(run.run)
    yield "Began", moment(run.started)
    yield "Command", cut(str(run.header.get("command", "")))


def _sections(found: Comparison) -> Iterator[Html]:
    for title, rows in found.parts.items():
        shown = [row for row in rows if row.differs] if title == "Packages" else rows
        if shown:
            yield section(title, title.lower().replace(" ", "-"), _table(title, shown))


def _table(title: str, rows: list[Row]) -> Html:
    head = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in ("Name", "A", "B", "Difference"))))
    body = [tag("tr", *_cells(row)) for row in rows[:MOST_ROWS]]
    same = sum(not row.differs for row in rows)
    more = f" The first {MOST_ROWS:,} are shown." if len(rows) > MOST_ROWS else ""
    said = f"{title}: {len(rows) - same} of {len(rows)} differ.{more}"
    return scrolled(tag("table", tag("caption", said), head, tag("tbody", *body)), title)


def _cells(row: Row) -> Iterator[Html]:
    yield tag("th", cut(row.name, 120), scope="row")
    for text in (row.first, row.second):
        yield tag("td", cut(text), class_="differs" if row.differs else None)
    yield tag("td", cut(row.note, 120))
