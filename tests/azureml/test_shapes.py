"""Steps that differ in values only run one component, and equal snapshots are one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.export import shapes
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import open_pipeline
from tests.v2 import sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client

HEAD = """name: small
compute: cpu-cluster
environment: {name: training, docker_image: x}
parameters: {epochs: 2}
datasets: {images: {local: data, registered: images, type: folder}}
steps:
"""


def opened(folder: Path, steps: str) -> tuple[Plan, Project]:
    """Return the pipeline with these ``steps``."""
    for name in ("train.py", "test.py", "a.sh", "other/train.py", "package/train.py", "package/__init__.py"):
        place = folder / "project" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    (folder / "project/pipeline.yaml").write_text(f"{HEAD}{steps}")
    return open_pipeline(str(folder / "project/pipeline.yaml")).require()


def exported(folder: Path, steps: str) -> Plan:
    """Return the plan of the pipeline with these ``steps``, which is exported."""
    plan, project = opened(folder, steps)
    export.write(plan, project, str(folder / "v2"))
    return plan


def read(folder: Path, place: str) -> Any:  # noqa: ANN401 - YAML
    """Return a file of the export as data."""
    return yaml.safe_load((folder / "v2" / place).read_text())


SWEEP = """
  small: {script: train.py, arguments: {--layers: [8, 4], --rate: 0.5, --name: a b, --same: 1, --out: "${{ outputs.m }}"}}
  large: {script: train.py, arguments: {--layers: [64, 4], --rate: 0.25, --name: "012", --same: 1,
    --out: "${{ outputs.m }}"}, compute: gpu, timeout: 1h, environment_variables: {A: b}, outputs: {m: {mode: mount}}}
