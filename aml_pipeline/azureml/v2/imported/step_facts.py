"""A step of a v2 pipeline job, as azure-ai-ml sends it → the facts of the proof about it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aml_pipeline.azureml.v2.imported import shell
from aml_pipeline.azureml.v2.imported.loading import Job, Json, Node, Path, Value
from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.masking import MASK, is_secret
from aml_pipeline.pipeline.spec.data import RUN
from aml_pipeline.pipeline.yaml.older import content
from aml_pipeline.project.snapshot.source import SourceFolder

_BINDING = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w.-]+?)\s*\}\}")
_WITHIN = re.compile(r"\$\{\{ parameters\.([\w.-]+) \}\}")  # of a text that an input receives, see ``loading``
_GROUP = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_STORE = re.compile(r"azureml://(?:subscriptions/.*?/)?datastores/([^/]+)/paths/(.*)")
_WORKSPACE = re.compile(r"azureml://subscriptions/.*?/(?=datastores/)")
_OWN_PATH = "dataset/{run}/${{output_name}}"  # of an export, where pipeline.yaml gives none
_SHORT = 12
# What is in other facts, in what a pipeline runs, and what does not matter to a run; all else is compared as it is.
_COMPARED = frozenset(
    {
        *("type", "inputs", "outputs", "componentId", "computeId", "resources", "distribution", "limits", "identity"),
        *("environment_variables", "command", "environment", "code", "is_deterministic"),
        *("$schema", "_source", "name", "version", "display_name", "description", "tags"),
    }
)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the proof: a job, its names in pipeline.yaml, and where its code and its environments are.

    ``called(what, name, scope)`` is the name in pipeline.yaml (``Names.give``), ``code(node)`` has the digests of
    files, and ``environment(reference)`` is the definition of an environment, None if it is not known.
    """

    job: Job
    called: Callable[[str, str, str], str]
    code: Callable[[Node], Mapping[str, str]]
    environment: Callable[[str], Json | None]

    @property
    def settings(self) -> Json:
        """The settings of the job."""
        return self.job.sent.get("settings") or {}

    def step(self, path: Path) -> str:
        """Return the name of the step of a node."""
        return self.called("step", ".".join(path), "")

    def output(self, path: Path, name: str) -> str:
        """Return an output of a node, in words of pipeline.yaml."""
        step = self.step(path)
        return f"steps.{step}.outputs.{self.called('output', name, step)}"

    def parameter(self, name: str) -> str:
        """Return the name of a parameter."""
        return self.called("parameter", name, "")


def of_step(node: Node, side: Side) -> Any:  # noqa: ANN401 - facts, or what it is instead of a command
    """Return the facts about a step."""
    kind = str(node.sent.get("type") or "command")
    if kind != "command" or "command" not in node.component:
        return f"a job of type {kind}"
    values, command = node.values(), node.component["command"]
    named = {name for _, name in _BINDING.findall(command)}
    data = {name: value for name, value in values.items() if value and value.kind in {"data", "output"}}
    after = {name: value for name, value in data.items() if value.mode.lower() == "direct" and name not in named}
    read = {name: value for name, value in data.items() if name not in after}
    found = {
        "command": _command(command, values, node, side),
        "after": sorted({side.step(node.scope.source(value.path, value.text)[0]) for value in after.values()}),
        "limits": dict(_limits(node, values, side)),
        "environment": _environment(node, side),
        "runs again": node.component.get("is_deterministic") is False or bool(side.settings.get("force_rerun")),
        **_running(node, side),
        **{key: value for key, value in {**node.component, **node.sent}.items() if key not in _COMPARED},
    }
    said = {key: value for key, value in found.items() if value not in ({}, [], None, "", False)}
    parts = {
        "inputs": dict(_read(node, read, side)),
        "outputs": dict(_written(node, side)),
        "code": _short(side.code(node)),
    }
    return {**said, **parts}


