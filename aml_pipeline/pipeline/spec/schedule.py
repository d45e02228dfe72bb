"""Schedules of the published pipeline."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.fields import GivenValue, Integers, Model, RemotePlace, Shown, Text, Texts, fail


class Recurrence(Model):
    """When a schedule fires, in Azure ML's own terms."""

    frequency: Literal["minute", "hour", "day", "week", "month"] = Field(
        description="Unit of `interval`.", examples=["day"]
    )
    interval: int = Field(1, ge=1, description="The schedule fires every so many units.", examples=[1])
    hours: Integers | None = Field(None, description="Hours of the day, 0 to 23.", examples=[[2]])
    minutes: Integers | None = Field(None, description="Minutes of the hour, 0 to 59.", examples=[[30]])
    week_days: Texts | None = Field(None, description="Days of the week.", examples=[["monday", "thursday"]])
    start_time: Text | None = Field(
        None, description="The time of the first run, in `time_zone`.", examples=["2026-12-01T02:00:00"]
    )


class Schedule(Model):
    """A schedule of the published pipeline."""

    cron: Text | None = Field(
        None, description="Minute, hour, day of the month, month and day of the week.", examples=["0 2 * * *"]
    )
    recurrence: Recurrence | None = Field(
        None,
        description="When the schedule fires, in Azure ML's own terms; replaces `cron`.",
        examples=[{"frequency": "week", "week_days": ["monday"], "hours": [2], "minutes": [0]}],
    )
    time_zone: Text = Field("UTC", description="IANA name of the time zone.", examples=["Europe/Paris"])
    parameters: dict[str, GivenValue] = Field(
        default_factory=dict, description="Values of parameters for the scheduled runs.", examples=[{"epochs": 10}]
    )
    datasets: dict[str, RemotePlace] = Field(
        default_factory=dict,
        description="Places of datasets for the scheduled runs.",
        examples=[{"archive": "azureml:archive:3"}],
    )
    reuse: bool | None = Field(
        None,
        description="If true, its runs may reuse earlier results; replaces `reuse` of `publish` (Azure ML v2 only).",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one_form(self) -> Schedule:
        if (self.cron is None) == (self.recurrence is None):
            raise fail(
                "schedule-form", "a schedule must have either `cron` or `recurrence`.", "Write one of them.", at=""
            )
        return self


_ENDPOINT_CURE = "Use 3 to 32 lower-case letters, digits and -; begin with a letter, and do not end with -."


def _endpoint(name: str) -> str:
    if not re.fullmatch(names.ENDPOINT_NAME, name):
        raise fail("endpoint-name", f'"{name}" is not a valid name of an endpoint in Azure ML.', _ENDPOINT_CURE)
    return name


_ENDPOINT_SCHEMA = {"type": "string", "pattern": f"^{names.ENDPOINT_NAME}$", "patternErrorMessage": _ENDPOINT_CURE}


class Publish(Model):
    """Settings of the published pipeline."""

    reuse: bool = Field(
        default=False,
        description="If true, the runs may reuse earlier results; otherwise every run starts afresh.",
        examples=[True],
    )
    endpoint: Annotated[str, AfterValidator(_endpoint), Shown(_ENDPOINT_SCHEMA)] | None = Field(
        None,
        description="Batch endpoint through which other programs start the published pipeline (Azure ML v2 only). "
        "Its name is unique in an Azure region.",
        examples=["churn-training"],
    )
