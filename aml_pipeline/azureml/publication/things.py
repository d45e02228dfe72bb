"""What a workspace has of a pipeline, what it should have, and the changes to make: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aml_pipeline.azureml.publication.marks import Mark, Whose
from aml_pipeline.azureml.publication.timing import Timing, same_start

Action = Literal["create", "update", "replace", "disable", "delete", "unchanged"]
Kind = Literal["data", "environment", "compute target", "published pipeline", "endpoint", "deployment", "schedule"]

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A published pipeline; ``created`` sorts by time.

    In v2, a version of the pipeline's component: its id is ``NAME:VERSION``, and an archived one is not ``active``.
    """

    id: str
    mark: Mark | None
    active: bool
    created: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a batch endpoint."""

    name: str
    mark: Mark | None
    created: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pipeline endpoint: the ids of its pipelines by version, and the default version; ``text`` describes it.

    Its ``name`` need not be that of the pipeline: it may have been taken over. In v2, a batch endpoint: the versions
    are the names of its deployments.
    """

    id: str
    mark: Mark | None
    default: str | None
    versions: Mapping[str, str]
    active: bool = True
    text: str = ""
    deployments: tuple[Deployment, ...] = ()
    name: str = ""

    @property
    def pipeline(self) -> str | None:
        """The id of the default pipeline."""
        return self.versions.get(self.default or "")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule in a workspace; None is what is not visible; ``text`` describes it.

    ``runs`` is the id of its pipeline endpoint, or else of its published pipeline; in v2 that of the pipeline's
    component, ``NAME:VERSION``. ``failed``: Azure ML took its last change, but could not make it. ``ends``: when it
    stops to fire, which only a person sets. ``start`` is that of its recurrence in v1.
    """

    id: str
    name: str
    mark: Mark | None
    active: bool
    runs: str | None
    experiment: str | None
    timing: Timing | None
    parameters: Mapping[str, str] | None
    created: str
    reuse: bool | None = None
    text: str = ""
    failed: bool = False
    ends: str = ""
    start: str = ""

    @property
    def version(self) -> str | None:
        """The version that it runs; None in v1, where that is the default of an endpoint."""
        return version_in(self.runs) or None

    @property
    def put_away(self) -> bool:
        """Whether this program disabled it, and no person has enabled it since."""
        return not self.active and self.mark is not None and self.mark.disabled


@dataclass(frozen=True, slots=True)
class WantedSchedule:
    """A schedule as it should be; ``digest`` is that of its whole declaration in the file.

    In v2, it has an ``id``, which is known beforehand, and says whether it may ``reuse`` results. ``imported`` is the
    id of the schedule in v1 that it was imported from, if any, and ``start`` that of its recurrence in v1.
    """

    key: str
    name: str
    experiment: str
    timing: Timing
    parameters: Mapping[str, str]
    digest: str
    id: str = ""
    reuse: bool | None = None
    imported: str = ""
    start: str = ""

    def is_met_by(self, known: Schedule) -> bool:
        """Whether a schedule of v1 fires at the same times, with the same parameters."""
        same = (known.timing, known.parameters) == (self.timing, dict(self.parameters))
        return same and same_start(self.timing, known.start, self.start)


@dataclass(frozen=True, slots=True)
class Actual:
    """What a workspace has: all pipelines and schedules, and the endpoint of the wanted name.

    In v2, the pipelines are the versions of the wanted component, and ``others`` are the endpoints with a mark, but
    with another name.
    """

    pipelines: tuple[Pipeline, ...]
    endpoint: Endpoint | None
    schedules: tuple[Schedule, ...]
    others: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What it should have; ``digest`` is that of the pipeline's whole content.

    In v1, schedules run the ``endpoint``, which is always there. In v2, they run the ``component``, whose ``name`` it
    is, and there is an endpoint only if the file names one.
    ``takes`` is the id of an endpoint of v1 that is taken over though it has no mark.
    """

    whose: Whose
    name: str
    digest: str
    schedules: tuple[WantedSchedule, ...]
    endpoint: str
    is_v2: bool = False
    takes: str = ""

    @property
    def component(self) -> str:
        """The id of the version of the component, in v2."""
        return f"{self.name}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Change:
    """A change, or why a thing stays as it is: ``id`` is that of the existing thing, ``details`` say what differs.

    ``only_mark``: only the owner changes. ``fires``: it is a schedule that is active afterwards. Posting ``body`` to
    ``address`` starts a run then, and ``page`` is its page in the portal, if any.
    """

    action: Action
    kind: Kind
    name: str
    details: tuple[str, ...] = ()
    id: str = ""
    key: str = ""
    address: str = ""
    body: str = ""
    page: str = ""
    only_mark: bool = False
    fires: bool = False

    @property
    def subject(self) -> tuple[Kind, str]:
        """What is changed, in comparisons."""
        return self.kind, self.key or self.name

    @property
    def begins(self) -> bool:
        """Whether a schedule is changed that fires afterwards."""
        return self.fires and self.action != "unchanged"

    @property
    def thing(self) -> str:
        """What is changed, in messages."""
        return f"{'pipeline' if self.kind == 'published pipeline' else self.kind} {self.name}"

    @property
    def unconfirmed(self) -> str:
        """What to say if the change was made, but its answer got lost."""
        return f"Azure ML did not confirm that {self.thing} was published, but it was."

    @property
    def made_by_another(self) -> str:
        """What to say if another publisher made the change."""
        return f"Another publish changed {self.thing} at the same time."


def identity(name: str, profile: str | None) -> str:
    """Return the owner of the things of a pipeline with a profile."""
    return f"{name}/{profile}" if profile else name


def endpoint_name(name: str, profile: str | None) -> str:
    """Return the name of the endpoint of a pipeline with a profile, and of its component in v2."""
    return f"{name}-{profile}" if profile else name


def deployment_name(digest: str) -> str:
    """Return the name of the deployment of a version: it must begin with a letter."""
    return f"v{digest[:_SHORT]}"


def version_in(component: str | None) -> str:
    """Return the version of a component ``NAME:VERSION``."""
    return (component or "").partition(":")[2]


def short(digest: str | None) -> str:
    """Return a version as it is shown."""
    return digest[:_SHORT] if digest else "created by someone else"
