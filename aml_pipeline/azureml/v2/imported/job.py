"""A v2 pipeline job → its nodes, those of pipelines in it included, each with what its inputs and outputs are bound to.

A pipeline inside the pipeline has no step of its own: its nodes are steps, whose names are joined to its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from aml_pipeline.azureml.v2.imported.files import Part
from aml_pipeline.azureml.v2.imported.inputs import PARENT, Bound, Parameters, is_data
from aml_pipeline.azureml.v2.imported.repository import Repository
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.errors import UsageError

Path = tuple[str, ...]
Source = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Result:
    """An output of a pipeline to which nodes bind theirs: its settings, and its ``name`` if the job has it."""

    part: Part | None = None
    name: str = ""


@dataclass(slots=True)
class Scope:
    """A pipeline: its nodes, and what the expressions of its nodes mean.

    ``path`` is that of a pipeline in another, ``within`` the places of the components around; ``exports`` has, of all
    pipelines in the job, which nodes write their outputs.
    """

    path: Path
    jobs: Mapping[str, Part]
    inputs: Mapping[str, Bound]
    results: Mapping[str, Result] = field(default_factory=dict)
    exports: dict[Source, Source] = field(default_factory=dict)
    within: tuple[str, ...] = ()

    def bind(self, name: str, part: Part) -> Bound:
        """Return what ``part``, the value of the input ``name``, stands for. Raises Unsayable."""
        given = part.get("path") if part.is_mapping else part
        match = PARENT.fullmatch(str(given.value)) if given is not None else None
        if match is None:
            return self._plain(name, part)
        mode = part.text("mode") if part.is_mapping else ""
        if part.is_mapping:
            part.get("type")
        kind, *words = match[1].split(".")
        if kind == "inputs":
            bound = self._input(words[0], part)
            return replace(bound, mode=mode or bound.mode)
        if kind == "outputs":
            raise Unsayable(f"{part.where}: an input cannot read {match[0]}, an output of the pipeline itself.")
        return Bound("output", part, name, source=((*self.path, words[0]), words[2]), mode=mode)

    def _plain(self, name: str, part: Part) -> Bound:
        if part.is_mapping:
            value = part.get("value") or (part.get("default") if "path" not in part else None)
            return Bound("data", part, name) if value is None else self._plain(name, value)
        if part.value is None:
            return Bound("absent", part, name)
        if isinstance(part.value, list):
            raise Unsayable(f"{part.where}: the value of input {name} is a list. Write a text.")
        text = str(part.value)
        if "${{" in PARENT.sub("", text):
            raise Unsayable(f"{part.where}: pipeline.yaml has no expression like {text}. Write a value.")
        return Bound("text", part, name, PARENT.sub(lambda match: self._within(match[1], part), text))

    def _within(self, expression: str, part: Part) -> str:
        """Return an expression inside a text, as pipeline.yaml has it."""
        kind, name, *_ = expression.split(".")
        bound = self._input(name, part) if kind == "inputs" else None
        if bound is None or bound.kind not in {"parameter", "text"}:
            raise Unsayable(f"{part.where}: {expression} is part of a longer text. Bind it alone.")
        return f"${{{{ parameters.{bound.name} }}}}" if bound.kind == "parameter" else bound.text

    def _input(self, name: str, part: Part) -> Bound:
        if name not in self.inputs:
            raise Unsayable(f"{part.where}: the pipeline has no input {name}.")
        return self.inputs[name]

    def source(self, source: Source) -> Source:
        """Return the step, by its path, that writes an output, which may be one of a pipeline in the job."""
        while source in self.exports:
            source = self.exports[source]
        return source


@dataclass(frozen=True, slots=True)
class Node:
    """A step in a pipeline: its ``part`` of the job, and the ``component`` that it runs, which may be itself."""

    path: Path
    part: Part
    component: Part
    scope: Scope
    why: str = ""  # it cannot be said

    @property
    def kind(self) -> str:
        """The type of the job: ``command``, ``sweep``, …."""
        kinds = [part.parts["type"].value for part in (self.part, self.component) if "type" in part]
        return str(kinds[0]) if kinds else "command"

    def declared(self, kind: str) -> dict[str, Part]:
        """Return the declarations of the component's ``inputs`` or ``outputs`` by name; none for an inline job."""
        return {} if self.component is self.part else dict(self.component.items(kind))


def top(job: Part, component: Part, parameters: Parameters) -> Scope:
    """Return the scope of the job itself, whose plain inputs are parameters; ``component`` has its nodes.

    Raises UsageError if an input has no value, or one that cannot be.
    """
    scope = Scope((), dict(component.items("jobs")), {})
    given, declared = dict(job.items("inputs")), {} if component is job else dict(component.items("inputs"))
    parts = {**declared, **given}
    plain = {name: value for name, part in parts.items() if (value := _plain(part)) is not None}
    parameters.call(plain)
    try:
        bound = {
            name: parameters.bind(name, part, plain[name]) if name in plain else scope.bind(name, part)
            for name, part in parts.items()
        }
    except Unsayable as error:
        raise UsageError(str(error)) from error
    for name, part in declared.items():
        if name in plain:
            parameters.used(bound[name].name, part)
        for key in ("type", "optional", "default", *(("min", "max", "enum", "description") if name in plain else ())):
            part.data(key)
    scope.inputs = bound
    results = {**({} if component is job else dict(component.items("outputs"))), **dict(job.items("outputs"))}
    scope.results = {name: Result(part, name) for name, part in results.items()}
    return scope


