"""Shared by `runs`, `runs --remote` and `report --all`: the rows of a table; selects, sorts and prints them."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import as_json, is_coloured, steer
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest
from aml_pipeline.report.table import columns, forms, text, where
from aml_pipeline.report.table.rows import Row, Table, table_of, variants_of
from aml_pipeline.runs import locks
from aml_pipeline.runs.summaries import Summary


def table_from(summaries: Sequence[Summary], state: str, step: str | None = None) -> Table:
    """Return a row for each run recorded in ``state``, or for each variant of a step in them. Raises UsageError."""
    now, busy = time.time(), locks.is_locked(state)
    if step is None:
        return table_of(summaries, now=now, busy=busy)
    table = variants_of(summaries, step, now=now, busy=busy)
    if summaries and not table.rows:
        known = {str(variant["declared"]) for summary in summaries for variant in summary["variants"].values()}
        raise UsageError(f'No recorded run has variants of a step "{step}". {suggest(step, known, noun="matrix")}')
    return table


def selected(table: Table, options: Options) -> Table:
    """Return the rows that ``--where`` and ``--last`` select, as ``--sort`` or ``--best`` say. Raises UsageError."""
    chosen = matching(table, options)
    key = _key(table, options)
    if key is None:
        return chosen
    column, descending = key
    return replace(chosen, rows=columns.ordered(chosen.rows, column, descending=descending))


def matching(table: Table, options: Options) -> Table:
    """Return the rows that ``--where`` and ``--last`` select of rows that are the newest first.

    Columns without a value in any of them are gone. Raises UsageError.
    """
    rows: Iterable[Row] = table.rows
    if condition := options.text("where"):
        rows = filter(where.predicate(condition, table), rows)
    rows = list(rows)[: _last(options)]
    groups = (table.axes, table.parameters, table.metrics)
    return Table(rows, *([name for name in names if _has_value(rows, name)] for names in groups))


def _has_value(rows: Sequence[Row], column: str) -> bool:
    return any(row.get(column) is not None for row in rows)


def _last(options: Options) -> int | None:
    given = options.text("last")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or not int(given):
        raise UsageError(f'--last does not accept "{given}". Write how many of the newest runs to list: --last 20.')
    return int(given)


def _key(table: Table, options: Options) -> tuple[str, bool] | None:
    """Return the column by which rows are sorted, and whether the highest value comes first."""
    sort, best = options.text("sort"), options.text("best")
    if sort is not None and best is not None:
        raise UsageError("--sort and --best both say how to sort. Use only one of them.")
    if best is not None:
        return columns.best_first(best, table)
    return None if sort is None else (columns.named(sort.removeprefix("-"), table), sort.startswith("-"))


def print_table(table: Table, whole: Table, ids: Sequence[str], options: Options, environ: Mapping[str, str]) -> None:
    """Print selected rows as ``--format`` says; ``whole`` has all columns, ``ids`` are those of all runs."""
    given = options.text("columns")
    names = columns.listed(given, whole) if given is not None else []
    if options.text("format") == "json":
        print_rows({name: row.get(name) for name in names} if names else row for row in table.rows)
    elif options.text("format") == "csv":
        print(forms.as_csv(table, names), end="")
    elif options.text("format") == "markdown":
        print(forms.as_markdown(table, names), end="")
    elif not table.rows:
        print(" ".join(["No run matches.", *where.hints(options.text("where") or "", whole)]))
    else:
        key = _key(whole, options)
        _print_lines(table, ids, names, [key[0]] if key else [], environ)


def print_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a list like ``json.dumps`` with an indent, but row by row, because there may be ten thousand."""
    before = "["
    for row in rows:
        text = f"\n{json.dumps(row, indent=2, ensure_ascii=False)}".replace("\n", "\n  ")
        sys.stdout.write(before + as_json(text))
        before = ","
    print("[]" if before == "[" else "\n]")


def _print_lines(
    table: Table, ids: Sequence[str], names: Sequence[str], needed: Sequence[str], environ: Mapping[str, str]
) -> None:
    """Print rows for people: on a terminal as wide as that is, with colours if it shows them."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    coloured = is_coloured(sys.stdout, environ)
    paint = _coloured if coloured else text.plain
    lines = text.lines_of(table, ids, columns=names, needed=needed, room=room, paint=paint)
    if coloured:
        steer(sys.stdout, "\n".join([*lines, ""]))
    else:
        print(*lines, sep="\n")


def _coloured(word: str, colour: str) -> str:
    return f"\x1b[{colour}m{word}\x1b[0m"
