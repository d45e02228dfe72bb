"""The run configuration of a step → where it runs, how long, in how many processes, with which variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline.azureml.v1.imported.found import Json
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.notes import INTO_THE_VAULT, Notes, Unsayable
from aml_pipeline.core.masking import MASK, is_secret, masked, without_secrets
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.pipeline.spec.names import VARIABLE_NAME

_DEFAULT_SHARED_MEMORY = "2g"
_OF_THE_SDK = "EXAMPLE_ENV_VAR"  # in each environment that the SDK makes
_OF_PARAMETERS = "AML_PARAMETER_"  # how the SDK calls those for `params` of a step
_UNITS = (("h", 3600), ("m", 60), ("s", 1))


def compute(node: Node) -> str:
    """Return the name of a step's compute target; "" if none is known."""
    target = node.values.get("Target") or str(node.configuration.get("target") or "")
    return "" if target == "local" else target


def variables(node: Node) -> dict[str, str]:
    """Return the environment variables of a step: of its environment, of itself, and of parameters for it alone."""
    environment = mapping(node.configuration.get("environment"))
    inherited = dict(mapping(environment.get("environmentVariables")))
    inherited.pop(_OF_THE_SDK, None)
    own = mapping(node.configuration.get("environmentVariables"))
    return {str(name): str(text) for name, text in {**inherited, **own, **node.variables}.items()}


def timeout(node: Node) -> int | None:
    """Return the longest duration of a step in seconds, if it is limited."""
    text = str(node.configuration.get("maxRunDurationSeconds") or node.values.get("MaxRunDurationSeconds"))
    return int(text) if text.isdecimal() and int(text) else None


def distribution(node: Node) -> dict[str, Any]:
    """Return how the processes of a step train together; empty if it is one process. Raises Unsayable."""
    of = node.configuration
    framework, communicator = str(of.get("framework") or "Python"), str(of.get("communicator") or "None")
    nodes = _count(of.get("nodeCount"))
    if framework == "PyTorch" and communicator.lower() == "nccl":
        processes = _count(mapping(of.get("pytorch")).get("processCount"), nodes)
        if processes % nodes == 0:
            return {"type": "pytorch", "nodes": nodes, "processes_per_node": processes // nodes}
    elif communicator in {"IntelMpi", "OpenMpi", "Mpi"}:
        each = _count(mapping(of.get("mpi")).get("processCountPerNode"))
        return {"type": "mpi", "nodes": nodes, "processes_per_node": each}
    elif framework == "TensorFlow" and communicator == "ParameterServer":
        section = mapping(of.get("tensorflow"))
        if not section.get("parameterServerCount"):
            return {"type": "tensorflow", "nodes": _count(section.get("workerCount"), nodes)}
    elif framework in {"Python", "None"} and nodes == 1:
        return {}
    raise Unsayable(
        f"it runs on {nodes} nodes with {framework} and {communicator}, which `distribution` cannot express"
    )


def _count(value: object, usual: int = 1) -> int:
    """Return a number of nodes or processes. Raises Unsayable."""
    try:
        return int(str(value)) if value else usual
    except ValueError:
        raise Unsayable(f'"{value}" is not a number of nodes or processes') from None


def docker(node: Node) -> dict[str, Any]:
    """Return what the container of a step gets; empty if nothing is set."""
    own = mapping(node.configuration.get("docker"))
    older = mapping(mapping(node.configuration.get("environment")).get("docker"))  # where earlier SDKs have them
    size = next((text for text in map(_size, (own, older)) if text != _DEFAULT_SHARED_MEMORY), "")
    arguments = _hidden([str(text) for text in sequence(own.get("arguments")) or sequence(older.get("arguments"))])
    return {**({"shm_size": size} if size else {}), **({"docker_arguments": arguments} if arguments else {})}


def _hidden(arguments: Sequence[str]) -> list[str]:
    """Return arguments of docker with *** in place of secrets: ``-e TOKEN=***``."""
    hidden = []
    for option, text in zip(["", *arguments], arguments, strict=False):
        name, sign, value = text.partition("=")
        safe = f"{name}={MASK}" if sign and is_secret(name, value) else masked(option, without_secrets(text))
        hidden.append(safe)
    return hidden


def _size(section: Json) -> str:
    return str(section.get("shmSize") or _DEFAULT_SHARED_MEMORY).lower()


def settings(node: Node, notes: Notes) -> dict[str, Any]:
    """Return the keys of pipeline.yaml for where and how a step runs, without its environment. Raises Unsayable."""
    for text in docker(node).get("docker_arguments", ()):
        if MASK in text:
            notes.lose(f"docker argument {text}", f"It looks like a secret. {INTO_THE_VAULT}")
    seconds = timeout(node)
    keys = {
        "compute": compute(node),
        "environment_variables": _without_secrets(variables(node), notes),
        "timeout": "" if seconds is None else duration(seconds),
        "distribution": {key: value for key, value in distribution(node).items() if value != 1},
        "resources": docker(node),
    }
    return {key: value for key, value in keys.items() if value}


def duration(seconds: int) -> str:
    """Return seconds as the file writes them: ``90s``, ``10m``, ``2h``."""
    unit, size = next(pair for pair in _UNITS if seconds % pair[1] == 0)
    return f"{seconds // size}{unit}"


def _without_secrets(values: Mapping[str, str], notes: Notes) -> dict[str, Any]:
    """Return variables with a reference to the key vault in place of each secret."""
    safe: dict[str, Any] = {}
    for name, text in values.items():
        if not re.fullmatch(VARIABLE_NAME, name):
            notes.lose(f"environment variable {name}", "Its name is not valid: write letters, digits and _.")
        elif name.startswith(_OF_PARAMETERS):
            notes.lose(f"environment variable {name}", "Azure ML sets it itself. Let the script read another one.")
        elif is_secret(name, text):
            safe[name] = {"secret": re.sub(r"[^0-9A-Za-z-]", "-", name).lower()}
            cure = f"Put it into the key vault of the workspace as {safe[name]['secret']}, and read it in the script."
            notes.lose(f"environment variable {name}", f"It looks like a secret, so its value is not written. {cure}")
        else:
            safe[name] = text
    return safe
