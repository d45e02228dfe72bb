"""The service as a test sees it: what it holds, what it was asked, what it is told to get wrong."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from . import simulation
from .datasets import add_dataset
from .faults import DROP, Fault, Faults
from .guard import Guard
from .script import Script
from .server import Server
from .snapshots import files
from .state import Entity, State
from .wire import Request
from .workspace import DEFAULT_DATASTORE, add_compute, add_datastore


class Service:
    """One Azure ML service with one empty workspace, on a port of 127.0.0.1."""

    def __init__(self) -> None:
        self.state = State(Script(), str(uuid4()))
        self.faults = Faults()
        self.guard = Guard()
        add_datastore(self.state, DEFAULT_DATASTORE)
        self._server = Server(self.state, self.faults)
        self.url = self._server.url

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

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

    def add_dataset(self, name: str, path: str, datastore: str = DEFAULT_DATASTORE) -> None:
        """Let there be a registered file dataset, or one version more of it."""
        add_dataset(self.state, name, datastore, path)

    def fail(self, pattern: str, status: int, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Answer requests whose route fits with a status: the ``first``-th and those after it, ``times`` in all."""
        self.faults.ordered.append(Fault(pattern, status, method, first, times))

    def drop(self, pattern: str, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Close the connection of such a request without an answer."""
        self.fail(pattern, DROP, method=method, first=first, times=times)

    def stop_after_writes(self, count: int) -> None:
        """Answer ``count`` more writes, and from then on nothing at all."""
        self.faults.writes_left = count

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order."""
        return list(self._server.requests)

    def asked(self, method: str, ending: str) -> list[Request]:
        """Return the requests whose route ends so."""
        return [one for one in self.requests if one.method == method and one.route.endswith(ending)]

    def writes(self) -> list[Request]:
        """Return the requests that changed something."""
        return [one for one in self.requests if one.write]

    def forget(self) -> None:
        """Forget the requests so far; what is stored stays."""
        self._server.requests.clear()

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

    def complaints(self) -> list[str]:
        """Return what must not have happened: requests without a route, errors of this service, attempts to get out."""
        unknown = [f"no route for {one}" for one in self._server.unknown]
        return [*unknown, *self._server.crashes, *(f"wanted out: {one}" for one in self.guard.caught)]

    def forgive(self) -> None:
        """Forget what must not have happened, after a test has looked at it."""
        for kept in (self._server.unknown, self._server.crashes, self.guard.caught):
            kept.clear()
