"""What names may look like."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.pipeline.spec.names import LONGEST, TAKEN, VARIABLE_NAME, step_name_fault, word_name_fault


@pytest.mark.parametrize("name", ["a", "train", "prepare-data", "a1-2b-c3", "x" * LONGEST])
def test_names_of_steps(name: str) -> None:
    assert step_name_fault(name) is None


@pytest.mark.parametrize("name", ["a", "images", "train_set", "a1_2b_c3", "x" * LONGEST])
def test_names_of_outputs_parameters_and_datasets(name: str) -> None:
    assert word_name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "1a",
        "-a",
        "a-",
        "a--b",
        "a b",
        "a.b",
        "a/b",
        "../a",
        "a\n",
        "é",
        "a\u0661",
        "a" * (LONGEST + 1),
        "_a",
        "a_",
        "a__b",
    ],
)
def test_names_that_neither_may_have(name: str) -> None:
    assert step_name_fault(name)
    assert word_name_fault(name)


def test_words_of_a_step_are_joined_by_a_dash_others_by_an_underscore() -> None:
    assert step_name_fault("a_b")
    assert word_name_fault("a-b")


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_what_azure_ml_keeps_for_itself(name: str) -> None:
    assert word_name_fault(name) == "is reserved by Azure ML"
    assert step_name_fault(name) is None  # a step is no variable of a process


def test_the_length_is_told_instead_of_the_form() -> None:
    assert LONGEST == 100
    assert step_name_fault("A" * 200) == f"has 200 characters, but at most {LONGEST} are allowed"


@given(st.text("abz09-_A. \n", max_size=8))
def test_a_good_name_is_safe_in_paths_and_in_expressions(name: str) -> None:
    for fault, joiner in ((step_name_fault, "-"), (word_name_fault, "_")):
        if fault(name) is None:
            assert name.replace(joiner, "").isalnum()
            assert name == name.lower().strip(joiner)
            assert name[0].isalpha()


@pytest.mark.parametrize(
    ("name", "good"), [("A", True), ("_a1", True), ("1A", False), ("A-B", False), ("", False), ("A=B", False)]
)
def test_names_of_environment_variables(name: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    assert bool(re.fullmatch(VARIABLE_NAME, name)) is good
