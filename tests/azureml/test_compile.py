"""What makes a step another one for Azure ML: the SDK's fingerprint of its module, over the SDK's own fake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, token_as_data
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Parameter
from aml_pipeline.project.opening import open_pipeline
from tests import dry
from tests.conformance import strategies
from tests.conftest import Project
from tests.loopback.serving import quiet
from tests.loopback.state import Sdk

pytestmark = quiet

PIPELINE = """
    name: lesson
    description: None.
    compute: cpu-cluster
    environment: {name: training, docker_image: "training:1"}
    source_directory: steps

    parameters:
      epochs: 2
      rate: 0.1

    steps:
      prepare:
        script: prepare.py
        arguments:
          --out: ${{ outputs.data }}

      train:
        script: train.py
        environment_variables: {A: "1"}
        timeout: 10m
        arguments:
          --in: ${{ steps.prepare.outputs.data }}
          --layers: [64, 32]
          --epochs: ${{ parameters.epochs }}
          --out: ${{ outputs.model }}
        outputs:
          model: {mode: mount, datastore: results}

      report:
        script: report.py
        after: [train]
        arguments:
          --rate: ${{ parameters.rate }}
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "steps/prepare.py": "print('prepare')\n",
    "steps/train.py": "import network\n",
    "steps/network.py": "LAYERS = 2\n",
    "steps/report.py": "print('report')\n",
}
Fingerprints = Callable[..., dict[str, str]]


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Sdk:
    return dry.workspace(monkeypatch)


@pytest.fixture
def fingerprints(workspace: Sdk, tmp_path: Path) -> Fingerprints:
    """Give the fingerprints of the project's steps in the folder ``place``, after a replacement in one of its files."""

    def found(file: str = "pipeline.yaml", old: str = "", new: str = "", place: str = "one") -> dict[str, str]:
        project = Project(tmp_path / place)
        project.write(FILES)
        if old:
            project.replace(file, old, new)
        plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
        return dry.fingerprints(plan, workspace, opened)

    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ("[64, 32]", '"64,32"', {"train"}),
        ("[64, 32]", "[64, 33]", {"train"}),
        ("epochs: 2", "epochs: 3", {"train"}),
        ("parameters.epochs", "parameters.rate", {"train"}),
        ('{A: "1"}', '{A: "2"}', {"train"}),
        ('{A: "1"}', '{B: "1"}', {"train"}),
        ("timeout: 10m", "timeout: 11m", {"train"}),
        ("timeout: 10m", "timeout: 10m\n    resources: {shm_size: 4g}", {"train"}),
        ("timeout: 10m", "timeout: 10m\n    resources: {docker_arguments: [--init]}", {"train"}),
        ("mode: mount", "mode: upload", {"train"}),
        ("datastore: results", "datastore: others", {"train"}),
        ("mode: mount", "mode: mount, register_as: network", {"train"}),
        ("training:1", "training:2", {"prepare", "train", "report"}),
        ("name: training", "name: serving", {"prepare", "train", "report"}),
        ("compute: cpu-cluster", "compute: gpu-cluster", {"prepare", "train", "report"}),
        ("after: [train]", "after: [train, prepare]", {"report"}),
        ("after: [train]", "after: [prepare]", {"report"}),
        ("after: [train]", "allow_reuse: false", {"report"}),
        ("script: report.py", "script: prepare.py", {"report"}),
        ("timeout: 10m", "timeout: 10m\n    distribution: {type: pytorch}", {"train"}),
    ],
)
def test_a_step_that_is_declared_otherwise_is_another_module(
    fingerprints: Fingerprints, old: str, new: str, steps: set[str]
) -> None:
    before = fingerprints()
    assert changed(before, fingerprints(old=old, new=new)) == steps
    assert changed(before, fingerprints()) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("description: None.", "description: Some."),
        ("name: lesson", "name: lecture"),
        ("timeout: 10m", "timeout: 600s"),
        ("[64, 32]", '["64", "32"]'),
        ("compute: cpu", "retries: 3\ncompute: cpu"),
        ("mode: mount", "mode: mount, may_be_empty: true"),
        ("parameters:\n", "# A comment.\nparameters:\n"),
        ("epochs: 2", "epochs: {default: 2, description: Passes.}"),
    ],
)
def test_what_no_node_sees_changes_no_module(fingerprints: Fingerprints, old: str, new: str) -> None:
    assert changed(fingerprints(), fingerprints(old=old, new=new)) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "steps"),
    [
        ("steps/train.py", "import network", "import network ", {"train"}),
        ("steps/network.py", "2", "3", {"train"}),
        ("steps/report.py", "'report'", '"report"', {"report"}),
    ],
)
def test_one_byte_costs_the_steps_that_read_the_file(
    fingerprints: Fingerprints, file: str, old: str, new: str, steps: set[str]
) -> None:
    assert changed(fingerprints(), fingerprints(file, old, new)) == steps


def test_another_folder_is_the_same_pipeline(fingerprints: Fingerprints) -> None:
    assert fingerprints() == fingerprints(place="two")


def described(plan: Plan, step: str) -> str:
    """Return all that tells one generated step from another, by the plan."""
    one = plan.step(step)
    sent = [words.tokens for words in one.arguments if not any(isinstance(token, Dataset) for token in words.tokens)]
    defaults = {token.name: plan.parameters[token.name].default for words in sent for token in words
                if isinstance(token, Parameter)}  # fmt: skip
    rows = [[token_as_data(token) for token in words] for words in sent]
    inputs = sorted(f"{name} {data}" for data, name in ports.names(one).items() if isinstance(data, Input))
    outputs = sorted((name, str(settings.sent)) for name, settings in one.outputs.items())
    rest = [outputs, inputs, sorted(one.after), str(one.distribution), one.script, one.words]
    return json.dumps([step, rows, defaults, *rest])


@pytest.mark.parametrize("pairs", [30, pytest.param(300, marks=pytest.mark.more)])
def test_no_two_steps_are_taken_for_one(
    workspace: Sdk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pairs: int,
) -> None:
    """Of generated pipelines: equal fingerprints, equal steps, and the other way round."""
    absent = {name: {"local": "data", "optional": True} for name in strategies.DATASETS}
    monkeypatch.setattr(strategies, "DATASETS", absent)
    file = tmp_path / "pipeline.yaml"
    for name in ("record.py", "record.sh", "package/__init__.py", "package/record.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("pass\n")
    steps: dict[str, str] = {}

    @given(strategies.twins())
    @settings(max_examples=pairs, derandomize=True, deadline=None, phases=[Phase.generate])
    def check(pair: tuple[strategies.Pipeline, strategies.Pipeline]) -> None:
        for one in pair:
            file.write_text(one.text, encoding="utf-8")
            plan, project = open_pipeline(str(file), parameters=one.given).require()
            found = dry.fingerprints(plan, workspace, project)
            for name in one.received:  # and not those that register models
                assert steps.setdefault(found[name], described(plan, name)) == described(plan, name)

    check()
    assert len(set(steps.values())) == len(steps) > pairs
