"""A spec becomes one plan: references, order, what a step has from the pipeline; plain data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.plan.model import ParameterValue, Plan
from aml_pipeline.pipeline.plan.settings import OutputSettings
from aml_pipeline.pipeline.plan.tokens import Input
from tests.work import grows_in_step

TEXT = """\
name: example
description: An example.
compute: cpu
environment: {name: base, conda_file: base.yml}
environment_variables: {A: pipeline, B: pipeline}
source_directory: steps
snapshot: [words.txt]
timeout: 1h
retries: 1
allow_reuse: false
datasets:
  images: {local: data, optional: true, registered: images, version: 3}
parameters: {epochs: 010, unused_flag: TRUE}
steps:
  last:
    script: last.py
    after: [train, train, prepare]
    arguments:
      - ${{ steps.train.outputs.model }}
      - ${{ steps.prepare.outputs.tables }}
      - ${{ steps.train.outputs.model }}
    outputs: {}
  train:
    script: train.py
    arguments:
      --tables: ${{ steps.prepare.outputs.tables }}
      --epochs: ${{ parameters.epochs }}
      --again: ${{ parameters.epochs }}
      --flag: ${{ parameters.unused_flag }}
      --output: ${{ outputs.model }}
      --log: ${{ outputs.log }}
      --log-too: ${{ outputs.log }}
    outputs: {model: {datastore: store, mode: mount, register_as: model}}
    compute: {name: gpu, vm_size: STANDARD_NC6, max_nodes: 2}
    environment: {registered: team, version: 3}
    environment_variables: {B: step}
    source_directory: training
    snapshot: []
    timeout: 90s
    retries: 0
    allow_reuse: true
  prepare:
    script: prepare.py
    arguments: {--images: '${{ datasets.images }}', --output: '${{ outputs.tables }}'}
