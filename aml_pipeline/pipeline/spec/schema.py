"""The JSON Schema of pipeline.yaml, generated from the models in the form that editors handle best.

The models yield ``anyOf`` for every short form and every key that may be empty. An editor that has to choose among
alternatives loses completions and explains the wrong one, so here each key has one schema, which distinguishes the
allowed values by type: ``type: [string, object, null]`` next to the keys of the object. References are resolved; titles
that repeat a key, and empty defaults, are omitted. No keyword is newer than draft-07, which every editor supports, and
every character is ASCII, so that a shell may redirect it in any encoding.
"""

from __future__ import annotations

import re
from typing import Any

from aml_pipeline.core.addresses import DOCS
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec

Schema = dict[str, Any]

_HEAD = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": f"{DOCS}pipeline.schema.json",
    "$comment": "Generated from the models of aml-pipeline. After an upgrade: aml-pipeline schema > "
    "pipeline.schema.json",
    "title": "Pipeline",
    "patternProperties": {"^x-": {"description": "Ignored; a place for anchors.", "examples": [{"timeout": "10m"}]}},
}
# Keywords in the order of the file; if the models use another one, add it here.
_ORDER = (
    "$schema", "$id", "$comment", "title", "description", "examples", "default", "type", "enum", "const", "pattern",
    "patternErrorMessage", "maxLength", "minimum", "maximum", "items", "minItems", "required", "minProperties",
    "propertyNames", "properties", "patternProperties", "additionalProperties", "oneOf", "allOf",
)  # fmt: skip


def json_schema() -> Schema:
    """Return the schema as JSON data; top-level keys that begin with ``x-`` are free for anchors."""
    models = PipelineSpec.model_json_schema()
    return _ordered({**_flat(models, models["$defs"]), **_HEAD})


def _flat(node: Schema, models: Schema) -> Schema:
    """Return ``node`` without references and alternatives, and the same for everything below it."""
    own = {key: value for key, value in node.items() if key not in {"$ref", "$defs", "allOf", "anyOf", "title"}}
    if "default" in own and own["default"] in (None, {}, []):
        del own["default"]
    if "properties" in node:
        own["title"] = re.sub("(?<=[a-z])[A-Z]", lambda found: " " + found[0].lower(), node["title"])
        own["properties"] = {key: _flat(schema, models) for key, schema in node["properties"].items()}
    for key in {"items", "additionalProperties"} & node.keys():
        own[key] = _flat(node[key], models) if isinstance(node[key], dict) else node[key]
    # pydantic before 2.9 wraps a reference that has a description in allOf.
    for part in [node] if "$ref" in node else node.get("allOf", []):
        own = {**_flat(models[part["$ref"].rpartition("/")[2]], models), **own}
    if "anyOf" in node:
        own = {**_merged([_flat(alternative, models) for alternative in node["anyOf"]]), **own}
    own["examples"] = [_arranged(example, own) for example in own.get("examples", [])]
    return _ordered(own if own["examples"] else {key: own[key] for key in own if key != "examples"})


def _merged(alternatives: list[Schema]) -> Schema:
    """Return one schema for all ``alternatives``, which differ by type, since each keyword applies to one type."""
    merged: Schema = {"type": []}
    for alternative in alternatives:
        types = [alternative["type"]] if isinstance(alternative["type"], str) else alternative["type"]
        doubtful = {*types} & {*merged["type"]} or (alternative.keys() & merged.keys()) - {"type", "description"}
        if doubtful:
            raise TypeError(f"alternatives that an editor cannot tell apart by {sorted(doubtful)}: {alternatives}")
        merged = {**alternative, **merged, "type": [*merged["type"], *types]}
    if "enum" in merged and "null" in merged["type"]:
        merged["enum"] = [*merged["enum"], None]
    if "items" in merged and "object" in merged["type"]:
        # An editor that sees `items` begins a list, but most people want a mapping.
        merged["allOf"] = [{"items": merged.pop("items")}]
    return merged


def _ordered(node: Schema) -> Schema:
    return {key: node[key] for key in sorted(node, key=_ORDER.index)}


def _arranged(example: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON
    """Return ``example`` with its keys in the order of the schema; pydantic sorts them alphabetically."""
    if not isinstance(example, dict):
        return example
    keys = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    order = sorted(example, key=lambda key: list(keys).index(key) if key in keys else len(keys))
    below = {key: keys.get(key) or (rest if isinstance(rest, dict) else {}) for key in order}
    return {key: _arranged(example[key], below[key]) for key in order}
