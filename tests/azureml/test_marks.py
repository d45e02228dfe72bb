"""Marks as SDK v1 writes them: the last line of a description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.azureml.publication import Mark
from aml_pipeline.azureml.v1.marks import LONGEST_DESCRIPTION, mark_in, marked, text_in

ORIGIN = "github.com/me/mine:pipeline.yaml"


@given(
    st.text(max_size=400),
    st.sampled_from(["a", "a-b", "a/b-c"]),
    st.sampled_from([None, "nightly", "weekly"]),
    st.booleans(),
    st.sampled_from(["", ORIGIN, "disabled", "~"]),
)
def test_a_mark_is_found_again_under_any_text(
    text: str,
    whose: str,
    key: str | None,
    disabled: bool,  # noqa: FBT001
    origin: str,
) -> None:
    mark = Mark(whose, key, "0123abcd" * 4, disabled, origin)
    written = marked(text, mark)
    assert mark_in(written) == mark
    assert len(written) <= LONGEST_DESCRIPTION


@pytest.mark.parametrize(
    "text",
    [None, "", "Train.", "aml-pipeline:a", "aml-pipeline:a xyz", "aml-pipeline:a 12\nmore", "by aml-pipeline:a 12"],
)
def test_what_carries_no_mark_is_somebody_elses(text: str | None) -> None:
    assert mark_in(text) is None


def test_a_description_keeps_its_text_under_another_mark() -> None:
    before = marked("Ours.", Mark("mine", None, "0"))
    after = marked(text_in(before), Mark("mine", None, "0", origin=ORIGIN))
    assert after == f"Ours.\naml-pipeline:mine 0 @{ORIGIN}"
    assert text_in(marked("", Mark("mine", None, "0"))) == ""
