"""The schedules of SDK v1 in a workspace, which the operations of v2 do not show."""

from __future__ import annotations

from typing import Any, NamedTuple

from aml_pipeline.azureml.v2.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND

_GONE = 410
_ACTIVE = frozenset({"0", "Active", None})


class ScheduleOfV1(NamedTuple):
    """A schedule of SDK v1; its mark is in the description."""

    name: str
    description: str
    active: bool
    id: str = ""


def schedules(client: Sdk) -> list[ScheduleOfV1]:
    """Return the schedules, also those that do not fire; none if Azure ML no longer has any.

    The request is that of SDK v1 (``get_all_schedules_async`` of azureml.pipeline.core), sent by the client of
    azure-ai-ml that has the same address and login: that of run history. Raises AzureError.
    """
    with doing("looking up schedules of SDK v1"):
        from azure.ai.ml._restclient.runhistory import RunHistoryClient
        from azure.core.rest import HttpRequest

        jobs = client.jobs
        sender = RunHistoryClient(jobs._credential, base_url=jobs._api_url, **jobs._service_client_kwargs)  # noqa: SLF001 - as the SDK makes that of ``jobs``
        scope = f"subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}"
        workspace = f"providers/Microsoft.MachineLearningServices/workspaces/{client.workspace_name}"
        address = f"{jobs._api_url}/pipelines/v1.0/{scope}/{workspace}/Schedules"  # noqa: SLF001 - see above
        answer = sender.send_request(HttpRequest("GET", address, params={"activeOnly": "false"}))
        if answer.status_code in {NOT_FOUND, _GONE}:
            return []
        answer.raise_for_status()
        return [_schedule(entity) for entity in answer.json()]


def _schedule(entity: dict[str, Any]) -> ScheduleOfV1:
    submission = entity.get("PipelineSubmissionInfo") or {}
    description, active = submission.get("Description") or "", entity.get("EntityStatus") in _ACTIVE
    return ScheduleOfV1(entity["Name"], description, active, str(entity.get("Id") or ""))