def _command(command: str, values: Mapping[str, Value | None], node: Node, side: Side) -> str:
    """Return the words of a command, in the quotes of a shell, with what each input receives in its place."""
    shown: list[str] = []
    known: dict[int, str] = {}

    def mark(what: str, parameter: Value | None = None) -> str:
        if parameter:
            known[len(shown)] = parameter.text
        shown.append(what)
        return f"{shell.BEGIN}{len(shown) - 1}{shell.END}"

    def within(match: re.Match[str]) -> str:
        return mark(f"parameters.{side.parameter(match[1])}", side.job.scope.inputs.get(match[1]))

    def paste(match: re.Match[str]) -> str:
        if match[1] == "outputs":
            return mark(f"outputs.{side.called('output', match[2], side.step(node.path))}")
        value = values.get(match[2])
        if value is None or value.kind == "text":
            return match[0] if value is None else _WITHIN.sub(within, value.text)
        return mark(_source(value, node, side), value if value.kind == "parameter" else None)

    def group(match: re.Match[str]) -> str:
        return (
            match[1] if all(values.get(name) for kind, name in _BINDING.findall(match[1]) if kind == "inputs") else ""
        )

    line = _BINDING.sub(paste, _GROUP.sub(group, command.strip())).strip()
    if len(shell.MARK.findall(line)) > len(shown):
        return line  # of a step that is not imported
    words = shell.words(line, known) or ["bash", "-c", line]
    if words[:2] == ["bash", "-c"] and len(words) == 3:  # noqa: PLR2004 - and the line
        words = shell.words(words[2], known) or words
    return shell.MARK.sub(lambda mark: f"${{{{ {shown[int(mark[1])]} }}}}", shlex.join(words))


def _source(value: Value, node: Node, side: Side) -> str:
    """Return what an input receives, in words of pipeline.yaml."""
    if value.kind == "parameter":
        return f"parameters.{side.parameter(value.name)}"
    return place(value) if value.kind == "data" else side.output(*node.scope.source(value.path, value.text))


def place(value: Value) -> str:
    """Return a place of data: on this machine the absolute path, in Azure ML without the workspace."""
    path = _WORKSPACE.sub("azureml://", value.text)
    here = os.path.realpath(os.path.join(value.base, path.removeprefix("file:")))
    return (
        here if "://" not in path and files.look(here) else path.removeprefix("azureml:") if "://" not in path else path
    )


def _read(node: Node, data: Mapping[str, Value], side: Side) -> Iterator[tuple[str, str]]:
    """Yield the data that a step reads, each with its type and its mode, or with those of all inputs that read it."""
    declared = node.declared("inputs")
    ways: dict[str, set[str]] = {}  # several inputs may read the same data
    for name, value in data.items():
        port = declared.get(name) or {}
        kind, mode = value.type or str(port.get("type") or "uri_folder"), value.mode or str(port.get("mode") or "")
        way = f"{kind}, {_mode(mode, 'eval_mount' if kind == 'mltable' else 'ro_mount')}"
        ways.setdefault(_source(value, node, side), set()).add(way)
    for source, found in ways.items():
        yield source, "; ".join(sorted(found))


def _mode(sent: str, default: str) -> str:
    """Return a mode as it is written, of which azure-ai-ml sends other words."""
    words = re.findall(r"[A-Z]?[a-z]+", sent.replace("ReadOnly", "Ro").replace("ReadWrite", "Rw"))
    return "_".join(words).lower() or default


def _written(node: Node, side: Side) -> Iterator[tuple[str, Json]]:
    """Yield the outputs that a step writes, with their settings."""
    for name in {**node.declared("outputs"), **(node.sent.get("outputs") or {})}:
        own, said = side.called("output", name, side.step(node.path)), node.output(name)
        types = (said.get(key) for key in ("job_output_type", "jobOutputType", "type"))
        target = _target(str(said.get("uri") or said.get("path") or ""), own, side.settings.get("default_datastore"))
        found = {
            "type": next((kind for kind in types if kind and kind != "literal"), "uri_folder"),
            "mode": _mode(str(said.get("mode") or ""), "rw_mount"),
            "registered as": said.get("assetName") or said.get("asset_name") or said.get("name"),
            "version": said.get("assetVersion") or said.get("asset_version") or said.get("version"),
            **target,
        }
        yield own, {key: value for key, value in found.items() if value}


def _target(path: str, output: str, default: str | None) -> dict[str, str | None]:
    """Return the datastore of an output and the path there, unless each run has one of its own."""
    match = _STORE.fullmatch(re.sub(r"\$\{\{\s*(\w+)\s*\}\}", r"${{\1}}", path))
    if match is None:
        return {"datastore": default, "path": path}
    store = default if match[1] == "${{default_datastore}}" else match[1]
    inside = match[2].replace("${{name}}", RUN)
    named = "" if inside == _OWN_PATH else inside.replace("${{output_name}}", output).rstrip("/")
    return {"datastore": store, "path": named}


