"""The pydantic models of pipeline.yaml: frozen, strict, unknown keys forbidden.

They check single values. What several places say about each other (references, order) is checked in the plan; what
concerns the disk is checked in ``project``. Errors are raised as ``PydanticCustomError(code, message, {"cure": …})``
and reach the user only through the loader.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aml_pipeline.pipeline.spec import names, parameters
from aml_pipeline.pipeline.spec.fields import (
    EMPTY,
    SCALAR_SCHEMA,
    STEP_NAMES,
    WORD_NAMES,
    Bound,
    DatasetName,
    Duration,
    GivenValue,
    Integers,
    OrShort,
    OutputName,
    ParameterName,
    ProfileName,
    ProjectPath,
    ScheduleName,
    Shown,
    StepName,
    Text,
    Texts,
    Value,
    Values,
    Variables,
    fail,
    named,
)
from aml_pipeline.pipeline.yaml.scalars import written


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True)


class Environment(_Model):
    """The packages that the steps run with: a name, and one definition."""

    name: Text | None = Field(
        None,
        description="Name of the environment in Azure ML. `curated` and `registered` environments already have one.",
        examples=["pytorch-env"],
    )
    conda_file: ProjectPath | None = Field(
        None,
        description="A conda file that lists the packages, relative to the folder of this file.",
        examples=[".azureml/pytorch-env.yml"],
    )
    pip_requirements: ProjectPath | None = Field(
        None,
        description="A pip requirements file that lists the packages, relative to the folder of this file.",
        examples=["requirements.txt"],
    )
    conda_environment: Text | None = Field(
        None, description="A conda environment on this machine, exported when needed.", examples=["ml"]
    )
    docker_image: Text | None = Field(
        None,
        description="A docker image, optionally with `conda_file` or `pip_requirements`.",
        examples=["mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"],
    )
    curated: Text | None = Field(
        None, description="A curated environment, provided by Azure ML.", examples=["AzureML-sklearn-1.5"]
    )
    registered: Text | None = Field(
        None, description="An environment that is already registered in the workspace.", examples=["team-env"]
    )
    version: Text | None = Field(
        None, description="Version of `curated` or `registered` (default: the latest).", examples=["3"]
    )

    @model_validator(mode="after")
    def _one_definition(self) -> Environment:
        given = [key for key in _DEFINITIONS if getattr(self, key) is not None]
        dependency_files = {"conda_file", "pip_requirements"}
        sources = [key for key in given if not ("docker_image" in given and key in dependency_files)]
        if len(sources) != 1 or len(given) > 2:  # noqa: PLR2004 - an image, and one dependency file
            found = " and ".join(given) or "none"
            text = f"an environment must have exactly one definition, but this one has {found}."
            raise fail("environment-definition", text, f"Keep one of {', '.join(_DEFINITIONS)}.", at="")
        existing = sources[0] in {"curated", "registered"}
        if self.version is not None and not existing:
            raise fail("environment-version", "`version` can only be used with `curated` or `registered`.",
                       "Delete it: other environments get a version from their content.", at="version")  # fmt: skip
        if self.name is None and not existing:
            raise fail("environment-name", "the environment has no name.", "Add `name:`.", at="")
        return self


_DEFINITIONS = ("conda_file", "pip_requirements", "conda_environment", "docker_image", "curated", "registered")


class Compute(_Model):
    """A compute target of the workspace; if a size is given, it is created if missing."""

    name: Text = Field(description="Name of the compute target in the workspace.", examples=["cpu-cluster"])
    vm_size: Text | None = Field(
        None, description="VM size of the nodes. If given, a missing cluster is created.", examples=["STANDARD_D2_V2"]
    )
    vm_priority: Literal["dedicated", "lowpriority"] | None = Field(
        None,
        description="Dedicated nodes, or cheaper ones that Azure may reclaim (low priority).",
        examples=["lowpriority"],
    )
    min_nodes: int | None = Field(
        None, ge=0, description="Minimum number of nodes; with 0, an idle cluster costs nothing.", examples=[0]
    )
    max_nodes: int | None = Field(None, ge=1, description="Maximum number of nodes.", examples=[4])
    idle_seconds_before_scaledown: int | None = Field(
        None, ge=0, description="Seconds after which an idle node is released.", examples=[1200]
    )

    @model_validator(mode="after")
    def _nodes_fit(self) -> Compute:
        if self.min_nodes is not None and self.max_nodes is not None and self.min_nodes > self.max_nodes:
            raise fail("wrong-value", f"min_nodes ({self.min_nodes}) is greater than max_nodes ({self.max_nodes}).",
                       "Lower `min_nodes`, or raise `max_nodes`.", at="min_nodes")  # fmt: skip
        return self


def _named_compute(value: object) -> object:
    if not isinstance(value, (str, dict, Compute)):
        raise fail("wrong-type", "a compute target must be a name or a mapping.", "Write its name.")
    return {"name": value} if isinstance(value, str) else value


ComputeField = Annotated[
    Compute, BeforeValidator(_named_compute), OrShort({"type": "string", "pattern": r"\S", **EMPTY})
]


class Dataset(_Model):
    """Data that no step produces: a path on this machine, and its location in Azure ML."""

    local: Text | None = Field(
        None, description="Path on this machine, relative to the folder of this file.", examples=["data"]
    )
    optional: bool = Field(
        default=False,
        description="If true, the data may be absent; the option that names it is then omitted.",
        examples=[True],
    )
    datastore: Text | None = Field(
        None, description="Azure ML datastore that contains `path`.", examples=["workspaceblobstore"]
    )
    path: Text | None = Field(None, description="Path on the datastore.", examples=["cifar10/"])
    registered: Text | None = Field(
        None,
        description="Name of a dataset that is registered in the workspace; replaces a path.",
        examples=["cifar10"],
    )
    version: Text | None = Field(None, description="Version of `registered` (default: the latest).", examples=["2"])
    mode: Literal["mount", "download"] = Field(
        "mount",
        description="How a node in Azure ML gets the data: mounted, or downloaded before the step starts.",
        examples=["download"],
    )

    @model_validator(mode="after")
    def _places(self) -> Dataset:
        if (self.datastore is None) != (self.path is None):
            raise fail("dataset-place", "`datastore` and `path` go together.", "Write both, or neither.", at="")
        if self.registered is not None and self.datastore is not None:
            raise fail("dataset-place", "a dataset must have one remote location, but this one has two.",
                       "Keep `registered`, or `datastore` and `path`.", at="")  # fmt: skip
        if self.version is not None and self.registered is None:
            raise fail("dataset-place", "`version` can only be used with `registered`.",
                       "Delete it, or add `registered`.", at="version")  # fmt: skip
        if self.local is None and self.registered is None and self.datastore is None:
            raise fail("dataset-place", "the dataset has no location.",
                       "Add `local` (a path here), `registered`, or `datastore` and `path`.", at="")  # fmt: skip
        return self


class Parameter(_Model):
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


class Output(_Model):
    """Settings of an output folder; the output itself is declared by the arguments."""

    datastore: Text | None = Field(
        None,
        description="Datastore that stores the folder (default: the workspace's default datastore).",
        examples=["results"],
    )
    mode: Literal["upload", "mount"] = Field(
        "upload",
        description="When files are sent to Azure ML: when the step ends (upload), or while it writes them (mount).",
        examples=["mount"],
    )
    register_as: Text | None = Field(
        None, description="Register the folder as a dataset with this name.", examples=["images"]
    )
    may_be_empty: bool = Field(
        default=False,
        description="If true, the folder may stay empty; otherwise an empty output fails the step (local runs only).",
        examples=[True],
    )


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


class _RunSettings(_Model):
    """Settings of the pipeline that a step may override."""

    compute: ComputeField | None = Field(
        None, description="Compute target of the steps in Azure ML: a name, or a mapping.", examples=["cpu-cluster"]
    )
    environment: Environment | None = Field(
        None,
        description="The packages that the steps run with: a name and one definition.",
        examples=[{"name": "pytorch-env", "conda_file": ".azureml/pytorch-env.yml"}],
    )
    snapshot: Texts | None = Field(
        None,
        description="Files that the steps need in addition to what their scripts import: patterns as in .gitignore.",
        examples=[["vocabulary/*.txt"]],
    )
    environment_variables: Variables = Field(default_factory=dict)
    timeout: Duration | None = Field(None, description="Maximum duration of a step.", examples=["10m"])


class Step(_RunSettings):
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
        description="Settings of output folders, by name; the outputs themselves are declared by the arguments.",
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
    retries: int | None = Field(
        None, ge=0, le=100, description="Number of retries after a failure (local runs only).", examples=[2]
    )


class Recurrence(_Model):
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


class Schedule(_Model):
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

    @model_validator(mode="after")
    def _one_form(self) -> Schedule:
        if (self.cron is None) == (self.recurrence is None):
            raise fail(
                "schedule-form", "a schedule must have either `cron` or `recurrence`.", "Write one of them.", at=""
            )
        return self


class Publish(_Model):
    """Settings of the published pipeline."""

    reuse: bool = Field(
        default=False,
        description="If true, the runs may reuse earlier results; otherwise every run starts afresh.",
        examples=[True],
    )


class DatasetOverride(_Model):
    """Settings of a dataset that a profile may override."""

    local: Text = Field(
        description="Path on this machine, relative to the folder of this file; replaces the dataset's.",
        examples=["small-data"],
    )


class StepOverride(_Model):
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


class Profile(_Model):
    """A named set of overrides, selected with `--profile`."""

    parameters: dict[str, GivenValue] = Field(
        default_factory=dict, description="Values of parameters; replace their defaults.", examples=[{"epochs": 1}]
    )
    compute: ComputeField | None = Field(
        None, description="Compute target; replaces the pipeline's.", examples=["gpu-cluster"]
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
    datasets: dict[str, DatasetOverride] = Field(
        default_factory=dict,
        description="Local paths of datasets, by the name of the dataset.",
        examples=[{"archive": {"local": "small-data"}}],
    )
    steps: dict[str, StepOverride] = Field(
        default_factory=dict,
        description="Settings of steps, by the name of the step.",
        examples=[{"train": {"compute": "gpu-cluster"}}],
    )


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


class PipelineSpec(_RunSettings):
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
    experiment: Text | None = Field(
        None,
        description="Experiment that groups its runs in Azure ML (default: the name of the pipeline).",
        examples=["day1"],
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
        examples=[{"reuse": True}],
    )


RESERVED_KEYS = frozenset({"matrix", "when", "include", "secrets", "models"})

# Only this model validates: building a validator for each model separately would take as long again.
PipelineSpec.model_rebuild()
