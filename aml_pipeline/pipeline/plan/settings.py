"""The settings of steps, datasets and outputs in a plan: where steps run, with what, and where data is. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, fields

from aml_pipeline.pipeline.spec import places


@dataclass(frozen=True, slots=True)
class Environment:
    """The definition of an environment; see ``spec.Environment``."""

    name: str | None
    conda_file: str | None
    pip_requirements: str | None
    conda_environment: str | None
    docker_image: str | None
    curated: str | None
    registered: str | None
    version: str | None
    registry: str | None = None
    dockerfile: str | None = None


@dataclass(frozen=True, slots=True)
class Compute:
    """A compute target; see ``spec.Compute``."""

    name: str
    vm_size: str | None
    vm_priority: str | None
    min_nodes: int | None
    max_nodes: int | None
    idle_seconds_before_scaledown: int | None


@dataclass(frozen=True, slots=True)
class Resources:
    """What the container of a step gets on a node in Azure ML; see ``spec.Resources``."""

    shm_size: str | None
    docker_arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The processes of a step that train together; see ``spec.Distribution``."""

    type: str
    nodes: int
    processes_per_node: int

    @property
    def processes(self) -> int:
        """The number of processes on all nodes."""
        return self.nodes * self.processes_per_node


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
class RegisteredModel:
    """The model that is registered from an output; see ``spec.RegisteredModel``."""

    name: str
    type: str


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
