"""The JSON Schema that editors use, held against what the models and the loader take."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator
from pydantic import ValidationError

from aml_pipeline import cli
from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.schema import json_schema
from aml_pipeline.pipeline.spec.step import PROGRAMS
from aml_pipeline.pipeline.yaml import source
from tests.conformance.strategies import Pipeline, pipelines
from tests.pipeline.test_spec import EVERYTHING

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "aml_pipeline" / "pipeline.schema.json"
CASES = sorted((ROOT / "tests" / "data" / "err").glob("*.yaml"))
Node = tuple[tuple[str | int, ...], dict[str, Any]]

# Mistakes that an editor can mark with the schema alone, and those that nobody can see without the whole file.
OF_SHAPE = {
    "absolute-path", "bad-duration", "bad-name", "empty-value", "missing-key", "no-steps", "not-a-value",
    "reserved-key", "two-programs", "unknown-key", "wrong-type", "wrong-value", "bad-module",
}  # fmt: skip
OF_REFERENCE = {"unknown-step", "unknown-output", "unknown-parameter", "unknown-dataset", "own-output", "cycle"}
# What one mapping says of several of its keys is told by `validate`; a schema that said it would be hard to read.
OF_SEVERAL_KEYS = {
    "bad-parameter", "dataset-place", "environment-definition", "environment-name", "environment-version",
    "output-model", "output-overwrite", "output-type", "schedule-form", "bad-command",
}  # fmt: skip


@cache
def shipped() -> Any:  # noqa: ANN401 - JSON
    return json.loads(SHIPPED.read_text(encoding="ascii"))


def accepts(value: Any, schema: Any = None) -> bool:  # noqa: ANN401
    return bool(Draft7Validator(shipped() if schema is None else schema).is_valid(value))


def data(text: str) -> Any:  # noqa: ANN401
    root = source.parse(text).root
    return root.value if root else None


def errors(document: Any) -> list[problems.Problem]:  # noqa: ANN401
    return problems.errors(loader.load(json.dumps(document).encode(), "p").problems)


def test_the_shipped_schema_is_that_of_the_models() -> None:
    expected = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if SHIPPED.read_text(encoding="utf-8") != expected:
        pytest.fail(f"{SHIPPED.relative_to(ROOT)} is not that of the models. Write it anew: make schema")


def test_it_is_a_schema_of_a_kind_that_every_editor_knows() -> None:
    Draft7Validator.check_schema(shipped())
    words = {word for _, schema in nodes() for word in schema}
    assert words & {"$ref", "anyOf", "if", "not"} == set(), "an editor would have to choose"
    choices = [part for _, schema in nodes() for part in schema.get("oneOf", ())]
    assert all(part.keys() == {"required"} for part in choices), "an editor would have to choose"
    titled = [path for path, schema in nodes() if "title" in schema and "properties" not in schema]
    assert titled == [], "an editor would repeat the key"


def nodes() -> list[Node]:
    """Return every schema below the whole one with its path; ``*`` is a name of the user's own, 0 an item."""
    return list(_below((), shipped()))


def _below(path: tuple[str | int, ...], schema: dict[str, Any]) -> Iterator[Node]:
    parts: list[tuple[str | int, Any]] = [*schema.get("properties", {}).items()]
    parts += [("x-anchor", one) for one in schema.get("patternProperties", {}).values()]
    parts += [("*", schema.get("additionalProperties")), (0, schema.get("items"))]
    parts += [(0, one["items"]) for one in schema.get("allOf", [])]
    for key, one in parts:
        if isinstance(one, dict):
            yield (*path, key), one
            yield from _below((*path, key), one)


def test_every_key_says_what_it_means_and_shows_it() -> None:
    found = [(path, schema) for path, schema in nodes() if path[-1] not in {0, "*"}]
    assert len(found) > 100
    for path, schema in found:
        assert re.fullmatch(r"\S.{8,}[.]", schema.get("description", "")), path
        assert schema.get("examples"), path


def test_what_stands_under_a_name_of_the_users_own_says_what_it_is() -> None:
    found = [path for path, schema in nodes() if path[-1] == "*" and "description" not in schema]
    assert found == []


