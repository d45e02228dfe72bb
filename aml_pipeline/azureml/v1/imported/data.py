"""Data that graphs, parameters and schedules name by id → where it is: registered in a version, or on a datastore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from aml_pipeline.azureml.v1 import data
from aml_pipeline.azureml.v1.imported.asking import Services, as_json, quoted
from aml_pipeline.azureml.v1.imported.found import FoundDataset, Json
from aml_pipeline.core.plain import mapping, sequence

_ON_DATASTORE = re.compile(r"azureml://(?:.*/)?datastores/([^/]+)/paths/(.*)", re.DOTALL)
_PATH = re.compile(r"""^ *- (?:pattern|file|folder): *("(?:[^"\\]|\\.)*"|\S.*?) *$""", re.MULTILINE)
_CHANGES = re.compile(r"^[\"']?transformations[\"']?:", re.MULTILINE)
SAVED = "SavedDataSetReference"
GONE = "data that Azure ML does not have any more"


def references(value: object) -> Iterator[tuple[str, Json]]:
    """Yield each reference to data in JSON, with its kind: ``SAVED``, or that of registered data."""
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from references(inner)
    for key, inner in mapping(value).items():
        if key in {SAVED, "DataSetReference"} and mapping(inner):
            yield key, inner
        else:
            yield from references(inner)


def key(reference: Json) -> str:
    """Return the key of the data that a reference names: its id, and the version if it has one."""
    return ":".join(str(reference[name]) for name in ("Id", "Version") if reference.get(name))


def read(asked: Services, kind: str, reference: Json) -> FoundDataset | None:
    """Return the data that a reference names; nothing if the workspace does not have it."""
    known = str(reference.get("Id") or "")
    if kind == SAVED:
        return _saved(asked, known)
    version = str(reference.get("Version") or "")
    name = reference.get("Name")
    path = f"datasets/query/name={quoted(str(name))}" if name else f"datasets/{quoted(known)}"
    entity = asked.find("dataset", path)
    if entity is None:
        return None
    return FoundDataset(str(entity.get("name")), version, is_tabular=_is_tabular(entity))


def _saved(asked: Services, known: str) -> FoundDataset | None:
    entity = asked.find("dataset", f"saveddatasets/{quoted(known)}")
    if entity is None:
        return None
    places = list(_places(str(entity.get("dataflowJson") or "")))
    datastore = places[0][0] if places else ""
    paths = tuple(path if store == datastore else data.path_as_text(store, path) for store, path in places)
    registered = mapping(asked.find("dataset", f"datasets/query/savedDatasetId={quoted(known)}")).get("value")
    rows = [mapping(row) for row in sequence(registered)]
    name = str(rows[0].get("name") or "") if rows else ""
    version = str(mapping(rows[0].get("latest")).get("versionId") or "") if rows else ""
    is_changed = not _is_tabular(entity) and _is_changed(str(entity.get("dataflowJson") or ""))
    return FoundDataset(name, version, datastore, paths, _is_tabular(entity), is_changed)


def _is_tabular(entity: Json) -> bool:
    return str(entity.get("datasetType")).lower() == "tabular"


def _is_changed(flow: str) -> bool:
    """Whether a data flow does more than to name files."""
    content = mapping(as_json(flow))
    text = str(mapping(content.get("meta")).get("RsDataflow")) if content else flow
    blocks = [mapping(mapping(block).get("arguments")) for block in sequence(content.get("blocks"))]
    return _CHANGES.search(text) is not None or any("datastores" not in arguments for arguments in blocks)


def _places(flow: str) -> Iterator[tuple[str, str]]:
    """Yield datastore and path of each place that a data flow reads; an address elsewhere has no datastore.

    A flow is YAML, or JSON that has YAML in it, or, of older SDKs, a list of blocks.
    """
    content = mapping(as_json(flow))
    for text in _PATH.findall(str(mapping(content.get("meta")).get("RsDataflow")) if content else flow):
        path = str(as_json(text) or text.strip("\"'"))
        match = _ON_DATASTORE.fullmatch(path)
        yield (match[1], unquote(match[2])) if match else ("", path)
    for block in sequence(content.get("blocks")):
        for place in sequence(mapping(mapping(block).get("arguments")).get("datastores")):
            yield str(mapping(place).get("datastoreName")), str(mapping(place).get("path"))
