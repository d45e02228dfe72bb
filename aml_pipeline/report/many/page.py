"""A table of runs, their curves and their code → one page. Pure."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from aml_pipeline.core.text import cut
from aml_pipeline.core.wording import counted
from aml_pipeline.report.document import document
from aml_pipeline.report.many.columns import columns_of, first_view, short_ids, titles_of
from aml_pipeline.report.many.curves import Curves, reduced
from aml_pipeline.report.many.sections import heading, sections
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import size_of
from aml_pipeline.report.table.rows import Table

# Limits of a page, and of the table and the curves on it; the code takes what they leave.
MOST_BYTES, _TABLE_BYTES, _CODE_BYTES = 3_000_000, 900_000, 400_000
_BETWEEN = 5_000
# Letters of the texts in the table, and digits of its numbers except those that people gave.
_SIZES = ((500, None), (500, 7), (100, 7), (30, 7))
_OWN = (
    *("data.js", "where.js", "scale.js", "colours.js", "table.js", "parallel.js", "scatter.js"),
    *("difference.js", "pair.js", "many.js", "many.css"),
)


def many_page(
    pipeline: str, table: Table, curves: Curves, code: Callable[[int], Mapping[str, Any]], remark: str = ""
) -> str:
    """Return the self-contained page of many runs; ``code`` returns their code within a number of bytes."""
    noun = "variant" if table.axes else "run"
    title = f"{cut(pipeline, 100)}: {counted(len(table.rows), noun)}"
    fixed = [heading(title, table, remark), *sections()]
    room = MOST_BYTES - size_of(_document(title, *fixed))
    rows = _rows(table, curves, noun)
    room -= size_of(rows)
    drawn = _curves(curves, room - _CODE_BYTES)
    texts = _packed("many-texts", code(room - size_of(drawn) - _BETWEEN))
    return _document(title, *fixed, rows, drawn, texts)


def _document(title: str, heading: Html, *sections: Html) -> str:
    return document(title, heading, *sections, own=[os.path.join("many", name) for name in _OWN])


def _packed(name: str, value: object) -> Html:
    """Return compressed JSON in an element that no browser runs."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    words = base64.b64encode(zlib.compress(text.encode("utf-8", "replace"))).decode()
    return tag("script", Html(words), type="text/plain", id=name)


def _rows(table: Table, curves: Curves, noun: str) -> Html:
    """Return the table, with texts and numbers shortened until it is small enough."""
    ids = short_ids(table)
    for letters, digits in _SIZES:
        columns, others = columns_of(table, letters, digits)
        about = {
            "noun": noun,
            "short": ids,
            "titles": titles_of(columns, ids),
            "defaults": first_view(columns, curves),
        }
        rows = _packed("many-rows", {**about, "columns": columns, "others": others})
        if size_of(rows) <= _TABLE_BYTES:
            break
    return rows


def _curves(curves: Curves, room: int) -> Html:
    """Return the curves, with fewer points until they are small enough."""
    names = list(curves)
    while size_of(packed := _packed("many-curves", {"of": curves, "missing": names[len(curves) :]})) > room:
        curves = reduced(curves)
    return packed
