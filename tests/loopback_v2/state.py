"""What the service knows, in memory: what was put, as it was sent, and how each run goes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import count
from uuid import UUID

from tests.loopback.roles import Access
from tests.loopback.state import Entity

BEGINNING = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)
ENDED = frozenset({"Completed", "Failed", "Canceled"})
LOG = "user_logs/std_log.txt"


@dataclass
class Script:
    """How runs go, by the names of their nodes; by default each succeeds and prints nothing."""

    errors: dict[str, str] = field(default_factory=dict)  # a node that has one fails with it
    logs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[str, list[object]]] = field(default_factory=dict)  # values by node and name
    reused: set[str] = field(default_factory=set)
    stays: set[str] = field(default_factory=set)  # run until they are cancelled
    cancelled: set[str] = field(default_factory=set)  # jobs that somebody cancels elsewhere
    unready: dict[str, str] = field(default_factory=dict)  # what is taken, but then fails to be made, and why


@dataclass
class Run:
    """The run of a job, or of one of its nodes."""

    id: str
    name: str  # what it is shown as
    status: str = "NotStarted"
    created: str = ""
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    parent: str | None = None
    after: frozenset[str] = frozenset()  # the nodes that a node comes after
    children: dict[str, "Run"] = field(default_factory=dict)  # by node
    target: str | None = None  # the compute of a node
    reuses: str | None = None  # the run whose result is taken


@dataclass
class State:
    """Everything that was stored: the bodies of requests by what they put."""

    access: Access = field(default_factory=Access)
    computes: dict[str, Entity] = field(default_factory=dict)
    datastores: set[str] = field(default_factory=lambda: {"workspaceblobstore"})
    secrets: dict[str, tuple[str, str]] = field(default_factory=dict)  # of datastores: kind and text
    environments: dict[tuple[str, str], Entity] = field(default_factory=dict)  # by name and version, as the next two
    data: dict[tuple[str, str], Entity] = field(default_factory=dict)
    codes: dict[tuple[str, str], Entity] = field(default_factory=dict)
    components: dict[tuple[str, str], Entity] = field(default_factory=dict)
    jobs: dict[str, Entity] = field(default_factory=dict)
    schedules: dict[str, Entity] = field(default_factory=dict)
    fired: dict[str, str] = field(default_factory=dict)  # the schedules of the jobs that they began, by job
    of_v1: dict[str, Entity] = field(default_factory=dict)  # the schedules of SDK v1
    endpoints: dict[str, Entity] = field(default_factory=dict)  # for batches
    deployments: dict[tuple[str, str], Entity] = field(default_factory=dict)  # by endpoint and name
    taken: set[str] = field(default_factory=set)  # names of endpoints that other workspaces have
    operations: dict[str, str | None] = field(default_factory=dict)  # what takes a while: its error, by id
    archived: set[str] = field(default_factory=set)  # components without a version
    births: dict[str, str] = field(default_factory=dict)  # when things were made
    blobs: dict[str, bytes] = field(default_factory=dict)  # by container and path
    runs: dict[str, Run] = field(default_factory=dict)  # of jobs and of nodes that have begun, by id
    cancelled: list[str] = field(default_factory=list)  # jobs that a client has cancelled
    script: Script = field(default_factory=Script)
    seconds: int = 0  # since the beginning
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def now(self) -> str:
        """The time, as Azure writes it."""
        return f"{BEGINNING + timedelta(seconds=self.seconds):%Y-%m-%dT%H:%M:%S}.0000000+00:00"

    def created(self, thing: str) -> str:
        """Return when a thing was made: now, if it is new. Of two things, the later one has the later time."""
        return self.births.setdefault(thing, self.now.replace(".000000", f".{len(self.births):06d}"))

    def new_id(self) -> str:
        """Return an id that no other thing has; they count up, so that runs of a test look alike."""
        return str(UUID(int=next(self.ids) + (4 << 76) + (8 << 60)))
