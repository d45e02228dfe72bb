"""Changes, and the schedules of a workspace, as text or JSON data."""

from __future__ import annotations

from collections.abc import Container, Iterable

from aml_pipeline.azureml.publication.marks import Mark, Whose
from aml_pipeline.azureml.publication.things import Actual, Change, Schedule, short
from aml_pipeline.core.masking import redacted
from aml_pipeline.core.wording import printable

_SIGNS = {"create": "+", "update": "~", "replace": "-/+", "disable": "-", "delete": "-", "unchanged": "="}


def as_text(changes: Iterable[Change]) -> str:
    """Return changes as text, one per line."""
    rows = [
        (_SIGNS[change.action], printable(f"{change.kind} {change.name}"), printable("; ".join(change.details)))
        for change in changes
    ]
    width = max((len(what) for _, what, _ in rows), default=0)
    return "\n".join(f"{sign:>3} {what:<{width}}  {details}".rstrip() for sign, what, details in rows)


def listed(actual: Actual, whose: Whose, changes: Iterable[Change]) -> list[dict[str, object]]:
    """Return the published schedules as JSON data, each compared with the file, and those that only the file has.

    Active schedules of other pipelines, profiles and projects are included: a renamed pipeline leaves its own
    behind. In v2, each says which version it runs.
    """
    known = {change.id: change for change in changes if change.id}
    keys = {change.key for change in changes if change.action != "disable"}
    rows = [
        _listed(mark, schedule, _compared(mark, whose, known.get(schedule.id), keys))
        for schedule in actual.schedules
        if (mark := schedule.mark) and (mark.identity == whose.identity or schedule.active)
    ]
    return [*rows, *(_not_there(change) for change in changes if change.action == "create")]


def _compared(mark: Mark, whose: Whose, change: Change | None, keys: Container[str]) -> str:
    if not whose.is_of_project(mark):
        return f"published by another project: {mark.origin}"
    if mark.identity != whose.identity:
        return f"published by {mark.identity}"
    if change:
        return "; ".join(change.details) or "as the file says"
    return "replaced by another schedule" if mark.schedule in keys else "no longer in the file"


def _listed(mark: Mark, schedule: Schedule, compared: str) -> dict[str, object]:
    return {
        "name": schedule.name,
        "key": mark.schedule,
        "state": "active" if schedule.active else "disabled by publish" if mark.disabled else "paused",
        "fires": str(schedule.timing) if schedule.timing else None,
        "experiment": schedule.experiment,
        "parameters": None if schedule.parameters is None else redacted(schedule.parameters),
        "compared": f"{compared}; runs version {short(schedule.version)}" if schedule.version else compared,
        "id": schedule.id,
        "origin": mark.origin or None,
    }


def _not_there(change: Change) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("fires", "experiment", "parameters", "id", "origin"))
    compared = "; ".join(change.details)
    return {**row, "name": change.name, "key": change.key, "state": "not published", "compared": compared}
