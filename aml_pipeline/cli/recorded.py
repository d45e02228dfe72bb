"""What commands that look back share: the recorded runs of a pipeline, which of them is meant, and how each ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from aml_pipeline import record
from aml_pipeline.errors import UsageError
from aml_pipeline.opening import Opened
from aml_pipeline.problems import suggest
from aml_pipeline.record import RunRecord
from aml_pipeline.report.series import number
from aml_pipeline.report.story import defaults_of, mapping
from aml_pipeline.report.text import number_in_words

_MOST_STEPS = 4


def records_of(opened: Opened) -> list[RunRecord]:
    """Return the runs recorded here of a pipeline, the oldest first."""
    return record.records(os.path.join(opened.state, "runs"))


def chosen(found: list[RunRecord], name: str | None) -> RunRecord:
    """Return the run called ``name``, or whose name alone begins or ends so; else the last. Raises UsageError."""
    if not found:
        raise UsageError("Nothing ran yet. Start with `aml-pipeline run`.")
    if name is None:
        return found[-1]
    meant = [one for one in found if one.run == name] or [
        one for one in found if name and (one.run.startswith(name) or one.run.endswith(name))
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f'{len(meant)} runs begin or end with "{name}". `aml-pipeline runs` lists them.')
    raise UsageError(f'There is no run "{name}". {suggest(name, [one.run for one in found][-10:], noun="run")}')


def state_of(one: RunRecord, *, busy: bool) -> str:
    """Return how a run ended; ``busy``: a run holds the lock now, so one that did not end may be it."""
    return _ended(one.header, busy=busy)


def _ended(header: Mapping[str, Any], *, busy: bool) -> str:
    state = str(header.get("state", "unreadable"))
    return "interrupted" if state == "running" and not busy else state


def row_of(one: RunRecord, *, busy: bool) -> dict[str, Any]:
    """Return a run as JSON data; ``changed`` are the parameters that are not their defaults."""
    header = one.short
    steps = {name: mapping(row) for name, row in mapping(header.get("steps")).items()}
    parameters, defaults = mapping(header.get("parameters")), defaults_of(header)
    return {
        "run": one.run,
        "started": number(header.get("started")),
        "state": _ended(header, busy=busy),
        "seconds": number(header.get("seconds")),
        "pinned": one.pinned,
        "profile": header.get("profile"),
        "parameters": parameters,
        "changed": {name: value for name, value in parameters.items() if defaults.get(name, value) != value},
        "steps": {name: row.get("state") for name, row in steps.items()},
        "metrics": {name: row["metrics"] for name, row in steps.items() if "metrics" in row},
        "azureml": mapping(header.get("azureml")).get("run"),
    }


def words_of(row: Mapping[str, Any]) -> str:
    """Return what a line on a run says after its time: what was changed, what it measured, how its steps ended."""
    changed = ", ".join(f"{name}={value}" for name, value in row["changed"].items())
    measured = [
        f"{step}.{name} {number_in_words(value)}"
        for step, values in row["metrics"].items()
        for name, value in mapping(values).items()
    ]
    remote = f"Azure ML {row['azureml']}" if row["azureml"] else ""
    pinned = "pinned" if row["pinned"] else ""
    return "  ".join(
        part for part in (pinned, changed, " ".join(measured), remote, _steps_in_words(row["steps"])) if part
    )


def _steps_in_words(steps: Mapping[str, str]) -> str:
    if len(steps) <= _MOST_STEPS:
        return ", ".join(f"{step} {state}" for step, state in steps.items())
    by_state: dict[str, list[str]] = {}
    for step, state in steps.items():
        by_state.setdefault(str(state), []).append(step)
    return ", ".join(_counted(state, names) for state, names in by_state.items())


def _counted(state: str, steps: list[str]) -> str:
    """Return how many steps ended so; those that were not to end so are named, while they are few."""
    if state in {"failed", "interrupted"} and len(steps) <= _MOST_STEPS:
        return ", ".join(f"{step} {state}" for step in steps)
    return f"{len(steps)} {state}"
