"""``runs``, ``logs`` and ``clean``: what ran, what it printed, and the room it takes."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

from aml_pipeline import record, store
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable
from aml_pipeline.errors import UsageError
from aml_pipeline.files import Digests
from aml_pipeline.local import survivors
from aml_pipeline.opening import Opened
from aml_pipeline.problems import suggest
from aml_pipeline.record import RunRecord
from aml_pipeline.store import Store


def _records(opened: Opened) -> list[RunRecord]:
    return record.records(os.path.join(opened.state, "runs"))


def runs(options: Options, environ: Mapping[str, str]) -> int:
    """Print the runs, the last first; with ``--remote`` those that Azure ML has."""
    opened = open_readable(options)
    if options.flag("remote"):
        from aml_pipeline.cli.remote_runs import print_runs

        return print_runs(opened, environ, as_json=options.text("format") == "json")
    found = _records(opened)[::-1]
    busy = store.is_locked(opened.state)
    if options.text("format") == "json":
        print(json.dumps([_row(one, busy=busy) for one in found], indent=2, ensure_ascii=False))
        return 0
    if not found:
        print("Nothing ran yet. Start with `aml-pipeline run`.")
    for one in found:
        row = _row(one, busy=busy)
        ran = ", ".join(f"{step} {state}" for step, state in row["steps"].items())
        when = moment(row["started"])
        seconds = f"{row['seconds']:8.1f} s" if row["seconds"] is not None else "         -"
        print(f"{one.run}  {when}  {row['state']:<11}  {seconds}  {ran}")
    return 0


def moment(seconds: float | None) -> str:
    """Return a time, here and for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else f"{'?':<19}"


def _row(one: RunRecord, *, busy: bool) -> dict[str, Any]:
    """Return a run as JSON data; ``busy``: a run holds the lock now, so one that did not end may be it."""
    steps = one.header.get("steps", {})
    return {
        "run": one.run,
        "started": one.header.get("started"),
        "state": "interrupted" if one.state == "running" and not busy else one.state,
        "seconds": one.header.get("seconds"),
        "profile": one.header.get("profile"),
        "parameters": one.header.get("parameters", {}),
        "steps": {name: row.get("state") for name, row in steps.items()},
        "metrics": {name: row["metrics"] for name, row in steps.items() if "metrics" in row},
    }


def logs(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the log of a step."""
    opened = open_readable(options)
    run, step = _logged(_records(opened), options.text("run"), options.operands)
    place = re.escape(os.path.join(opened.state, "steps", step, "attempt."))
    working_copy = re.compile(place + r"[^/\s]+/working-copy(?=[/\s\"'])")
    source = os.path.normpath(os.path.join(opened.state, "..", "..", _source_directory(run, step)))
    with open(run.log(step), encoding="utf-8", errors="replace", newline="") as stream:
        for line in stream:
            sys.stdout.write(working_copy.sub(lambda _: source, line))
    return 0


def _source_directory(run: RunRecord, step: str) -> str:
    """Return the source folder that ``step`` had in ``run``, so that paths of its working copy lead to the source."""
    steps = run.header.get("plan", {}).get("steps", [])
    return next((str(row.get("source_directory", ".")) for row in steps if row.get("name") == step), ".")


def _logged(found: list[RunRecord], run: str | None, operands: list[str]) -> tuple[RunRecord, str]:
    if run is not None and run not in {one.run for one in found}:
        raise UsageError(f'There is no run "{run}". {suggest(run, [one.run for one in found][-10:], noun="run")}')
    for one in reversed(found):
        if run in {None, one.run} and one.logged_steps and (not operands or operands[0] in one.logged_steps):
            return one, operands[0] if operands else one.logged_steps[-1]
    what = f'step "{operands[0]}"' if operands else "any step"
    steps = sorted({step for one in found for step in one.logged_steps})
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
    print(f"Freed {bytes_in_words(freed)}.")
    return 0


def _removed_all(state: str) -> int:
    return sum(store.remove(os.path.join(state, name)) for name in sorted(os.listdir(state)) if name != "lock")


def _removed_old(opened: Opened, results: Store) -> int:
    freed, kept = results.clean()
    gone = [one for one in _records(opened)[:-1] if one.run not in kept]
    old = [one.folder for one in gone if one.state != "submitted"]  # that may go on in Azure ML
    uploaded = opened.project.uploads if opened.project else ""  # made again when they are needed
    return freed + sum(store.remove(place) for place in [*old, uploaded] if os.path.exists(place))


def bytes_in_words(number: int) -> str:
    """Return a size as people read it: ``1.2 kB``."""
    value = float(number)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
