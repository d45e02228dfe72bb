"""What a workspace knows of one pipeline, as the JSON of its services. Plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aml_pipeline.azureml.importing.draft import Loss

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundDataset:
    """A dataset that steps read: registered in a version, or saved with ``paths`` on a ``datastore``.

    ``is_changed`` is set if something is done to saved files, such as taking only some of them.
    """

    name: str = ""
    version: str = ""
    datastore: str = ""
    paths: tuple[str, ...] = ()
    is_tabular: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One pipeline. ``graph``, ``interface``, ``modules``, ``sources`` and ``schedules`` are in PascalCase, as sent.

    ``graph`` and ``interface`` are those of ``GET Graphs/ID[/Interface]``, ``modules`` by id of ``GET Modules/ID``
    (their ``Data``), ``sources`` by id those of ``GET DataSources/ID``, ``datasets`` by the id of saved data,
    and those that are registered by ``ID:VERSION``.
    ``assignments`` are values of parameters; those for data are a path on a datastore, or the id of data.
    Numbers of ``EntityStatus``, ``DataStoreMode``, ``Frequency`` and ``WeekDays`` are words. A module has its snapshot
    as ``StorageId``, a source has ``DataStoreName`` and ``PathOnDataStore``, wherever they were sent. ``missing`` says
    of each id that could not be read, why; ``losses`` has what is not read.
    """

    title: str  # in words: ``endpoint training``, ``run 0123``
    name: str
    description: str
    experiment: str
    graph: Json
    interface: Json
    modules: Mapping[str, Json]
    sources: Mapping[str, Json] = field(default_factory=dict)
    datasets: Mapping[str, FoundDataset] = field(default_factory=dict)
    schedules: Sequence[Json] = ()
    assignments: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""  # its name, if an endpoint was read
    endpoint_id: str = ""
    pipeline: str = ""  # the id of the published pipeline, if one was read
    goes_on: bool = False  # after a failed step: `continue_on_step_failure`
    active: bool = True  # a disabled endpoint or pipeline is read as well
    workspace: str = ""  # subscription/group/name
    environments: Collection[tuple[str, str]] = ()  # names and versions that the workspace is known to have
    missing: Mapping[str, str] = field(default_factory=dict)
    losses: Sequence[Loss] = ()

    @property
    def is_run(self) -> bool:
        """Whether a run was read, not what is published."""
        return self.title.startswith("run ")
