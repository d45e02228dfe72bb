"""``runs``, ``logs`` and ``clean``: what ran, what it printed, and the room it takes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping

from aml_pipeline import store
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable
from aml_pipeline.cli.recorded import records_of, row_of, words_of
from aml_pipeline.errors import UsageError
from aml_pipeline.files import Digests
from aml_pipeline.local import survivors
from aml_pipeline.opening import Opened
from aml_pipeline.problems import suggest
from aml_pipeline.record import RunRecord, free_texts
from aml_pipeline.report.sources import to_sources
from aml_pipeline.store import Store
from aml_pipeline.wording import size_in_words


def runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs, the last first; with ``--remote`` those that Azure ML has."""
    opened = open_readable(options)
    if options.flag("remote"):
        from aml_pipeline.cli.remote_runs import print_runs

        return print_runs(opened, environ, as_json=options.text("format") == "json")
    busy = store.is_locked(opened.state)
    rows = [row_of(one, busy=busy) for one in reversed(records_of(opened))]
    if options.text("format") == "json":
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    if not rows:
        print("Nothing ran yet. Start with `aml-pipeline run`.")
    for row in rows:
        seconds = f"{row['seconds']:8.1f} s" if row["seconds"] is not None else "         -"
        print(f"{row['run']}  {moment(row['started'])}  {row['state']:<11}  {seconds}  {words_of(row)}")
    return 0


def moment(seconds: float | None) -> str:
    """Return a time, here and for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else f"{'?':<19}"


def logs(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the log of a step."""
    opened = open_readable(options)
    run, step = _logged(records_of(opened), options.text("run"), options.operands)
    to_source = to_sources(run, step)
    with open(run.log(step), encoding="utf-8", errors="replace", newline="") as stream:
        for line in stream:
            sys.stdout.write(to_source(line))
    return 0


def _logged(found: list[RunRecord], run: str | None, operands: list[str]) -> tuple[RunRecord, str]:
    if run is not None and run not in {one.run for one in found}:
        raise UsageError(f'There is no run "{run}". {suggest(run, [one.run for one in found][-10:], noun="run")}')
    for one in reversed(found):
        if run in {None, one.run} and one.logged_steps and (not operands or operands[0] in one.logged_steps):
            return one, operands[0] if operands else one.logged_steps[-1]
    what = f'step "{operands[0]}"' if operands else "any step"
    steps = sorted({step for one in found for step in one.logged_steps})
    if not steps:
        raise UsageError("No step ran yet, so there is no log. Start with `aml-pipeline run`.")
    raise UsageError(f"There is no log of {what} here. {suggest(operands[0] if operands else '', steps, noun='log')}")


def clean(options: Options, _environ: Mapping[str, str]) -> int:
    """Remove what is not in use; print how much that was."""
    opened = open_readable(options)
    if not os.path.isdir(opened.state):
        print("There is nothing to free.")
        return 0
    results = Store(opened.state, Digests())
    with store.locked(opened.state, "aml-pipeline clean"):
        survivors.end_all(results, results.steps())
        freed = _removed_all(opened.state) if options.flag("all") else _removed_old(opened, results)
    print(f"Freed {size_in_words(freed)}.")
    return 0


def _removed_all(state: str) -> int:
    return sum(store.remove(os.path.join(state, name)) for name in sorted(os.listdir(state)) if name != "lock")


def _removed_old(opened: Opened, results: Store) -> int:
    freed, kept = results.clean()
    gone = [one for one in records_of(opened)[:-1] if one.run not in kept]
    old = [one.folder for one in gone if one.state != "submitted"]  # that may go on in Azure ML
    uploaded = opened.project.uploads if opened.project else ""  # made again when they are needed
    freed += sum(store.remove(place) for place in [*old, uploaded] if os.path.exists(place))
    return freed + free_texts(opened.state, records_of(opened), results.environments())
