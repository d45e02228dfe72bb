"""Settings of a v2 node → keys of a step: where it runs, in how many processes, for how long, as whom, with what.

The inverse of what ``v2/export/job.py`` writes at a node. Keys that nothing here takes become losses of their files.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v2.imported.commands import line_has_secret
from aml_pipeline.azureml.v2.imported.files import Part
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.masking import is_secret
from aml_pipeline.core.wording import listed
from aml_pipeline.pipeline.spec.names import VARIABLE_NAME

_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([\w-]+)\s*\}\}")
SERVERLESS = "serverless"


def of(node: Part, component: Part, values: Mapping[str, str], default: str, losses: list[Loss]) -> dict[str, Any]:
    """Return the keys of the step of ``node``, which runs ``component`` or is it. Raises Unsayable.

    ``values`` are those of the pipeline's inputs, ``default`` its default compute target. Appends to ``losses``.
    """
    said: dict[str, Any] = {"compute": _compute(node, values, default, losses)}
    said |= _variables(node, losses)
    said |= _timeout(node, losses) | _identity(node, losses)
    resources = _first("resources", node, component)
    distribution, nodes = _first("distribution", node, component), 1
    if resources is not None:
        nodes = _count(resources, "instance_count", 1)
        said |= _resources(resources, losses)
        said["compute"] = _sized(said["compute"], resources, losses)
    if distribution is not None:
        said["distribution"] = _distribution(distribution, nodes)
    elif nodes > 1 and resources is not None:
        why = f"it runs on {nodes} nodes without a distribution. Add one: distribution: {{type: pytorch}}."
        raise Unsayable(f"{resources.where}: {why}")
    return {key: value for key, value in said.items() if value}


def _first(key: str, *parts: Part) -> Part | None:
    found = [part.get(key) for part in parts if key in part]
    return next((part for part in found if part is not None and part.is_mapping), None)


def target(name: str) -> str:
    """Return the name of a compute target in a reference, "" for one of another workspace."""
    name = name.removeprefix("azureml:")
    return "" if "/" in name else name


def _compute(node: Part, values: Mapping[str, str], default: str, losses: list[Loss]) -> Any:  # noqa: ANN401
    text = node.text("compute")
    bound = _INPUT.fullmatch(text)
    if bound and bound[1] in values:
        why = f"a compute target is no parameter: it is {values[bound[1]]}. Change `compute` instead."
        losses.append(node.parts["compute"].lost(f"input {bound[1]}", why))
        text = values[bound[1]]
    name = target(text or default or SERVERLESS)
    if not name or "${{" in name:
        raise Unsayable(f"{node.where}: {text} is not the name of a compute target. Write it like azureml:cpu-cluster.")
    return _of_tier(node, name, losses)


def _of_tier(node: Part, name: str, losses: list[Loss]) -> Any:  # noqa: ANN401 - plain data
    queue = node.get("queue_settings")
    if queue is None or not queue.is_mapping:
        return name
    tier = queue.text("job_tier").lower()
    if tier == "spot" and name == SERVERLESS:
        return {"name": name, "vm_priority": "lowpriority"}
    if tier not in {"", "null"}:
        why = "only the tier spot of serverless compute can be said: `vm_priority: lowpriority`."
        losses.append(queue.lost(f"job_tier {tier}", why))
    return name


def _sized(compute: Any, resources: Part, losses: list[Loss]) -> Any:  # noqa: ANN401 - plain data
    """Return the compute target with the size of its nodes, which only serverless compute has here."""
    size = resources.text("instance_type")
    if not size:
        return compute
    keys = dict(compute) if isinstance(compute, dict) else {"name": compute}
    if keys["name"] == SERVERLESS:
        return {"name": SERVERLESS, "vm_size": size, **keys}
    why = f"the nodes of compute target {keys['name']} have a size of their own. Delete it."
    losses.append(resources.lost(f"instance_type {size}", why))
    return compute


def _resources(resources: Part, losses: list[Loss]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if resources.text("shm_size"):
        said["shm_size"] = resources.text("shm_size")
    words = _words(resources, resources.data("docker_args"))
    if line_has_secret(" ".join(words)):
        why = "they contain what looks like a secret. Write it as an environment variable from the key vault."
        losses.append(resources.lost("docker_args", why))
    elif words:
        said["docker_arguments"] = words
    return {"resources": said} if said else {}


def _words(resources: Part, said: Any) -> list[str]:  # noqa: ANN401 - plain data
    """Return arguments of docker, which are a line or a list. Raises Unsayable."""
    try:
        return [str(word) for word in said or ()] if isinstance(said, (list, type(None))) else shlex.split(str(said))
    except ValueError as error:
        raise Unsayable(f"{resources.where}: docker_args has a quote without an end. Correct it.") from error


def _count(part: Part, key: str, default: int) -> int:
    """Return a number of nodes or processes. Raises Unsayable."""
    value = part.data(key)
    if value is None:
        return default
    if not re.fullmatch(r"[1-9]\d{0,5}", str(value)):
        raise Unsayable(f"{part.where}: {key} must be a number from 1 up, got {value}. Write a number.")
    return int(value)


def _distribution(part: Part, nodes: int) -> dict[str, Any]:
    kind = part.text("type").lower()
    if kind not in {"pytorch", "mpi", "tensorflow"}:
        raise Unsayable(f"{part.where}: a step cannot have a distribution of type {kind}. Start it by a command.")
    if kind != "tensorflow":
        processes = _count(part, "process_count_per_instance", 1)
        said = {"nodes": nodes, "processes_per_node": processes}
    elif part.data("parameter_server_count") or _count(part, "worker_count", nodes) != nodes:
        why = "each node has one worker, and none is a parameter server. Write as many nodes as workers."
        raise Unsayable(f"{part.where}: {why}")
    else:
        said = {"nodes": nodes}
    return {"type": kind, **{key: count for key, count in said.items() if count > 1}}


def _timeout(node: Part, losses: list[Loss]) -> dict[str, str]:
    limits = node.get("limits")
    seconds = limits.data("timeout") if limits is not None and limits.is_mapping else None
    if seconds is None or limits is None:
        return {}
    if not isinstance(seconds, int) or seconds < 1:
        losses.append(
            limits.lost(f"timeout {seconds}", "it must be a number of seconds. Write it like `timeout: 10m`.")
        )
        return {}
    length, unit = next((length, unit) for length, unit in ((3600, "h"), (60, "m"), (1, "s")) if seconds % length == 0)
    return {"timeout": f"{seconds // length}{unit}"}


_IDENTITIES = {"user_identity": "user", "managed": "managed", "managed_identity": "managed"}


def _identity(node: Part, losses: list[Loss]) -> dict[str, str]:
    part = node.get("identity")
    if part is None or not part.is_mapping:
        return {}
    kind, others = part.text("type"), [key for key in part.parts if key != "type"]
    if kind in _IDENTITIES and not others:
        return {"identity": _IDENTITIES[kind]}
    part.whole()
    what = f"identity {kind}" + (f" with {listed(others)}" if others else "")
    why = "a step is the user, or the managed identity of its compute target. Write `identity: user` or `managed`."
    losses.append(part.lost(what, why))
    return {}


def _variables(node: Part, losses: list[Loss]) -> dict[str, Any]:
    """Return the environment variables; azure-ai-ml drops those of a component."""
    said: dict[str, Any] = {}
    for name, part in node.items("environment_variables"):
        value = "" if part.value is None else str(part.value)
        if not re.fullmatch(VARIABLE_NAME, name) or "${{" in value:
            raise Unsayable(f"{part.where}: environment variable {name} needs a plain name and a plain value.")
        said[name] = value
        if is_secret(name, value):
            said[name] = {"secret": re.sub(r"[^0-9A-Za-z]+", "-", name).strip("-").lower()}
            why = f"it looks like a secret. Put it into the key vault of the workspace as {said[name]['secret']}."
            losses.append(part.lost(f"the value of {name}", why))
    return {"environment_variables": said} if said else {}
