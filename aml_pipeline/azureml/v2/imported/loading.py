"""A file of a v2 pipeline job → what azure-ai-ml sends of it, node by node, those of pipelines in it included."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aml_pipeline.azureml.importing.proof import IncomparableError
from aml_pipeline.azureml.v2.imported import files
from aml_pipeline.azureml.v2.sdk import Sdk, doing
from aml_pipeline.pipeline.yaml import older

Json = Mapping[str, Any]
Path = tuple[str, ...]
Find = Callable[[str], "str | None"]  # reference to a registered component → its file, if it is known
_PARENT = re.compile(r"\$\{\{\s*parent\.(inputs|outputs|jobs)\.([\w.-]+?)\s*\}\}")
_REFUSED_AT = re.compile(r'"path": "([^"]+)"')


class RefusedError(IncomparableError):
    """azure-ai-ml does not accept a file; ``keys`` are those of the values that it refuses, such as ``jobs.train``."""

    def __init__(self, file: str, keys: Iterable[str] = ()) -> None:
        found = dict(_lines(files.read(file, os.path.dirname(file)), keys))
        self.keys = list(found)
        what = ", ".join(f"{key} (line {line})" for key, line in found.items()) or "it"
        super().__init__(f"{file}: azure-ai-ml does not accept {what}. Correct it; until then nothing is compared.")


def _lines(part: files.Part, keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the values of a file that are refused, with their lines; keys that are not there are of other forms."""
    for key in keys:
        inner, names = part, key.split(".")
        while names and names[0] in inner.parts:
            inner = inner.parts[names.pop(0)]
        if not names:
            yield key, inner.line


@dataclass(frozen=True, slots=True)
class Value:
    """What an input receives: a parameter called ``name``, a text, data at a place, or an output of the node ``path``.

    ``text`` is the value of the parameter, the text, the place, or the name of the output. Data has a ``type``, and a
    ``base``: the folder from which a place on this machine is meant.
    """

    kind: Literal["parameter", "text", "data", "output"]
    text: str
    name: str = ""
    path: Path = ()
    mode: str = ""
    type: str = ""
    base: str = ""


@dataclass(slots=True)
class Scope:
    """A pipeline: what its inputs and outputs are, and which node writes each output of a pipeline in the job."""

    path: Path
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Json]
    exports: dict[tuple[Path, str], tuple[Path, str]] = field(default_factory=dict)

    def value(self, given: Json, base: str) -> Value | None:
        """Return what an input of a node receives, as it is sent; None if the pipeline has no such value."""
        if "value" not in given:
            return _data_at(given, base)
        text, mode = str(given["value"]), str(given.get("mode") or "")
        match = _PARENT.fullmatch(text)
        if match is None:
            return Value("text", _PARENT.sub(self._parameter, text))
        if match[1] == "jobs":
            node, _, output = match[2].partition(".outputs.")
            return Value("output", output, path=(*self.path, node), mode=mode)
        known = self.inputs.get(match[2])
        if known is None:
            return None
        return Value(known.kind, known.text, known.name, known.path, mode or known.mode, known.type, known.base)

    def _parameter(self, match: re.Match[str]) -> str:
        known = self.inputs.get(match[2])
        return f"${{{{ parameters.{known.name} }}}}" if known and known.kind == "parameter" else match[0]

    def source(self, path: Path, output: str) -> tuple[Path, str]:
        """Return the step that writes an output, and its name there; the output may be one of a pipeline in the job."""
        while (path, output) in self.exports:
            path, output = self.exports[path, output]
        return path, output

    def result(self, given: Json) -> Json:
        """Return what is said of an output of a node: what the pipeline says, if it is an output of that."""
        match = _PARENT.fullmatch(str(given.get("value", "")))
        return given if match is None else self.outputs.get(match[2], {})


@dataclass(frozen=True, slots=True)
class Node:
    """A step: what is sent of it, the ``component`` that it runs, and the folders of the paths of both."""

    path: Path
    sent: Json
    component: Json
    base: str
    component_base: str
    scope: Scope

    def declared(self, kind: Literal["inputs", "outputs"]) -> Json:
        """Return the inputs or outputs that the component declares."""
        return self.component.get(kind) or {}

    def values(self) -> dict[str, Value | None]:
        """Return what each input receives; None for an optional one that receives nothing."""
        defaults = {name: port.get("default") for name, port in self.declared("inputs").items()}
        found = {name: None if text is None else Value("text", str(text)) for name, text in defaults.items()}
        given = self.sent.get("inputs") or {}
        return found | {name: self.scope.value(one, self.base) for name, one in given.items()}

    def output(self, name: str) -> Json:
        """Return what the component, the node and the pipelines around it say of an output."""
        given = (self.sent.get("outputs") or {}).get(name) or {}
        return {**self.declared("outputs").get(name, {}), **self.scope.result(given)}


