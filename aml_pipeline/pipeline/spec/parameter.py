"""A parameter of the pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from aml_pipeline.pipeline.spec import parameters
from aml_pipeline.pipeline.spec.base import Model
from aml_pipeline.pipeline.spec.fields import SCALAR_SCHEMA, Bound, OrShort, Text, Value, Values, fail
from aml_pipeline.pipeline.yaml.scalars import written


class Parameter(Model):
    """A value that profiles, schedules and the command line may set."""

    default: Value = Field(description="The value that is used unless it is overridden.", examples=[2])
    type: parameters.ParameterType | None = Field(
        None, description="Type of the values (default: the type of the default value).", examples=["integer"]
    )
    description: Text | None = Field(
        None, description="What the parameter means, for the reader.", examples=["Passes over the data."]
    )
    choices: Values | None = Field(None, description="The allowed values.", examples=[[2, 10, 50]])
    minimum: Bound | None = Field(None, description="The smallest allowed value.", examples=[1])
    maximum: Bound | None = Field(None, description="The largest allowed value.", examples=[100])

    @property
    def declared_type(self) -> parameters.ParameterType:
        """The declared type, else the type of the default."""
        return self.type or parameters.type_of(self.default)

    def fault(self, value: parameters.Value) -> tuple[str, str] | None:
        """Return the problem of ``value`` for this parameter and the cure, or None."""
        return parameters.fault(value, self.declared_type, self.choices, self.minimum, self.maximum)

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
