"""Where the pipeline goes in Azure ML, and under which names: settings of the pipeline that a profile may override."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aml_pipeline.pipeline.spec.base import Model
from aml_pipeline.pipeline.spec.fields import Text


class Destination(Model):
    """Settings of the pipeline in Azure ML."""

    experiment: Text | None = Field(
        None,
        description="Experiment that groups its runs in Azure ML (default: the name of the pipeline).",
        examples=["day1"],
    )
    sdk: Literal["v1", "v2"] | None = Field(
        None,
        description="SDK of Azure ML that the pipeline is written for (default: v1 if installed, else v2). "
        "`validate` also reports what it does not support.",
        examples=["v2"],
    )
