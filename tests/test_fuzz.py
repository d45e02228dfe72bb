"""The fuzzer's corpus and its finds, through what is fuzzed; and Hypothesis over text → plan. See ``tests/fuzz``."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.core.problems import Position
from aml_pipeline.pipeline.loader import load
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.project.environment import installed, pip_file
from tests.fuzz.lines import Mutator
from tests.fuzz.seeds import HERE, committed, pool, seeds
from tests.fuzz.targets import TARGETS
from tests.patience import no_hang
from tests.work import grows_in_step, lines_run

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]
MOST_LINES = 1_000_000  # of Python, executed for one of them; the most was 320,000
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("path", committed("pipeline"), ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_a_pipeline_of_the_fuzzer(path: Path, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    monkeypatch.setattr(source, "_Loader", loader)
    takes_little("pipeline", path.read_bytes())


@pytest.mark.parametrize("path", committed("script"), ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_a_script_of_the_fuzzer(path: Path) -> None:
    takes_little("script", path.read_bytes())


@pytest.mark.parametrize("path", committed("packages"), ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_packages_of_the_fuzzer(path: Path) -> None:
    takes_little("packages", path.read_bytes())


@pytest.mark.parametrize("target", ["log", "state", "record", "text", "patterns"])
def test_what_runs_leave_behind_of_the_fuzzer(target: str) -> None:
    for raw in seeds(target):
        takes_little(target, raw)


def takes_little(target: str, raw: bytes) -> None:
    with no_hang():
        assert lines_run(lambda: TARGETS[target](raw)) < MOST_LINES


def test_the_corpus_in_the_tree_is_small() -> None:
    files = [path for target in TARGETS for path in committed(target)]
    assert len(files) < 300
    assert sum(path.stat().st_size for path in files) < 300_000
    assert all(list((HERE / "corpus" / target).iterdir()) for target in TARGETS)


# Finds.


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("escape", [r"\U00110000", r"\UFFFFFFFF", r"\ud800", r"\uDFFF", r"\ud83d\ude00"])
def test_an_escape_that_stands_for_no_character(
    escape: str,
    loader: Any,  # noqa: ANN401 - a class of the library
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PyYAML's own parser let surrogates through, which cannot be printed, and broke on what is beyond Unicode."""
    monkeypatch.setattr(source, "_Loader", loader)
    document = source.parse(f'a: 1\nb: "x{escape}"\n')
    assert document.root is None
    (problem,) = document.problems
    assert (problem.code, problem.message) == ("yaml-syntax", "this escape stands for no character.")
    assert problem.position is not None
    assert problem.position.line == 2


@pytest.mark.parametrize("requirement", ["x; os_name == 'a\0'", "x; os_name == '\\x'"])
def test_a_marker_that_python_cannot_read(requirement: str) -> None:
    found = pip_file.read_line(requirement, "requirements.txt", Position(1, 1), lambda _: None)
    assert [one.code for one in found.problems] == ["pip-syntax"]


@pytest.mark.parametrize("text", ["Bearer", "Authorization: Basic", "x bearer \t"])
def test_a_secret_with_its_name_behind_the_word_for_a_token(text: str) -> None:
    """The name was taken for the token, and what stood behind it was left."""
    TARGETS["text"](text.encode())


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("text", ["a:\n  ?", "a:\n  -", "a:\n  b:", "a: 1\n? b", "a: [\n  1,\n  &x"])
def test_what_is_missing_at_the_end_is_placed_within_the_text(
    text: str,
    loader: Any,  # noqa: ANN401 - a class of the library
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was placed, by libyaml, on a line that was not there."""
    monkeypatch.setattr(source, "_Loader", loader)
    document = source.parse(text)
    places = [one.position for one in document.problems if one.position]
    nodes = [document.root] if document.root else []
    while nodes:
        node = nodes.pop()
        places += [node.position, *node.keys.values()]
        nodes += node.children.values()
    lines = text.split("\n")
    assert places
    assert all(one.line <= len(lines) and one.column <= len(lines[one.line - 1]) + 1 for one in places)


@pytest.mark.parametrize("specifier", ["==" + "9" * 5000, ">=1." + "9" * 5000, "~=1.0,<2.0a" + "9" * 5000])
def test_a_version_of_more_digits_than_python_reads(specifier: str) -> None:
    assert installed.holds(specifier, "1.26.4") is None


def test_a_file_of_many_unknown_names_is_told_of_in_time() -> None:
    """Each suggestion sorted all the names that are known, and each override copied all of them."""

    def unknown(count: int) -> int:
        known = "".join(f"  a{number}: 1\n" for number in range(2 * count))
        overrides = "".join(f"      a{number}: 2\n" for number in range(count, 3 * count))
        text = f"parameters:\n{known}profiles:\n  p:\n    parameters:\n{overrides}"
        found = load(f"name: x\nsteps:\n  one: {{script: a.py}}\n{text}".encode(), "x")
        return sum(one.code == "unknown-parameter" for one in found.problems)

    assert unknown(1_500) == 1_500
    assert grows_in_step(unknown, 200)


# Hypothesis.


SEEDS = seeds("pipeline")
CHANGES = Mutator(pool(SEEDS))


@settings(max_examples=EXAMPLES or 150, deadline=None, derandomize=not EXAMPLES, database=None)
@given(st.sampled_from(SEEDS), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6))
def test_the_law_that_any_text_becomes_a_plan_or_problems(raw: bytes, changes: list[int]) -> None:
    for seed in changes:
        raw = CHANGES.mutated(raw, random.Random(seed))  # noqa: S311 - Hypothesis draws the seed
    takes_little("pipeline", raw[:20_000])
