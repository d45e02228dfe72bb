"""The run of a ScriptRunConfig → a pipeline of one step, in the JSON of a PythonScriptStep or CommandStep."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from aml_pipeline.azureml.v1.imported import data
from aml_pipeline.azureml.v1.imported.asking import Services, each, quoted
from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.azureml.v1.imported.outputs import FIRST_DATASTORE
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
    inputs = {str(port): mapping(row) for port, row in mapping(definition.get("data")).items()}
    saved = {port: mapping(mapping(row.get("dataLocation")).get("dataset")).get("id") for port, row in inputs.items()}
    datasets = each(lambda known: data.read(asked, data.SAVED, {"Id": known}), map(str, filter(None, saved.values())))
    return Found(
        title=f"run {run}",
        name=name,
        description="",
        experiment=name,
        graph={
            "ModuleNodes": [_node(definition)],
            "DatasetNodes": [{"Id": port, "DataSetDefinition": _definition(known)} for port, known in saved.items()],
            "Edges": [
                {"SourceOutputPort": _port(port, "data"), "DestinationInputPort": _port(_NODE, port)} for port in inputs
            ],
        },
        interface={},
        modules={_MODULE: _module(definition, inputs, mapping(history.get("properties")))},
        datasets={known: dataset for known, dataset in datasets.items() if dataset},
        workspace=asked.name,
        missing={known: data.GONE for known, dataset in datasets.items() if dataset is None},
    )


def _words(definition: Json) -> list[str]:
    """Return the words of the command that a run has in place of a script, as a CommandStep has them."""
    command = str(definition.get("command") or "")
    try:
        return shlex.split(command)
    except ValueError:  # a quote that nothing closes
        return command.split()


def _definition(known: object) -> Json:
    return {"DataTypeShortName": "AzureMLDataset", "Value": {data.SAVED: {"Id": known}}}


def _port(node: str, name: str) -> Json:
    return {"NodeId": node, "PortName": name}


def _node(definition: Json) -> Json:
    values = {
        "Target": definition.get("target"),
        "Script": definition.get("script"),
        "Command": next(iter(_words(definition)), None),
        "Arguments": "USE_STRUCTURED_ARGUMENTS",
    }
    return {
        "Id": _NODE,
        "ModuleId": _MODULE,
        "ModuleParameters": [{"ValueType": "0", "Name": key, "Value": text} for key, text in values.items() if text],
        "ModuleOutputSettings": _outputs(definition),
        "Runconfig": json.dumps({**definition, "data": {}, "outputData": {}}),  # they are inputs and outputs here
    }


def _outputs(definition: Json) -> list[Json]:
    return [_output(str(port), mapping(row)) for port, row in mapping(definition.get("outputData")).items()]


def _output(port: str, row: Json) -> Json:
    more = mapping(row.get("additionalOptions"))
    path = mapping(mapping(row.get("outputLocation")).get("dataPath"))
    registered = mapping(more.get("registrationOptions"))
    return {
        "Name": port,
        "DataStoreName": path.get("datastoreName") or FIRST_DATASTORE,
        "DataStoreMode": str(row.get("mechanism") or "mount").lower(),
        "Overwrite": mapping(more.get("uploadOptions")).get("overwrite"),
        "DatasetRegistration": {"Name": registered["name"]} if registered.get("name") else {},
        "DatasetOutputOptions": {"PathOnDatastore": path["relativePath"]} if path.get("relativePath") else {},
    }


def _module(definition: Json, inputs: Mapping[str, Json], properties: Json) -> Json:
    words = _words(definition)
    arguments = words[1:] if words else map(str, sequence(definition.get("arguments")))
    return {
        "Name": _name([str(definition.get("script")), *words]),
        "IsDeterministic": True,
        "StepType": "CommandStep" if words else "PythonScriptStep",
        "StorageId": properties.get("ContentSnapshotId"),
        "StructuredInterface": {
            "Inputs": [
                {"Name": port, "DataStoreMode": str(row.get("mechanism") or "").lower()} for port, row in inputs.items()
            ],
            "Outputs": _outputs(definition),
            "Arguments": [{"ValueType": "Literal", "Value": word} for word in arguments],
        },
    }


def _name(words: Sequence[str]) -> str:
    """Return the name of the step: that of its script, without folder and suffix."""
    script = next((word for word in words if word.endswith(".py")), "run")
    return script.rpartition("/")[2].removesuffix(".py")
