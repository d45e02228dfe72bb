"""The whole file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.data import Dataset
from aml_pipeline.pipeline.spec.destination import Destination
from aml_pipeline.pipeline.spec.fields import (
    STEP_NAMES,
    WORD_NAMES,
    DatasetName,
    OutputName,
    ParameterName,
    ProfileName,
    ProjectPath,
    ScheduleName,
    Shown,
    StepName,
    Text,
    fail,
    named,
)
from aml_pipeline.pipeline.spec.parameters import ParameterField
from aml_pipeline.pipeline.spec.profile import Profile
from aml_pipeline.pipeline.spec.schedule import Publish, Schedule
from aml_pipeline.pipeline.spec.settings import RunSettings
from aml_pipeline.pipeline.spec.step import Step
from aml_pipeline.pipeline.yaml.scalars import written


def _at_least_one(steps: dict[str, Step]) -> dict[str, Step]:
    if not steps:
        raise fail("no-steps", "the pipeline has no steps.", "Add one under `steps:`.")
    return steps


def _version(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value != 1:
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise fail("wrong-value", f"unsupported version {shown}.", "Write 1.")
    return value


Version = Annotated[Any, AfterValidator(_version), Shown({"type": "integer", "const": 1})]


def _expression(text: str) -> str:
    if not text.lstrip().startswith("${{"):
        raise fail(
            "pipeline-output", f"an output of the pipeline must be an output of a step, got {text}.", _OUTPUT_CURE
        )
    return text


_OUTPUT_CURE = "Write ${{ steps.STEP.outputs.NAME }}."
_OutputOfStep = Annotated[
    str,
    AfterValidator(_expression),
    Shown({
        "type": "string",
        "description": "An output of a step.",
        "examples": ["${{ steps.train.outputs.model }}"],
        "pattern": r"^\s*\$\{\{",
        "patternErrorMessage": _OUTPUT_CURE,
    }),
]  # fmt: skip


class PipelineSpec(RunSettings, Destination):
    """One pipeline: steps that share an environment and a compute target."""

    version: Version = Field(1, description="Version of this format; the only version is 1.", examples=[1])
    name: Annotated[str, named("pipeline", names.step_name_fault)] = Field(
        description="Name of the pipeline: lower-case letters and digits, in words joined by -.",
        examples=["cifar10"],
        json_schema_extra={
            "pattern": f"^{names.STEP_NAME}$",
            "patternErrorMessage": STEP_NAMES["propertyNames"]["patternErrorMessage"],
            "maxLength": names.LONGEST,
        },
    )
    description: Text | None = Field(
        None, description="What the pipeline does, for the reader.", examples=["Train the tutorial network."]
    )
    source_directory: ProjectPath = Field(
        ".", description="Folder of the scripts, relative to the folder of this file.", examples=["steps"]
    )
    allow_reuse: bool = Field(
        default=True, description="If false, every step always runs, even if nothing changed.", examples=[False]
    )
    retries: int = Field(
        0, ge=0, le=100, description="Number of retries after a step fails (local runs only).", examples=[1]
    )
    datasets: dict[DatasetName, Dataset] = Field(
        default_factory=dict,
        description="Input data that no step produces, by name. An argument reads it as ${{ datasets.NAME }}.",
        examples=[{"archive": {"local": "data", "optional": True}}],
        json_schema_extra=WORD_NAMES,
    )
    parameters: dict[ParameterName, ParameterField] = Field(
        default_factory=dict,
        description="Values that profiles, schedules or --param may set. Read one as ${{ parameters.NAME }}.",
        examples=[{"epochs": 2}],
        json_schema_extra=WORD_NAMES,
    )
    steps: Annotated[dict[StepName, Step], AfterValidator(_at_least_one)] = Field(
        description="The steps, by name. Their order follows from the outputs they read and from `after`.",
        examples=[{"train": {"script": "train.py", "arguments": {"--output": "${{ outputs.model }}"}}}],
        json_schema_extra={**STEP_NAMES, "minProperties": 1},
    )
    outputs: dict[OutputName, _OutputOfStep] = Field(
        default_factory=dict,
        description="Final results of the pipeline, by name: outputs of steps. Local runs end by listing them "
        "(default: all outputs that no step reads); in Azure ML v2 they are the outputs of the pipeline job.",
        examples=[{"model": "${{ steps.train.outputs.model }}"}],
        json_schema_extra=WORD_NAMES,
    )
    profiles: dict[ProfileName, Profile] = Field(
        default_factory=dict,
        description="Sets of overrides, by name; selected with --profile NAME.",
        examples=[{"quickstart": {"parameters": {"epochs": 1}}}],
        json_schema_extra=STEP_NAMES,
    )
    schedules: dict[ScheduleName, Schedule] = Field(
        default_factory=dict,
        description="Schedules of the published pipeline, by name.",
        examples=[{"nightly": {"cron": "0 2 * * *", "time_zone": "Europe/Paris"}}],
        json_schema_extra=STEP_NAMES,
    )
    publish: Publish = Field(
        default_factory=Publish.model_construct,
        description="Settings of the published pipeline.",
        examples=[{"reuse": True}, {"endpoint": "churn-training"}],
    )


RESERVED_KEYS = frozenset({"when", "models"})

# Only this model validates: building a validator for each model separately would take as long again.
PipelineSpec.model_rebuild()