# A document in which every example makes sense: what stands around it, and beside it in the same mapping.
AROUND: dict[str, Any] = {
    "name": "around",
    "parameters": {"epochs": 2},
    "datasets": {"archive": {"local": "data"}},
    "steps": {
        "prepare-data": {"script": "prepare.py", "arguments": {"--output": "${{ outputs.images }}"}},
        "train": {"script": "train.py", "arguments": {"--output": "${{ outputs.model }}"}},
    },
}
NAMES = {
    "parameters": "epochs",
    "datasets": "archive",
    "steps": "train",
    "outputs": "model",
    "arguments": "--x",
    "0": "--x",
}
ALONE = (
    "Compute",
    "Dataset",
    "Dataset override",
    "Distribution",
    "Environment",
    "Output",
    "Parameter",
    "Recurrence",
    "Registered model",
    "Schedule",
)
BESIDE: dict[str, dict[str, Any]] = {
    "Compute": {"name": "c"},
    "Dataset": {"local": "d"},
    "Dataset.datastore": {"path": "p"},
    "Dataset.path": {"datastore": "d"},
    "Dataset.version": {"registered": "r"},
    "Dataset override": {"registered": "r"},
    "Dataset override.datastore": {"path": "p"},
    "Dataset override.path": {"datastore": "d"},
    "Dataset override.url": {},
    "Distribution": {"type": "pytorch"},
    "Environment.registry": {"registered": "r"},
    "Environment": {"name": "e"},
    "Environment.name": {"conda_file": "e.yml"},
    "Environment.version": {"registered": "r"},
    "Output": {},
    "Output.overwrite": {"path": "scores"},
    "Parameter": {"default": 10},
    "Recurrence": {"frequency": "week", "hours": [2], "minutes": [0], "week_days": ["monday"]},
    "Recurrence.frequency": {"hours": [2], "minutes": [0]},
    "Registered model": {"name": "cifar-net"},
    "Schedule": {"cron": "0 2 * * *"},
    "Schedule.cron": {},
    "Schedule.recurrence": {},
}