def _limits(node: Node, values: Mapping[str, Value | None], side: Side) -> Iterator[tuple[str, Json]]:
    """Yield the parameters that a step receives, with the values that it allows."""
    for name, port in node.declared("inputs").items():
        value = values.get(name)
        said: dict[str, Any] = {key: float(port[key]) for key in ("min", "max") if port.get(key) is not None}
        said |= {"enum": ", ".join(map(str, port["enum"]))} if port.get("enum") else {}
        if value and value.kind == "parameter" and said:
            yield side.parameter(value.name), said


def _running(node: Node, side: Side) -> dict[str, Any]:
    """Return where, in how many processes, for how long and as whom a step runs, and with which variables."""
    sent = node.sent
    resources = {**(sent.get("resources") or node.component.get("resources") or {})}
    nodes = int(resources.pop("instance_count", None) or 1)
    arguments = resources.pop("docker_args", None) or resources.pop("docker_args_list", None)
    target = sent.get("computeId") or side.settings.get("default_compute") or side.job.sent.get("computeId")
    bound = node.scope.value({"value": target or "serverless"}, "")
    variables = (sent.get("environment_variables") or {}).items()
    return {
        "compute": bound.text.removeprefix("azureml:") if bound else target,
        "nodes": nodes,
        "distribution": _distribution(sent.get("distribution") or node.component.get("distribution") or {}, nodes),
        "docker arguments": shlex.split(arguments) if isinstance(arguments, str) else arguments,
        "resources": {key: value for key, value in resources.items() if value},
        "timeout": (sent.get("limits") or {}).get("timeout"),
        "identity": sent.get("identity") or side.job.sent.get("identity"),
        "environment variables": {name: hidden(name, str(text)) for name, text in variables},
    }


def hidden(name: str, text: str) -> str:
    """Return a value; a secret as what differs if it does, but only in this process (Python salts its hashes)."""
    return f"{MASK} {hash(text) & 0xFFFF:04x}" if is_secret(name, text) else text


def _distribution(said: Json, nodes: int) -> str:
    kind = str(said.get("distribution_type") or said.get("type") or "").lower()
    if kind == "tensorflow":
        return f"{kind}, {said.get('worker_count') or nodes} workers, {said.get('parameter_server_count') or 0} servers"
    return f"{kind}, {said.get('process_count_per_instance') or 1} processes each" if kind else ""


def _environment(node: Node, side: Side) -> Any:  # noqa: ANN401 - a reference, or a definition
    said = node.component.get("environment")
    if isinstance(said, Mapping):
        return resolved(said, node.component_base)
    reference = f"azureml:{str(said or '').removeprefix('azureml:')}"
    return side.environment(reference) or reference


def resolved(said: Json, base: str) -> Json:
    """Return the definition of an environment with the content of its files, whose paths are those in ``base``."""
    conda, build = said.get("conda_file"), said.get("build") or {}
    if isinstance(conda, str):
        conda = content(files.read(os.path.join(base, conda)))
    context = digests(os.path.join(base, build["path"])) if build else {}
    system = str(said.get("os_type") or "linux").lower()
    found = defined(said.get("image"), conda, context, build.get("dockerfile_path"))
    return found if system == "linux" else {**found, "system": system}


def defined(image: str | None, conda: Any, context: Mapping[str, str], dockerfile: str | None) -> Json:  # noqa: ANN401
    """Return the definition of an environment; the name in a conda file does not count."""
    packages = {key: value for key, value in conda.items() if key != "name"} if isinstance(conda, dict) else conda
    found = {"image": image, "conda file": packages, "files": _short(context)}
    found |= {"Dockerfile": dockerfile or "Dockerfile"} if context else {}
    return {key: value for key, value in found.items() if value}


def digests(path: str) -> Mapping[str, str]:
    """Return the digests of the files of a folder that are sent."""
    source = SourceFolder(os.path.realpath(path), Digests())
    return {name: source.digest(name) for name in source.all_files}


def _short(found: Mapping[str, str]) -> dict[str, str]:
    """Return shorter digests; a folder with only a README.md is none, as an import writes it for steps without code."""
    return {name: digest[:_SHORT] for name, digest in found.items()} if {*found} != {"README.md"} else {}
