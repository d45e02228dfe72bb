"""A step: what it runs, its arguments, and settings of its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from aml_pipeline.pipeline.spec.distribution import Distribution
from aml_pipeline.pipeline.spec.fields import SCALAR_SCHEMA, WORD_NAMES, OutputName, ProjectPath, Shown, Texts
from aml_pipeline.pipeline.spec.output import Output
from aml_pipeline.pipeline.spec.settings import RunSettings

_PLAIN_SCHEMA: dict[str, Any] = {"type": ["string", "number"]}
_OPTIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [SCALAR_SCHEMA, {"type": "array", "items": _PLAIN_SCHEMA}],
        "description": "Value of this option: a string, a number, a list of them, an expression, or true for a bare "
        "flag.",
        "examples": [
            "${{ parameters.epochs }}",
            "${{ outputs.model }}",
            "${{ steps.prepare-data.outputs.images }}",
            "${{ datasets.archive }}",
        ],
    },
}
_ARGUMENTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _OPTIONS_SCHEMA,
        {"type": "array", "items": {"anyOf": [_PLAIN_SCHEMA, _OPTIONS_SCHEMA]}},
        {"type": "null"},
    ]
}


class Step(RunSettings):
    """A script and its arguments, which declare what the step reads and writes."""

    script: ProjectPath = Field(
        description="The Python script, relative to `source_directory`. It runs with the arguments below.",
        examples=["train.py"],
    )
    arguments: Annotated[Any, Shown(_ARGUMENTS_SCHEMA)] = Field(
        None,
        description="Options and their values, in order; or a list, for positional values and repeated options.",
        examples=[{"--epochs": "${{ parameters.epochs }}", "--output": "${{ outputs.model }}"}],
    )
    outputs: dict[OutputName, Output] = Field(
        default_factory=dict,
        description="Settings of outputs, by name; the outputs themselves are declared by the arguments.",
        examples=[{"model": {"mode": "mount"}}],
        json_schema_extra=WORD_NAMES,
    )
    after: Texts = Field(
        (), description="Steps that must run first, even if their outputs are not read.", examples=[["prepare-data"]]
    )
    source_directory: ProjectPath | None = Field(
        None, description="Folder of this step's script; replaces the pipeline's.", examples=["steps"]
    )
    allow_reuse: bool | None = Field(
        None,
        description="If false, the step always runs: for results that depend on more than its arguments show.",
        examples=[False],
    )
    distribution: Distribution | None = Field(
        None,
        description="Several processes of the script that train together.",
        examples=[{"type": "pytorch", "nodes": 2, "processes_per_node": 4}],
    )
    retries: int | None = Field(
        None, ge=0, le=100, description="Number of retries after a failure (local runs only).", examples=[2]
    )
