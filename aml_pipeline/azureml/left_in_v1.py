"""Schedules of SDK v1 when those of v2 begin to fire: some fire too, some are paused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aml_pipeline.azureml.publication import Change, Whose, command, identity
from aml_pipeline.azureml.v1.marks import mark_in
from aml_pipeline.azureml.workspace.origin import origin
from aml_pipeline.core.errors import UserError
from aml_pipeline.pipeline.plan.model import Plan


def firing_too(plan: Plan, client: Any, changes: Iterable[Change]) -> Iterator[str]:  # noqa: ANN401 - the SDK's
    """Yield a line for each schedule of SDK v1 that fires beside one that begins to fire in v2.

    Those whose name the file no longer has count too: they may have been renamed since. A last line names the new ones
    that are paused in SDK v1: nothing tells whether that was for the move to v2.
    """
    schedules = [change for change in changes if change.kind == "schedule"]
    begins = {change.key for change in schedules if change.begins}
    if not begins:
        return
    try:
        active, paused, imported = _of_v1(plan, client)
    except UserError as error:
        yield f"Schedules of SDK v1 would fire too, but could not be looked up: {error}"
        return
    profile = _profile(plan)
    for name, key in active:
        if key in begins or key not in plan.schedules:
            what = "is active too: both fire" if key in begins else "is still active"
            yield f"Schedule {name} of SDK v1 {what}. To pause that one: `aml-pipeline pause {key}{profile} --sdk v1`."
    for name, key in imported:
        if key in begins:
            what = f"Schedule {name} of SDK v1, which was imported as {key}, is active too: both fire."
            yield f"{what} To pause that one: {_pausing(plan, key)}."
    new = [change for change in schedules if change.action == "create" and change.key in paused]
    if new:
        names, key = ", ".join(change.name for change in new), new[0].key if len(new) == 1 else "NAME"
        yield (
            f"Paused in SDK v1, but new and active in v2: {names}. "
            f"To pause here too what was paused before the move: `aml-pipeline pause {key}{profile} --sdk v2`."
        )


def _pausing(plan: Plan, key: str | None) -> str:
    endpoint, in_the_portal = plan.imported.endpoint, "disable it in the portal"
    if not endpoint:
        return in_the_portal
    take = command(endpoint, identity(plan.name, plan.profile), sdk="v1")
    return f"`{take}`, then `aml-pipeline pause {key}{_profile(plan)} --sdk v1`; or {in_the_portal}"


def _profile(plan: Plan) -> str:
    return f" --profile {plan.profile}" if plan.profile else ""


_Named = list[tuple[str, str | None]]


def _of_v1(plan: Plan, client: Any) -> tuple[_Named, set[str | None], _Named]:  # noqa: ANN401 - the SDK's
    """Return the active schedules of ``plan`` in SDK v1, name and key, and the keys of those that a person paused.

    The last are active ones of nobody or of another project, from which those of the file were imported.
    """
    from aml_pipeline.azureml.v2 import of_v1

    whose = Whose(identity(plan.name, plan.profile), origin(plan.file).names)
    marks = [(schedule, mark_in(schedule.description)) for schedule in of_v1.schedules(client)]
    ours = [(schedule, mark) for schedule, mark in marks if mark and whose.owns(mark)]
    active = [(schedule.name, mark.schedule) for schedule, mark in ours if schedule.active]
    paused = {mark.schedule for schedule, mark in ours if not (schedule.active or mark.disabled)}
    keys = {known: key for key, known in plan.imported.schedules.items()}
    imported: _Named = [
        (schedule.name, keys[schedule.id])
        for schedule, mark in marks
        if not (mark and whose.is_of_project(mark)) and schedule.active and schedule.id in keys
    ]
    return active, paused - {key for _, key in active}, imported
