"""Elements that pages share: tables, lists of facts, states, charts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence

from aml_pipeline.core.text import cut
from aml_pipeline.report.charts import Charts
from aml_pipeline.report.graph_picture import kind
from aml_pipeline.report.markup import Html, data, tag
from aml_pipeline.report.series import METHOD

# Limits of a page, so that it opens at once and can be sent by mail; and of the rows of a table.
MOST_BYTES, MOST_ROWS = 1_000_000, 1_000
# Bytes of a table: without a limit, or where a page would be too large.
ROOMS = (MOST_BYTES, 100_000, 30_000)
_LONG_WORD = 40  # longer than most names of a step and its output together


def section(title: str, name: str, *children: str) -> Html:
    """Return a section of the page with its heading."""
    return tag("section", tag("h2", title, id=name), *children)


def facts(rows: Iterable[tuple[str, str]]) -> Html:
    """Return names and values as a list, without unknown values."""
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value]
    return tag("dl", *pairs, class_="facts")


def size_of(*parts: str) -> int:
    """Return the size of parts of a page in bytes."""
    return sum(len(part.encode()) for part in parts)


def fitting(parts: Iterable[Html], room: int) -> list[Html]:
    """Return the first parts that fit in ``room`` bytes."""
    taken: list[Html] = []
    for part in parts:
        room -= size_of(part)
        if room < 0:
            break
        taken.append(part)
    return taken


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], about: str, room: int) -> Html:
    """Return a table, or the beginning of a very long one."""
    body = fitting((tag("tr", *map(cell, row)) for row in rows[:MOST_ROWS]), room)
    more = f" Showing the first {len(body):,} of {len(rows):,}." if len(body) < len(rows) else ""
    return table_of(heads, body, about, more)


def table_of(heads: Sequence[str], body: Iterable[Html], about: str, more: str) -> Html:
    """Return a table of finished rows; its caption says ``more`` than what it is ``about``."""
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in heads)))
    return scrolled(tag("table", tag("caption", f"{about}{more}"), head, tag("tbody", *body)), about)


def cell(text: str, *classes: str) -> Html:
    """Return a table cell; only text with a very long word may be broken within a word."""
    long = ["long"] if any(len(word) > _LONG_WORD for word in text.split()) else []
    return tag("td", text, class_=" ".join([*classes, *long]) or None)


def scrolled(inside: Html, about: str) -> Html:
    """Return content that may be larger than the page in a scrollable frame that the keyboard can reach."""
    return tag("div", inside, class_="scrolled", tabindex=0, role="region", aria_label=about)


def state(word: str) -> Html:
    """Return a coloured state."""
    return tag("span", word, class_=f"state {kind(word)}")


def moment(seconds: float | None) -> str:
    """Return a local time for people."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""
    except (OverflowError, ValueError, OSError):
        return ""


def value_in_words(value: object) -> str:
    """Return any value in a record as text."""
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def drawn(charts: Charts) -> Html:
    """Return the element in which the page's script draws charts, with their data."""
    if not charts.rows:
        return tag("p", "No metric was logged more than once.")
    fewer = any(len(series["value"]) < series["logged"] for chart in charts.rows for series in chart["series"])
    said = [*charts.remarks, *([f"Curves with many points are reduced by {METHOD}."] if fewer else [])]
    return tag(
        "div",
        tag("div", id="charts"),
        tag("p", " ".join(said), class_="remark"),
        tag("script", data(charts.rows), type="application/json", id="chart-data"),
    )
