"""Plain scalars by YAML 1.2's core schema; numbers remember their text."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.pipeline.yaml.scalars import Float, Integer, Scalar, resolve, written


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("", None, type(None)),
        ("~", None, type(None)),
        ("Null", None, type(None)),
        ("nULL", "nULL", str),  # only three spellings count
        ("true", True, bool),
        ("True", True, bool),
        ("TRUE", True, bool),
        ("false", False, bool),
        ("False", False, bool),
        ("FALSE", False, bool),
        ("tRue", "tRue", str),
        ("yes", "yes", str),  # YAML 1.1
        ("off", "off", str),
        ("0", 0, Integer),
        ("-0", 0, Integer),
        ("+12", 12, Integer),
        ("012", 12, Integer),  # YAML 1.1 has 10
        ("0o17", 15, Integer),
        ("0x1F", 31, Integer),
        ("-0x1F", "-0x1F", str),  # no sign before a base
        ("0b101", "0b101", str),  # YAML 1.1
        ("1_000", "1_000", str),  # YAML 1.1, and Python
        ("1:30", "1:30", str),  # YAML 1.1 has 90
        ("\uff11\uff12", "\uff11\uff12", str),  # Python's int takes digits of every script
        ("1.", 1.0, Float),
        (".5", 0.5, Float),
        ("0.10", 0.1, Float),
        ("1e-3", 0.001, Float),  # YAML 1.1 has a text
        ("+.5E+1", 5.0, Float),
        ("-.inf", -math.inf, Float),
        (".INF", math.inf, Float),
        ("inf", "inf", str),  # a number for Python alone
        ("nan", "nan", str),
        ("1e999", math.inf, Float),
        ("2026-01-01", "2026-01-01", str),  # YAML 1.1 has a date
        ("1.2.3", "1.2.3", str),
        (".", ".", str),
        ("e5", "e5", str),
        ("1 ", "1 ", str),
        ("<<", "<<", str),
        ("=", "=", str),
    ],
)
def test_a_plain_scalar_is_what_the_core_schema_says(text: str, value: Scalar, kind: type) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is kind


def test_not_a_number() -> None:
    found = resolve(".nan")
    assert isinstance(found, Float)
    assert math.isnan(found)
    assert written(found) == ".nan"


NUMBERS = st.one_of(
    st.from_regex(r"[-+]?[0-9]{1,30}", fullmatch=True),
    st.from_regex(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,20}", fullmatch=True),
    st.from_regex(r"[-+]?(\.[0-9]{1,9}|[0-9]{1,9}(\.[0-9]{0,9})?)([eE][-+]?[0-9]{1,4})?", fullmatch=True),
    st.sampled_from([".inf", "-.Inf", "+.INF", ".nan", ".NaN"]),
)


@given(NUMBERS)
def test_a_number_is_written_as_it_was(text: str) -> None:
    value = resolve(text)
    assert isinstance(value, (int, float))
    assert written(value) == text


@given(st.text())
def test_whatever_is_no_number_stays_its_own_text(text: str) -> None:
    value = resolve(text)
    if isinstance(value, str):
        assert value == text
    elif isinstance(value, (Integer, Float)):
        assert value.text == text
    else:
        assert text in {"", "~"} or text.lower() in {"null", "true", "false"}


def test_written_takes_values_that_no_text_stands_behind() -> None:
    assert [written(value) for value in (True, False, 3, 0.5, "a")] == ["true", "false", "3", "0.5", "a"]


@pytest.mark.parametrize("text", ["9" * 601, "0x" + "f" * 600, "0." + "1" * 600, "9" * 100_000])
def test_what_is_too_long_for_a_number_is_text(text: str) -> None:
    assert resolve(text) == text


def test_the_longest_number_is_read_under_pythons_strictest_limit() -> None:
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert isinstance(resolve("9" * 600), Integer)
    finally:
        sys.set_int_max_str_digits(usual)
