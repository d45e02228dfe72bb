"""The service as a test sees it: what it holds, what it was asked, how its runs go, what it is told to get wrong."""

import os
from pathlib import Path

from tests.loopback.asked import Asked
from tests.loopback.faults import Faults
from tests.loopback.state import SUBSCRIPTION, Entity

from . import assets, az, endpoints, history, jobs, metrics, operations, schedules, workspace
from .certificate import identity
from .state import Run, State
from .wire import TlsServer

ROUTES = (
    *workspace.ROUTES,
    *jobs.ROUTES,
    *schedules.ROUTES,
    *endpoints.ROUTES,
    *operations.ROUTES,
    *history.ROUTES,
    *metrics.ROUTES,
    *assets.ROUTES,
)


class ServiceV2(Asked):
    """One Azure ML service with one empty workspace, over TLS on a port of 127.0.0.1."""

    def __init__(self) -> None:
        self._certificate, context = identity()
        self.state = State()
        super().__init__(TlsServer(self.state, Faults(), ROUTES, context))

    def environ(self, home: Path) -> dict[str, str]:
        """Return the variables that point a process here, logged in by the Azure CLI; ``home`` gets what they name."""
        programs = home / "bin"
        az.install(programs, SUBSCRIPTION)
        trusted = home / "loopback.pem"
        trusted.write_bytes(self._certificate)
        return {
            "ARM_CLOUD_METADATA_URL": f"{self.url}{workspace.METADATA}?api-version=2022-09-01",
            "HOME": str(home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "REQUESTS_CA_BUNDLE": str(trusted),
            "USERPROFILE": str(home),
        }

    # What is there before a test begins.

    def add_compute(self, name: str, state: str = "Succeeded") -> None:
        """Let there be a cluster in a state of its making."""
        self.state.computes[name] = workspace.compute_body(state)

    def add_environment(self, name: str, version: str) -> None:
        """Let there be an environment."""
        self.state.environments[name, version] = {"properties": {"image": "registry.example/base:1"}}

    def add_datastore(self, name: str) -> None:
        """Let there be a datastore beside the workspace's own."""
        self.state.datastores.add(name)

    def unlock(self, credential: str, secret: str) -> None:
        """Let the workspace's own datastore have a credential of a kind, ``Sas`` or ``AccountKey``."""
        self.state.secrets[workspace.DEFAULT_DATASTORE] = (credential, secret)

    def add_data(self, name: str, version: str, kind: str = "uri_folder") -> None:
        """Let there be data, by default a folder."""
        place = f"azureml://datastores/workspaceblobstore/paths/{name}/{version}/"
        self.state.data[name, version] = {"properties": {"dataType": kind, "dataUri": place}}

    def takes_endpoint(self, name: str) -> None:
        """Let another workspace of the region have an endpoint with a name."""
        self.state.taken.add(name)

    # What a person does, or the clock.

    def pause(self, schedule: str) -> None:
        """Let somebody disable a schedule."""
        self.edit(schedule, isEnabled=False)

    def enable(self, schedule: str) -> None:
        """Let somebody enable a schedule."""
        self.edit(schedule, isEnabled=True)

    def edit(self, schedule: str, **properties: object) -> None:
        """Let somebody change a schedule: its ``properties`` of these names."""
        self.state.schedules[schedule]["properties"].update(properties)

    def fire(self, schedule: str) -> str | None:
        """Let the time of a schedule come: return the job that it begins, nothing where it is disabled."""
        return schedules.fire(self.state, schedule)

    def call(self, endpoint: str) -> str:
        """Let somebody call a batch endpoint: return the job that it begins."""
        return endpoints.begin(self.state, endpoint, None, {})

    def fails_to_make(self, name: str, message: str) -> None:
        """Let schedules, endpoints, deployments of a name be taken, and fail afterwards, while the client waits."""
        self.state.script.unready[name] = message

    # How runs go. Nodes are named as in the job; what is said holds for every job.

    def fails(self, node: str, message: str, log: str = "") -> None:
        """Let a node fail; ``log`` is what it prints before."""
        self.state.script.errors[node] = message
        self.prints(node, log)

    def prints(self, node: str, text: str) -> None:
        """Let a node print something."""
        self.state.script.logs[node] = text

    def logs(self, node: str, **metrics: list[object]) -> None:
        """Let a node log values under names; a value that is a dict is a row."""
        self.state.script.metrics.setdefault(node, {}).update(metrics)

    def reuses(self, node: str) -> None:
        """Let the result of a node be taken from an earlier run."""
        self.state.script.reused.add(node)

    def stays(self, node: str) -> None:
        """Let a node run until it is cancelled."""
        self.state.script.stays.add(node)

    def cancels(self, job: str) -> None:
        """Let somebody else cancel a job: it is canceled when it is asked for next."""
        self.state.script.cancelled.add(job)

    @property
    def sent(self) -> list[str]:
        """The names of the jobs."""
        return list(self.state.jobs)

    @property
    def stopped(self) -> set[str]:
        """The jobs that a client has asked to be cancelled."""
        return set(self.state.cancelled)

    # What is stored: the bodies as they were put.

    @property
    def computes(self) -> dict[str, Entity]:
        """The clusters by name."""
        return self.state.computes

    @property
    def environments(self) -> dict[tuple[str, str], Entity]:
        """The environments by name and version."""
        return self.state.environments

    @property
    def components(self) -> dict[tuple[str, str], Entity]:
        """The components by name and version; one without a name of its own is called azureml_anonymous."""
        return self.state.components

    @property
    def jobs(self) -> dict[str, Entity]:
        """The jobs by name."""
        return self.state.jobs

    @property
    def schedules(self) -> dict[str, Entity]:
        """The schedules by name."""
        return self.state.schedules

    @property
    def endpoints(self) -> dict[str, Entity]:
        """The batch endpoints by name."""
        return self.state.endpoints

    @property
    def deployments(self) -> dict[tuple[str, str], Entity]:
        """The deployments of batch endpoints, by endpoint and name."""
        return self.state.deployments

    @property
    def cancelled(self) -> list[str]:
        """The jobs that a client has asked to be cancelled, each time that it did."""
        return self.state.cancelled

    def component_of(self, job: str, node: str) -> Entity:
        """Return the component that a node of a job runs."""
        component = jobs.nodes(self.state, self.jobs[job]["properties"])[node]["componentId"]
        return self.components[assets.versioned(component, "components")]

    def code(self, of: str | Entity) -> dict[str, bytes]:
        """Return the files that were uploaded: of code by its id, of a component by its id or body; path → bytes."""
        if isinstance(of, str) and "/components/" in of:
            of = self.components[assets.versioned(of, "components")]
        given = of if isinstance(of, str) else of["properties"]["componentSpec"]["code"]
        return assets.files(self.state, assets.versioned(given, "codes"))

    def run_of(self, job: str, node: str | None = None) -> Run:
        """Return the run of a job or of its node as it is now; no time passes."""
        run = self.state.runs[job]
        return run if node is None else run.children[node]
