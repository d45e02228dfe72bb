"""A profile: what it may override."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from aml_pipeline.pipeline.spec.data import DatasetMode, DatasetType
from aml_pipeline.pipeline.spec.destination import Destination
from aml_pipeline.pipeline.spec.fields import (
    STEP_NAMES,
    Duration,
    GivenValue,
    Model,
    ScheduleName,
    Shown,
    Text,
    WebAddress,
)
from aml_pipeline.pipeline.spec.schedule import Publish, Schedule
from aml_pipeline.pipeline.spec.settings import ComputeField, Environment, Variables
from aml_pipeline.pipeline.spec.step import MATRIX_SCHEMA, Distribution


class DatasetOverride(Model):
    """Settings of a dataset that a profile may override."""

    type: DatasetType | None = Field(None, description="What the data is; replaces the dataset's.", examples=["file"])
    local: Text | None = Field(
        None,
        description="Path on this machine, relative to the folder of this file; replaces the dataset's.",
        examples=["small-data"],
    )
    datastore: Text | None = Field(
        None,
        description="Azure ML datastore that contains `path`; both replace the dataset's place in Azure ML.",
        examples=["test_data"],
    )
    path: Text | None = Field(None, description="Path on the datastore.", examples=["customers/"])
    registered: Text | None = Field(
        None,
        description="Name of a registered dataset; replaces the dataset's place in Azure ML.",
        examples=["customers-test"],
    )
    version: Text | None = Field(None, description="Version of the registered dataset.", examples=["4"])
    url: WebAddress | None = Field(
        None,
        description="Web address of a file; replaces the dataset's place in Azure ML.",
        examples=["https://example.com/iris.csv"],
    )
    mode: DatasetMode | None = Field(
        None, description="How a node in Azure ML gets the data; replaces the dataset's.", examples=["download"]
    )


class StepOverride(Model):
    """Settings of a step that a profile may override."""

    compute: ComputeField | None = Field(
        None, description="Compute target in Azure ML; replaces the step's.", examples=["gpu-cluster"]
    )
    environment: Environment | None = Field(
        None,
        description="The packages that the step runs with; replaces the step's environment.",
        examples=[{"registered": "team-env", "version": "3"}],
    )
    timeout: Duration | None = Field(None, description="Maximum duration; replaces the step's.", examples=["2h"])
    environment_variables: Variables = Field(default_factory=dict)
    distribution: Distribution | None = Field(
        None,
        description="Several processes of the script that train together; replaces the step's.",
        examples=[{"type": "pytorch", "processes_per_node": 2}],
    )
    matrix: Annotated[Any, Shown(MATRIX_SCHEMA)] = Field(
        None,
        description="Values of axes of the step's matrix, each replacing the step's; also `include` and `exclude`.",
        examples=[{"learning_rate": [0.01]}],
    )


class Profile(Destination):
    """A named set of overrides, selected with `--profile`."""

    parameters: dict[str, GivenValue] = Field(
        default_factory=dict, description="Values of parameters; replace their defaults.", examples=[{"epochs": 1}]
    )
    compute: ComputeField | None = Field(
        None, description="Compute target; replaces the pipeline's.", examples=["gpu-cluster"]
    )
    python: Text | None = Field(
        None, description="Python that runs the steps locally; replaces the pipeline's.", examples=[".venv/bin/python"]
    )
    environment: Environment | None = Field(
        None,
        description="The packages that the steps run with; replaces the pipeline's environment.",
        examples=[{"curated": "AzureML-sklearn-1.5"}],
    )
    schedules: dict[ScheduleName, Schedule] = Field(
        default_factory=dict,
        description="Schedules by name; added to the pipeline's, or replacing them.",
        examples=[{"hourly": {"cron": "0 * * * *"}}],
        json_schema_extra=STEP_NAMES,
    )
    publish: Publish = Field(
        default_factory=Publish.model_construct,
        description="Settings of the published pipeline; each replaces the pipeline's.",
        examples=[{"endpoint": "churn-training-test"}],
    )
    datasets: dict[str, DatasetOverride] = Field(
        default_factory=dict,
        description="Places and types of datasets, by the name of the dataset.",
        examples=[{"archive": {"local": "small-data"}}],
    )
    steps: dict[str, StepOverride] = Field(
        default_factory=dict,
        description="Settings of steps, by the name of the step.",
        examples=[{"train": {"compute": "gpu-cluster"}}],
    )
