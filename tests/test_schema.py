"""The JSON Schema that editors use, held against what the loader takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pydantic
import pytest

from aml_pipeline import loader, problems, source
from aml_pipeline.schema import json_schema

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "aml_pipeline" / "pipeline.schema.json"
PIPELINES = [ROOT / "pipeline.yaml", *sorted((ROOT / "tests" / "shapes").glob("*/pipeline.yaml"))]
CASES = sorted((ROOT / "tests" / "errors").glob("*.yaml"))
# Mistakes that an editor can mark with the schema alone, and those that nobody can see without the whole file.
OF_SHAPE = {"missing-key", "unknown-key", "reserved-key", "wrong-type", "wrong-value", "bad-duration", "not-a-value"}
OF_REFERENCE = {"unknown-step", "unknown-output", "unknown-parameter", "unknown-dataset", "own-output", "cycle"}


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 11),
    reason="older versions lay the same schema out otherwise",
)
def test_the_shipped_schema_is_that_of_the_models() -> None:
    """To renew it: ``aml-pipeline schema > aml_pipeline/pipeline.schema.json``."""
    expected = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert SHIPPED.read_text(encoding="utf-8") == expected


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "null": (type(None),),
    "array": (list,), "object": (dict,),
}  # fmt: skip


def fits(value: Any, schema: Any, root: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether ``value`` fits ``schema``, by the words of JSON Schema that ours uses; another word fails the test."""
    unknown = set(schema) - KNOWN
    assert not unknown, f"teach this test {unknown}"
    if "$ref" in schema and not fits(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root):
        return False
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    return is_of_type(value, schema) and holds(value, schema, root)


KNOWN = {
    "$ref", "$schema", "$defs", "anyOf", "type", "enum", "const", "pattern", "minimum", "maximum", "items", "title",
    "properties", "patternProperties", "additionalProperties", "required", "description", "examples", "default",
}  # fmt: skip


def is_of_type(value: Any, schema: Any) -> bool:  # noqa: ANN401
    names = schema.get("type", list(TYPES))
    kinds = [kind for name in ([names] if isinstance(names, str) else names) for kind in TYPES[name]]
    if not isinstance(value, tuple(kinds)) or (isinstance(value, bool) and bool not in kinds):
        return False
    return ("const" not in schema or value == schema["const"]) and ("enum" not in schema or value in schema["enum"])


def holds(value: Any, schema: Any, root: Any) -> bool:  # noqa: ANN401
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, (int, float)):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    if isinstance(value, list):
        return all(fits(one, schema.get("items", {}), root) for one in value)
    if not isinstance(value, dict):
        return True
    if not set(schema.get("required", ())) <= set(value):
        return False
    return all(fits(one, of_key(key, schema), root) for key, one in value.items() if of_key(key, schema) is not True)


def of_key(key: str, schema: Any) -> Any:  # noqa: ANN401
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    patterns = [one for pattern, one in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
    rest = patterns[0] if patterns else schema.get("additionalProperties", True)
    return {"enum": []} if rest is False else rest


def data(path: Path) -> Any:  # noqa: ANN401
    root = source.parse(path.read_text(encoding="utf-8")).root
    return root.value if root else None


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.parent.name)
def test_a_pipeline_that_loads_fits_the_schema(path: Path) -> None:
    schema = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert problems.errors(loader.load(path.read_bytes(), "p").problems) == []
    assert fits(data(path), schema, schema)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_schema_marks_the_mistakes_that_it_can_see_and_no_others(path: Path) -> None:
    loaded = loader.load(path.read_bytes(), "p")
    codes = {one.code for one in problems.errors(loaded.problems)}
    if loaded.document.root is None:
        return
    good = fits(loaded.document.root.value, json_schema(), json_schema())
    if codes & OF_SHAPE:
        unseen = all("bound is a number" in one.message or "above max" in one.message for one in loaded.problems)
        assert not good or unseen
    elif codes <= OF_REFERENCE:
        assert good


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"x-anything": [None, {}]}, True),
        ({"X-anything": 1}, False),
        ({"parameters": {"a": 1, "b": 0.1, "c": True, "d": "x", "e": {"default": 1, "minimum": 0.5}}}, True),
        ({"parameters": {"a": None}}, False),
        ({"parameters": {"a": {"minimum": 1}}}, False),
        ({"compute": "cpu"}, True),
        ({"compute": {"name": "cpu", "max_nodes": 4}}, True),
        ({"compute": {"name": "cpu", "max_nodes": 0}}, False),
        ({"timeout": "10m"}, True),
        ({"timeout": "10"}, False),
        ({"environment_variables": {"A": 1, "B": "", "C": 0.5}}, True),
        ({"environment_variables": {"A": True}}, False),
        ({"version": 2}, False),
        ({"retries": 101}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": [1, "b"], "--c": True}}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": [1, True]}}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": ["a", {"--b": True}, 3]}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": None}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": "--a"}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": None}}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": {"b": 1}}}}}, False),
        ({"steps": {"a": {}}}, False),
    ],
)
def test_the_schema_and_the_models_agree(change: dict[str, Any], good: bool) -> None:  # noqa: FBT001 - a column
    whole = {"name": "x", "steps": {"a": {"script": "a.py"}}, **change}
    assert fits(whole, json_schema(), json_schema()) is good
    loaded = loader.load(json.dumps(whole).encode(), "p")
    assert (problems.errors(loaded.problems) == []) is good, loaded.problems
