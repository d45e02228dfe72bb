"""The run of a ScriptRunConfig → a pipeline of one step, in the JSON of a PythonScriptStep or CommandStep."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from aml_pipeline.azureml.v1.imported import data
from aml_pipeline.azureml.v1.imported.asking import Services, each, quoted
from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.plain import mapping, sequence

_NODE = "step"  # the id of the only node
_MODULE = "module"


def read(asked: Services, run: str, history: Json) -> Found:
    """Return a script's run as a pipeline; ``history`` is what the service for run history knows of it."""
    experiment = asked.find("history", f"experimentids/{quoted(str(history.get('experimentId')))}")
    name = str(mapping(experiment).get("name") or "")
    details = asked.find("history", f"experiments/{quoted(name)}/runs/{quoted(run)}/details")
    definition = mapping(mapping(details).get("runDefinition"))
    if not definition:
        raise AzureError(f"Azure ML knows run {run}, but not what it ran.")
    saved = {port: _dataset(row) for port, row in _data(definition)}
    read = each(lambda known: data.read(asked, data.SAVED, {"Id": known}), filter(None, saved.values()))
    nodes = [{"Id": port, "DataSetDefinition": _definition(known)} for port, known in saved.items()]
    edges = [{"SourceOutputPort": _port(port, "data"), "DestinationInputPort": _port(_NODE, port)} for port in saved]
    words = _words(str(definition.get("command") or ""))
    return Found(
        title=f"run {run}",
        name=name,
        description="",
        experiment=name,
        graph={"ModuleNodes": [_node(definition, words[:1])], "DatasetNodes": nodes, "Edges": edges},
        interface={},
        modules={_MODULE: _module(definition, words, mapping(history.get("properties")))},
        datasets={known: dataset for known, dataset in read.items() if dataset},
        missing={known: data.GONE for known, dataset in read.items() if dataset is None},
    )


def _words(command: str) -> list[str]:
    """Return the words of a command, as a CommandStep has them."""
    try:
        return shlex.split(command)
    except ValueError:  # a quote that nothing closes
        return command.split()


def _data(definition: Json) -> Iterator[tuple[str, Json]]:
    return ((str(port), mapping(row)) for port, row in mapping(definition.get("data")).items())


def _dataset(row: Json) -> str:
    """Return the id of the saved data that an input reads."""
    return str(mapping(mapping(row.get("dataLocation")).get("dataset")).get("id") or "")


def _definition(known: str) -> Json:
    return {"DataTypeShortName": "AzureMLDataset", "Value": {"SavedDataSetReference": {"Id": known}}}


def _port(node: str, name: str) -> Json:
    return {"NodeId": node, "PortName": name}


def _node(definition: Json, command: list[str]) -> Json:
    target, script = str(definition.get("target") or ""), str(definition.get("script") or "")
    values = {"Target": target, "Script": script, "Command": "".join(command), "Arguments": "USE_STRUCTURED_ARGUMENTS"}
    return {
        "Id": _NODE,
        "ModuleId": _MODULE,
        "ModuleParameters": [{"ValueType": "0", "Name": key, "Value": text} for key, text in values.items() if text],
        "ModuleMetadataParameters": [],
        "ModuleOutputSettings": [_output(port, mapping(row)) for port, row in _outputs(definition)],
        "ModuleInputSettings": [],
        "Runconfig": json.dumps(definition),
        "RegenerateOutput": False,
    }


def _outputs(definition: Json) -> Iterator[tuple[str, object]]:
    return iter(mapping(definition.get("outputData")).items())


def _output(port: str, row: Json) -> Json:
    more = mapping(row.get("additionalOptions"))
    path = mapping(mapping(row.get("outputLocation")).get("dataPath"))
    registered = mapping(more.get("registrationOptions"))
    return {
        "Name": port,
        "DataReferenceName": port,
        "DataStoreName": path.get("datastoreName"),
        "DataStoreMode": str(row.get("mechanism") or "mount").lower(),
        "Overwrite": mapping(more.get("uploadOptions")).get("overwrite"),
        "DatasetRegistration": {"Name": registered["name"]} if registered.get("name") else {},
        "DatasetOutputOptions": {"PathOnDatastore": path["relativePath"]} if path.get("relativePath") else {},
    }


def _module(definition: Json, words: list[str], properties: Json) -> Json:
    arguments = words[1:] or [str(word) for word in sequence(definition.get("arguments"))]
    inputs = [
        {"Name": port, "DataTypeIdsList": ["AzureMLDataset"], "DataStoreMode": str(row.get("mechanism") or "").lower()}
        for port, row in _data(definition)
    ]
    return {
        "Name": _name(definition, words),
        "IsDeterministic": True,
        "StepType": "CommandStep" if words else "PythonScriptStep",
        "StorageId": properties.get("ContentSnapshotId"),
        "StructuredInterface": {
            "Inputs": inputs,
            "Outputs": [_output(port, mapping(row)) for port, row in _outputs(definition)],
            "Arguments": [{"ValueType": "Literal", "Value": word} for word in arguments],
            "Parameters": [],
        },
    }


def _name(definition: Json, words: list[str]) -> str:
    """Return the name of the step: that of its script, without folder and suffix."""
    scripts = [str(definition.get("script") or ""), *words]
    script = next((word for word in scripts if word.endswith(".py")), "") or "run"
    return script.rpartition("/")[2].removesuffix(".py")
