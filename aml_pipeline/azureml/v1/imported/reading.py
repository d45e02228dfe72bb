"""A pipeline endpoint, a published pipeline or a run → all that its workspace knows of it, in few requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1 import data as v1_data
from aml_pipeline.azureml.v1.imported import data, listing, single
from aml_pipeline.azureml.v1.imported.asking import Services, as_json, each, quoted, services
from aml_pipeline.azureml.v1.imported.found import Found, FoundDataset, Json
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace import not_found
from aml_pipeline.core.errors import AzureError, UsageError
from aml_pipeline.core.plain import mapping, sequence

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class _Named:
    """What was named: its first words, the entity that has its graph, and what else belongs to it."""

    title: str
    entity: Json
    experiment: str = ""
    schedules: Sequence[Json] = ()
    endpoint: Json = field(default_factory=dict)
    losses: Sequence[Loss] = ()


def read(workspace: Sdk, *, endpoint: str | None = None, pipeline: str | None = None, run: str | None = None) -> Found:
    """Return what a workspace knows of an endpoint (by name or id), of a published pipeline, or of a run (by id).

    Of an endpoint, its default pipeline is read. Raises UsageError unless exactly one is named and can be imported,
    AzureError when Azure ML does not have it, refuses, or cannot be reached.
    """
    require_v1(workspace)
    named = {"endpoint": endpoint, "pipeline": pipeline, "run": run}
    given = [(kind, name) for kind, name in named.items() if name]
    if len(given) != 1:
        raise UsageError("Name exactly one of these to import: an endpoint, a pipeline, or a run.")
    (kind, name), *_ = given
    with doing(f"reading {kind} {name}"), services(workspace) as asked:
        if kind == "run":
            return _run(asked, name)
        return _whole(asked, _endpoint(asked, name) if kind == "endpoint" else _pipeline(asked, name))


def _endpoint(asked: Services, wanted: str) -> _Named:
    entity = _endpoint_called(asked, wanted)
    known = listing.default(entity)
    pipeline = asked.find("pipelines", f"Pipelines/{quoted(known)}") if known else None
    if pipeline is None:
        what = f"Endpoint {entity.get('Name')} has no default pipeline that Azure ML still has."
        raise AzureError(f"{what} Import another of its versions with `--pipeline ID`.")
    others = set(listing.versions(entity).values()) - {known}
    planned = listing.schedules(asked)
    lost = [_of_earlier(one) for one in planned if one.get("PipelineId") in others]
    runs = _running(planned, {known}, {entity.get("Id")})
    return _Named(f"endpoint {entity.get('Name')}", pipeline, "", runs, entity, lost)


def _of_earlier(schedule: Json) -> Loss:
    pipeline = schedule.get("PipelineId")
    why = f"It runs an earlier version of the endpoint. Import that with `--pipeline {pipeline}`, or disable it."
    return Loss(f"schedule {schedule.get('Name')}", f"pipeline {pipeline}", why)


def _endpoint_called(asked: Services, wanted: str) -> Json:
    entity = asked.find("pipelines", f"PipelineEndpoints/Id/{quoted(wanted)}") if _ID.fullmatch(wanted) else None
    entity = entity or asked.find("pipelines", "PipelineEndpoints/Name", {"Name": wanted})
    if not entity:
        names = [str(one.get("Name")) for one in listing.endpoints(asked)]
        raise not_found.endpoint(asked.workspace.name, wanted, names)
    return entity


def _pipeline(asked: Services, wanted: str) -> _Named:
    entity = asked.find("pipelines", f"Pipelines/{quoted(wanted)}")
    if not entity:
        known = {str(one.get("Id")): str(one.get("Name")) for one in listing.pipelines(asked)}
        raise not_found.published_pipeline(asked.workspace.name, wanted, known)
    behind = [one for one in listing.endpoints(asked) if listing.default(one) == entity.get("Id")]
    runs = _running(listing.schedules(asked), {entity.get("Id")}, {one.get("Id") for one in behind})
    only = behind[0] if len(behind) == 1 else {}
    return _Named(f"pipeline {entity.get('Name')} ({entity.get('Id')})", entity, "", runs, only)


def _running(planned: Sequence[Json], pipelines: set[object], endpoints: set[object]) -> list[Json]:
    """Return the schedules that run one of the pipelines or endpoints."""
    return [one for one in planned if one.get("PipelineEndpointId") in endpoints or one.get("PipelineId") in pipelines]


def _run(asked: Services, wanted: str) -> Found:
    history = asked.find("history", f"runs/{quoted(wanted)}")
    if history is None:
        raise not_found.run(asked.workspace.name, wanted)
    kind = str(history.get("runType") or "")
    if kind.lower() == "azureml.scriptrun":
        return single.read(asked, wanted, history)
    if kind != "azureml.PipelineRun":
        raise UsageError(_refusal(wanted, kind, str(history.get("rootRunId") or "")))
    entity = asked.find("pipelines", f"PipelineRuns/{quoted(wanted)}")
    if entity is None:
        raise AzureError(f"Azure ML knows run {wanted}, but no longer its graph.")
    return _whole(asked, _Named(f"run {wanted}", entity, str(entity.get("RunHistoryExperimentName") or "")))


def _refusal(run: str, kind: str, root: str) -> str:
    if root and root != run:
        return f"Run {run} is a part of run {root}. Import that: --run {root}."
    return f"Run {run} is of type {kind or 'unknown'}; only pipeline runs and runs of a script can be imported."


def _whole(asked: Services, named: _Named) -> Found:
    """Read the graph and all that it refers to."""
    graph_id = quoted(str(named.entity.get("GraphId")))
    graph, interface = (asked.find("pipelines", f"Graphs/{graph_id}{end}") for end in ("", "/Interface"))
    if graph is None:
        raise AzureError(f"Azure ML no longer has the graph of {named.title}, so it cannot be imported.")
    missing: dict[str, str] = {}
    modules = _read_each(asked, "Modules", _ids(graph, "ModuleNodes", "ModuleId"), "module", missing)
    sources = _read_each(asked, "DataSources", _ids(graph, "DatasetNodes", "DatasetId"), "data source", missing)
    active = listing.is_active(named.entity) and listing.is_active(named.endpoint)
    return Found(
        title=named.title if active else f"{named.title} (disabled)",
        name=str(named.endpoint.get("Name") or named.entity.get("Name") or named.experiment),
        description=str(named.entity.get("Description") or ""),
        experiment=named.experiment or next(filter(None, map(_experiment, named.schedules)), ""),
        graph=graph,
        interface=mapping(interface),
        modules={known: _module(answer) for known, answer in modules.items()},
        sources={known: _source(answer) for known, answer in sources.items()},
        datasets=_datasets(asked, [graph, interface, named.entity, named.schedules], missing),
        schedules=named.schedules,
        assignments=_assignments(named.entity),
        endpoint=str(named.endpoint.get("Name") or ""),
        missing=missing,
        losses=named.losses,
        endpoint_id=str(named.endpoint.get("Id") or ""),
        pipeline="" if named.title.startswith("run ") else str(named.entity.get("Id") or ""),
        goes_on=bool(named.entity.get("ContinueRunOnStepFailure")),
        active=active,
        workspace=asked.name,
        environments=_environments(asked, [*sequence(graph.get("ModuleNodes")), *map(_module, modules.values())]),
    )


def _ids(graph: Json, nodes: str, key: str) -> Iterator[str]:
    return (str(mapping(node)[key]) for node in sequence(graph.get(nodes)) if mapping(node).get(key))


def _read_each(asked: Services, path: str, ids: Iterator[str], noun: str, missing: dict[str, str]) -> dict[str, Json]:
    answers = each(lambda known: asked.find("pipelines", f"{path}/{quoted(known)}"), ids)
    missing.update(
        {known: f"a {noun} that Azure ML does not have any more" for known, answer in answers.items() if answer is None}
    )
    return {known: answer for known, answer in answers.items() if answer is not None}


def _module(answer: Json) -> Json:
    entity = mapping(answer.get("Data"))
    return {**entity, "StorageId": mapping(entity.get("DataLocation")).get("StorageId") or entity.get("StorageId")}


def _source(answer: Json) -> Json:
    """Return a data source with its place; which kind of datastore it is on does not matter."""
    kinds = mapping(mapping(answer.get("DataLocation")).get("DataReference")).values()
    place = next((mapping(kind) for kind in kinds if mapping(kind).get("AmlDataStoreName")), {})
    found = {"DataStoreName": place.get("AmlDataStoreName"), "PathOnDataStore": place.get("RelativePath")}
    return {**answer, **{key: text for key, text in found.items() if text is not None}}


def _datasets(asked: Services, values: Sequence[object], missing: dict[str, str]) -> dict[str, FoundDataset]:
    """Read the data that the JSON refers to: by id, or by id and version as ``ID:VERSION``."""
    known = {data.key(one): (kind, one) for kind, one in data.references(values) if data.key(one)}
    found = each(lambda key: data.read(asked, *known[key]), known)
    missing.update({str(known[key][1].get("Id")): data.GONE for key, dataset in found.items() if dataset is None})
    return {key: dataset for key, dataset in found.items() if dataset is not None}


def _environments(asked: Services, configured: Iterable[Json]) -> list[tuple[str, str]]:
    """Return name and version of each environment in the ``Runconfig`` of nodes and modules that the workspace has."""
    rows = [mapping(mapping(as_json(one.get("Runconfig"))).get("environment")) for one in map(mapping, configured)]
    pairs = ((str(row.get("name") or ""), str(row.get("version") or "")) for row in rows)
    named = {f"{name}:{version}": (name, version) for name, version in pairs if name and version}
    paths = {key: f"environments/{quoted(name)}/versions/{quoted(version)}" for key, (name, version) in named.items()}
    found = each(lambda key: asked.find("environment", paths[key]), paths)
    return [named[key] for key, entity in found.items() if entity is not None]


def _experiment(schedule: Json) -> str:
    return str(mapping(schedule.get("PipelineSubmissionInfo")).get("ExperimentName") or "")


def _assignments(entity: Json) -> dict[str, str]:
    """Return the values of parameters, as ``published`` lists those of schedules."""
    texts = {name: str(value) for name, value in mapping(entity.get("ParameterAssignments")).items()}
    for name, path in mapping(entity.get("DataPathAssignments")).items():
        datastore, relative = (str(mapping(path).get(key) or "") for key in ("DataStoreName", "RelativePath"))
        texts[name] = v1_data.path_as_text(datastore, relative)
    for name, value in mapping(entity.get("DataSetDefinitionValueAssignments")).items():
        for _, reference in data.references(value):
            texts[name] = str(reference.get("Id"))
    return texts
