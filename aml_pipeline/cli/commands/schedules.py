"""``schedules``: the next runs of each schedule in the file, in its time zone and in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from aml_pipeline.cli.opened import open_with, refuse_without_remote
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.schedule import timetable
from aml_pipeline.pipeline.schedule.timetable import Firing
from aml_pipeline.pipeline.spec.parameters import shown

_SHOWN = 5
_MARKS = {
    "once": "",
    "missing": "skipped that day by the clock change",
    "first of two": "occurs twice that day: the first one",
    "second of two": "occurs twice that day: the second one",
}


def schedules(options: Options, environ: Mapping[str, str]) -> int:
    """Print the next runs of each schedule; with ``--remote`` the schedules in Azure ML."""
    plan, project = open_with(options).require()
    if options.flag("remote"):
        from aml_pipeline.cli.commands.publish import print_schedules

        return print_schedules(plan, project, options, environ)
    refuse_without_remote(options, "workspace", "sdk")
    now = datetime.now(timezone.utc)
    if options.text("format") == "json":
        print_json(rows(plan, now))
    else:
        print(page(plan, now))
    return 0


def page(plan: Plan, now: datetime) -> str:
    """Return the schedules as text."""
    shown = rows(plan, now)
    if not shown:
        return f"{plan.name} has no schedules. Add one under `schedules:`."
    lines = [line for row in shown for line in _lines(row)]
    return "\n".join([*lines, "Times computed from the file; Azure ML starts runs by its own clock."])


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    cron = f'cron "{row["cron"]}", ' if row["cron"] else ""
    yield f"{row['name']}  {cron}{row['words']}, {row['time_zone']}"
    if row["parameters"]:
        yield f"  with {', '.join(f'{name}={shown(value)}' for name, value in row['parameters'].items())}"
    if row["datasets"]:
        yield f"  with {', '.join(f'{name}={place}' for name, place in row['datasets'].items())}"
    for run in row["runs"]:
        instant = f"{_short(run['utc'])} UTC" if run["utc"] else f"{'–':<20}"
        yield f"  {run['day']} {_short(run['local'])}  {instant}  {run['mark']}".rstrip()
    yield ""


def _short(text: str) -> str:
    """Return a time without seconds and zone: ``2026-12-01 02:00``."""
    return text[:16].replace("T", " ")


def rows(plan: Plan, now: datetime) -> list[dict[str, Any]]:
    """Return each schedule as JSON data, with its next runs after ``now``. Raises MachineError."""
    return [_row(plan, name, now) for name in plan.schedules]


def _row(plan: Plan, name: str, now: datetime) -> dict[str, Any]:
    schedule = plan.schedules[name]
    runs = islice(timetable.firings(schedule.pattern, timetable.zone_of(schedule.time_zone), now), _SHOWN)
    return {
        "name": name,
        "cron": schedule.written["cron"],
        "words": schedule.recurrence.in_words(),
        "time_zone": schedule.time_zone,
        "windows_zone": schedule.windows_zone,
        "parameters": {name: redaction.parameter(plan, name, text) for name, text in schedule.parameters.items()},
        "datasets": redaction.places(schedule.datasets),
        "runs": [_run(run) for run in runs],
    }


def _run(firing: Firing) -> dict[str, Any]:
    return {
        "local": firing.wall.isoformat(timespec="minutes"),
        "day": f"{firing.wall:%a}",
        "utc": firing.instant.strftime("%Y-%m-%dT%H:%MZ") if firing.instant else None,
        "mark": _MARKS[firing.kind],
    }
