"""What is fuzzed: bytes go in, and whatever comes out must keep what the package promises for every input.

A target raises when a promise is broken, whatever the error. Knows no fuzzer.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable

from aml_pipeline.core import problems
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.loader import Loaded
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.tokens import Literal
from aml_pipeline.project import contract
from aml_pipeline.project.environment import conda_file, installed, pip_file
from aml_pipeline.project.environment.dependencies import Declaration
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.snapshot import imports
from tests.fuzz import remains
from tests.fuzz.remains import SPLIT

# The first file of an input of ``packages`` is read, and may include the others by these names.
INCLUDED = ("a.txt", "b.txt", "folder/c.txt")


def pipeline(raw: bytes) -> None:
    """A pipeline file → plan and problems, in every form in which they are told; with each profile too."""
    loaded = loader.load(raw, "pipeline.yaml")
    told(loaded.problems, loaded.text)
    planned(loaded)
    root = loaded.document.root
    profiles = root.value.get("profiles") if root is not None and isinstance(root.value, dict) else None
    if loaded.plan is None or not isinstance(profiles, dict):
        return
    for name in list(profiles)[:2]:
        again = loader.load(raw, "pipeline.yaml", profile=name, parameters={"epochs": "3"})
        told(again.problems, again.text)
        planned(again)


def planned(loaded: Loaded) -> None:
    plan = loaded.plan
    if plan is None:
        assert problems.errors(loaded.problems), "no plan, and no word why"
        return
    json.dumps(plan.as_data(), allow_nan=False).encode()
    if problems.errors(loaded.problems):
        return
    seen: set[str] = set()
    for step in plan.steps:
        assert seen.issuperset(step.upstream), f"{step.name} stands before what it needs"
        seen.add(step.name)
        for one in step.inputs:
            assert one.name in plan.step(one.step).outputs
        assert set(step.parameters) <= set(plan.parameters)
        assert set(step.datasets) <= set(plan.datasets)
        for argument in step.arguments:
            for token in argument.tokens:
                assert not isinstance(token, Literal) or "\0" not in token.text
    _checked_by_the_contract(plan)


_CONTRACT = contract.read(
    ast.parse(
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--data', required=True)\nparser.add_argument('--epochs', type=int, default=1)\n"
        "parser.add_argument('--kind', choices=['a', 'b'])\nparser.add_argument('--fast', action='store_true')\n"
        "parser.add_argument('--sizes', nargs='*', type=float)\nparser.add_argument('words', nargs='?')\n"
        "parser.parse_args()\n"
    )
)


def _checked_by_the_contract(plan: Plan) -> None:
    for step in plan.steps:
        for one in contract.faults(_CONTRACT, step, plan):
            assert one.message
            assert one.cure


def told(found: list[Problem], text: str) -> None:
    """Every problem has a place in the text and a cure, and the three forms tell the same, in text that can be sent."""
    lines = text.split("\n")
    for one in found:
        assert one.cure.endswith((".", "?")), one
        if one.origin:
            continue
        assert one.position is not None, one
        assert 1 <= one.position.line <= len(lines), one
        assert 1 <= one.position.column <= len(lines[one.position.line - 1]) + 1, one
    problems.as_text(found, {"pipeline.yaml": text}).encode()
    rows = json.loads(problems.as_json(found).encode())
    assert [row["code"] for row in rows] == [one.code for one in found]
    github = problems.as_github(found).encode()
    assert github.count(b"\n") == max(0, len(found) - 1)


def script(raw: bytes) -> None:
    """A script → what it imports, and what it takes on its command line."""
    try:
        reading = imports.read_imports(imports.parse(raw))
    except (SyntaxError, ValueError):
        return
    assert reading.openings == sorted(reading.openings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(raw)
    found = contract.read(tree)
    loaded = loader.load(_STEP, "pipeline.yaml")
    assert loaded.plan is not None
    loaded.add(contract.faults(found, loaded.plan.steps[0], loaded.plan))
    told(loaded.problems, loaded.text)


_STEP = b"""\
name: fuzz
steps:
  one:
    script: one.py
    arguments:
      - linear
      - --epochs: 2
        --data: ${{ outputs.data }}
        --sizes: [1, 0.5]
        --fast: true
"""


def packages(raw: bytes) -> None:
    """A conda file, and a pip file, with the files that they include → packages and problems."""
    first, *others = raw.split(SPLIT)
    files = {"packages": first, **dict(zip(INCLUDED, others, strict=False))}
    for read in (conda_file.read, pip_file.read):
        _declared(read("packages", files.get), files)


_PYTHON = Interpreter(
    path="python",
    implementation="CPython",
    version="3.11",
    full_version="3.11.7",
    platform="linux-x86_64",
    standard=frozenset(),
    modules={},
    distributions={"numpy": "1.26.4", "torch": "2.8.0+cpu", "x": "odd version", "scikit_learn": "1.4rc1", "a": "2!1.0"},
    folders=(),
)


def _declared(found: Declaration, files: dict[str, bytes]) -> None:
    for package in found.packages:
        assert package.file in files
        assert isinstance(package.name, str)
        for versions in package.versions:
            versions.encode()
    installed.compare(found.packages, _PYTHON)
    for one in found.problems:
        assert one.file in files
        assert one.cure.endswith((".", "?")), one
        assert one.position is not None
    texts = {name: raw.decode("utf-8", "replace") for name, raw in files.items()}
    problems.as_text(found.problems, texts).encode()
    json.loads(problems.as_json(found.problems).encode())
    problems.as_github(found.problems).encode()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "pipeline": pipeline,
    "script": script,
    "packages": packages,
    "log": remains.log,
    "state": remains.state,
    "record": remains.recorded,
    "text": remains.shown,
    "patterns": remains.patterns,
}
