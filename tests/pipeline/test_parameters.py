"""A parameter's value against its type, choices and range."""

from __future__ import annotations

import pytest

from aml_pipeline.pipeline.spec.parameters import ParameterType, Scalar, fault, type_of
from aml_pipeline.pipeline.yaml.scalars import resolve


def plain(text: str) -> Scalar:
    """Return the value of a scalar as it stands in a file."""
    value = resolve(text)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("text", "kind"),
    [("true", "boolean"), ("1", "integer"), ("012", "integer"), ("1.0", "number"), ("1e3", "number"), ("a", "string")],
)
def test_a_bare_default_declares_its_type(text: str, kind: ParameterType) -> None:
    assert type_of(plain(text)) == kind


@pytest.mark.parametrize(
    ("text", "kind", "good"),
    [
        ("1", "integer", True),
        ("1.0", "integer", False),
        ("1e3", "integer", False),  # a script that reads an int would fail
        ("true", "integer", False),  # a bool is an int for Python
        ("a", "integer", False),
        ("1", "number", True),
        ("1.5", "number", True),
        ("true", "number", False),
        ("a", "number", False),
        ("true", "boolean", True),
        ("1", "boolean", False),
        ("yes", "boolean", False),
        ("a", "string", True),
        ("012", "string", True),  # its text arrives
        ("1.50", "string", True),
        ("true", "string", False),  # it may have been written True or TRUE
    ],
)
def test_a_value_fits_its_type_or_not(text: str, kind: ParameterType, good: bool) -> None:  # noqa: FBT001 - a column
    wrong = fault(plain(text), kind)
    assert (wrong is None) is good
    if wrong:
        assert text in wrong[0]
        assert wrong[1]


@pytest.mark.parametrize(
    ("text", "kind", "cure"),
    [
        ("1.5", "integer", "Write an integer, or declare the parameter with `type: number`."),
        ("a", "integer", "Write an integer, or declare another `type`."),
        ("a", "number", "Write a number, or declare another `type`."),
        ("1.5", "boolean", "Write true or false, or declare another `type`."),
        ("true", "string", 'Quote it: "true".'),
    ],
)
def test_the_cure_says_what_would_fit(text: str, kind: ParameterType, cure: str) -> None:
    wrong = fault(plain(text), kind)
    assert wrong is not None
    assert wrong[1] == cure


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "1e999"])
@pytest.mark.parametrize("kind", ["number", "string", "integer"])
def test_what_is_not_finite_is_refused_for_every_type(text: str, kind: ParameterType) -> None:
    assert fault(plain(text), kind) == (f"{text} is not a finite number.", "Write a finite number.")


@pytest.mark.parametrize("value", ["", " ", "\t\n", "a\0b", "a\udcff"])
def test_texts_that_no_script_could_be_given(value: str) -> None:
    assert fault(value, "string")


@pytest.mark.parametrize(
    ("text", "minimum", "maximum", "message"),
    [
        ("1", "1", "1", None),
        ("0", "1", None, "0 is less than the minimum."),
        ("2", None, "1", "2 is greater than the maximum."),
        ("0.09", "0.10", None, "0.09 is less than the minimum."),
        ("9" * 400, None, "1.0", "9" * 400 + " is greater than the maximum."),  # larger than any float
        ("text", "1", "2", None),
    ],
)
def test_a_value_within_its_range(text: str, minimum: str | None, maximum: str | None, message: str | None) -> None:
    bounds = [None if one is None else plain(one) for one in (minimum, maximum)]
    assert all(one is None or isinstance(one, (int, float)) for one in bounds)
    wrong = fault(plain(text), type_of(plain(text)), None, *bounds)  # type: ignore[arg-type]
    assert (wrong[0] if wrong else None) == message


def test_a_bound_is_shown_as_it_was_written() -> None:
    wrong = fault(0, "number", minimum=plain("0.10"))  # type: ignore[arg-type]
    assert wrong == ("0 is less than the minimum.", "Write 0.10 or more.")


def test_choices_are_compared_by_their_text() -> None:
    choices = (plain("0.10"), "a", plain("true"))
    assert fault(plain("0.10"), "number", choices) is None
    assert fault("0.10", "string", choices) is None  # as --param gives it
    assert fault(plain("0.1"), "number", choices) == ("0.1 is not one of the choices.", "Choices: 0.10, a, true.")
    assert fault(plain("true"), "boolean", choices) is None
