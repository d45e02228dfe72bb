"""What azure-ai-ml makes of the files of an export, and what of them it drops."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

Leaf = tuple[tuple[str, ...], object]

# What the client calls otherwise in the body of a request. Keys are compared without ``_`` and case.
_OTHERWISE = {
    "type": {
        *("type", "jobtype", "jobinputtype", "joboutputtype", "triggertype", "computetype"),
        *("distributiontype", "identitytype"),
    },
    "path": {"uri", "value", "contexturi"},
    "compute": {"computeid"},
    "name": {"name", "assetname"},
    "job": {"jobdefinition"},
    "createjob": {"action"},
    "dockerargs": {"dockerargslist"},
    "size": {"vmsize"},
    "tier": {"vmpriority"},
    "mininstances": {"minnodecount"},
    "maxinstances": {"maxnodecount"},
    "idletimebeforescaledown": {"nodeidletimebeforescaledown"},
}


_LOADERS = {
    "components": "load_component",
    "environments": "load_environment",
    "compute": "load_compute",
    "schedules": "load_schedule",
    "component.yml": "load_component",
}
# Of a schedule: see ``test_a_schedule_sends_the_whole_pipeline``; and what is for editors alone.
_NOT_SENT = {("create_job", "job"), ("$schema",)}
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


@dataclass(frozen=True)
class Loaded:
    """One file as the client read it: the data that stand in it, and the body of the request."""

    written: Mapping[str, Any]
    entity: Any
    rest: Mapping[str, Any]


def load(root: Path) -> dict[str, Loaded]:
    """Load every file of an export for the client as its kind, validate it, and make its REST object."""
    quiet()
    return {name: load_file(root / name) for name in names(root)}


def names(root: Path) -> list[str]:
    """Return the files of an export that are for the client itself."""
    kinds = ("pipeline.yml", "components/*.yml", "environments/*.yml", "compute/*.yml", "schedules/*.yml")
    return sorted(path.relative_to(root).as_posix() for kind in kinds for path in root.glob(kind))


def quiet() -> None:
    """Keep to itself what the client logs of schemas that it calls experimental."""
    logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)


def load_file(path: Path, *, is_valid: bool = True) -> Loaded:
    """Load one file."""
    client = import_module("azure.ai.ml.entities._load_functions")  # load_schedule is to be had here alone
    loader = _LOADERS.get(path.parent.name) or _LOADERS.get(path.name, "load_job")
    entity = getattr(client, loader)(str(path))
    if is_valid and hasattr(entity, "_validate"):
        result = entity._validate()
        assert result.passed, result.error_messages
        assert not result._warnings
    rest = entity._to_rest_object()
    return Loaded(yaml.safe_load(path.read_text(encoding="utf-8")), entity, as_data(rest))


def as_data(rest: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of the client
    """Return a REST object as JSON data."""
    found = rest.as_dict() if hasattr(rest, "as_dict") else rest.serialize()
    found = json.loads(json.dumps(found, default=str))  # a component in a job is an object, whose text is its YAML
    assert isinstance(found, Mapping)
    return found


def dropped(loaded: Loaded, root: Path) -> list[Leaf]:
    """Return what was written and stands nowhere in the request; a name and a version stand in its address."""
    address = {key: getattr(loaded.entity, key, None) for key in ("name", "version")}
    there = [*leaves(loaded.rest), *_components(loaded.rest)]
    lost = []
    for path, value in _written(loaded.written, root):
        in_address = len(path) == 1 and address.get(path[0]) == value and value is not None
        if not in_address and not any(_is_in(path, value, one) for one in there):
            lost.append((path, value))
    return lost


def _written(data: Mapping[str, Any], root: Path) -> Iterator[Leaf]:
    """Yield the leaves of a file, with those of the files that it names: the client sends what stands in these."""
    for path, value in leaves(data):
        if path[-1] == "component":
            text = (root / str(value)).read_text(encoding="utf-8")
            for inner, leaf in leaves(yaml.safe_load(text)):
                if inner != ("name",):  # a component that is no asset of its own has another
                    yield ("components", path[1], *inner), leaf
        elif path[-1] == "conda_file":
            yield path, yaml.safe_load((root / "environments" / str(value)).read_text(encoding="utf-8"))
        elif path not in _NOT_SENT:
            yield path, value


def _components(rest: Mapping[str, Any]) -> Iterator[Leaf]:
    """Yield the leaves of components that the client put as YAML into a job, by the names of their nodes."""
    properties = rest.get("properties", {})
    jobs = properties.get("jobs") or properties.get("componentSpec", {}).get("jobs") or {}
    for name, node in jobs.items():
        for path, value in leaves(yaml.safe_load(node["componentId"])):
            yield ("components", name, *path), value


def leaves(data: object, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield all that ``data`` says, each with the keys that lead there."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from leaves(value, (*path, str(key)))
    else:
        yield path, data


def _is_in(path: tuple[str, ...], value: object, there: Leaf) -> bool:
    """Whether ``there`` is what was written: its path has the keys that were written, in order, the last at its end.

    A value that stands under its name alone, as those of inputs do, is sent as the ``value`` of an object.
    """
    sent = there[0][:-1] if there[0][-1] == "value" and path[-1] != "path" else there[0]
    keys = iter(sent)
    if not all(any(_same_key(key, one) for one in keys) for key in path):
        return False
    return _same_key(path[-1], sent[-1]) and _same_value(path[-1], value, there[1])


def _same_key(written: str, sent: str) -> bool:
    plain, other = _plain(written), _plain(sent)
    return other in _OTHERWISE.get(plain, {plain}) or plain == other


def seconds(duration: object) -> int:
    """Return how long a duration of the client is; -1 of what is none."""
    found = _DURATION.fullmatch(str(duration))
    if found is None:
        return -1
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return (hours * 60 + minutes) * 60 + seconds


def _plain(text: object) -> str:
    return str(text).replace("_", "").lower()


def _same_value(key: str, written: object, sent: object) -> bool:
    if key in _READINGS:
        return _READINGS[key](written, sent)
    if isinstance(written, (int, float)) and not isinstance(written, bool) and isinstance(sent, str):
        return str(written) == sent  # the value of an input
    return written == sent


def mode(sent: object) -> str:
    """Return the mode of a port as it is written, of which the client sends other words."""
    return _plain(str(sent).replace("ReadOnly", "ro").replace("ReadWrite", "rw"))


def _same_word(written: Any, sent: Any) -> bool:  # noqa: ANN401 - JSON
    return _plain(written) == mode(sent)


def _same_seconds(written: Any, sent: Any) -> bool:  # noqa: ANN401 - JSON
    return bool(written == seconds(sent))


# The client sends these in other words than they were written in.
_READINGS: dict[str, Callable[[Any, Any], bool]] = {
    "code": lambda written, sent: sent.endswith(written.removeprefix("..")),
    "compute": lambda written, sent: written.removeprefix("azureml:") == sent,
    "default_compute": lambda written, sent: written.removeprefix("azureml:") == sent,
    "default_datastore": lambda written, sent: written.removeprefix("azureml:") == sent,
    "conda_file": lambda written, sent: written == yaml.safe_load(sent),
    "idle_time_before_scale_down": _same_seconds,
    "job_tier": _same_word,
    "max": lambda written, sent: float(written) == float(sent),
    "min": lambda written, sent: float(written) == float(sent),
    "mode": _same_word,
    "path": lambda written, sent: written.removeprefix("azureml:") == sent or written == sent,
    "start_time": lambda written, sent: written.replace("T", " ") == sent,
    "tier": _same_word,
    "timeout": _same_seconds,
    "type": lambda written, sent: _same_word(written, sent) and sent != "literal",  # a bound port is sent as a text
}
