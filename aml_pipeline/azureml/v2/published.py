"""Reads what is published in a workspace, in a few requests.

The public ``list`` of azure-ai-ml omits disabled schedules, prints and drops what it does not know, and hides when a
thing was created. So the raw entities are requested from its clients; ``test_publish_v2.py`` detects when those change.
What the real service answers was not measured, so references are read in all forms that the client writes and reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aml_pipeline.azureml.publication import (
    Actual,
    Deployment,
    Endpoint,
    Pipeline,
    Schedule,
    Timing,
    of_trigger,
)
from aml_pipeline.azureml.v2.marks import mark_of
from aml_pipeline.azureml.v2.sdk import Sdk, doing, scope
from aml_pipeline.azureml.workspace.refusals import NOT_FOUND, status_of
from aml_pipeline.pipeline.plan.ports import node

Entity = Mapping[str, Any]
# The property of a component in which JSON says what its runs need besides; see ``export.running.of_version``.
RUNS = "aml-pipeline-runs"
_COMPONENT = re.compile(r"(?:.*/components/|(?:azureml:)?)([^/:]+)(?:/versions/|:)([^/:]+)", re.IGNORECASE)
_DATA = re.compile(
    r"(?:azureml:/?)?/(?:subscriptions|locations)/.*?/workspaces/[^/]+/data/([^/]+)/versions/([^/]+)", re.IGNORECASE
)
_ON_DATASTORE = re.compile(r"azureml:/.*?/(datastores/[^/]+/paths/.*)", re.IGNORECASE)


def look(client: Sdk, component: str, endpoint: str) -> Actual:
    """Return all versions of a component, all schedules, the named batch endpoint, and others with its mark."""
    actual = schedules(client)
    with doing("looking up what is published"):
        pipelines = tuple(_pipeline(component, entity) for entity in _versions(client, component))
        endpoints = [_endpoint(client, entity) for entity in _endpoints(client, component, endpoint)]
    named = next((known for known in endpoints if known.id == endpoint), None)
    return Actual(pipelines, named, actual, tuple(known for known in endpoints if known is not named))


def schedules(client: Sdk) -> tuple[Schedule, ...]:
    """Return all schedules, disabled ones too."""
    with doing("looking up the schedules"):
        entities = client.schedules.service_client.list(list_view_type="All", **scope(client))
        return tuple(_schedule(entity) for entity in entities)


def _versions(client: Sdk, component: str) -> list[Sdk]:
    """Return the versions of a component, archived ones too."""
    versions = client.components._version_operation.list(name=component, list_view_type="All", **scope(client))  # noqa: SLF001
    try:
        return list(versions)
    except Exception as error:  # of azure-core
        if status_of(error) == NOT_FOUND:
            return []
        raise


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a component: its inputs, and whether each must be given; ``runs`` is what was stored with it."""

    inputs: Mapping[str, bool]
    runs: Mapping[str, Any] | None


def version(client: Sdk, component: str, version: str) -> Version:
    """Return a version of a component. Raises AzureError."""
    with doing(f"looking up component {component}"):
        entity = client.components._version_operation.get(name=component, version=version, **scope(client))  # noqa: SLF001
        properties: Entity = entity["properties"]
        declared: Entity = properties["componentSpec"].get("inputs") or {}
        inputs = {name: not (given.get("optional") or "default" in given) for name, given in declared.items()}
        stored = (properties.get("properties") or {}).get(RUNS)
        return Version(inputs, json.loads(stored) if stored else None)


def _pipeline(component: str, entity: Entity) -> Pipeline:
    properties = entity["properties"]
    archived, mark = properties.get("isArchived"), mark_of(properties.get("tags"))
    return Pipeline(f"{component}:{entity['name']}", mark, not archived, _created(entity))


