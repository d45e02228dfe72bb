"""Schedules of SDK v1 that still fire when those of v2 begin to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aml_pipeline.azureml.publication import Change, Whose, identity
from aml_pipeline.azureml.v1.marks import mark_in
from aml_pipeline.azureml.workspace.origin import origin
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.model import Plan


def firing_too(plan: Plan, client: Any, changes: Iterable[Change]) -> Iterator[str]:  # noqa: ANN401 - the SDK's
    """Yield a line for each schedule of SDK v1 that fires beside one that begins to fire in v2.

    Those whose name the file no longer has count too: they may have been renamed since.
    """
    schedules = (change for change in changes if change.kind == "schedule")
    begins = {change.key for change in schedules if change.action in {"create", "update"}}
    if not begins:
        return
    from aml_pipeline.azureml.v2 import of_v1

    try:
        active = of_v1.active(client)
    except AzureError as error:
        yield f"Schedules of SDK v1 would fire too, but could not be looked up: {error}"
        return
    whose = Whose(identity(plan.name, plan.profile), origin(plan.file).names)
    profile = f" --profile {plan.profile}" if plan.profile else ""
    for name, description in active.items():
        mark = mark_in(description)
        if mark and whose.owns(mark) and (mark.schedule in begins or mark.schedule not in plan.schedules):
            what = "is active too: both fire" if mark.schedule in begins else "is still active"
            cure = f"`aml-pipeline pause {mark.schedule}{profile} --sdk v1`"
            yield f"Schedule {name} of SDK v1 {what}. To pause that one: {cure}."
