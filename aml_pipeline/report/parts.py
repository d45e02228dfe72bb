"""Elements that pages share: tables, lists of facts, states, charts."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

from aml_pipeline.core.text import cut
from aml_pipeline.report.charts import Charts
from aml_pipeline.report.code import Diff
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


def table(  # noqa: PLR0913 - what a table has
    heads: Sequence[str], rows: Sequence[Sequence[str]], about: str, room: int, *, numbers: Collection[int] = (),
    in_all: int = 0,
) -> Html:  # fmt: skip
    """Return a table, or the beginning of a very long one; its columns of ``numbers`` stand on the right.

    ``in_all`` is the number of rows, if there are more than ``rows``.
    """
    body = fitting((row_of(row, numbers) for row in rows[:MOST_ROWS]), room)
    known = max(in_all, len(rows))
    more = f". Showing the first {len(body):,} of {known:,}." if len(body) < known else ""
    return table_of(heads, body, about, more, numbers)


def row_of(cells: Iterable[str], numbers: Collection[int] = ()) -> Html:
    """Return a row of a table; a cell that is HTML stays as it is."""
    return tag("tr", *(cell(text, *(["number"] if at in numbers else [])) for at, text in enumerate(cells)))


def table_of(heads: Sequence[str], body: Iterable[Html], about: str, more: str, numbers: Collection[int] = ()) -> Html:
    """Return a table of finished rows; its caption says ``more`` than what it is ``about``."""
    classes = ["number" if at in numbers else None for at in range(len(heads))]
    names = (tag("th", name, scope="col", class_=class_) for name, class_ in zip(heads, classes, strict=True))
    head = tag("thead", tag("tr", *names))
    return scrolled(tag("table", tag("caption", f"{about}{more}"), head, tag("tbody", *body)), about)


def cell(text: str, *classes: str) -> Html:
    """Return a table cell; only text with a very long word may be broken within a word."""
    is_text = not isinstance(text, Html)
    long = ["long"] if is_text and any(len(word) > _LONG_WORD for word in text.split()) else []
    return tag("td", text, class_=" ".join([*classes, *long]) or None)


def scrolled(inside: Html, about: str) -> Html:
    """Return content that may be larger than the page in a scrollable frame that the keyboard can reach."""
    return tag("div", inside, class_="scrolled", tabindex=0, role="region", aria_label=about)


def linked(text: str, address: str | None) -> str:
    """Return a link, or only its text if it has no address."""
    return tag("a", text, href=address) if address else text


def diffs_part(diffs: Iterable[Diff], room: int, *, is_open: bool) -> Iterator[Html]:
    """Yield the folded diffs that fit in ``room`` bytes, and how many do not."""
    left_out = 0
    for diff in diffs:
        part = _diff(diff, is_open=is_open) if sum(map(len, diff.lines)) <= room else None
        if part is None or size_of(part) > room:
            left_out += 1
            continue
        room -= size_of(part)
        yield part
    if left_out:
        said = f"{left_out} more not shown; `aml-pipeline compare --code` shows all changed lines."
        yield tag("p", said, class_="remark")


def _diff(diff: Diff, *, is_open: bool) -> Html:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [tag("span", f"{line}\n", class_=kinds.get(line[:1], "same")) for line in diff.lines]
    text = tag("pre", tag("code", *lines), class_="log", tabindex=0, role="region", aria_label=cut(diff.title, 120))
    summary = tag("summary", tag("b", cut(diff.title, 200)))
    return tag("details", summary, text, class_="diff", open="" if is_open else None)


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