@dataclass(frozen=True, slots=True)
class Job:
    """A pipeline job as it is sent, with its nodes; those that are ``pipelines`` themselves are not among ``nodes``."""

    sent: Json
    nodes: tuple[Node, ...]
    scope: Scope
    pipelines: tuple[Node, ...]


def job(file: str, find: Find) -> Job:
    """Load the job in ``file``.

    Raises RefusedError if azure-ai-ml does not accept the file, MachineError if it is not installed.
    """
    entity = _accepted(file, lambda: _client().load_job(file))
    sent: Json = _accepted(file, lambda: _data(entity._to_rest_object())["properties"])  # noqa: SLF001
    inputs = {name: _of_job(name, given, entity.base_path) for name, given in (sent.get("inputs") or {}).items()}
    scope = Scope((), inputs, sent.get("outputs") or {})
    found: dict[bool, list[Node]] = {True: [], False: []}
    for node in _nodes(file, entity.jobs, sent["jobs"], scope, find):
        found["jobs" in node.component].append(node)
    return Job(sent, tuple(found[False]), scope, tuple(found[True]))


def _client() -> Sdk:
    import azure.ai.ml

    return azure.ai.ml


def _accepted(file: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the SDK's
    with doing("reading the pipeline job"):
        try:
            return call()
        except (ImportError, OSError):
            raise
        except Exception as error:  # of several kinds, in the schema's own words
            raise RefusedError(file, _REFUSED_AT.findall(str(error))) from error


def _of_job(name: str, given: Json, base: str) -> Value:
    return Value("parameter", str(given["value"]), name) if "value" in given else _data_at(given, base)


def _data_at(given: Json, base: str) -> Value:
    kind = str(given.get("job_input_type") or given.get("jobInputType") or "")
    return Value("data", str(given.get("uri", "")), mode=str(given.get("mode") or ""), type=kind, base=base)


def _nodes(file: str, jobs: Mapping[str, Sdk], every: Json, scope: Scope, find: Find) -> Iterator[Node]:
    """Yield the nodes of a pipeline, and those in them; ``every`` has what is sent of each."""
    for name, entity in jobs.items():
        path, sent, run = (*scope.path, name), every[name], _component(entity, find)
        for output, given in (sent.get("outputs") or {}).items():
            if match := _PARENT.fullmatch(str(given.get("value", ""))):
                scope.exports[scope.path, match[2]] = path, output
        is_inside = run is getattr(entity, "component", None)  # then what is sent has it, as YAML
        component = older.content(sent["componentId"] if is_inside else str(run)) if run else {}
        base = str(getattr(run, "base_path", None) or entity.base_path)
        node = Node(path, sent, component, str(entity.base_path), base, scope)
        inner = getattr(run, "jobs", None)
        if inner:
            all_inner = _accepted(file, lambda: {key: _data(one._to_rest_object()) for key, one in inner.items()})  # noqa: B023, SLF001
            yield from _nodes(file, inner, all_inner, _inside(node), find)
        yield node


def _inside(node: Node) -> Scope:
    inputs = {name: value for name, value in node.values().items() if value is not None}
    outputs = {name: node.output(name) for name in node.declared("outputs")}
    return Scope(node.path, inputs, outputs, node.scope.exports)


def _component(entity: Sdk, find: Find) -> Sdk:
    """Return the component of a node; None if it is a registered one without a known file, or of another type."""
    run = getattr(entity, "component", None)
    file = find(f"azureml:{run.removeprefix('azureml:')}") if isinstance(run, str) else None
    if file is None:
        return None if isinstance(run, str) else run
    return _accepted(file, lambda: _client().load_component(file))


def _data(rest: Sdk) -> Any:  # noqa: ANN401 - JSON
    """Return what is sent as JSON data; a component, which is an object there, as its YAML."""
    found = rest if isinstance(rest, dict) else rest.as_dict() if hasattr(rest, "as_dict") else rest.serialize()
    return json.loads(json.dumps(found, default=str))