"""  # noqa: E501 - as in a file


def test_values_that_differ_are_inputs_of_one_component_and_all_others_stay_in_its_command(tmp_path: Path) -> None:
    exported(tmp_path, SWEEP)
    component = read(tmp_path, "components/train.yml")
    assert component["inputs"] == {name: {"type": "string"} for name in ("layers", "rate", "name")}
    assert component["command"].split("--")[1:] == [
        "layers '${{inputs.layers}}' 4 ",
        "rate '${{inputs.rate}}' ",
        "name '${{inputs.name}}' ",
        "same 1 ",
        "out '${{outputs.m}}'",
    ]
    jobs = read(tmp_path, "pipeline.yml")["jobs"]
    assert [jobs[name]["component"] for name in ("small", "large")] == ["./components/train.yml"] * 2
    assert [jobs[name]["inputs"] for name in ("small", "large")] == [
        {"layers": "8", "rate": "0.5", "name": "a b"},
        {"layers": "64", "rate": "0.25", "name": "012"},
    ]
    assert [file.name for file in (tmp_path / "v2/code").iterdir()] == ["train"]
    manifest = read(tmp_path, "export.json")
    assert manifest["components"] == manifest["code"] == {"small": "train", "large": "train"}


def test_a_step_alone_keeps_its_literals_and_its_names(tmp_path: Path) -> None:
    plan = exported(tmp_path, "  small-one: {script: train.py, arguments: {--layers: 8}}\n")
    [component] = shapes.components(plan)
    assert (component.name, component.lines) == ("small_one", ["python train.py", "--layers 8"])
    assert read(tmp_path, "components/small_one.yml")["display_name"] == "small-one"
    assert (tmp_path / "v2/code/small-one/train.py").is_file()


BASE = "script: train.py, arguments: {--a: 1}"
NOT_SHARED = [
    (BASE, "script: test.py, arguments: {--a: 2}"),
    (BASE, "script: train.py, source_directory: other, arguments: {--a: 2}"),
    (BASE, "script: train.py, allow_reuse: false, arguments: {--a: 2}"),
    (BASE, 'script: train.py, snapshot: ["*.txt"], arguments: {--a: 2}'),
    (BASE, "script: train.py, environment: {curated: b}, arguments: {--a: 2}"),
    (BASE, "script: train.py, arguments: {--b: 2}"),
    (BASE, "script: train.py, arguments: {--a: 2, --b: true}"),
    (BASE, "script: train.py, arguments: {--a: [1, 2]}"),
    (BASE, 'script: train.py, arguments: {--a: "${{ parameters.epochs }}"}'),
    (
        'script: train.py, arguments: {--a: "${{ outputs.m }}"}',
        'script: train.py, arguments: {--a: "${{ outputs.n }}"}',
    ),
    ("script: train.py", "command: [python, train.py]"),  # which has all files
    ("command: [bash, -e, a.sh], arguments: [1]", "command: [bash, -e, a.sh], arguments: [2]"),
    ("script: train.py, arguments: [1]", "script: train.py, arguments: [2]"),
    ("script: train.py, arguments: [-v]", "script: train.py, arguments: [-q]"),
    ("script: train.py, arguments: [-v, -a]", "script: train.py, arguments: [-v, -b]"),
    ("script: train.py, arguments: {--é: 1}", "script: train.py, arguments: {--é: 2}"),
    ("script: train.py, arguments: {--a: it's}", "script: train.py, arguments: {--a: its}"),
    ("script: train.py, arguments: {--a: '$[[x'}", "script: train.py, arguments: {--a: x}"),
    ('script: train.py, arguments: {--a: "x\\ny"}', "script: train.py, arguments: {--a: x}"),
    ('script: train.py, arguments: {--a: ""}', "script: train.py, arguments: {--a: x}"),
    ('script: train.py, arguments: {--a: " x"}', "script: train.py, arguments: {--a: x}"),
    (
        'script: train.py, arguments: {--a: "${{ outputs.m }}"}, outputs: {m: {type: file}}',
        'script: train.py, arguments: {--a: "${{ outputs.m }}"}',
    ),
    (
        'script: train.py, arguments: {--a: "${{ datasets.images }}/x"}',
        'script: train.py, arguments: {--a: "${{ datasets.images }}/y"}',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), NOT_SHARED)
def test_steps_that_differ_in_more_do_not_share(tmp_path: Path, one: str, other: str) -> None:
    plan, _ = opened(tmp_path, f"  one: {{{one}}}\n  other: {{{other}}}\n")
    assert [component.name for component in shapes.components(plan)] == ["one", "other"]


SHARED = [
    ("script: train.py", "script: train.py", {}),
    ("script: train.py, arguments: {--a: it's}", "script: train.py, arguments: {--a: it's}", {}),
    ("command: [python, train.py]", "command: [python, train.py]", {}),
    ("module: package.train, arguments: {--a: 1}", "module: package.train, arguments: {--a: 2}", {"a": "1"}),
    ("script: train.py, arguments: [--a, 1]", "script: train.py, arguments: [--a, 2]", {"a": "1"}),
    ("script: train.py, arguments: [--a, -5]", "script: train.py, arguments: [--a, 2.5]", {"a": "-5"}),
    ("script: train.py, arguments: {--path: x}", "script: train.py, arguments: {--path: y}", {"input_path": "x"}),
    (
        'script: train.py, arguments: [--m, x, {--out: "${{ outputs.m }}"}]',
        'script: train.py, arguments: [--m, y, {--out: "${{ outputs.m }}"}]',
        {"input_m": "x"},
    ),
    (
        "script: train.py, arguments: {--a: [1, 2]}",
        "script: train.py, arguments: {--a: [3, 4]}",
        {"a": "1", "a_2": "2"},
    ),
    (
        'script: train.py, arguments: {--a: ["${{ datasets.images }}", x]}',
        'script: train.py, arguments: {--a: ["${{ datasets.images }}", y]}',
        {"a_2": "x"},
    ),
]


@pytest.mark.parametrize(("one", "other", "values"), SHARED)
def test_steps_that_differ_in_values_share(tmp_path: Path, one: str, other: str, values: dict[str, str]) -> None:
    plan, _ = opened(tmp_path, f"  one: {{{one}}}\n  other: {{{other}}}\n")
    [component] = shapes.components(plan)
    assert component.name == "train"
    added = [port for port in component.ports["one"] if port.kind == "inputs" and port.token is None]
    assert {port.name: port.value for port in added} == values


VALUES = [
    "azureml:x:1",
    "https://example.com/a",
    "./train.py",
    "/data",
    "null",
    "~",
    "yes",
    "0x10",
    "1e3",
    "2026-01-01",
    "é $HOME `id`",
]


def test_values_that_might_be_taken_for_something_else_are_sent_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("azure.ai.ml")
    steps = (f"  s-{n}: {{script: train.py, arguments: {{--value: '{text}'}}}}\n" for n, text in enumerate(VALUES))
    exported(tmp_path, "".join(steps))
    nodes = sdk.load(tmp_path / "v2")["pipeline.yml"].rest["properties"]["jobs"].values()
    assert [node["inputs"]["value"] for node in nodes] == [
        {"value": text, "job_input_type": "literal"} for text in VALUES
    ]


def test_steps_that_read_from_different_steps_share(tmp_path: Path) -> None:
    pytest.importorskip("azure.ai.ml")
    make = '{script: test.py, arguments: {--out: "${{ outputs.data }}"}}'
    use = '{script: train.py, arguments: {--in: "${{ steps.NAME.outputs.data }}"}}'
    steps = [(f"make-{n}", make) for n in "ab"] + [(f"use-{n}", use.replace("NAME", f"make-{n}")) for n in "ab"]
    exported(tmp_path, "".join(f"  {name}: {step}\n" for name, step in steps))
    loaded = sdk.load(tmp_path / "v2")
    assert [name for name in loaded if name.startswith("components/")] == [
        "components/test.yml",
        "components/train.yml",
    ]
    nodes = loaded["pipeline.yml"].rest["properties"]["jobs"]
    assert [nodes[f"use_{n}"]["inputs"]["in"]["value"] for n in "ab"] == [
        f"${{{{parent.jobs.make_{n}.outputs.data}}}}" for n in "ab"
    ]


@pytest.mark.parametrize(
    ("groups", "wanted", "names"),
    [
        ([["a"], ["b", "c"]], ["train", "train"], ["a", "train"]),
        ([["train"], ["b", "c"]], ["", "train"], ["train", "b"]),
        ([["b", "train"]], ["train"], ["train"]),
        ([["a", "b"], ["c", "d"]], ["train", "train"], ["a", "c"]),
        ([["a", "b"], ["c", "d"]], ["train", "Train"], ["a", "c"]),
        ([["a", "b"], ["c", "d"]], ["c", ""], ["a", "c"]),
        ([["a", "b"]], ["2 words"], ["a"]),
        ([["a", "b"]], [".."], ["a"]),
    ],
)
def test_names_are_short_and_differ(groups: list[list[str]], wanted: list[str], names: list[str]) -> None:
    assert shapes.named(groups, wanted) == names


def test_equal_snapshots_of_different_scripts_are_one_folder(tmp_path: Path) -> None:
    source = tmp_path / "project/src"
    source.mkdir(parents=True)
    for name in ("a.py", "b.py"):
        (source / name).write_text("import importlib; importlib.import_module(input())\n")
    steps = "{script: NAME.py, source_directory: src}"
    exported(tmp_path, "".join(f"  {name}: {steps.replace('NAME', name)}\n" for name in "ab"))
    code = tmp_path / "v2/code"
    assert sorted(file.relative_to(code).as_posix() for file in code.rglob("*.py")) == ["src/a.py", "src/b.py"]
    assert [read(tmp_path, f"components/{name}.yml")["code"] for name in "ab"] == ["../code/src"] * 2
