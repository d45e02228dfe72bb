"""The data that inputs read → places in Azure ML: a registered dataset, or a path on a datastore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.v1.imported.found import Found, FoundDataset, Json
from aml_pipeline.azureml.v1.imported.graph import Node, each
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.spec import places

_BESIDE_A_PARAMETER = "data__"  # how we call a dataset in Azure ML that has the name of a parameter


@dataclass(frozen=True, slots=True)
class Data:
    """Data that no step writes. ``name`` is the best name that is known of it; ``why`` says why it has no place.

    ``parameter`` is the parameter of the pipeline that it is the default of, if any.
    """

    name: str = field(default="", compare=False)
    registered: str = ""
    version: str = ""
    datastore: str = ""
    path: str = ""
    is_table: bool = False
    mode: str = "mount"
    parameter: str = ""
    why: str = ""

    @property
    def place(self) -> str:
        """Its place as the file writes it: ``azureml:NAME:VERSION``, or a path on a datastore."""
        if self.registered:
            return f"azureml:{self.registered}{f':{self.version}' if self.version else '@latest'}"
        return f"azureml://datastores/{self.datastore}/paths/{self.path}"

    def document(self) -> dict[str, Any]:
        """Return it as an entry of ``datasets:``."""
        keys = {
            "type": "table" if self.is_table else "",
            "registered": self.registered,
            "version": self.version,
            "datastore": self.datastore,
            "path": self.path,
            "mode": "" if self.mode == "mount" else self.mode,
        }
        return {key: value for key, value in keys.items() if value}


def read_by(found: Found, node: Node, port: str) -> Data:
    """Return what an input of a step reads; ``why`` is set if it is not known, or if the file cannot say it."""
    entity, settings = mapping(node.sources[port].data), mapping(node.inputs.get(port))
    mode = "download" if str(settings.get("DataStoreMode")).lower() == "download" else "mount"
    definition = mapping(entity.get("DataSetDefinition"))
    parameter = str(entity.get("DataPathParameterName") or definition.get("ParameterName") or "")
    if parameter:
        name, keys = parameter.removeprefix(_BESIDE_A_PARAMETER), _of_parameter(found, parameter)
        return Data(**{**keys, "name": name, "mode": mode, "parameter": parameter})
    if "DatasetId" in entity:
        return Data(**{"name": port, **_source(found, str(entity["DatasetId"])), "mode": mode})
    return Data(**{"name": port, **referred(found, mapping(definition.get("Value"))), "mode": mode})


def _of_parameter(found: Found, parameter: str) -> dict[str, Any]:
    given = found.assignments.get(parameter, "") if found.is_run else ""
    path = places.keys_of(given) or {}
    if "datastore" in path:
        return dict(path)
    if given in found.datasets:
        return referred(found, {"SavedDataSetReference": {"Id": given}})
    for entity in each(found.interface.get("DataPathParameters")):
        if entity.get("Name") == parameter:
            return on_datastore(mapping(entity.get("DefaultValue")))
    for entity in each(found.interface.get("DataPathParameterList")):
        if entity.get("Name") == parameter:
            return referred(found, mapping(entity.get("DefaultValue")))
    return {"why": f"the parameter {parameter} has no default"}


def on_datastore(path: Json) -> dict[str, Any]:
    """Return the keys of a path on a datastore."""
    store, place = str(path.get("DataStoreName") or ""), str(path.get("RelativePath") or "").lstrip("/")
    return {"datastore": store, "path": place or "."}


def _source(found: Found, known: str) -> dict[str, Any]:
    source = found.sources.get(known)
    if source is None:
        return {"why": found.missing.get(known, "its data source was not found")}
    place = {"DataStoreName": source.get("DataStoreName"), "RelativePath": source.get("PathOnDataStore")}
    return {"name": str(source.get("Name") or ""), **on_datastore(place)}


def referred(found: Found, value: Json) -> dict[str, Any]:
    """Return the keys of a dataset by its reference in a graph, an interface or a schedule."""
    named, saved = mapping(value.get("DataSetReference")), mapping(value.get("SavedDataSetReference"))
    known, version = str((named or saved).get("Id") or ""), str(named.get("Version") or "")
    dataset = found.datasets.get(f"{known}:{version}") or found.datasets.get(known)
    if dataset is None:
        return {"why": found.missing.get(known, f"dataset {known or 'without an id'} was not found")}
    if dataset.name:
        keys = {"name": dataset.name, "registered": dataset.name, "version": version or dataset.version}
        return {**keys, "is_table": dataset.is_tabular}
    return _saved(dataset)


def _saved(dataset: FoundDataset) -> dict[str, Any]:
    if dataset.is_tabular:
        return {"why": "it is a table that is not registered; register it in the workspace"}
    if dataset.is_changed:
        return {"why": "it is a dataset of selected files that is not registered; register it in the workspace"}
    if len(dataset.paths) != 1 or not dataset.datastore:
        return {"why": "it is a dataset of several paths that is not registered; register it in the workspace"}
    return on_datastore({"DataStoreName": dataset.datastore, "RelativePath": dataset.paths[0]})
