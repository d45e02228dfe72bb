"""Datasets, outputs of steps, and the models that are registered from them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from aml_pipeline.pipeline.spec.fields import Model, Shown, Text, Upload, WebAddress, fail

DatasetType = Literal["folder", "file", "table"]
DatasetMode = Literal["mount", "download", "eval_mount", "eval_download"]


class Dataset(Model):
    """Data that no step produces: a path on this machine, and its location in Azure ML."""

    type: DatasetType | None = Field(
        None,
        description="What the data is: a folder, a file, or a table of Azure ML (default: what is at `local`).",
        examples=["file"],
    )
    local: Text | None = Field(
        None, description="Path on this machine, relative to the folder of this file.", examples=["data"]
    )
    optional: bool = Field(
        default=False,
        description="If true, the data may be absent; the option that names it is then omitted.",
        examples=[True],
    )
    upload: Upload = Field(
        default=False,
        description="If true, `local` is uploaded before it is needed in Azure ML, unless it is there already. "
        "A size replaces the limit of 10 GB.",
        examples=[True],
    )
    datastore: Text | None = Field(
        None,
        description="Azure ML datastore that contains `path`, or that `upload` uploads to "
        "(default: the workspace's default datastore).",
        examples=["workspaceblobstore"],
    )
    path: Text | None = Field(None, description="Path on the datastore.", examples=["cifar10/"])
    registered: Text | None = Field(
        None,
        description="Name of a dataset that is registered in the workspace; replaces a path.",
        examples=["cifar10"],
    )
    version: Text | None = Field(None, description="Version of `registered` (default: the latest).", examples=["2"])
    url: WebAddress | None = Field(
        None,
        description="Web address of a file (Azure ML v2 only); replaces a path.",
        examples=["https://example.com/iris.csv"],
    )
    mode: DatasetMode = Field(
        "mount",
        description="How a node in Azure ML gets the data: mounted, or downloaded before the step starts; with "
        "`eval_`, v2 evaluates a FileDataset that SDK v1 registered.",
        examples=["download"],
    )

    @model_validator(mode="after")
    def _places(self) -> Dataset:
        if self.upload:
            self._uploaded()
        if sum(place is not None for place in (self.registered, self.datastore, self.url)) > 1:
            raise fail("dataset-place", "a dataset must have one remote location, but this one has two.",
                       "Keep `registered`, or `datastore` and `path`, or `url`.", at="")  # fmt: skip
        if self.url is not None and self.type not in {None, "file"}:
            raise fail("dataset-type", f"a web address names one file, but the type is {self.type}.",
                       "Write `type: file`, or upload the data: `local` and `upload: true`.", at="type")  # fmt: skip
        if not self.upload and (self.datastore is None) != (self.path is None):
            raise fail("dataset-place", "`datastore` and `path` go together.", "Write both, or neither.", at="")
        if self.version is not None and self.registered is None:
            raise fail("dataset-place", "`version` can only be used with `registered`.",
                       "Delete it, or add `registered`.", at="version")  # fmt: skip
        if self.mode.startswith("eval_") and self.registered is None:
            raise fail("dataset-place", f"`mode: {self.mode}` can only be used with `registered`.",
                       "Write `mount` or `download`, or add `registered`.", at="mode")  # fmt: skip
        if self.mode.startswith("eval_") and self.type not in {None, "folder"}:
            raise fail("dataset-type", f"`mode: {self.mode}` is for a folder, not for a {self.type}.",
                       "Write `type: folder`, or `mode: mount` or `download`.", at="mode")  # fmt: skip
        if all(place is None for place in (self.local, self.registered, self.datastore, self.url)):
            raise fail("dataset-place", "the dataset has no location.",
                       "Add `local` (a path here), `registered`, `datastore` and `path`, or `url`.", at="")  # fmt: skip
        return self

    def _uploaded(self) -> None:
        if self.local is None:
            raise fail("dataset-place", "`upload` needs `local`, the path of the data here.",
                       "Add `local`, or delete `upload`.", at="upload")  # fmt: skip
        other = next((key for key in ("registered", "path", "url") if getattr(self, key) is not None), None)
        if other is not None:
            raise fail("dataset-place", f"`upload` cannot be used with `{other}`.",
                       f"Delete `{other}`: uploaded data has a path of its own. Or delete `upload`.",
                       at="upload")  # fmt: skip


# What both SDKs accept: ``model_name_validation`` of azureml-core, and ``_assert_name_and_version`` of azure-ai-ml for
# the name of an output, which does not accept a dot.
_MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}"
_MODEL_NAME_CURE = "Use at most 255 letters, digits, - and _, starting with a letter or digit."
RUN = "{run}"
OUTPUT_PATH = r"(?=.*\S)(?!/)(?!.*//)(?!(.*/)?\.{1,2}(/|$))([^{}$\\\n]|\{run\})+"
_PATH_CURE = "Write folders joined by /, such as scores/{run}; the only placeholder is {run}, the id of the run."


def _model_name(name: str) -> str:
    if not re.fullmatch(_MODEL_NAME, name):
        raise fail("model-name", f'"{name}" is not a valid name of a model.', _MODEL_NAME_CURE)
    return name


def _output_path(path: str) -> str:
    if not re.fullmatch(OUTPUT_PATH, path):
        raise fail("output-path", f'"{path}" is not a valid path of an output.', _PATH_CURE)
    return path


ModelName = Annotated[
    str,
    AfterValidator(_model_name),
    Shown({"type": "string", "pattern": f"^{_MODEL_NAME}$", "patternErrorMessage": _MODEL_NAME_CURE}),
]
OutputPath = Annotated[
    Text,
    AfterValidator(_output_path),
    Shown({"type": ["string", "number"], "pattern": f"^{OUTPUT_PATH}$", "patternErrorMessage": _PATH_CURE}),
]


class RegisteredModel(Model):
    """The model that a step writes, registered when the step has ended."""

    name: ModelName = Field(
        description="Name of the model; each registration creates its next version.", examples=["cifar-net"]
    )
    type: Literal["custom", "mlflow"] = Field(
        "custom",
        description="Format of the model: any files (custom), or a folder that MLflow saved (mlflow).",
        examples=["mlflow"],
    )


class Output(Model):
    """Settings of an output; the output itself is declared by the arguments, unless it has ``argument: false``."""

    type: Literal["folder", "file", "table"] = Field(
        "folder",
        description="What the step writes: files into a folder, a single file whose path it gets (local runs and Azure "
        "ML v2), or a table: a folder with a file MLTable that describes its data.",
        examples=["file"],
    )
    datastore: Text | None = Field(
        None,
        description="Datastore that stores the output (default: the workspace's default datastore).",
        examples=["results"],
    )
    path: OutputPath | None = Field(
        None,
        description="Path on the datastore (Azure ML only); {run} is the id of the run. By default each run has a "
        "path of its own.",
        examples=["scores/{run}"],
    )
    overwrite: bool = Field(
        default=False,
        description="Must be true for a `path` without {run}: each run overwrites the results of earlier ones, and a "
        "step that is reused does not write there again.",
        examples=[True],
    )
    mode: Literal["upload", "mount"] = Field(
        "upload",
        description="When files are sent to Azure ML: when the step ends (upload), or while it writes them (mount).",
        examples=["mount"],
    )
    register_as: Text | None = Field(
        None, description="Register the output as a dataset with this name.", examples=["images"]
    )
    model: RegisteredModel | None = Field(
        None, description="Register the output as a model.", examples=[{"name": "cifar-net"}]
    )
    may_be_empty: bool = Field(
        default=False,
        description="If true, the folder may stay empty; otherwise an empty output fails the step (local runs only).",
        examples=[True],
    )
    argument: bool = Field(
        default=True,
        description="If false, no argument names the output: the script finds its path in the environment variable "
        "AZURE_ML_OUTPUT_ and the name (local runs and Azure ML v2).",
        examples=[False],
    )

    @model_validator(mode="after")
    def _place(self) -> Output:
        is_fixed = self.path is not None and RUN not in self.path
        if is_fixed and not self.overwrite:
            raise fail("output-overwrite", f'each run would overwrite the results of earlier runs in "{self.path}".',
                       "Add {run} to the path, or `overwrite: true` if that is intended.", at="path")  # fmt: skip
        if self.overwrite and not is_fixed:
            raise fail("output-overwrite", "`overwrite` has no effect: each run writes to a path of its own.",
                       "Delete it, or add a `path` without {run}.", at="overwrite")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _content(self) -> Output:
        if self.type == "file" and self.may_be_empty:
            raise fail("output-type", "`may_be_empty` can only be used with a folder, but this output is a file.",
                       "Delete it: a file may be empty, but must exist.", at="may_be_empty")  # fmt: skip
        if self.model is None:
            return self
        if self.type == "table":
            raise fail("output-type", "a model is a folder or a file, but this output is a table.",
                       "Delete `type: table` or `model`.", at="type")  # fmt: skip
        if self.type == "file" and self.model.type == "mlflow":
            raise fail("output-type", "an MLflow model is a folder, but this output is a file.",
                       "Delete `type: file`, or write `type: custom` under `model`.", at="type")  # fmt: skip
        if self.register_as is not None:
            raise fail("output-model", "an output is registered either as a dataset or as a model.",
                       "Keep `register_as` or `model`.", at="register_as")  # fmt: skip
        if self.may_be_empty:
            raise fail("output-model", "a model must have files, but this output may be empty.",
                       "Delete `may_be_empty` or `model`.", at="may_be_empty")  # fmt: skip
        return self
