"""Where the pipeline goes in Azure ML, and under which names: settings of the pipeline that a profile may override."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.fields import EMPTY, Model, Shown, Text, fail, named, relative


def _workspace(value: str) -> str:
    fault = names.workspace_fault(value)
    if fault:
        raise fail("workspace-form", *fault)
    return relative(value)


_WORKSPACE_SCHEMA = {
    "type": "string",
    "pattern": rf"^({names.WORKSPACE}|(?![/~])[^\\]*\.json)$",
    "patternErrorMessage": "Write subscription/group/name, or the path of a config.json.",
}


_TAG_SCHEMA = {
    "type": ["string", "number"],
    "pattern": r"\S",
    **EMPTY,
    "description": "The value of this tag.",
    "examples": ["vision"],
}


class Destination(Model):
    """Settings of the pipeline in Azure ML."""

    experiment: Text | None = Field(
        None,
        description="Experiment that groups its runs in Azure ML (default: the name of the pipeline).",
        examples=["day1"],
    )
    tags: dict[Annotated[str, named("tag", names.tag_fault)], Annotated[Text, Shown(_TAG_SCHEMA)]] = Field(
        default_factory=dict,
        description="Tags of its runs in Azure ML. Those of a profile are added to those of the pipeline.",
        examples=[{"team": "vision"}],
        json_schema_extra={
            "propertyNames": {
                "title": "NAME",
                "pattern": rf"^(?!({'|'.join(sorted(names.OWN_TAGS))})$)",
                "patternErrorMessage": "aml-pipeline sets this tag itself. Choose another name.",
            }
        },
    )
    workspace: Annotated[str, AfterValidator(_workspace), Shown(_WORKSPACE_SCHEMA)] | None = Field(
        None,
        description="Workspace: subscription/group/name, or the path of its config.json, relative to the folder of "
        "this file (default: .azureml/config.json in that folder or above it).",
        examples=["00000000-0000-0000-0000-000000000000/research/vision", ".azureml/dev.json"],
    )
    sdk: Literal["v1", "v2"] | None = Field(
        None,
        description="SDK of Azure ML that the pipeline is written for (default: v1 if installed, else v2). "
        "`validate` also reports what it does not support.",
        examples=["v2"],
    )
