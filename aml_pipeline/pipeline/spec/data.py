"""Datasets: data that no step produces."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aml_pipeline.pipeline.spec.base import Model
from aml_pipeline.pipeline.spec.fields import Text, Upload, WebAddress, fail

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