def _with(path: tuple[str | int, ...], example: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a whole document with ``example`` at ``path``."""
    document = copy.deepcopy(AROUND)
    if "matrix" in path or "${{ matrix." in str(example):
        document["steps"]["train"]["matrix"] = {"learning_rate": [0.01, 0.1], "batch_size": [4, 16]}
    place: Any = document
    schema: Any = shipped()
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        if key == 0:
            place.append(example if last else {})
            place, schema = place[-1], schema.get("items") or schema["allOf"][0]["items"]
            continue
        name = NAMES.get(str(path[depth - 1]), "other") if key == "*" else str(key)
        name = "learning_rate" if key == "*" and "matrix" in path[:depth] else name
        title = schema.get("title", "")
        if title in ALONE:
            place.clear()
            place.update(BESIDE.get(f"{title}.{key}", BESIDE[title]))
        if title == "Step" and key in PROGRAMS:
            place.pop("script", None)
        schema = _schema_of(schema, key)
        if last:
            place[name] = example
        elif not isinstance(place.get(name), dict) or path[depth + 1] == 0:
            place[name] = [] if path[depth + 1] == 0 else {}
        place = place[name]
    return document


def _schema_of(schema: Any, key: str | int) -> Any:  # noqa: ANN401
    if key == "x-anchor":
        return schema["patternProperties"]["^x-"]
    return schema["additionalProperties"] if key == "*" else schema["properties"][key]


EXAMPLES = [(path, schema, one) for path, schema in nodes() for one in schema.get("examples", ())]


@pytest.mark.parametrize(
    ("path", "schema", "example"), EXAMPLES, ids=[".".join(map(str, path)) for path, _, _ in EXAMPLES]
)
def test_every_example_is_right(path: tuple[str | int, ...], schema: Any, example: Any) -> None:  # noqa: ANN401
    assert accepts(example, schema)
    document = _with(path, example)
    assert accepts(document)
    assert errors(document) == []


def right_pipelines() -> list[tuple[str, str]]:
    """Return every pipeline of the repository that is to be right, with the place where it stands."""
    tests = ROOT / "tests"
    folders = [tests / "data" / "ok", tests / "shapes", tests / "conformance" / "pipelines", tests / "loopback"]
    paths = [ROOT / "pipeline.yaml", *(path for folder in folders for path in sorted(folder.rglob("*.yaml")))]
    found = [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8-sig")) for path in paths]
    pages = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "checks.md"]  # of what is wrong
    for page in [ROOT / "README.md", *pages]:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found += [(f"{page.name}-{number}", text) for number, text in enumerate(blocks)]
    keys = [re.compile(f"^{key}:", re.MULTILINE) for key in ("name", "steps")]  # other YAML lacks one of them
    return [(name, text) for name, text in found if all(key.search(text) for key in keys)]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in right_pipelines()])
def test_a_pipeline_that_loads_fits_the_schema(text: str) -> None:
    assert problems.errors(loader.load(text.encode(), "p").problems) == []
    assert accepts(data(text))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_schema_marks_the_mistakes_that_it_can_see_and_no_others(path: Path) -> None:
    loaded = loader.load(path.read_bytes(), "p")
    found = problems.errors(loaded.problems)
    if loaded.document.root is None:
        return
    good = accepts(loaded.document.root.value)
    seen = [
        one
        for one in found
        if one.code in OF_SHAPE and not re.search("is greater than max|bound must be a number", one.message)
    ]
    if seen:
        assert not good
    elif {one.code for one in found} <= OF_REFERENCE | OF_SEVERAL_KEYS:
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
        ({"parameters": {"path": 1}}, False),
        ({"parameters": {"path_of": 1}}, True),
        ({"parameters": {"a-b": 1}}, False),
        ({"name": "a_b"}, False),
        ({"name": "<<"}, False),
        ({"compute": "cpu"}, True),
        ({"compute": {"name": "cpu", "max_nodes": 4}}, True),
        ({"compute": {"name": "cpu", "max_nodes": 0}}, False),
        ({"compute": None, "environment": None, "timeout": None}, True),
        ({"timeout": "10m"}, True),
        ({"timeout": "10"}, False),
        ({"environment_variables": {"A": 1, "B": "", "C": 0.5}}, True),
        ({"environment_variables": {"A": True}}, False),
        ({"environment_variables": {"A-B": 1}}, False),
        ({"source_directory": "~/x"}, False),
        ({"source_directory": "a\\b"}, False),
        ({"description": " "}, False),
        ({"version": 2}, False),
        ({"retries": 101}, False),
        ({"steps": {}}, False),
        ({"steps": {"a_b": {"script": "a.py"}}}, False),
        ({"steps": {"a" * 101: {"script": "a.py"}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": [1, "b"], "--c": True}}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": [1, True]}}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": ["a", {"--b": True}, 3]}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": None}}}, True),
        ({"steps": {"a": {"script": "a.py", "arguments": "--a"}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": None}}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": {"--a": {"b": 1}}}}}, False),
        ({"steps": {"a": {"script": "a.py", "arguments": [["a"]]}}}, False),
        ({"steps": {"a": {}}}, False),
    ],
)
def test_the_schema_and_the_models_agree(change: dict[str, Any], good: bool) -> None:  # noqa: FBT001 - a column
    whole = {"name": "x", "steps": {"a": {"script": "a.py"}}, **change}
    assert accepts(whole) is good
    assert (errors(whole) == []) is good


VALUES: list[Any] = [
    None, True, False, 0, 1, 2, 101, -1, 0.5, "", " ", "a", "a b", "A_B", "10m", "/a", "~a", "a\\b", "1",
    "${{ outputs.a }}", [], [1], ["a"], [None], [True], [{}], {}, {"a": 1}, {"a": None}, {"a": {}}, {"name": "a"},
    {"script": "a.py"}, {"local": "a"}, {"default": 1}, {"cron": "a"}, {"registered": "a"}, {"frequency": "day"},
]  # fmt: skip


def _changed(whole: Any, value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[Any, tuple[object, ...]]]:  # noqa: ANN401
    """Yield ``whole`` in every changed form, with the change: one place deleted, renamed or replaced, at any depth.

    What stands under ``arguments`` is left to the next test: the models do not look at it.
    """
    if isinstance(value, dict):
        for key in list(value):
            kept = value.pop(key)
            yield whole, (*path, "delete", key)
            for name in ("unknown", "path", "Bad Name", ""):
                if name not in value:
                    value[name] = kept
                    yield whole, (*path, "rename", key, name)
                    del value[name]
            for other in VALUES if key != "arguments" else ():
                value[key] = other
                yield whole, (*path, "replace", key, other)
            value[key] = kept
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        if key != "arguments":
            yield from _changed(whole, value[key], (*path, key))


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.more)])
def test_the_schema_is_never_stricter_than_the_models_and_sees_all_that_one_value_tells(every: int) -> None:
    whole = data(EVERYTHING)
    accepted = seen = 0
    for document, change in islice(_changed(whole, whole), 0, None, every):
        try:
            PipelineSpec.model_validate(document)
        except ValidationError as wrong:
            kinds = {one["type"] for one in wrong.errors()}
            if not kinds & OF_SEVERAL_KEYS and "greater than max_nodes" not in str(wrong):
                assert not accepts(document), (change, kinds)
                seen += 1
        else:
            assert accepts(document), change
            accepted += 1
    assert accepted > 400 / every
    assert seen > 2000 / every


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_the_same_of_arguments(value: Any) -> None:  # noqa: ANN401
    for arguments in (value, {"--a": value}, {"--a": [value]}, [value], [{"--a": value}], [{"--a": [value]}]):
        document = {"name": "x", "steps": {"a": {"script": "a.py", "arguments": arguments}}}
        codes = {one.code for one in errors(document)}
        assert accepts(document) or codes, arguments
        assert not accepts(document) or codes <= {"bad-option", "empty-value"}, (arguments, codes)


@settings(max_examples=50, deadline=None)
@given(pipelines())
def test_the_schema_accepts_whatever_the_loader_accepts(pipeline: Pipeline) -> None:
    assert problems.errors(loader.load(pipeline.text.encode(), "p", parameters=pipeline.given).problems) == []
    assert accepts(data(pipeline.text))


def test_init_writes_the_schema_where_its_first_line_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor finds it without a network, without knowing where Python is; so does whoever clones the project."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init"], {}) == 0
    line, text = (tmp_path / "pipeline.yaml").read_text(encoding="utf-8").split("\n", 1)
    named = line.removeprefix("# yaml-language-server: $schema=")
    assert (tmp_path / named).read_bytes() == SHIPPED.read_bytes()
    assert accepts(data(text))
    line = (ROOT / "pipeline.yaml").read_text(encoding="utf-8").split("\n", 1)[0]
    assert ROOT / line.removeprefix("# yaml-language-server: $schema=") == SHIPPED
