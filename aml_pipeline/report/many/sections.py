"""The parts of the page of many runs that its scripts fill."""

from __future__ import annotations

from aml_pipeline.core.plain import number
from aml_pipeline.core.text import cut
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import facts, moment, scrolled, section
from aml_pipeline.report.table.rows import Table
from aml_pipeline.report.table.text import same_in_all

_SAME_LETTERS = 300


def heading(title: str, table: Table, remark: str) -> Html:
    """Return the title of the page, when the runs started, what is the same in all of them, and what is left out."""
    times = sorted(time for row in table.rows if (time := number(row.get("started"))) is not None)
    span = (("First started", moment(times[0])), ("Last started", moment(times[-1]))) if times else ()
    same = same_in_all(table)
    everywhere = (("The same everywhere", cut(same, _SAME_LETTERS)),) if same else ()
    said = [tag("p", remark, class_="remark")] if remark else []
    return tag("header", tag("h1", title), facts((*span, *everywhere)), *said)


def sections() -> list[Html]:
    """Return the sections of the page, still without runs."""
    return [
        _controls(),
        section("Runs", "runs", _table()),
        section("Curves", "curves-title", *_curves()),
        section("Parameters and the metric", "parallel-title", *_parallel()),
        section("Scatter", "scatter-title", *_scatter()),
        section("Two runs", "two-runs", *_two()),
    ]


def _controls() -> Html:
    """Return what chooses for the whole page."""
    where = tag(
        "input",
        id="where",
        type="search",
        spellcheck="false",
        autocomplete="off",
        placeholder="a condition, such as state == done, or any text",
        aria_describedby="refused",
    )
    return tag(
        "div",
        tag("label", "Filter ", where, class_="wide"),
        _select("metric", "Metric"),
        _select("colour", "Colour by"),
        _select("group", "Group by"),
        _button("clear", "Show all"),
        tag(
            "div",
            tag("span", id="told", role="status"),
            tag("span", id="ranges"),
            tag("span", id="colours"),
            class_="wide",
        ),
        tag("p", id="refused", role="alert", class_="refused wide"),
        class_="tools controls",
    )


def _select(name: str, label: str) -> Html:
    return tag("label", f"{label} ", tag("select", id=name))


def _button(name: str, words: str) -> Html:
    return tag("button", words, type="button", id=name)


def _said(name: str) -> Html:
    return tag("p", id=name, class_="remark", role="status")


def _table() -> Html:
    columns = tag("details", tag("summary", "Columns"), tag("div", id="columns", class_="boxes"), class_="columns")
    rows = scrolled(tag("table", id="rows", class_="runs"), "Runs")
    return tag(
        "div", tag("div", columns, _button("csv", "CSV"), class_="tools"), rows, _button("more", "Show all rows")
    )


def _curves() -> list[Html]:
    return [tag("div", _select("curve", "Curves of"), class_="tools"), _said("of-curves"), tag("div", id="curves")]


def _parallel() -> list[Html]:
    said = (
        "Drag along an axis to filter by a range, or move the ends of an axis with the arrow keys; Escape removes it."
    )
    picture = tag(
        "div", id="parallel", class_="scrolled picture", tabindex=0, role="region", aria_label="Parallel coordinates"
    )
    return [tag("p", said, class_="remark"), picture]


def _scatter() -> list[Html]:
    tools = tag("div", _select("right", "X axis"), _select("up", "Y axis"), class_="tools")
    return [tools, tag("div", id="scatter", class_="card picture"), _said("left-out"), _said("dot")]


def _two() -> list[Html]:
    said = "A and B follow the first two runs that are chosen in the table."
    tools = tag("div", _select("first", "A"), _select("second", "B"), class_="tools")
    return [tools, tag("p", said, class_="remark"), tag("div", id="pair")]
