"""``runs`` and ``logs``: what ran, which runs are pinned, and what a step printed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from aml_pipeline import files, locks
from aml_pipeline.cli import is_coloured
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable
from aml_pipeline.cli.recorded import chosen, records_of, row_of, words_of
from aml_pipeline.cli.screen import as_json, log
from aml_pipeline.errors import UsageError
from aml_pipeline.opening import Opened
from aml_pipeline.problems import suggest
from aml_pipeline.record import RunRecord
from aml_pipeline.report.sources import source_directory, to_sources


def runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs, the last first; with ``--remote`` those that Azure ML has."""
    opened = open_readable(options)
    pins = {stays: options.texts(name) for name, stays in (("pin", True), ("unpin", False))}
    if any(pins.values()):
        return _pin(opened, pins, remote=options.flag("remote"))
    if options.flag("remote"):
        from aml_pipeline.cli.remote_runs import print_runs

        return print_runs(opened, environ, as_json=options.text("format") == "json")
    busy = locks.is_locked(opened.state)
    found = records_of(opened)
    rows = (row_of(one, busy=busy) for one in reversed(found))
    if options.text("format") == "json":
        _print_rows(rows)
        return 0
    if not found:
        print("Nothing ran yet. Start with `aml-pipeline run`.")
    for row in rows:
        seconds = f"{row['seconds']:8.1f} s" if row["seconds"] is not None else "         -"
        print(f"{row['run']}  {moment(row['started'])}  {row['state']:<11}  {seconds}  {words_of(row)}")
    return 0


def _print_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a list as ``json.dumps`` with an indent does, row by row: there may be ten thousand."""
    before = "["
    for row in rows:
        text = f"\n{json.dumps(row, indent=2, ensure_ascii=False)}".replace("\n", "\n  ")
        sys.stdout.write(before + as_json(text))
        before = ","
    print("[]" if before == "[" else "\n]")


def _pin(opened: Opened, pins: Mapping[bool, list[str]], *, remote: bool) -> int:
    """Pin or unpin the runs named, once all of them are known to be there."""
    if remote:
        raise UsageError("Runs that are recorded here can be pinned, not those of --remote. Delete --remote.")
    found = records_of(opened)
    for run, stays in [(chosen(found, name), stays) for stays, names in pins.items() for name in names]:
        run.pin(stays=stays)
        print(
            f"{run.run} is pinned: `clean` keeps its record."
            if stays
            else f"Unpinned {run.run}: `clean --runs` may remove its record."
        )
    return 0


def moment(seconds: float | None) -> str:
    """Return a time, here and for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else f"{'?':<19}"


def logs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the log of a step."""
    opened = open_readable(options)
    run, step = _logged(records_of(opened), options.text("run"), options.operands)
    to_source, coloured = to_sources(run, step, source_directory(run, step)), is_coloured(sys.stdout, environ)
    with files.opened_text(run.log(step)) as stream:
        for piece in to_source.pieces(stream):
            log(sys.stdout, piece, coloured=coloured)
    return 0


def _logged(found: list[RunRecord], name: str | None, operands: list[str]) -> tuple[RunRecord, str]:
    """Return the newest run, or the one named, that has a log of the step named, or of any."""
    among = found if name is None else [chosen(found, name)]
    for one in reversed(among):
        if one.logged_steps and (not operands or operands[0] in one.logged_steps):
            return one, operands[0] if operands else one.logged_steps[-1]
    what = f'step "{operands[0]}"' if operands else "any step"
    steps = sorted({step for one in among for step in one.logged_steps})
    if name is None and not steps:
        raise UsageError("No step ran yet, so there is no log. Start with `aml-pipeline run`.")
    where = "here" if name is None else f"in run {among[0].run}"
    raise UsageError(
        f"There is no log of {what} {where}. {suggest(operands[0] if operands else '', steps, noun='log')}"
    )