def _plain(part: Part) -> Part | None:
    """Return the value of an input of the pipeline that is a parameter; None if it is data, or has none."""
    if not part.is_mapping:
        return None if part.value is None or isinstance(part.value, list) else part
    if is_data(part):
        return None
    part.get("type")
    value = part.get("value") or part.get("default")
    return None if value is None else _plain(value)


def nodes(scope: Scope, repository: Repository) -> Iterator[Node]:
    """Yield the nodes of a pipeline, and of those in it."""
    for name, part in scope.jobs.items():
        path = (*scope.path, name)
        if not part.is_mapping:
            yield Node(path, part, part, scope, f"{part.where}: a node must be a mapping.")
            continue
        try:
            component = component_of(part, repository)
        except Unsayable as error:
            yield Node(path, part, part, scope, str(error))
            continue
        _note_exports(scope, path, part)
        node = Node(path, part, component, scope)
        yield from _inside(node, repository) if "jobs" in component else [node]


def component_of(part: Part, repository: Repository) -> Part:
    """Return the component of a node, which is the node itself for an inline job. Raises Unsayable."""
    named = part.parts.get("component")
    if named is None:
        return part
    part.get("component")
    if named.is_mapping:
        return named
    text = str(named.value)
    if not text.startswith("azureml:"):
        return repository.file(part.beside(text.removeprefix("file:")))
    found = repository.assets(text, "command", "jobs", "type")
    if len(found) != 1:
        defined = "by no file" if not found else "by several files"
        why = f"component {text} is defined {defined} of this repository. Name its file: ./component.yml."
        raise Unsayable(f"{named.where}: {why}")
    return repository.file(found[0].path)


def _inside(node: Node, repository: Repository) -> Iterator[Node]:
    """Yield the nodes of a pipeline in a pipeline. One whose inputs cannot be said is a node that cannot be said."""
    place, outer = node.component.where, node.scope
    if place in outer.within:
        why = f"{node.part.where}: the pipeline in {place} contains itself."
        yield Node(node.path, node.part, node.part, outer, why)
        return
    try:
        inputs = dict(inputs_of(node))
    except Unsayable as error:
        yield Node(node.path, node.part, node.part, outer, str(error))
        return
    given, declared = dict(node.part.items("outputs")), node.declared("outputs")
    results = {name: _result(outer, given.get(name), declared.get(name)) for name in {**declared, **given}}
    jobs = dict(node.component.items("jobs"))
    for part in (node.part, node.component):
        part.get("type")
    for part in (*node.declared("inputs").values(), *declared.values()):
        for key in ("type", "optional", "default"):
            part.data(key)
    yield from nodes(Scope(node.path, jobs, inputs, results, outer.exports, (*outer.within, place)), repository)


def _result(scope: Scope, given: Part | None, declared: Part | None = None) -> Result:
    """Return what an output is that a node has: a result of the pipeline around it, or only settings."""
    bound = _result_name(given)
    if bound:
        return scope.results.get(bound, Result())
    return Result(given if given is not None and given.is_mapping else declared)


def _result_name(given: Part | None) -> str:
    """Return the output of the pipeline to which an output of a node is bound; "" if it is not."""
    match = PARENT.fullmatch(str(given.value)) if given is not None and not given.is_mapping else None
    kind, _, name = match[1].partition(".") if match else ("", "", "")
    return name if kind == "outputs" else ""


def result_of(node: Node, output: str) -> Result:
    """Return what an output of a step is for its pipeline."""
    return _result(node.scope, dict(node.part.items("outputs")).get(output))


def _note_exports(scope: Scope, path: Path, part: Part) -> None:
    for output, given in part.items("outputs"):
        if name := _result_name(given):
            scope.exports[scope.path, name] = path, output


def inputs_of(node: Node) -> Iterator[tuple[str, Bound]]:
    """Yield the inputs of a node with what they receive. Raises Unsayable."""
    given, declared = dict(node.part.items("inputs")), node.declared("inputs")
    for name in {**declared, **given}:
        if name in given and given[name].value is not None:
            bound = node.scope.bind(name, given[name])
            if bound.kind == "absent" and name in declared and "default" in declared[name]:
                why = f"input {name} receives nothing, and has a default. Give it a value in the pipeline."
                raise Unsayable(f"{given[name].where}: {why}")
            yield name, bound
        elif name in declared and declared[name].is_mapping:
            yield name, _default(name, declared[name])
        else:
            raise Unsayable(f"{(given | declared)[name].where}: input {name} has no value.")


def _default(name: str, declared: Part) -> Bound:
    default = declared.get("default")
    if default is not None and default.value is not None:
        return Bound("text", declared, name, str(default.value))
    if declared.get("optional") is None or not declared.parts["optional"].value:
        raise Unsayable(f"{declared.where}: input {name} has no value. Give it one in the pipeline.")
    return Bound("absent", declared, name)
