"""The pydantic models of pipeline.yaml: frozen, strict, nothing unknown allowed.

They hold what one value can tell about itself. What two places tell about each other (references, order) is the
plan's; what the disk tells is the check's. Errors are raised as ``PydanticCustomError(code, message, {"cure": …})``
and reach the user through the loader alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    Strict,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from aml_pipeline import names, parameters
from aml_pipeline.scalars import written


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


class _OrShort:
    """Tells the JSON Schema of a short form that stands for a whole mapping (``compute: NAME``)."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self._schema, handler(schema)]}


def _fail(code: str, message: str, cure: str, *, at: str | None = None) -> PydanticCustomError:
    """A mistake; ``at`` is the key whose value it is about, or "" for the whole mapping, told at its own key."""
    return PydanticCustomError(code, "{text}", {"text": message, "cure": cure, "at": at})


def _named(noun: str, fault: Callable[[str], str | None]) -> AfterValidator:
    """A name without ``fault``, or one of those in the context, which were told before."""

    def check(name: str, info: ValidationInfo) -> str:
        wrong = fault(name)
        if wrong and name not in (info.context or ()):
            raise _fail("bad-name", f'{noun} "{name}" {wrong}.', _name_cure(name, noun))
        return name

    return AfterValidator(check)


def _name_cure(name: str, noun: str) -> str:
    if len(name) > names.LONGEST:
        return "Shorten it."
    joiner = "_" if noun in {"output", "parameter", "dataset"} else "-"
    words = re.findall(r"[a-z0-9]+", name.lower())
    if not words or not words[0][0].isalpha() or joiner.join(words) == name:
        words = ["my", *words]
    return f'Write it like "{joiner.join(words)}".'


StepName = Annotated[str, _named("step", names.step_name_fault)]
ProfileName = Annotated[str, _named("profile", names.step_name_fault)]
ScheduleName = Annotated[str, _named("schedule", names.step_name_fault)]
OutputName = Annotated[str, _named("output", names.word_name_fault)]
ParameterName = Annotated[str, _named("parameter", names.word_name_fault)]
DatasetName = Annotated[str, _named("dataset", names.word_name_fault)]


