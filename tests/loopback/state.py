"""What the service knows, in memory: one dictionary for each kind of thing, keyed by its id or name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias
from uuid import UUID

from .roles import Access
from .script import Script

Json: TypeAlias = Any
Entity: TypeAlias = dict[str, Json]
Sdk: TypeAlias = Any  # an object of the SDK, which carries no types

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
GROUP = "loopback-group"
WORKSPACE = "loopback"
LOCATION = "westeurope"
NOW = "2026-01-05T08:00:00.0000000+00:00"
SCOPE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices"
    f"/workspaces/{WORKSPACE}"
)


@dataclass
class State:
    """Everything that was stored, and the script that the next runs follow."""

    script: Script
    id: str  # of the workspace
    access: Access = field(default_factory=Access)
    computes: dict[str, Entity] = field(default_factory=dict)
    datastores: dict[str, Entity] = field(default_factory=dict)
    environments: dict[tuple[str, str], Entity] = field(default_factory=dict)  # by name and version
    wheels: list[str] = field(default_factory=list)  # names of those for environments
    snapshots: dict[str, Entity] = field(default_factory=dict)
    storage: Json = None  # the state of a storage, to which the files of snapshots are sent
    zips: dict[str, bytes] = field(default_factory=dict)  # of snapshots, by their ids
    late_zips: int = 0  # how often a client has to ask again for the next zip
    datasets: dict[str, list[Entity]] = field(default_factory=dict)  # the versions of each registered name
    saved_datasets: dict[str, Entity] = field(default_factory=dict)
    data_sources: dict[str, Entity] = field(default_factory=dict)  # paths on datastores
    modules: dict[str, Entity] = field(default_factory=dict)
    shared_modules: dict[str, Entity] = field(default_factory=dict)  # those published by themselves
    graphs: dict[str, Entity] = field(default_factory=dict)
    interfaces: dict[str, Entity] = field(default_factory=dict)  # of graphs, by the graph's id
    experiments: dict[str, Entity] = field(default_factory=dict)  # by name
    pipeline_runs: dict[str, Entity] = field(default_factory=dict)
    runs: dict[str, Entity] = field(default_factory=dict)  # history: pipeline runs, their steps, script runs
    following: dict[str, Script] = field(default_factory=dict)  # what each run follows, by its id
    asked: dict[str, int] = field(default_factory=dict)  # how often the status of a run was asked for
    cancelled: set[str] = field(default_factory=set)
    pipelines: dict[str, Entity] = field(default_factory=dict)  # published ones
    endpoints: dict[str, Entity] = field(default_factory=dict)
    schedules: dict[str, Entity] = field(default_factory=dict)
    outdated: dict[str, Entity] = field(default_factory=dict)  # schedules as the list still shows them
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def new_id(self) -> str:
        """Return an id that no other thing has; they count up, so that runs of a test look alike."""
        return str(UUID(int=next(self.ids) + (4 << 76) + (8 << 60)))
