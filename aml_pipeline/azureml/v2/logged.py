"""Metrics that a step logged with MLflow, from run history.

azure-ai-ml has no public call for this. The client of ``jobs`` (``_runs_operations``) has operations for metrics that
the SDK does not use; ``test_logged_v2.py`` detects when that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from aml_pipeline.azureml.v2.sdk import Sdk
from aml_pipeline.azureml.workspace.ending import Metric, seconds_of
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, status_of
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.plain import number

Page = Mapping[str, Any]


def metrics(client: Sdk, run: str) -> Iterator[Metric]:
    """Return everything that the run logged, by time, so that values logged together stand together."""
    return iter(sorted(_by_name(client, run), key=lambda metric: metric.time or 0.0))


def _by_name(client: Sdk, run: str) -> Iterator[Metric]:
    operations = _operations(client)
    place = (client.subscription_id, client.resource_group_name, client.workspace_name, run)
    for page in _pages(partial(operations.list_metric, *place), {}):
        for definition in page.get("value") or ():
            name = definition["metricKey"]["name"]
            for values in _pages(partial(_values, operations, place), {"metricName": name}):
                for value in values.get("value") or ():
                    yield _metric(name, value)


def _operations(client: Sdk) -> Sdk:
    """Return the operations for metrics. Raises AzureError if this version of the SDK no longer has them."""
    try:
        from azure.ai.ml._restclient.runhistory import RunHistoryClient

        jobs = client.jobs
        return RunHistoryClient(jobs._credential, base_url=jobs._api_url, **jobs._service_client_kwargs).metrics  # noqa: SLF001 - as the SDK makes that of ``jobs``
    except (ImportError, AttributeError, TypeError) as error:
        raise AzureError("This version of azure-ai-ml cannot read metrics. See them in the studio.") from error


def _values(operations: Sdk, place: tuple[str, ...], body: Mapping[str, str]) -> Page:
    try:
        found: Page = operations.get_full_fidelity_metric(*place, body)
    except Exception as error:
        if status_of(error) != NOT_FOUND:
            raise
        return {}  # a name whose values have not arrived yet
    return found


def _pages(ask: Callable[[Mapping[str, str]], Page], body: Mapping[str, str]) -> Iterator[Page]:
    while page := ask(body):
        yield page
        token = page.get("continuationToken")
        if not token:
            return
        body = {**body, "continuationToken": token}


def _metric(name: str, value: Mapping[str, Any]) -> Metric:
    """Return a value (``MetricV2Value`` of the client's models); several columns form a row."""
    data = value["data"]
    is_scalar = list(data) == [name]
    logged = data[name] if is_scalar else dict(data)
    at, time = number(value.get("step")), seconds_of(value.get("createdUtc"))
    return Metric(name, "scalar" if is_scalar else "row", logged, at, time)
