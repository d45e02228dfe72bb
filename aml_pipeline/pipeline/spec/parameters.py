"""Checks a parameter's value against its type, choices and range."""

from __future__ import annotations

import math
import re
from typing import Literal

from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.yaml.scalars import written

ParameterType = Literal["string", "integer", "number", "boolean"]
Value = str | int | float | bool

_ARTICLE = {"string": "a string", "integer": "an integer", "number": "a number", "boolean": "true or false"}


def type_of(value: Value) -> ParameterType:
    """Return the type of a bare default."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


_MOST_SHOWN = 60


def shown(value: object) -> str:
    """Return a value for display on one line; of a long value, its beginning and length."""
    text = str(value)
    begin = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text):,} characters)"
    return printable(begin)


def fault(
    value: Value,
    declared: ParameterType,
    choices: tuple[Value, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> tuple[str, str] | None:
    """Return the problem of ``value`` and the cure, or None if it is valid.

    Empty strings and numbers that are not finite are refused because Azure ML refuses them as defaults
    (MachineLearningNotebooks#668) or does not support them.
    """
    text = written(value)
    if not text.strip():
        return "Azure ML does not support empty values.", 'Use a word for it, such as "none".'
    if re.search("[\0\ud800-\udfff]", text):
        return (
            "the value contains a null character or bytes that are not UTF-8, which no script can receive.",
            "Write it in UTF-8.",
        )
    if isinstance(value, float) and not math.isfinite(value):
        return f"{text} is not a finite number.", "Write a finite number."
    if not _fits(value, declared):
        return f"expected {_ARTICLE[declared]}, got {_quoted(value)}.", _type_cure(value, declared)
    if choices is not None and text not in {written(choice) for choice in choices}:
        return f"{_quoted(value)} is not one of the choices.", f"Choices: {', '.join(map(written, choices))}."
    return _out_of_range(value, minimum, maximum)


def _quoted(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else written(value)


def _fits(value: Value, declared: ParameterType) -> bool:
    """A number is valid as a string: a script receives its text anyway. A boolean is not, since its text is lost."""
    actual = type_of(value)
    return actual == declared or (declared, actual) in {
        ("number", "integer"),
        ("string", "integer"),
        ("string", "number"),
    }


def _type_cure(value: Value, declared: ParameterType) -> str:
    if declared == "integer" and isinstance(value, float):
        return "Write an integer, or declare the parameter with `type: number`."
    if declared == "string":
        return f'Quote it: "{written(value)}".'
    return f"Write {_ARTICLE[declared]}, or declare another `type`."


def _out_of_range(value: Value, minimum: float | None, maximum: float | None) -> tuple[str, str] | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if minimum is not None and value < minimum:
        return f"{written(value)} is less than the minimum.", f"Write {written(minimum)} or more."
    if maximum is not None and value > maximum:
        return f"{written(value)} is greater than the maximum.", f"Write {written(maximum)} or less."
    return None
