"""``runs``: lists, pins and unpins runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from aml_pipeline.cli.opened import open_readable, refuse_without_remote
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import chosen, moment, records_of, row_of, words_of
from aml_pipeline.cli.screen.printing import as_json
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs import locks


def runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs, newest first; with ``--remote`` those in Azure ML."""
    opened = open_readable(options)
    pins = {stays: options.texts(name) for name, stays in (("pin", True), ("unpin", False))}
    if any(pins.values()):
        return _pin(opened, pins, remote=options.flag("remote"))
    if address := options.text("to_mlflow"):
        from aml_pipeline.cli.commands.runs_mlflow import write_to_mlflow

        return write_to_mlflow(opened, address)
    if options.flag("remote"):
        from aml_pipeline.cli.commands.runs_remote import print_runs

        return print_runs(opened, options, environ)
    refuse_without_remote(options, "profile", "sdk", "workspace")
    busy = locks.is_locked(opened.state)
    records = records_of(opened)
    rows = (row_of(record, busy=busy) for record in reversed(records))
    if options.text("format") == "json":
        _print_rows(rows)
        return 0
    if not records:
        print("There are no runs yet. Start one with `aml-pipeline run`.")
    for row in rows:
        seconds = f"{row['seconds']:8.1f} s" if row["seconds"] is not None else "         -"
        print(f"{row['run']}  {moment(row['started'])}  {row['state']:<11}  {seconds}  {words_of(row)}")
    return 0


def _print_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a list like ``json.dumps`` with an indent, but row by row, because there may be ten thousand."""
    before = "["
    for row in rows:
        text = f"\n{json.dumps(row, indent=2, ensure_ascii=False)}".replace("\n", "\n  ")
        sys.stdout.write(before + as_json(text))
        before = ","
    print("[]" if before == "[" else "\n]")


def _pin(opened: Opened, pins: Mapping[bool, list[str]], *, remote: bool) -> int:
    """Pin or unpin the named runs, once all of them are known to exist."""
    if remote:
        raise UsageError("Only runs recorded on this machine can be pinned. Delete --remote.")
    records = records_of(opened)
    for run, stays in [(chosen(records, name), stays) for stays, names in pins.items() for name in names]:
        run.pin(stays=stays)
        print(
            f"Pinned {run.id}: `clean` will keep its record."
            if stays
            else f"Unpinned {run.id}: `clean --runs` may remove its record."
        )
    return 0
