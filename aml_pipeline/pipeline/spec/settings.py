"""Where a step runs, with which packages and variables: settings of the pipeline that a step may override."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from aml_pipeline.pipeline.spec import names
from aml_pipeline.pipeline.spec.fields import (
    EMPTY,
    Duration,
    MemorySize,
    Model,
    OrShort,
    ProjectPath,
    Text,
    Texts,
    fail,
)
from aml_pipeline.pipeline.yaml.scalars import written

# The rule of Azure Key Vault for names of secrets.
_NAME_IN_VAULT = r"[0-9A-Za-z-]{1,127}"


def _secret_name(name: str) -> str:
    if not re.fullmatch(_NAME_IN_VAULT, name):
        raise fail("bad-name", f'"{name}" is not a valid name of a secret in Azure Key Vault.',
                   "Write at most 127 letters, digits and -.")  # fmt: skip
    return name


class Secret(Model):
    """A secret of the workspace's key vault: local runs read it from the caller's variable of the same name."""

    secret: Annotated[Text, AfterValidator(_secret_name)] = Field(
        description="Name of the secret in the key vault of the workspace, where the script must read it. Local runs "
        "read it from your environment variable of the same name.",
        examples=["my-token"],
        json_schema_extra={
            "pattern": f"^{_NAME_IN_VAULT}$",
            "patternErrorMessage": "Write at most 127 letters, digits and -.",
        },
    )


def _text_or_secret(value: object, secret: ValidatorFunctionWrapHandler) -> object:
    if isinstance(value, dict):
        return secret(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticKnownError("string_type")
    return written(value)


def _variable_name(name: str) -> str:
    if not re.fullmatch(names.VARIABLE_NAME, name):
        raise fail("bad-name", f'"{name}" is not a valid name of an environment variable.',
                   "Write letters, digits and _, for example MY_VARIABLE.")  # fmt: skip
    return name


_VARIABLE_SCHEMA = {
    "type": ["string", "number"],
    "description": "The value of this variable, as a string; write true and false in quotes.",
    "examples": [1],
}
if TYPE_CHECKING:
    Variable = str | Secret
else:  # a union would report each mistake once for each of its types
    Variable = Annotated[Secret, WrapValidator(_text_or_secret), OrShort(_VARIABLE_SCHEMA)]
Variables = Annotated[
    dict[Annotated[str, AfterValidator(_variable_name)], Variable],
    Field(
        description="Environment variables of the scripts. Those of a step are added to those of the pipeline.",
        examples=[{"OMP_NUM_THREADS": 1, "TOKEN": {"secret": "my-token"}}],
        json_schema_extra={
            "propertyNames": {
                "title": "NAME",
                "pattern": f"^(<<|{names.VARIABLE_NAME})$",
                "patternErrorMessage": "Write letters, digits and _, for example MY_VARIABLE.",
            }
        },
    ),
]


class Environment(Model):
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
    dockerfile: ProjectPath | None = Field(
        None,
        description="A Dockerfile that builds the image, relative to the folder of this file. The folder that contains "
        "it is its build context.",
        examples=["docker/Dockerfile"],
    )
    curated: Text | None = Field(
        None, description="A curated environment, provided by Azure ML.", examples=["AzureML-sklearn-1.5"]
    )
    registered: Text | None = Field(
        None,
        description="An environment that is already registered in the workspace, or in `registry`.",
        examples=["team-env"],
    )
    registry: Text | None = Field(
        None,
        description="The registry that contains the `registered` environment (Azure ML v2 only).",
        examples=["azureml"],
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
        if self.registry is not None and sources[0] != "registered":
            raise fail("environment-registry", "`registry` can only be used with `registered`.",
                       "Name the environment with `registered:`, or delete the key.", at="registry")  # fmt: skip
        if self.name is None and not existing:
            raise fail("environment-name", "the environment has no name.", "Add `name:`.", at="")
        return self


_DEFINITIONS = (
    *("conda_file", "pip_requirements", "conda_environment", "docker_image", "dockerfile"),
    *("curated", "registered"),
)


class Compute(Model):
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


class Resources(Model):
    """What the container of a step gets on a node in Azure ML."""

    shm_size: MemorySize | None = Field(
        None, description="Shared memory of the container (default in Azure ML: 2g).", examples=["8g"]
    )
    docker_arguments: Texts = Field(
        (), description="Further arguments of `docker run`, one word each.", examples=[["--ulimit", "memlock=-1"]]
    )


class RunSettings(Model):
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
    python: Text | None = Field(
        None,
        description="Python that runs the steps locally: a path relative to the folder of this file, or a program "
        "(default: the one that runs aml-pipeline).",
        examples=[".venv/bin/python"],
    )
    resources: Resources | None = Field(
        None,
        description="What the containers of the steps get on the nodes in Azure ML. Local runs ignore it.",
        examples=[{"shm_size": "8g"}],
    )
    identity: Literal["user", "managed"] | None = Field(
        None,
        description="Who the steps are when they access data in Azure ML v2: the user who submits the run, or the "
        "managed identity of the compute target. Local runs ignore it.",
        examples=["managed"],
    )
