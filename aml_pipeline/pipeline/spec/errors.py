"""Errors of pydantic in our own words, with a cure; and the data without the wrong values, so that checks can go on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from aml_pipeline.core.problems import Path, Problem, nearest, suggest
from aml_pipeline.pipeline.spec import places
from aml_pipeline.pipeline.spec.fields import Model
from aml_pipeline.pipeline.spec.pipeline import RESERVED_KEYS, PipelineSpec
from aml_pipeline.pipeline.spec.step import PROGRAMS
from aml_pipeline.pipeline.yaml.scalars import written

Error = Mapping[str, Any]
M = TypeVar("M", bound=Model)

# Type of pydantic's error → the expected type, and an example of it.
_EXPECTED = {
    "string_type": ("a string", "Write a string, in quotes if it looks like a number."),
    "int_type": ("an integer", "Write it like 3."),
    "int_from_float": ("an integer", "Write it like 3."),
    "float_type": ("a number", "Write it like 0.5."),
    "bool_type": ("true or false", "Write true or false."),
    "dict_type": ("a mapping", "Write `key: value` lines below it."),
    "model_type": ("a mapping", "Write `key: value` lines below it."),
    "model_attributes_type": ("a mapping", "Write `key: value` lines below it."),
    "tuple_type": ("a list", "Write it like [one, two]."),
}
# Types of parameters in other tools → their names here.
_OTHER_TYPES = {
    **dict.fromkeys(("float", "double", "real", "decimal", "numeric", "float32", "float64"), "number"),
    **dict.fromkeys(("int", "int32", "int64", "long", "whole"), "integer"),
    **dict.fromkeys(("str", "text", "path", "uri"), "string"),
    **dict.fromkeys(("bool", "flag", "true/false"), "boolean"),
}
_TYPES_OF_DATA = {"uri_folder": "folder", "uri_file": "file", "mltable": "table", "tabular": "table"}
_BOUNDS = {"greater_than_equal": ("ge", "or more"), "less_than_equal": ("le", "or less")}


def explain(error: Error) -> Problem:
    """Return the problem for one entry of ``ValidationError.errors()``."""
    kind, path = error["type"], _path(error)
    context = error.get("ctx", {})
    if kind == "missing":
        return _missing(path)
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing-key":  # of a step
        message = f'step "{path[1]}" has nothing to run.'
        return Problem(kind, message, context["cure"], path[:-1], on_key=True)
    if kind in _EXPECTED:
        return _wrong_type(error)
    if "cure" in context:
        at = context["at"]
        on_key = bad_name(error) is not None or at == "" or kind == "two-programs"
        return Problem(kind, context["text"], context["cure"], (*path, at) if at else path, on_key=on_key)
    cure = "See docs/reference/pipeline.md."
    others = _TYPES_OF_DATA if {"datasets", "outputs"} & set(path) else _OTHER_TYPES
    other = others.get(str(error["input"]).strip().lower())
    if kind == "literal_error" and path[-1:] == ("type",) and other:
        cure = f"Write {other}."
    elif kind == "literal_error":
        cure = suggest(str(error["input"]), re.findall(r"'([^']*)'", context["expected"]))
    elif kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        cure = f"Write {context[bound]} {words}."
    return Problem("wrong-value", f"{_shown(error['input'])} is not a valid value of {_named(path)}.", cure, path)


def validated(kind: type[M], data: Mapping[str, Any], path: Path) -> tuple[M | None, list[Problem]]:
    """Return ``data`` as a model, or its problems; ``path`` is its place."""
    try:
        return kind.model_validate(data), []
    except ValidationError as error:
        found = [explain(refused) for refused in error.errors(include_url=False)]
        return None, [replace(problem, path=(*path, *problem.path)) for problem in found]


def _wrong_type(error: Error) -> Problem:
    path, value = _path(error), error["input"]
    expected, cure = _EXPECTED[error["type"]]
    if path[-1:] == ("conda_file",) and isinstance(value, dict):
        cure = "Move the mapping to a file of its own, and write `conda_file: env.yml`."
    elif error["type"] == "tuple_type" and isinstance(value, (str, int, float)):
        cure = f"Write [{_shown(value)}]."
    elif isinstance(value, str) and value:
        cure = _short_form(path, value) or cure
    elif error["type"] == "string_type" and isinstance(value, bool):
        cure = f'Write "{written(value)}" in quotes.'
    return Problem("wrong-type", f"{_named(path)} must be {expected}, got {_shown(value)}.", cure, path)


# A mapping → its key that a string in place of it probably means.
_FIRST_KEYS: dict[Path, str] = {("distribution",): "type", ("model",): "name"}


def _short_form(path: Path, value: str) -> str | None:
    """Return the cure for a string in place of a mapping, if it shows which key was meant."""
    if path[-2:-1] == ("datasets",):
        keys = places.keys_of(value) or {"local": value}
        return f"Write {' and '.join(f'`{key}: {text}`' for key, text in keys.items())} below it."
    key = None if path[-2:-1] == ("outputs",) else _FIRST_KEYS.get(path[-1:])
    if key:
        return f"Write `{key}: {value}` below it."
    return _environment(value) if path[-1:] == ("environment",) else None


def _environment(value: str) -> str:
    """Return the cure for a string in place of an environment."""
    if value.endswith((".txt", ".in")):
        return f"Write `name:` and `pip_requirements: {value}` below it."
    if value.endswith((".yml", ".yaml")):
        return f"Write `name:` and `conda_file: {value}` below it."
    of_v2 = re.fullmatch(r"azureml:([\w.-]+)(?:@latest|:([\w.-]+))", value)
    if of_v2:
        version = f" and `version: {of_v2[2]}`" if of_v2[2] else ""
        return f"Write `registered: {of_v2[1]}`{version} below it."
    return f"Write `registered: {value}` below it, or `name:` and one definition."


def without(data: object, refused: Iterable[Error]) -> Any:  # noqa: ANN401 - whatever the document holds
    """Return a copy of ``data`` without the values behind the errors, or None if too little is left.

    Placeholders replace what others may refer to, so that a mistake is not reported again as a missing name. Names
    remain: see ``bad_name``.
    """
    copy = _copied(data)
    for error in refused:
        path = _path(error)
        if not isinstance(copy, dict) or not path:
            return None
        if bad_name(error) is None and not _left_out(copy, path):
            return None
    return copy


def bad_name(error: Error) -> str | None:
    """Return the key that the error is about, or None if it is about a value."""
    is_name = error["type"] == "bad-name" and error["loc"][-1:] == ("[key]",)
    return str(error["loc"][-2]) if is_name else None


_PLACEHOLDERS: dict[str, Any] = {"parameters": "placeholder", "datasets": {"local": "placeholder"}}


def _left_out(data: dict[str, Any], path: Path) -> bool:
    if path == ("name",):
        data["name"] = "placeholder"
        return True
    if len(path) == 3 and path[0] == "steps" and path[2] in PROGRAMS:  # noqa: PLR2004 - steps, STEP, script
        step = data["steps"].get(path[1])
        if step is not None:
            _deleted(data, path)
            step.update({} if any(step.get(key) for key in PROGRAMS) else {"command": ["placeholder"]})
        return step is not None
    if len(path) > 1 and path[0] in _PLACEHOLDERS:
        data[str(path[0])][path[1]] = _PLACEHOLDERS[str(path[0])]
        return True
    if path[0] == "steps" and len(path) <= 2:  # noqa: PLR2004 - the steps, or one of them whole
        return False
    return _deleted(data, path)


def _deleted(data: Any, path: Path) -> bool:  # noqa: ANN401
    """Delete the value at ``path``, or the nearest value around it that exists."""
    parents: list[Any] = [data]
    for key in path[:-1]:
        if not _has(parents[-1], key):
            break
        parents.append(parents[-1][key])
    outermost = 2 if path[0] == "steps" else 0  # a step, which others may refer to, is never removed as a whole
    for parent, key in reversed(list(zip(parents, path, strict=False))[outermost:]):
        if isinstance(parent, dict) and key in parent:
            del parent[key]
            return True
    return False


def _has(container: Any, key: object) -> bool:  # noqa: ANN401
    return key in container if isinstance(container, dict) else isinstance(key, int) and key < len(container)


def _copied(data: Any) -> Any:  # noqa: ANN401
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(item) for item in data] if isinstance(data, list) else data


def _path(error: Error) -> Path:
    return tuple(error["loc"] if bad_name(error) is None else error["loc"][:-1])


def _place(path: Path) -> str:
    return f"in {_named(path)}" if path else "at the top of the file"


def _named(path: Path) -> str:
    return ".".join(map(str, path)) or "the file"


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = written(value) if isinstance(value, (str, int, float)) else str(value)
    clipped = text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004
    return f'"{clipped}"' if isinstance(value, str) else clipped


def _missing(path: Path) -> Problem:
    message = f'required key "{path[-1]}" is missing {_place(path[:-1])}.'
    return Problem("missing-key", message, f"Add `{path[-1]}:`.", path[:-1], on_key=True)


def _unknown_key(path: Path) -> Problem:
    key = str(path[-1])
    if key in RESERVED_KEYS:
        return Problem("reserved-key", f'"{key}" is reserved for a later version.', "Delete it.", path, on_key=True)
    known = _keys_at(path[:-1])
    meant = _meant_key(key, known)
    cure = f'Did you mean "{meant}"?' if meant else _INSTEAD.get(key) or suggest(key, sorted(known), noun="key")
    return Problem("unknown-key", f'unknown key "{key}" {_place(path[:-1])}.', cure, path, on_key=True)


# Keys of other tools → what to write here.
_INSTEAD = {
    "include": "Repeat blocks with anchors, under a key that begins with x-.",
    "secrets": "Write `environment_variables: {TOKEN: {secret: my-token}}`.",
    # GitHub Actions and DVC:
    "do": "Write what it contains in the step itself, with the values under `matrix:`.",
    "foreach": "Write the values under `matrix:`, such as `matrix: {model: [small, large]}`.",
    "matrix": "Write it in a step, beside its `script:`.",
    "strategy": "Write `matrix:` in the step itself; `run` has --keep-going and --jobs.",
    # Azure ML v2's YAML:
    "$schema": "Delete it; docs/reference/pipeline.md shows the comment for editors.",
    "build": "Write `dockerfile:` with the path of the Dockerfile.",
    "component": "Write what it runs: `script:`, `module:` or `command:`.",
    "create_job": "Delete it: a schedule runs the pipeline of this file.",
    "description": "Write it as a comment: it belongs to the pipeline and to parameters.",
    "display_name": "Delete it: Azure ML shows the name.",
    "inputs": "Write data under `datasets:`, and numbers and texts under `parameters:`.",
    "instance_count": "Write `nodes: 2` under `distribution:`.",
    "limits": "Write `timeout: 1h`.",
    "settings": "Write `compute:` for its default_compute.",
    "trigger": "Write `cron:` or `recurrence:`.",
    "type": "Delete it: the other keys show the type.",
}
# Names of keys in other tools → their names here.
_ELSEWHERE = {
    **dict.fromkeys(("depends_on", "needs", "requires"), "after"),
    # Azure ML v2's YAML:
    "code": "source_directory",
    "enum": "choices",
    "image": "docker_image",
    "is_deterministic": "allow_reuse",
    "jobs": "steps",
    "max": "maximum",
    "min": "minimum",
    "process_count_per_instance": "processes_per_node",
    "tier": "vm_priority",
    "value": "default",
}


def _meant_key(key: str, known: set[str]) -> str | None:
    if key in RESERVED_KEYS or key in _INSTEAD:
        return None
    elsewhere = _ELSEWHERE.get(key)
    return elsewhere if elsewhere in known else nearest(key, known)


def misspelt(refused: Iterable[Error]) -> list[tuple[Error, str]]:
    """Return the errors about misspelled keys, each with the right key."""
    unknown = [error for error in refused if error["type"] == "extra_forbidden"]
    meant = [_meant_key(str(error["loc"][-1]), _keys_at(_path(error)[:-1])) for error in unknown]
    return [(error, key) for error, key in zip(unknown, meant, strict=True) if key]


def respelt(data: object, keys: Iterable[tuple[Path, str]]) -> tuple[Any, list[tuple[Path, str]]]:
    """Return a copy of ``data`` with the last key of each path renamed, and the ``keys`` for which that was possible.

    It is not if the right key exists as well.
    """
    copy, done = _copied(data), []
    for path, key in keys:
        parent = copy
        for step in path[:-1]:
            parent = parent[step]
        if key not in parent:
            items = [(key if name == path[-1] else name, value) for name, value in parent.items()]
            parent.clear()
            parent.update(items)
            done.append((path, key))
    return copy, done


def _keys_at(path: Path) -> set[str]:
    """Return the keys that the JSON Schema allows at ``path``."""
    schema = _schema()
    nodes = [schema]
    for key in path:
        nodes = [child for node in nodes for child in _children(schema, node, key)]
    flat = [alternative for node in nodes for alternative in _alternatives(schema, node)]
    return {key for node in flat for key in node.get("properties", {})}


@cache
def _schema() -> dict[str, Any]:
    return PipelineSpec.model_json_schema()


def _children(schema: dict[str, Any], node: dict[str, Any], key: object) -> Iterator[dict[str, Any]]:
    for alternative in _alternatives(schema, node):
        if key in alternative.get("properties", {}):
            yield alternative["properties"][key]
        elif isinstance(alternative.get("additionalProperties"), dict):
            yield alternative["additionalProperties"]
        elif isinstance(alternative.get("items"), dict):
            yield alternative["items"]


def _alternatives(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield ``node`` with references and alternatives resolved."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    yield node
    for alternative in node.get("anyOf", []):
        yield from _alternatives(schema, alternative)
