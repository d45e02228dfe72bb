"""Two runs → one page: what differs between them, and the curves of both on the same charts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aml_pipeline.report.causes import Cause
from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.code import Diff
from aml_pipeline.report.comparison import Comparison, Row, compare
from aml_pipeline.report.document import document
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import MOST_ROWS, cell, drawn, facts, moment, scrolled, section, state, table
from aml_pipeline.report.story import RunTold
from aml_pipeline.report.text import cut

# All diffs of a page together, as a page's logs.
_DIFF_LETTERS = 250_000


def comparison_page(first: RunTold, second: RunTold, code: Iterable[Diff] = ()) -> str:
    """Return the page of two runs, with the diffs of their ``code``: one file that needs no other."""
    found = compare(first, second)
    curves = charts([Curves(name, run.started or 0.0, run.series) for name, run in (("A", first), ("B", second))])
    changed = section("What changed", "what-changed", _causes(found.causes))
    sections = [changed, *_code(code), section("Metrics", "metrics", drawn(curves)), *_sections(found)]
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


def _causes(found: list[Cause]) -> Html:
    if not found:
        return tag("p", "What the steps depend on did not change.")
    rows = [(cut(", ".join(cause.steps)), cut(words)) for cause in found for words in cause.words]
    return table(("Step", "Change"), rows, "What the steps were made from")


def _code(code: Iterable[Diff]) -> Iterator[Html]:
    """Give the diffs, folded, as many as have room."""
    shown: list[Html] = []
    room, left_out = _DIFF_LETTERS, 0
    for diff in code:
        letters = sum(len(line) + 1 for line in diff.lines)
        if letters > room:
            left_out += 1
            continue
        room -= letters
        shown.append(_diff(diff))
    if left_out:
        said = f"{left_out} more: `aml-pipeline compare --code` shows the lines that changed in them too."
        shown.append(tag("p", said, class_="remark"))
    if shown:
        yield section("Code", "code", *shown)


def _diff(diff: Diff) -> Html:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [tag("span", f"{line}\n", class_=kinds.get(line[:1], "same")) for line in diff.lines]
    text = tag("pre", tag("code", *lines), class_="log", tabindex=0, role="region", aria_label=cut(diff.title, 120))
    return tag("details", tag("summary", tag("b", cut(diff.title, 200))), text, class_="step", open="")


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
        yield cell(cut(text), *(["differs"] if row.differs else []))
    yield cell(cut(row.note, 120))
