"""The settings of a step that pipeline.yaml has no word for, whatever they are: losses, and facts that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.notes import Notes
from aml_pipeline.core.masking import masked, without_secrets

# Parameters of modules that say again what is read elsewhere, or how an image is built.
_READ = frozenset(
    {
        *("Target", "TargetType", "MLCComputeType", "Framework", "MaxRunDurationSeconds"),
        *("Script", "Command", "Arguments", "AutoPrepareEnvironment", "PrepareEnvironment", "DockerEnabled"),
    }
)
# What else of a run configuration is read, and what has no effect on a script in a container on a compute target.
_READ_OF_RUN = frozenset(
    {
        *("script", "arguments", "command", "target", "framework", "communicator", "nodeCount", "environment"),
        *("environmentVariables", "maxRunDurationSeconds", "tensorflow", "mpi", "pytorch", "jobName"),
        *("docker.useDocker", "docker.enabled", "docker.sharedVolumes", "docker.arguments", "docker.shmSize"),
        *("spark", "hdi", "databricks", "paralleltask", "amlcompute", "containerInstance", "batchai", "exposedPorts"),
        *("aisupercomputer",),
        *("prepareEnvironment", "autoPrepareEnvironment"),
    }
)
# What is set if nothing is said.
_USUAL = {
    "history.outputCollection": True,
    "history.snapshotProject": True,
    "history.enableMLflowTracking": True,
    "history.directoriesToWatch": ["logs"],
    "commandReturnCodeConfig.returnCode": "Zero",
}


def of(node: Node) -> dict[str, str]:
    """Return each other setting of a step by its name in Azure ML, without secrets."""
    own = {name: text for name, text in node.settings.items() if name not in _READ}
    found = {**own, **dict(_leaves("", node.configuration)), **dict(_leaves("cloudSettings", node.cloud))}
    texts = {name: masked(name.rpartition(".")[2], without_secrets(str(value))) for name, value in found.items()}
    return {**texts, **{name: f"the parameter {parameter}" for name, parameter in node.settable.items()}}


def note(node: Node, notes: Notes) -> None:
    """Note the settings of a step that are lost."""
    for name, text in of(node).items():
        cure = "No parameter can set it in pipeline.yaml. What the run configuration says of it is used."
        notes.lose(f"{name}: {text}", cure if name in node.settable else "pipeline.yaml has no word for this setting.")


def _leaves(place: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield each value in nested data that is set, by its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            at = f"{place}.{key}" if place else str(key)
            if at not in _READ_OF_RUN:
                yield from _leaves(at, inner)
    elif isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
        for number, inner in enumerate(value, 1):
            yield from _leaves(f"{place}.{number}", inner)
    elif (value and _USUAL.get(place) != value) or (value is False and _USUAL.get(place) is True):
        yield place, value