def _text(value: object) -> object:
    """Numbers where a text is expected (``version: 2``) are the text they were written with."""
    return written(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise _fail("empty-value", "this is empty.", "Write a value, or delete the key.")
    return value


_TEXT_SCHEMA = WithJsonSchema({"type": ["string", "number"]})
Text = Annotated[str, BeforeValidator(_text), AfterValidator(_not_empty), _TEXT_SCHEMA]
# YAML has lists; frozen models hold tuples.
Texts = Annotated[tuple[Text, ...], Strict(strict=False)]
Integers = Annotated[tuple[int, ...], Strict(strict=False)]


def _relative(value: str) -> str:
    if value.startswith(("/", "~")) or "\\" in value:
        raise _fail("absolute-path", f'"{value}" is not a path relative to the pipeline file.',
                    "Write it from the pipeline file's folder, with / between folders.")  # fmt: skip
    return value


ProjectPath = Annotated[str, AfterValidator(_not_empty), AfterValidator(_relative)]


def _scalar(value: object) -> object:
    if not isinstance(value, (str, int, float)):
        kind = "null" if value is None else "a list or a mapping"
        raise _fail("not-a-value", f"a parameter is text, a number or a boolean, not {kind}.",
                    "Give one value; a script can split a text itself.")  # fmt: skip
    return value


_SCALAR_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
Value = Annotated[Any, AfterValidator(_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
Values = Annotated[tuple[Value, ...], Strict(strict=False)]


def _bound(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _fail("wrong-type", "a bound is a number.", "Write it like 0.5, or delete the key.")
    return value


Bound = Annotated[Any, AfterValidator(_bound), WithJsonSchema({"type": "number"})]

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = r"([1-9][0-9]{0,6})([smh])"


def _duration(value: object) -> int:
    found = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if not found:
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise _fail("bad-duration", f"{shown} is not a duration.", "Write it like 90s, 10m or 2h.")
    return int(found[1]) * _SECONDS[found[2]]


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$", "examples": ["10m"]}),
]


def _variable_name(name: str) -> str:
    if not re.fullmatch(names.VARIABLE_NAME, name):
        raise _fail("bad-name", f'"{name}" cannot be the name of an environment variable.',
                    "Write letters, digits and _, as in MY_VARIABLE.")  # fmt: skip
    return name


Variables = Annotated[
    dict[Annotated[str, AfterValidator(_variable_name)], Annotated[str, BeforeValidator(_text), _TEXT_SCHEMA]],
    Field(description="Environment variables of the script.", examples=[{"A": "b"}]),
]


class Environment(_Model):
    """The packages that the steps run with: a name, and one definition."""

    name: Text | None = Field(None, description="Name in Azure ML.", examples=["pytorch-env"])
    conda_file: ProjectPath | None = Field(None, description="A conda file.", examples=[".azureml/pytorch-env.yml"])
    pip_requirements: ProjectPath | None = Field(None, description="A pip file.", examples=["requirements.txt"])
    conda_environment: Text | None = Field(None, description="An existing local conda environment.", examples=["ml"])
    docker_image: Text | None = Field(None, description="A docker image.", examples=["ubuntu:24.04"])
    curated: Text | None = Field(
        None, description="An environment of Azure ML's own.", examples=["AzureML-sklearn-1.5"]
    )
    registered: Text | None = Field(None, description="An environment that the workspace has.", examples=["team-env"])
    version: Text | None = Field(None, description="Version of `curated` or `registered`.", examples=["3"])

    @model_validator(mode="after")
    def _one_definition(self) -> Environment:
        given = [key for key in _DEFINITIONS if getattr(self, key) is not None]
        dependency_files = {"conda_file", "pip_requirements"}
        sources = [key for key in given if not ("docker_image" in given and key in dependency_files)]
        if len(sources) != 1 or len(given) > 2:  # noqa: PLR2004 - an image, and one dependency file
            found = " and ".join(given) or "none"
            raise _fail("environment-definition", f"an environment has one definition, and this has {found}.",
                        f"Give one of {', '.join(_DEFINITIONS)}.", at="")  # fmt: skip
        existing = sources[0] in {"curated", "registered"}
        if self.version is not None and not existing:
            raise _fail("environment-version", "`version` goes with `curated` or `registered` alone.",
                        "Delete it: what is defined here gets its version from its content.", at="version")  # fmt: skip
        if self.name is None and not existing:
            raise _fail("environment-name", "the environment has no name.", "Add `name:`.", at="")
        return self


_DEFINITIONS = ("conda_file", "pip_requirements", "conda_environment", "docker_image", "curated", "registered")


class Compute(_Model):
    """A compute target of the workspace; with a size it is created when it is missing."""

    name: Text = Field(description="Name of the compute target.", examples=["cpu-cluster"])
    vm_size: Text | None = Field(None, description="Size of its machines.", examples=["STANDARD_D2_V2"])
    vm_priority: Literal["dedicated", "lowpriority"] | None = Field(
        None, description="Dedicated or low priority.", examples=["lowpriority"]
    )
    min_nodes: int | None = Field(None, ge=0, description="Nodes that always run.", examples=[0])
    max_nodes: int | None = Field(None, ge=1, description="Nodes at most.", examples=[4])
    idle_seconds_before_scaledown: int | None = Field(
        None, ge=0, description="Seconds after which an idle node stops.", examples=[1200]
    )

    @model_validator(mode="after")
    def _nodes_fit(self) -> Compute:
        if self.min_nodes is not None and self.max_nodes is not None and self.min_nodes > self.max_nodes:
            raise _fail("wrong-value", f"min_nodes ({self.min_nodes}) is above max_nodes ({self.max_nodes}).",
                        "Lower the one, or raise the other.", at="min_nodes")  # fmt: skip
        return self


def _named_compute(value: object) -> object:
    if not isinstance(value, (str, dict, Compute)):
        raise _fail("wrong-type", "a compute target is a name or a mapping.", "Write its name.")
    return {"name": value} if isinstance(value, str) else value


ComputeField = Annotated[Compute, BeforeValidator(_named_compute), _OrShort({"type": "string"})]


class Dataset(_Model):
    """Data that no step makes: a path here, and its place in Azure ML."""

    local: Text | None = Field(None, description="Path here, from the pipeline file.", examples=["data"])
    optional: bool = Field(default=False, description="It may be absent; its option is then left out.", examples=[True])
    datastore: Text | None = Field(None, description="Datastore that holds `path`.", examples=["workspaceblobstore"])
    path: Text | None = Field(None, description="Path on the datastore.", examples=["cifar10/"])
    registered: Text | None = Field(None, description="A dataset that the workspace has.", examples=["cifar10"])
    version: Text | None = Field(None, description="Version of `registered`.", examples=["2"])
    mode: Literal["mount", "download"] = Field("mount", description="How a node gets it.", examples=["download"])

    @model_validator(mode="after")
    def _places(self) -> Dataset:
        if (self.datastore is None) != (self.path is None):
            raise _fail("dataset-place", "`datastore` and `path` go together.", "Give both, or neither.", at="")
        if self.registered is not None and self.datastore is not None:
            raise _fail("dataset-place", "a dataset has one remote place, and this has two.",
                        "Give `registered`, or `datastore` and `path`.", at="")  # fmt: skip
        if self.version is not None and self.registered is None:
            raise _fail("dataset-place", "`version` goes with `registered`.", "Delete it, or give `registered`.",
                        at="version")  # fmt: skip
        if self.local is None and self.registered is None and self.datastore is None:
            raise _fail("dataset-place", "the dataset has no place.",
                        "Give `local` (a path here), `registered`, or `datastore` and `path`.", at="")  # fmt: skip
        return self


class Parameter(_Model):
    """A value that profiles, schedules and the command line may set."""

    default: Value = Field(description="The value when nobody sets another.", examples=[2])
    type: parameters.ParameterType | None = Field(None, description="Type; else the default's.", examples=["integer"])
    description: Text | None = Field(None, description="What it means.", examples=["Passes over the data."])
    choices: Values | None = Field(None, description="The values allowed.", examples=[["cifar10", "digits"]])
    minimum: Bound | None = Field(None, description="The smallest value allowed.", examples=[1])
    maximum: Bound | None = Field(None, description="The largest value allowed.", examples=[100])

    @property
    def declared_type(self) -> parameters.ParameterType:
        """The declared type, else the type of the default."""
        return self.type or parameters.type_of(self.default)

    def fault(self, value: parameters.Value) -> tuple[str, str] | None:
        """Return what is wrong with ``value`` for this parameter and the cure, or None."""
        return parameters.fault(value, self.declared_type, self.choices, self.minimum, self.maximum)

    @model_validator(mode="after")
    def _bounds_mean_something(self) -> Parameter:
        if self.choices == ():
            raise _fail("bad-parameter", "`choices` is empty, so no value is allowed.", "Give values, or delete it.",
                        at="choices")  # fmt: skip
        bounds = [key for key in ("minimum", "maximum") if getattr(self, key) is not None]
        if bounds and self.declared_type not in {"integer", "number"}:
            message = f"`minimum` and `maximum` go with numbers, and this is a {self.declared_type}."
            cure = "Delete them, or declare `type: integer` or `type: number`."
            raise _fail("bad-parameter", message, cure, at=bounds[0])
        return self

    @model_validator(mode="after")
    def _default_fits(self) -> Parameter:
        wrong = self.fault(self.default)
        if wrong:
            raise _fail("bad-parameter", wrong[0], wrong[1], at="default")
        return self


def _parameter(value: object) -> object:
    return value if isinstance(value, (dict, Parameter)) else {"default": value}


ParameterField = Annotated[Parameter, BeforeValidator(_parameter), _OrShort(_SCALAR_SCHEMA)]


class Output(_Model):
    """Settings of an output folder in Azure ML; the arguments declare the output itself."""

    datastore: Text | None = Field(None, description="Datastore; else the workspace's own.", examples=["results"])
    mode: Literal["upload", "mount"] = Field("upload", description="When files reach Azure ML.", examples=["mount"])
    register_as: Text | None = Field(None, description="Register as a dataset of this name.", examples=["images"])


_OPTIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"anyOf": [_SCALAR_SCHEMA, {"type": "array", "items": {"type": ["string", "number"]}}]},
}
_ARGUMENTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _OPTIONS_SCHEMA,
        {"type": "array", "items": {"anyOf": [{"type": ["string", "number"]}, _OPTIONS_SCHEMA]}},
        {"type": "null"},
    ]
}


