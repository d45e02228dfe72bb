"""The settings of steps, datasets and outputs in a plan: where steps run, with what, and where data is. Plain data.

Settings that a backend needs as the file says them are the file's own models, which are frozen too.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from aml_pipeline.pipeline.spec import places
from aml_pipeline.pipeline.spec.data import RegisteredModel
from aml_pipeline.pipeline.spec.settings import Compute, Environment, Resources
from aml_pipeline.pipeline.spec.step import Distribution

__all__ = [
    "Compute",
    "DatasetPlace",
    "Distribution",
    "Environment",
    "OutputSettings",
    "RegisteredModel",
    "Resources",
]


@dataclass(frozen=True, slots=True)
class DatasetPlace:
    """The location of a dataset, here and in Azure ML; see ``spec.Dataset``.

    ``upload`` is the most bytes that may be uploaded; 0: it is not uploaded.
    """

    local: str | None
    optional: bool
    datastore: str | None
    path: str | None
    registered: str | None
    version: str | None
    mode: str
    type: str | None = None  # folder, file or table; None: not known
    upload: int = 0
    url: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it has a location in Azure ML."""
        places = (self.registered, self.datastore, self.url)
        return any(place is not None for place in places) or self.upload > 0

    @property
    def address(self) -> str:
        """Its location in Azure ML as a text, as v2 writes it; "" if it has none."""
        if self.registered is not None:
            return f"azureml:{self.registered}{'@latest' if self.version in {None, 'latest'} else f':{self.version}'}"
        if self.url is not None:
            return self.url
        return "" if self.path is None else f"azureml://datastores/{self.datastore}/paths/{self.path.lstrip('/')}"

    def moved(self, place: str) -> DatasetPlace:
        """Return the same data at another ``place`` in Azure ML, which is one (see ``spec.places``)."""
        keys = {item.name: getattr(self, item.name) for item in fields(self)}
        return DatasetPlace(**places.moved(keys, places.keys_of(place) or {}))


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Settings of an output; see ``spec.Output``."""

    datastore: str | None = None
    mode: str = "upload"
    register_as: str | None = None
    may_be_empty: bool = False
    type: str = "folder"
    path: str | None = None
    overwrite: bool = False
    model: RegisteredModel | None = None
    argument: bool = True

    @property
    def is_file(self) -> bool:
        """Whether the step writes a single file, not a folder."""
        return self.type == "file"

    @property
    def described_by(self) -> str | None:
        """The file that the folder must contain to be a table or an MLflow model."""
        if self.model and self.model.type == "mlflow":
            return "MLmodel"
        return "MLTable" if self.type == "table" else None

    @property
    def sent(self) -> dict[str, str | None]:
        """The settings of the data that Azure ML receives; that it must not be empty is only checked locally."""
        data = {"datastore": self.datastore, "mode": self.mode, "register_as": self.register_as}
        data |= {"path": self.path} if self.path else {}
        return data | ({"type": self.type} if self.type != "folder" else {})
