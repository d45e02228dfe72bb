"""The service as a test sees it: what it holds, what it was asked, what it is told to get wrong."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from . import published, simulation
from .asked import Asked
from .datasets import add_dataset
from .faults import Faults
from .script import Script, Step
from .server import Server
from .snapshots import files, zipped
from .state import Entity, State
from .workspace import DEFAULT_DATASTORE, add_compute, add_datastore

if TYPE_CHECKING:
    from .storage import Storage


class Service(Asked):
    """One Azure ML service with one empty workspace, on a port of 127.0.0.1."""

    def __init__(self) -> None:
        self.state = State(Script(), str(uuid4()))
        add_datastore(self.state, DEFAULT_DATASTORE)
        super().__init__(Server(self.state, Faults()))

    @property
    def script(self) -> Script:
        """What the next runs do; a run keeps the script that it began with."""
        return self.state.script

    @script.setter
    def script(self, script: Script) -> None:
        self.state.script = script

    def add_compute(self, name: str) -> None:
        """Let there be a cluster."""
        add_compute(self.state, name)

    def add_datastore(self, name: str) -> None:
        """Let there be a datastore, besides the default one."""
        add_datastore(self.state, name)

    def unlock(self, credential: str, secret: str) -> None:
        """Let the default datastore have a credential of a kind, ``Sas`` or ``AccountKey``."""
        section = self.state.datastores[DEFAULT_DATASTORE]["azureStorageSection"]
        key = {"Sas": "sasToken", "AccountKey": "accountKey"}[credential]
        section.update(credentialType=credential, credential=secret, isSas=credential == "Sas", **{key: secret})

    def add_dataset(self, name: str, path: str, datastore: str = DEFAULT_DATASTORE) -> None:
        """Let there be a registered file dataset, or one version more of it."""
        add_dataset(self.state, name, datastore, path)

    def store_snapshots(self, storage: "Storage") -> None:
        """Let the files of snapshots be sent to a storage, so that they can be downloaded again."""
        self.state.storage = storage.state

    def add_snapshot(self, contents: Mapping[str, bytes] | bytes) -> str:
        """Let there be a snapshot with such files, or with a zip file as it stands; return its id."""
        new = self.state.new_id()
        self.state.zips[new] = contents if isinstance(contents, bytes) else zipped(contents)
        return new

    # How runs go, in the words of ``ServiceV2``, for tests that hold for either SDK.

    def fails(self, node: str, message: str, log: str = "") -> None:
        """Let a step fail; ``log`` is what it prints before."""
        self.script.steps[node] = Step(fails=True, error=message, log=log)

    def prints(self, node: str, text: str) -> None:
        """Let a step print something."""
        self.script.steps[node] = Step(log=text)

    def reuses(self, node: str) -> None:
        """Let the result of a step be taken from an earlier run."""
        self.script.steps[node] = Step(reused=True)

    def stays(self, node: str) -> None:  # noqa: ARG002 - here the whole run stays as it is
        """Let a step run until it is cancelled."""
        self.script.holds = True

    def cancels(self, run: str) -> None:
        """Let somebody else cancel a run."""
        self.state.cancelled.add(run)

    def fire(self, schedule: str) -> str | None:
        """Let the time of a schedule of that name come: return the run that it begins, nothing if it is disabled."""
        return published.fire(self.state, schedule)

    def call(self, endpoint: str) -> str:
        """Let somebody call an endpoint in the experiment lesson: return the run that it begins."""
        return published.call_endpoint(self.state, endpoint, "lesson")

    @property
    def sent(self) -> list[str]:
        """The ids of the pipeline runs."""
        return list(self.state.pipeline_runs)

    @property
    def stopped(self) -> set[str]:
        """The runs that a client has asked to be cancelled."""
        return set(self.state.cancelled)

    @property
    def modules(self) -> dict[str, Entity]:
        """The stored modules by id."""
        return self.state.modules

    @property
    def environments(self) -> dict[tuple[str, str], Entity]:
        """The registered environments by name and version."""
        return self.state.environments

    @property
    def snapshots(self) -> dict[str, dict[str, str]]:
        """The snapshots by id: path → digest."""
        return {known: files(one) for known, one in self.state.snapshots.items()}

    @property
    def runs(self) -> dict[str, Entity]:
        """The pipeline runs by id."""
        return self.state.pipeline_runs

    @property
    def schedules(self) -> dict[str, Entity]:
        """The schedules by id."""
        return self.state.schedules

    def node_statuses(self, run: str) -> dict[str, str]:
        """Return the status of each step of a pipeline run, by the step's name; to ask so lets nothing move on."""
        statuses = simulation.node_statuses(self.state, run)
        return {simulation.node_name(self.state, run, node): status for node, status in statuses.items()}

    def graph_of(self, run: str) -> Entity:
        """Return the graph that a pipeline run was submitted with."""
        return self.state.graphs[self.state.pipeline_runs[run]["GraphId"]]

    def assignments_of(self, run: str) -> dict[str, str]:
        """Return the value of each parameter of a pipeline run: what was assigned, else the default."""
        entity = self.state.pipeline_runs[run]
        parameters = self.state.interfaces[entity["GraphId"]].get("Parameters") or ()
        defaults = {one["Name"]: one["DefaultValue"] for one in parameters}
        return {**defaults, **(entity.get("ParameterAssignments") or {})}

    @property
    def dataset_names(self) -> dict[str, str]:
        """The names of the registered datasets by id."""
        return {versions[0]["datasetId"]: name for name, versions in self.state.datasets.items()}
