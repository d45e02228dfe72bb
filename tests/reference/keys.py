"""``keys.md``: every key of pipeline.yaml, from the schema that editors get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from aml_pipeline.pipeline.spec.schema import json_schema
from tests.reference import headed

Schema = dict[str, Any]
FIRST = "1.0"  # the version that all keys have in common
SINCE: dict[str, str] = {}  # key → the later version that it came with

_TYPES = {"string": "string", "object": "mapping", "boolean": "`true` or `false`"}
_NO_FORM = "Write a value, or delete the key."  # what every text says of emptiness
_INTRODUCTION = f"""
What may stand in `pipeline.yaml`, key by key. [The guide to the file](pipeline.md) explains how they work together;
`aml-pipeline schema` prints the same as JSON Schema, which [editors](pipeline.md#editor) read. NAME stands for a name
of yours.

A string may be written without quotes unless YAML reads it as something else. Where a string is expected, a number is
taken as it is written. Keys that begin with `x-` at the top of the file are ignored: a place for anchors. All keys
are there since version {FIRST}, unless a line says otherwise.
"""


def page() -> str:
    """Return the page."""
    found: dict[str, tuple[Schema, list[str]]] = {}
    for place, schema in mappings("", json_schema()):
        found.setdefault(_kind(schema), (schema, []))[1].append(place)
    first = {kind: places[0] for kind, (_, places) in found.items()}
    sections = [part for schema, places in found.values() for part in _section(schema, places, first)]
    parts = [_INTRODUCTION.strip(), *sections]
    return headed("Keys of pipeline.yaml", "the schema", "\n\n".join(parts))


def mappings(place: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield each mapping with keys of ours, from the top of the file downwards, with its place."""
    if "properties" in schema:
        yield place, schema
    for key, below in schema.get("properties", {}).items():
        yield from mappings(f"{place}.{key}".lstrip("."), below)
    for key, name in (("additionalProperties", ".NAME"), ("items", "[]")):
        if isinstance(schema.get(key), dict):
            yield from mappings(f"{place}{name}", schema[key])


def _kind(schema: Schema) -> str:
    return f"{schema['title']} {sorted(schema['properties'])}"


def _section(schema: Schema, places: list[str], first: Mapping[str, str]) -> Iterator[str]:
    place = places[0]
    yield f"## {f'Keys of `{place}`' if place else 'At the top of the file'}"
    words = schema.get("description", "")
    if places[1:]:
        words += f" The same keys under {', '.join(f'`{other}`' for other in places[1:])}."
    if set(_types(schema)) != {"object"}:
        words += f" In short: {_type({**schema, 'type': [one for one in _types(schema) if one != 'object']}, first)}."
    required = [one["required"][0] for one in schema.get("oneOf", []) if "required" in one]
    if required:
        words += f" Exactly one of {', '.join(f'`{key}`' for key in required)} is required."
    if words:
        yield words.strip()
    needed = schema.get("required", [])
    for key, below in sorted(schema["properties"].items(), key=lambda item: item[0] not in needed):
        yield from _key(f"{place}.{key}".lstrip("."), below, first, required=key in needed)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        yield from _key(f"{place}.NAME", rest, first, required=False)


def _key(path: str, schema: Schema, first: Mapping[str, str], *, required: bool) -> Iterator[str]:
    yield f"### `{path}`"
    yield schema.get("description", "").strip()
    examples = [_flow({path.rpartition(".")[2]: one}) for one in schema.get("examples", [])]
    lines = [
        f"type: {_type(schema, first)}",
        "required" if required else "",
        f"default: `{_flow(schema['default'])}`" if "default" in schema else "",
        f"allowed: {allowed}" if (allowed := _allowed(schema)) else "",
        f"form: {form}" if (form := schema.get("patternErrorMessage", _NO_FORM)) != _NO_FORM else "",
        f"example: {', '.join(f'`{one}`' for one in examples)}" if examples else "",
        f"since: {SINCE[path]}" if path in SINCE else "",
    ]
    yield "\n".join(f"- {line}" for line in lines if line)


def _types(schema: Schema) -> list[str]:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    of_a_list = {"array"} if "items" in schema or any("items" in one for one in schema.get("allOf", [])) else set()
    known = [one for one in types if one not in {"null", *({"number"} if "string" in types else set())}]
    return [*known, *sorted(of_a_list - set(known))]


def _type(schema: Schema, first: Mapping[str, str]) -> str:
    words = []
    for name in _types(schema):
        rest = schema.get("additionalProperties")
        if name == "array":
            items = schema.get("items") or next(one["items"] for one in schema["allOf"] if "items" in one)
            words.append(f"list of: {_type(items, first)}")
        elif name == "object" and "properties" in schema:
            words.append(f"[mapping](#keys-of-{first[_kind(schema)].lower().replace('.', '')})")
        elif name == "object" and isinstance(rest, dict):
            words.append(f"mapping of NAME to: {_type(rest, first)}")
        else:
            words.append(_TYPES.get(name, name))
    return ", or ".join(words)


def _allowed(schema: Schema) -> str:
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    named = (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "length at most"))
    bounds = [f"{words} {schema[key]}" for key, words in named if key in schema]
    return ", ".join([f"`{_flow(value)}`" for value in values if value is not None] or bounds)


def _flow(value: object) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1_000, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("\n...")
    return text[1:-1] if isinstance(value, dict) else text
