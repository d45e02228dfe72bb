"""What can be imported from a workspace: pipeline endpoints, and published pipelines that no endpoint has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1.imported.asking import Services, services
from aml_pipeline.azureml.v1.imported.found import Json
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.plain import mapping, sequence

_ALL = {"activeOnly": "false"}
# The service sends as many endpoints as a header says, and no more than a hundred without it.
_MOST = 10_000
_USUAL = 100


@dataclass(frozen=True, slots=True)
class Row:
    """An ``endpoint`` with its default version, or a ``pipeline``; schedules by name, disabled ones marked so."""

    kind: str
    name: str
    id: str
    version: str
    active: bool
    created: str  # ISO 8601, as the service says it
    schedules: tuple[str, ...]


def listed(workspace: Sdk) -> list[Row]:
    """Return what can be imported, newest first. Raises AzureError."""
    require_v1(workspace)
    with doing("listing what can be imported"), services(workspace) as asked:
        found, published, planned = endpoints(asked), pipelines(asked), schedules(asked)
    by_id = _schedules_by_id(planned)
    behind = {pipeline for entity in found for pipeline in versions(entity).values()}
    rows = [_endpoint(entity, by_id) for entity in found]
    rows += [_pipeline(entity, by_id) for entity in published if entity.get("Id") not in behind]
    if len(found) in {_USUAL, _MOST}:
        say(f"Azure ML listed exactly {len(found)} endpoints; there may be more, which can be imported by name.")
    return sorted(rows, key=lambda row: row.created, reverse=True)


def endpoints(asked: Services) -> list[Json]:
    """Return all pipeline endpoints, including disabled ones."""
    return _all(asked, "PipelineEndpoints", BatchSize=str(_MOST))


def pipelines(asked: Services) -> list[Json]:
    """Return all published pipelines, including disabled ones."""
    return _all(asked, "Pipelines")


def schedules(asked: Services) -> list[Json]:
    """Return all schedules, including disabled ones."""
    return _all(asked, "Schedules")


def _all(asked: Services, path: str, **headers: str) -> list[Json]:
    """Return the things of a list, page by page, if the service sends pages."""
    rows: list[Json] = []
    query = _ALL
    while True:
        answer = asked.get("pipelines", path, query, **headers)
        rows += entities(answer)
        token = mapping(answer).get("ContinuationToken")
        if not token or token == query.get("continuationToken"):
            return rows
        query = {**_ALL, "continuationToken": str(token)}


def entities(answer: object) -> list[Json]:
    """Return the things of a list, which some versions of the service wrap in a mapping with a token."""
    rows = answer if isinstance(answer, list) else mapping(answer).get("Entity")
    return [mapping(row) for row in sequence(rows)]


def is_active(entity: Json) -> bool:
    """Whether a thing is neither disabled nor deprecated."""
    return entity.get("EntityStatus") in {"Active", None}


def versions(endpoint: Json) -> dict[str, str]:
    """Return the pipelines of an endpoint by version."""
    rows = map(mapping, sequence(endpoint.get("PipelineVersionList")))
    return {str(row.get("Version")): str(row.get("PipelineId")) for row in rows}


def default(endpoint: Json) -> str:
    """Return the id of the pipeline that an endpoint runs; "" if it runs none."""
    return versions(endpoint).get(str(endpoint.get("DefaultVersion")), "")


def _schedules_by_id(planned: Sequence[Json]) -> Mapping[str, list[str]]:
    """Return the names of schedules by the id of what they run."""
    names: dict[str, list[str]] = defaultdict(list)
    for entity in planned:
        runs = str(entity.get("PipelineEndpointId") or entity.get("PipelineId"))
        names[runs].append(f"{entity.get('Name')}{'' if is_active(entity) else ' (disabled)'}")
    return names


def _endpoint(entity: Json, by_id: Mapping[str, list[str]]) -> Row:
    planned = (*by_id.get(str(entity.get("Id")), ()), *by_id.get(default(entity), ()))
    return _row("endpoint", entity, str(entity.get("DefaultVersion") or ""), planned)


def _pipeline(entity: Json, by_id: Mapping[str, list[str]]) -> Row:
    return _row("pipeline", entity, str(entity.get("Version") or ""), tuple(by_id.get(str(entity.get("Id")), ())))


def _row(kind: str, entity: Json, version: str, planned: tuple[str, ...]) -> Row:
    name, known, created = (str(entity.get(key) or "") for key in ("Name", "Id", "CreatedDate"))
    return Row(kind, name, known, version, is_active(entity), created, planned)