class _RunSettings(_Model):
    """Settings that stand for the pipeline, and for a step instead of the pipeline's."""

    compute: ComputeField | None = Field(None, description="Where steps run in Azure ML.", examples=["cpu-cluster"])
    environment: Environment | None = Field(None, description="The packages that steps run with.")
    snapshot: Texts | None = Field(
        None, description="Files beyond the script's own imports, as patterns.", examples=[["vocabulary/*.txt"]]
    )
    environment_variables: Variables = Field(default_factory=dict)
    timeout: Duration | None = Field(None, description="Longest time that a step may take.")


class Step(_RunSettings):
    """A script and its arguments. What it reads and writes is what its arguments name."""

    script: ProjectPath = Field(description="The script, from `source_directory`.", examples=["train.py"])
    arguments: Annotated[Any, WithJsonSchema(_ARGUMENTS_SCHEMA)] = Field(
        None, description="Options and values, in order.", examples=[{"--epochs": "${{ parameters.epochs }}"}]
    )
    outputs: dict[OutputName, Output] = Field(default_factory=dict, description="Settings of outputs.")
    after: Texts = Field((), description="Steps that come first, without data.", examples=[["train"]])
    source_directory: ProjectPath | None = Field(None, description="Folder of the script.", examples=["steps"])
    allow_reuse: bool | None = Field(None, description="False: run it every time.", examples=[False])
    retries: int | None = Field(None, ge=0, le=100, description="Further attempts here (local only).", examples=[2])


