"""A run in Azure ML as either SDK shows it: what is asked of it, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aml_pipeline.azureml.workspace.ending import End, Span

# A property of a job that a call of a batch endpoint of v2 began; seen in answers of Azure, such as those that the
# Ansible collection for Azure documents (azure_rm_ml_batch_endpoint_info).
ENDPOINT = "azureml.endpointname"


class StepRun(NamedTuple):
    """A started step: its name in the file, its id and status in Azure ML, and its SDK object."""

    name: str
    id: str
    status: str
    run: Any


class Watched(Protocol):
    """A run seen through one of the SDKs. Each call may query the service and raise what that SDK raises."""

    @property
    def extra(self) -> str:
        """What installs the SDK."""
        ...

    def look(self, without: Sequence[str]) -> tuple[str, list[StepRun]]:
        """Return the status of the run, and its started steps except those called ``without``."""
        ...

    def end(self, step: StepRun, log: str) -> End:
        """Return how an ended step ended; save its log in the file ``log``."""
        ...

    def save_log(self, step: StepRun, place: str) -> None:
        """Save the log of a step in the file ``place``, without secrets."""
        ...

    def whole(self) -> Whole:
        """Return when the run began and ended, and why it failed."""
        ...

    def about(self) -> About:
        """Return what Azure ML knows about the run, for its record."""
        ...


class Whole(NamedTuple):
    """When a run began and ended; ``message`` says why it failed, if Azure ML does."""

    span: Span
    message: str


class About(NamedTuple):
    """What Azure ML knows about a run: ``begun`` in seconds since 1970, ``parameters`` the values that it was given.

    ``schedule`` is the name of the schedule that began it, if one did.
    """

    experiment: str
    portal: str
    begun: float | None
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    parameters: Mapping[str, str]
    schedule: str | None
