"""Changes, and the schedules of a workspace, as text or JSON data."""

from __future__ import annotations

from collections.abc import Container, Iterable

from aml_pipeline.azureml.publication.marks import Mark, Whose, mark_in
from aml_pipeline.azureml.publication.things import Change, Found, Schedule
from aml_pipeline.core.masking import redacted
from aml_pipeline.core.wording import printable

_SIGNS = {"create": "+", "update": "~", "replace": "-/+", "disable": "-", "unchanged": "="}


def as_text(found: Iterable[Change]) -> str:
    """Return changes as text, one per line."""
    rows = [
        (_SIGNS[one.action], printable(f"{one.kind} {one.name}"), printable("; ".join(one.details))) for one in found
    ]
    width = max((len(what) for _, what, _ in rows), default=0)
    return "\n".join(f"{sign:>3} {what:<{width}}  {details}".rstrip() for sign, what, details in rows)


def listed(found: Found, whose: Whose, changes: Iterable[Change]) -> list[dict[str, object]]:
    """Return the published schedules as JSON data, each compared with the file, and those that only the file has.

    Active schedules of other pipelines, profiles and projects are included: a renamed pipeline leaves its own
    behind.
    """
    known = {one.id: one for one in changes if one.id}
    missing = [one for one in changes if one.action == "create"]
    keys = {one.key for one in changes if one.action != "disable"}
    marks = ((mark_in(one.description), one) for one in found.schedules)
    ours = [(mark, one) for mark, one in marks if mark and (mark.identity == whose.identity or one.active)]
    rows = [_listed(mark, one, _compared(mark, whose, known.get(one.id), keys)) for mark, one in ours]
    return [*rows, *(_not_there(one) for one in missing)]


def _compared(mark: Mark, whose: Whose, change: Change | None, keys: Container[str]) -> str:
    if not whose.is_of_project(mark):
        return f"published by another project: {mark.origin}"
    if mark.identity != whose.identity:
        return f"published by {mark.identity}"
    if change:
        return "; ".join(change.details) or "as the file says"
    return "replaced by another schedule" if mark.schedule in keys else "no longer in the file"


def _listed(mark: Mark, one: Schedule, compared: str) -> dict[str, object]:
    return {
        "name": one.name,
        "key": mark.schedule,
        "state": "active" if one.active else "disabled by publish" if mark.disabled else "paused",
        "fires": str(one.timing) if one.timing else None,
        "experiment": one.experiment,
        "parameters": None if one.parameters is None else redacted(one.parameters),
        "compared": compared,
        "id": one.id,
        "origin": mark.origin or None,
    }


def _not_there(one: Change) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("fires", "experiment", "parameters", "id", "origin"))
    return {**row, "name": one.name, "key": one.key, "state": "not published", "compared": "; ".join(one.details)}