class Recurrence(_Model):
    """When a schedule fires, in Azure ML's own terms."""

    frequency: Literal["minute", "hour", "day", "week", "month"] = Field(description="Unit.", examples=["day"])
    interval: int = Field(1, ge=1, description="Every so many units.", examples=[1])
    hours: Integers | None = Field(None, description="Hours of the day, 0–23.", examples=[[2]])
    minutes: Integers | None = Field(None, description="Minutes of the hour, 0–59.", examples=[[0]])
    week_days: Texts | None = Field(None, description="Days of the week.", examples=[["monday"]])
    start_time: Text | None = Field(None, description="First time, local.", examples=["2026-12-01T02:00:00"])


class Schedule(_Model):
    """When the published pipeline runs by itself."""

    cron: Text | None = Field(None, description="Five fields of cron.", examples=["0 2 * * *"])
    recurrence: Recurrence | None = Field(None, description="Azure ML's own form, instead of cron.")
    time_zone: Text = Field("UTC", description="IANA name of the time zone.", examples=["Europe/Paris"])
    parameters: dict[str, Value] = Field(default_factory=dict, description="Values for its runs.")

    @model_validator(mode="after")
    def _one_form(self) -> Schedule:
        if (self.cron is None) == (self.recurrence is None):
            raise _fail("schedule-form", "a schedule has either `cron` or `recurrence`.", "Give one of them.", at="")
        return self


class Publish(_Model):
    """How the published pipeline runs."""

    reuse: bool = Field(default=False, description="True: scheduled runs may reuse old results.", examples=[True])


class DatasetOverride(_Model):
    """What a profile may change of a dataset."""

    local: Text = Field(description="Path here, from the pipeline file.", examples=["small-data"])


class StepOverride(_Model):
    """What a profile may change of a step."""

    compute: ComputeField | None = Field(None, description="Where it runs in Azure ML.", examples=["gpu-cluster"])
    environment: Environment | None = Field(None, description="The packages it runs with.")
    timeout: Duration | None = Field(None, description="Longest time that it may take.")
    environment_variables: Variables = Field(default_factory=dict)


class Profile(_Model):
    """A named set of overrides, chosen by `--profile`."""

    parameters: dict[str, Value] = Field(default_factory=dict, description="Values of parameters.")
    compute: ComputeField | None = Field(None, description="Instead of the pipeline's.", examples=["gpu-cluster"])
    environment: Environment | None = Field(None, description="Instead of the pipeline's.")
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict, description="Schedules, by name.")
    datasets: dict[str, DatasetOverride] = Field(default_factory=dict, description="Local paths.")
    steps: dict[str, StepOverride] = Field(default_factory=dict, description="Settings of steps.")


def _at_least_one(steps: dict[str, Step]) -> dict[str, Step]:
    if not steps:
        raise _fail("no-steps", "the pipeline has no steps.", "Add one under `steps:`.")
    return steps


def _version(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value != 1:
        shown = written(value) if isinstance(value, (str, int, float)) else "this"
        raise _fail("wrong-value", f"version cannot be {shown}.", "Write 1.")
    return value


Version = Annotated[Any, AfterValidator(_version), WithJsonSchema({"type": "integer", "const": 1})]


class PipelineSpec(_RunSettings):
    """One pipeline: steps that share an environment and a compute target."""

    version: Version = Field(1, description="Version of this format.", examples=[1])
    name: Annotated[str, _named("pipeline", names.step_name_fault)] = Field(
        description="Name of the pipeline.", examples=["cifar10"]
    )
    description: Text | None = Field(None, description="What it does.", examples=["Train the tutorial network."])
    experiment: Text | None = Field(None, description="Experiment of its runs; else its name.", examples=["day1"])
    source_directory: ProjectPath = Field(".", description="Folder of the scripts.", examples=["steps"])
    allow_reuse: bool = Field(default=True, description="False: run steps every time.", examples=[True])
    retries: int = Field(0, ge=0, le=100, description="Further attempts of a step here (local only).", examples=[1])
    datasets: dict[DatasetName, Dataset] = Field(default_factory=dict, description="Data that no step makes.")
    parameters: dict[ParameterName, ParameterField] = Field(default_factory=dict, description="Values that may be set.")
    steps: Annotated[dict[StepName, Step], AfterValidator(_at_least_one)] = Field(
        description="The steps; arguments and `after` give the order."
    )
    profiles: dict[ProfileName, Profile] = Field(default_factory=dict, description="Named sets of overrides.")
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict, description="When it runs by itself.")
    publish: Publish = Field(default_factory=Publish, description="How the published pipeline runs.")


RESERVED_KEYS = frozenset({"matrix", "when", "include", "secrets", "models"})
