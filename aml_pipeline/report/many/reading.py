"""Records → the page of many runs. All data of the page is read here."""

from __future__ import annotations

from collections.abc import Sequence

from aml_pipeline.report.many.curves import Source, curves_of
from aml_pipeline.report.many.page import many_page
from aml_pipeline.report.many.texts import texts_of
from aml_pipeline.report.table.rows import Table, variants_in
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import Summary


def sources_of(summaries: Sequence[Summary], records: Sequence[RunRecord], step: str | None = None) -> list[Source]:
    """Return the source of each row that ``table_of`` has for the summaries, or ``variants_of`` for a step."""
    return [
        source
        for summary, record in zip(summaries, records, strict=True)
        for source in (_of_run(summary, record) if step is None else _of_variants(summary, record, step))
    ]


def _of_run(summary: Summary, record: RunRecord) -> list[Source]:
    titles = {name: str(variant["title"]) for name, variant in summary["variants"].items()}
    return [Source(record, summary, {name: titles.get(name, name) for name in summary["steps"]})]


def _of_variants(summary: Summary, record: RunRecord, step: str) -> list[Source]:
    return [Source(record, summary, {name: step}) for name in variants_in(summary, step)]


def read_page(table: Table, sources: Sequence[Source], contents: Contents, remark: str = "") -> str:
    """Return the page of the rows of ``table``, each with its source; ``remark`` tells what it leaves out."""
    pipeline = str(sources[0].record.short.get("pipeline", "")) if sources else ""
    records = [source.record for source in sources]
    return many_page(pipeline, table, curves_of(sources), lambda room: texts_of(records, contents, room), remark)