def _endpoints(client: Sdk, component: str, named: str) -> Iterator[Entity]:
    for entity in client.batch_endpoints._batch_operation.list(**scope(client)):  # noqa: SLF001
        mark = mark_of(entity.get("tags"))
        if entity["name"] == named or (mark and node(mark.identity.replace("/", "-")) == component):
            yield entity


def _endpoint(client: Sdk, entity: Entity) -> Endpoint:
    name, defaults = entity["name"], entity["properties"].get("defaults") or {}
    listed = list(client.batch_deployments._batch_deployment.list(endpoint_name=name, **scope(client)))  # noqa: SLF001
    deployments = tuple(Deployment(known["name"], mark_of(known.get("tags")), _created(known)) for known in listed)
    versions = {known["name"]: _component_of(known) for known in listed if not _failed(known)}
    default = None if _failed(entity) else defaults.get("deploymentName") or None
    return Endpoint(name, mark_of(entity.get("tags")), default, versions, deployments=deployments)


def _component_of(deployment: Entity) -> str:
    """Return the id of the component that a deployment runs; "" if it runs a model."""
    configuration = deployment["properties"].get("deploymentConfiguration") or {}
    return component_in((configuration.get("componentId") or {}).get("assetId"))


def component_in(reference: str | None) -> str:
    """Return the id ``NAME:VERSION`` of a component in a reference of any form; "" if it is none."""
    match = _COMPONENT.fullmatch(reference or "")
    return f"{match[1]}:{match[2]}" if match else ""


def _schedule(entity: Entity) -> Schedule:
    properties = entity["properties"]
    job: Entity = properties.get("action", {}).get("jobDefinition") or {}
    mark = mark_of(properties.get("tags"))
    settings = job.get("settings") or {}
    return Schedule(
        id=entity["name"],
        name=properties.get("displayName") or entity["name"],
        mark=mark,
        active=properties.get("isEnabled") is not False,
        runs=component_in(job.get("componentId")) or None,
        experiment=job.get("experimentName"),
        timing=timing(properties["trigger"]) if mark and properties.get("trigger") else None,
        parameters=_parameters(job) if mark and job else None,
        created=_created(entity),
        reuse=str(settings.get("force_rerun")).lower() != "true" if job else None,
        failed=_failed(entity),
        ends=str((properties.get("trigger") or {}).get("endTime") or ""),
    )


def _failed(entity: Entity) -> bool:
    """Whether Azure ML took the last change of a thing, but could not make it: then it is made again."""
    return entity["properties"].get("provisioningState") in {"Failed", "Canceled"}


def _created(entity: Entity) -> str:
    return str((entity.get("systemData") or {}).get("createdAt") or "")


def timing(trigger: Entity) -> Timing:
    """Return when a trigger fires; ``of_trigger`` knows the keys of YAML."""
    pattern = trigger.get("schedule") or {}
    rows = {"hours": "hours", "minutes": "minutes", "week_days": "weekDays", "month_days": "monthDays"}
    return of_trigger({
        "expression": trigger.get("expression"),
        "frequency": trigger.get("frequency"),
        "interval": trigger.get("interval"),
        "start_time": trigger.get("startTime"),
        "time_zone": trigger.get("timeZone"),
        "schedule": {ours: pattern.get(theirs) for ours, theirs in rows.items()},
    })  # fmt: skip


def _parameters(job: Entity) -> dict[str, str]:
    inputs: Mapping[str, Entity | None] = job.get("inputs") or {}
    return {name: _value(given) for name, given in inputs.items() if given is not None}


def _value(given: Entity) -> str:
    """Return the value of an input: a text, or the place of data as the file names it."""
    return str(given["value"]) if "value" in given else place(str(given.get("uri") or ""))


def place(uri: str) -> str:
    """Return the place of data as the file names it, whatever the client or the service made of it."""
    path, data = _ON_DATASTORE.fullmatch(uri), _DATA.fullmatch(uri)
    if path:
        return f"azureml://{path[1]}"
    return f"azureml:{data[1]}:{data[2]}" if data else uri
