"""Parameters of the pipeline, and checks of their values against type, choices and range."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.spec.fields import SCALAR_SCHEMA, Bound, Model, OrShort, Text, Value, Values, fail
from aml_pipeline.pipeline.yaml.scalars import written

ParameterType = Literal["string", "integer", "number", "boolean"]
Scalar = str | int | float | bool

_ARTICLE = {"string": "a string", "integer": "an integer", "number": "a number", "boolean": "true or false"}


def type_of(value: Scalar) -> ParameterType:
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
    value: Scalar,
    declared: ParameterType,
    choices: tuple[Scalar, ...] | None = None,
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


def _quoted(value: Scalar) -> str:
    return f'"{value}"' if isinstance(value, str) else written(value)


def _fits(value: Scalar, declared: ParameterType) -> bool:
    """A number is valid as a string: a script receives its text anyway. A boolean is not, since its text is lost."""
    actual = type_of(value)
    return actual == declared or (declared, actual) in {
        ("number", "integer"),
        ("string", "integer"),
        ("string", "number"),
    }


def _type_cure(value: Scalar, declared: ParameterType) -> str:
    if declared == "integer" and isinstance(value, float):
        return "Write an integer, or declare the parameter with `type: number`."
    if declared == "string":
        return f'Quote it: "{written(value)}".'
    return f"Write {_ARTICLE[declared]}, or declare another `type`."


def _out_of_range(value: Scalar, minimum: float | None, maximum: float | None) -> tuple[str, str] | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if minimum is not None and value < minimum:
        return f"{written(value)} is less than the minimum.", f"Write {written(minimum)} or more."
    if maximum is not None and value > maximum:
        return f"{written(value)} is greater than the maximum.", f"Write {written(maximum)} or less."
    return None


class Parameter(Model):
    """A value that profiles, schedules and the command line may set."""

    default: Value = Field(description="The value that is used unless it is overridden.", examples=[2])
    type: ParameterType | None = Field(
        None, description="Type of the values (default: the type of the default value).", examples=["integer"]
    )
    description: Text | None = Field(
        None, description="What the parameter means, for the reader.", examples=["Passes over the data."]
    )
    choices: Values | None = Field(None, description="The allowed values.", examples=[[2, 10, 50]])
    minimum: Bound | None = Field(None, description="The smallest allowed value.", examples=[1])
    maximum: Bound | None = Field(None, description="The largest allowed value.", examples=[100])

    @property
    def declared_type(self) -> ParameterType:
        """The declared type, else the type of the default."""
        return self.type or type_of(self.default)

    def fault(self, value: Scalar) -> tuple[str, str] | None:
        """Return the problem of ``value`` for this parameter and the cure, or None."""
        return fault(value, self.declared_type, self.choices, self.minimum, self.maximum)

    @model_validator(mode="after")
    def _bounds_mean_something(self) -> Parameter:
        if self.choices == ():
            raise fail("bad-parameter", "`choices` is empty, so no value is allowed.", "Add values, or delete it.",
                       at="choices")  # fmt: skip
        bounds = [key for key in ("minimum", "maximum") if getattr(self, key) is not None]
        if bounds and self.declared_type not in {"integer", "number"}:
            message = f"`minimum` and `maximum` require a number, but this parameter is a {self.declared_type}."
            cure = "Delete them, or declare `type: integer` or `type: number`."
            raise fail("bad-parameter", message, cure, at=bounds[0])
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            message = f"the maximum ({written(self.maximum)}) is less than the minimum ({written(self.minimum)})."
            raise fail("bad-parameter", message, "Raise the maximum, or lower the minimum.", at="maximum")
        return self

    @model_validator(mode="after")
    def _default_fits(self) -> Parameter:
        wrong = self.fault(self.default)
        if wrong:
            raise fail("bad-parameter", wrong[0], wrong[1], at="default")
        return self


def _parameter(value: object) -> object:
    return value if isinstance(value, (dict, Parameter)) else {"default": value}


ParameterField = Annotated[Parameter, BeforeValidator(_parameter), OrShort(SCALAR_SCHEMA)]
