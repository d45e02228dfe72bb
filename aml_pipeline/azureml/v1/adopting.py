"""What a publish with SDK v1 finds of its pipeline, and of an endpoint that it takes over."""

from __future__ import annotations

from dataclasses import replace

from aml_pipeline.azureml.publication import (
    Actual,
    Change,
    Endpoint,
    Wanted,
    require_adopted,
    require_imported_adopted,
    require_own,
    taken,
    with_imported,
)
from aml_pipeline.azureml.v1 import published
from aml_pipeline.azureml.v1.marks import is_shortened
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan


def found(plan: Plan, workspace: Sdk, wanted: Wanted, adopt: bool | str) -> tuple[Wanted, Actual]:  # noqa: FBT001 - or a name
    """Return what is wanted, with the name that the endpoint has, and what the workspace has of it.

    Raises AzureError or UsageError if publishing would change what is not ours, or fire beside what is to be adopted.
    """
    actual = published.of_plan(plan, workspace, wanted.whose, wanted.endpoint)
    if isinstance(adopt, str) and adopt:
        there = _adoptable(wanted, actual, published.endpoint_called(workspace, adopt))
        wanted, actual = replace(wanted, takes=there.id), replace(actual, endpoint=there)
    if actual.endpoint:
        wanted = replace(wanted, endpoint=actual.endpoint.name)
    actual = taken(wanted, with_imported(plan.imported, wanted.whose, actual))
    require_own(wanted, actual)
    require_adopted(wanted, actual)
    before = None if actual.endpoint else published.endpoint_with_id(workspace, plan.imported.id)
    require_imported_adopted(wanted, actual, before)
    return wanted, actual


def _adoptable(wanted: Wanted, actual: Actual, there: Endpoint) -> Endpoint:
    """Return the endpoint to take over. Raises UsageError if it is another's or archived, or the pipeline has one."""
    if there.mark and there.mark.identity != wanted.whose.identity:
        raise UsageError(
            f"Endpoint {there.name} was created by publishing {there.mark.identity}: publish that pipeline."
        )
    if published.is_archived(there):
        cure = f'`PipelineEndpoint.get(workspace, id="{there.id}").reactivate(NAME)`'
        raise UsageError(f"Endpoint {there.name} is archived. Reactivate it with SDK v1: {cure}.")
    own = actual.endpoint
    if own and own.id != there.id:
        what = f"The workspace has endpoint {own.name} too, so {wanted.name} cannot take over {there.name}."
        raise UsageError(f"{what} Rename the pipeline in the file (`name:`).")
    return there


def noted(wanted: Wanted, actual: Actual, done: list[Change]) -> list[Change]:
    """Return changes that say which description of a person does not fit beside the mark."""
    digests = {schedule.key: schedule.digest for schedule in wanted.schedules}
    texts = {known.id: known.text for known in actual.schedules}
    if actual.endpoint:
        texts[actual.endpoint.id] = actual.endpoint.text
    return [
        replace(change, details=(*change.details, "description shortened"))
        if change.action in {"update", "replace"}
        and is_shortened(texts.get(change.id, ""), wanted.whose.mark(digests.get(change.key, "0"), change.key or None))
        else change
        for change in done
    ]
