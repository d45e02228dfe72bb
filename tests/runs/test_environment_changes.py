"""Two definitions of an environment → what differs, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.runs.environment_changes import CHANGED, changes, lines


def conda(*packages: object, **more: object) -> dict[str, Any]:
    return {"conda_file": json.dumps({"dependencies": list(packages), **more})}


def pip(*packages: str) -> dict[str, Any]:
    return {"pip_requirements": list(packages)}


CASES: list[tuple[object, object, list[str]]] = [
    (conda("numpy>=1.26"), conda("numpy>=2"), ["environment: numpy>=1.26 → numpy>=2"]),
    (conda("numpy"), conda("numpy", "lightgbm"), ["environment: added lightgbm"]),
    (conda("numpy", {"pip": ["torch==2.4"]}), conda("numpy", {"pip": ["Torch==2.5"]}),
     ["environment: torch==2.4 → Torch==2.5"]),
    (conda("numpy"), {**conda("numpy"), "included": ["lightgbm"]}, ["environment: added lightgbm"]),
    (conda("conda-forge::numpy=1"), conda("numpy=1"), ["environment: conda-forge::numpy=1 → numpy=1"]),
    (conda("a", "b"), conda("b", "a"), ["environment: packages are in another order"]),
    (conda("a", channels=["x"]), conda("a", channels=["y", "x"]), ["environment: channels x → y, x"]),
    (pip("scikit_learn==1", "pandas"), pip("scikit-learn==1.5"),
     ["environment: scikit_learn==1 → scikit-learn==1.5", "environment: removed pandas"]),
    (pip("-r base.txt", "a"), pip("a"), ["environment: removed -r base.txt"]),
    (pip("a<2", "a>1"), pip("a<3", "a>1"), ["environment: a<2 → a<3"]),
    (conda({"pip": ["a"]}), pip("a", "b"), ["environment: added b"]),
    ({"docker_image": "old:1"}, {"docker_image": "new:2"}, ["docker image old:1 → new:2"]),
    ({"docker_image": "old:1"}, {"docker_image": "old:1", **pip("a")}, ["environment: added a"]),
    ({"docker_image": "old:1"}, pip("a"), ["environment: removed docker image old:1", "environment: added a"]),
    ({"registered": "e", "version": "1"}, {"registered": "e", "version": "2"}, ["environment: version 1 → 2"]),
    ({"registered": "e", "version": "1"}, {"registered": "e"}, ["environment: removed version 1"]),
    ({"dockerfile": "D", "files": {"D": "1", "a": "1", "b": "1"}},
     {"dockerfile": "D", "files": {"D": "2", "b": "1", "c": "1"}},
     ["environment: changed D", "environment: removed a", "environment: added c"]),
    ("", pip("a"), ["environment: declared for the first time"]),
    (pip("a"), "", ["environment: no longer declared"]),
    ("digest", pip("a"), [CHANGED]),
    ("digest", "other", [CHANGED]),
    (None, "other", [CHANGED]),
    ({"conda_file": "no JSON"}, conda("a"), [CHANGED]),
    ({"conda_file": "[]"}, conda("a"), [CHANGED]),
    (conda({"pip": ["b"]}), conda({"pip": ["b"], "x": 1}), [CHANGED]),
]  # fmt: skip


@pytest.mark.parametrize(("then", "now", "told"), CASES)
def test_a_definition_that_changed_says_what(then: object, now: object, told: list[str]) -> None:
    assert changes(then, now) == told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
DEFINITIONS = st.fixed_dictionaries(
    {},
    optional={
        "conda_file": st.dictionaries(st.sampled_from(["channels", "dependencies", "x"]), JSON).map(json.dumps),
        "pip_requirements": st.lists(st.text(max_size=5), max_size=3),
        "docker_image": st.text(max_size=5),
    },
)


@given(DEFINITIONS, DEFINITIONS)
def test_every_difference_is_told_in_some_words(then: dict[str, Any], now: dict[str, Any]) -> None:
    assert changes(then, now)
    assert all(isinstance(line, str) for line in lines(now))


def test_the_lines_of_a_definition_are_those_of_its_packages() -> None:
    definition = {"docker_image": "a", **conda("numpy", {"pip": ["torch"]}, channels=["x"])}
    assert lines(definition) == [
        "docker image: a", "channels:", "  - x", "packages:", "  - numpy", "  - torch",
    ]  # fmt: skip
    assert lines({"dockerfile": "D", "files": {"D": "0123456789abcdef"}}) == [
        "dockerfile: D", "files:", "  - D 0123456789ab",
    ]  # fmt: skip
    assert lines({"conda_file": "no JSON"}) == ["conda file: no JSON"]