"""


def load(text: str = TEXT) -> loader.Loaded:
    return loader.load(text.encode(), "pipeline.yaml", file="/p/pipeline.yaml")


def plan(text: str = TEXT) -> Plan:
    loaded = load(text)
    assert problems.errors(loaded.problems) == []
    assert loaded.plan is not None
    return loaded.plan


def test_steps_stand_in_the_order_in_which_they_run() -> None:
    found = plan()
    assert [step.name for step in found.steps] == ["prepare", "train", "last"]
    assert found.upstream == {"prepare": (), "train": ("prepare",), "last": ("train", "prepare")}


def test_what_a_step_reads_and_writes_is_what_its_arguments_name() -> None:
    train, last = plan().step("train"), plan().step("last")
    assert train.inputs == (Input("prepare", "tables"),)
    assert train.parameters == ("epochs", "unused_flag")  # each once
    assert plan().step("prepare").datasets == ("images",)
    assert train.outputs == {"model": OutputSettings("store", "mount", "model"), "log": OutputSettings()}
    assert last.inputs == (Input("train", "model"), Input("prepare", "tables"))
    assert last.after == ("train", "prepare")


def test_a_step_has_its_own_settings_or_those_of_the_pipeline() -> None:
    train, last = plan().step("train"), plan().step("last")
    assert (last.timeout, last.retries, last.allow_reuse, last.snapshot) == (3600, 1, False, ("words.txt",))
    assert (train.timeout, train.retries, train.allow_reuse, train.snapshot) == (90, 0, True, ())
    assert (last.source_directory, train.source_directory) == ("steps", "training")
    assert last.environment_variables == {"A": "pipeline", "B": "pipeline"}
    assert train.environment_variables == {"A": "pipeline", "B": "step"}
    assert last.compute is not None
    assert train.compute is not None
    assert (last.compute.name, last.compute.vm_size) == ("cpu", None)
    assert (train.compute.name, train.compute.vm_size, train.compute.max_nodes) == ("gpu", "STANDARD_NC6", 2)
    assert last.environment is not None
    assert train.environment is not None
    assert (last.environment.name, last.environment.conda_file) == ("base", "base.yml")
    assert (train.environment.registered, train.environment.version, train.environment.name) == ("team", "3", None)


def test_without_settings_there_are_none() -> None:
    step = plan("name: x\nsteps: {a: {script: a.py}}").step("a")
    assert (step.compute, step.environment, step.snapshot, step.timeout) == (None, None, None, None)
    assert (step.source_directory, step.allow_reuse, step.retries, step.arguments) == (".", True, 0, ())


def test_the_rest_of_the_plan() -> None:
    found = plan()
    assert (found.file, found.name, found.description) == ("/p/pipeline.yaml", "example", "An example.")
    assert (found.experiment, plan(TEXT + "experiment: 012\n").experiment) == ("example", "012")
    assert found.parameters["epochs"] == ParameterValue("010", "010", "integer")
    assert found.parameters["unused_flag"] == ParameterValue("true", "true", "boolean")
    place = found.datasets["images"]
    assert (place.local, place.optional, place.registered, place.version, place.mode) == (
        "data",
        True,
        "images",
        "3",
        "mount",
    )


def test_a_plan_is_plain_data() -> None:
    data = json.loads(json.dumps(plan().as_data()))
    assert [step["name"] for step in data["steps"]] == ["prepare", "train", "last"]
    assert data["steps"][0]["arguments"] == [
        [{"literal": {"text": "--images"}}, {"dataset": {"name": "images"}}],
        [{"literal": {"text": "--output"}}, {"output": {"name": "tables"}}],
    ]
    assert data["steps"][2]["arguments"][0] == [{"input": {"step": "train", "name": "model"}}]
    assert data["steps"][1]["outputs"]["model"] == {
        "datastore": "store",
        "mode": "mount",
        "register_as": "model",
        "may_be_empty": False,
        "type": "folder",
        "path": None,
        "overwrite": False,
        "model": None,
        "argument": True,
    }
    assert plan().as_data() == plan().as_data()


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("- ${{ steps.train.", "- ${{ steps.trian.", "unknown-step", 'Did you mean "train"?'),
        ("[train, train, prepare]", "[trian]", "unknown-step", 'Did you mean "train"?'),
        ("[train, train, prepare]", "[last]", "cycle", 'step "last" lists itself under `after`'),
        (
            "steps.prepare.outputs.tables }}\n",
            "steps.prepare.outputs.table }}\n",
            "unknown-output",
            'Did you mean "tables"?',
        ),
        (
            "--tables: ${{ steps.prepare",
            "--tables: ${{ steps.last",
            "unknown-output",
            "Declare the output with an argument such as `--tables:",
        ),
        (
            "--tables: ${{ steps.prepare.outputs.tables }}",
            "--tables: ${{ steps.train.outputs.model }}",
            "own-output",
            "Write ${{ outputs.model }}",
        ),
        ("outputs: {}", "outputs: {x: {}}", "unknown-output", "Add an argument such as"),
        ("outputs: {}", "outputs: {x: {}}", "unknown-output", "or write `argument: false` if the script finds"),
        ("outputs: {model: {", "outputs: {modle: {", "unknown-output", 'Did you mean "model"?'),
        ("parameters.epochs }}\n      --again", "parameters.epoch }}\n      --again", "unknown-parameter", '"epochs"?'),
        ("datasets.images }}", "datasets.image }}", "unknown-dataset", 'Did you mean "images"?'),
        ("--flag: ${{ parameters.unused_flag }}", "--flag: 1", "unused-parameter", "${{ parameters.unused_flag }}"),
        ("--images: '${{ datasets.images }}', ", "", "unused-dataset", "${{ datasets.images }}"),
    ],
)
def test_a_reference_to_what_is_not_there(old: str, new: str, code: str, words: str) -> None:
    assert old in TEXT
    found = load(TEXT.replace(old, new, 1))
    mine = [one for one in found.problems if one.code == code]
    assert len(mine) == 1
    assert words in f"{mine[0].message} {mine[0].cure}"
    assert mine[0].severity == ("warning" if code.startswith("unused") else "error")


def test_a_cycle_is_told_once_with_its_way() -> None:
    found = load(TEXT.replace("script: prepare.py", "script: prepare.py\n    after: [last]"))
    cycles = [one for one in found.problems if one.code == "cycle"]
    assert len(cycles) == 1
    assert cycles[0].position is not None
    assert found.text.splitlines()[cycles[0].position.line - 1] == "    after: [last]"
    assert "these steps depend on each other in a cycle: last → prepare → " in cycles[0].message


def test_with_problems_there_is_still_a_plan_of_what_could_be_resolved() -> None:
    found = load(TEXT.replace("- ${{ steps.train.", "- ${{ steps.trian.", 1))
    assert found.plan is not None
    assert {step.name for step in found.plan.steps} == {"last", "train", "prepare"}


def test_what_is_not_there_is_no_step_that_comes_before() -> None:
    found = load(TEXT.replace("after: [train, train, prepare]", "after: [nobody, last, prepare]"))
    assert found.plan is not None
    assert found.plan.step("last").after == ("prepare",)


def test_thousands_of_unknown_names_take_work_in_step_with_their_number() -> None:
    def told(count: int) -> list[int]:
        lines = "".join(f"      --a{number}: ${{{{ parameters.x{number} }}}}\n" for number in range(count))
        found = load(f"name: x\nsteps:\n  a:\n    script: a.py\n    arguments:\n{lines}")
        return [one.position.line if one.position else 0 for one in found.problems]

    assert told(5000) == list(range(6, 5006))
    assert grows_in_step(told, 200)


NAMES = [f"s{number}" for number in range(6)]


@given(
    st.permutations(NAMES),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=8),
)
@settings(deadline=None, max_examples=60)
def test_data_and_after_order_alike(declared: list[str], edges: list[tuple[str, str, bool]]) -> None:
    """An edge from a lower to a higher number, by data or by ``after``."""
    edges = [(min(a, b), max(a, b), data) for a, b, data in edges if a != b]
    lines = ["name: x", "steps:"]
    for name in declared:
        after = [a for a, b, data in edges if b == name and not data]
        reads = [f"'${{{{ steps.{a}.outputs.o }}}}'" for a, b, data in edges if b == name and data]
        arguments = ", ".join(["'${{ outputs.o }}'", *reads])
        lines.append(f"  {name}: {{script: a.py, after: [{', '.join(after)}], arguments: [{arguments}]}}")
    order = [step.name for step in plan("\n".join(lines)).steps]
    assert sorted(order) == NAMES
    assert all(order.index(a) < order.index(b) for a, b, _ in edges)
    free = [name for name in declared if not any(b == name for _, b, _ in edges)]
    assert [name for name in order if name in free] == free
