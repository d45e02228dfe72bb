"""What a page tells of a run, as plain data: nothing of it can be trusted to be more than data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.core.masking import masked
from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.report.series import Series
from aml_pipeline.runs.record import defaults_of


@dataclass(frozen=True, slots=True)
class Log:
    """The end of what a step printed, of ``size`` bytes; ``place`` is the file that has all."""

    text: str
    size: int
    left_out: int
    place: str


@dataclass(frozen=True, slots=True)
class OutputTold:
    """An output: its folder, digest, files and bytes, as they were when its step was over; None is not recorded."""

    name: str
    place: str
    digest: str | None
    files: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class AttemptTold:
    """One process of a step: from when to when, and how it ended."""

    begun: float
    ended: float
    state: str


@dataclass(frozen=True, slots=True)
class StepTold:
    """A step: ``row`` is how it ended as the record says, ``declared`` what the plan says of it."""

    name: str
    declared: Mapping[str, Any]
    row: Mapping[str, Any]
    upstream: tuple[str, ...]
    attempts: tuple[AttemptTold, ...] = ()
    log: Log | None = None

    @property
    def state(self) -> str:
        """How it ended."""
        return str(self.row.get("state") or "not run")

    @property
    def made_by(self) -> str:
        """The run that made its result, if it was used again, or ""."""
        return str(self.row.get("made_by") or "")

    @property
    def seconds(self) -> float | None:
        """How long its last process took, if it had one."""
        return number(self.row.get("seconds")) if self.state in {"done", "failed", "interrupted"} else None

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The last value of each metric."""
        return mapping(self.row.get("metrics"))

    @property
    def outputs(self) -> list[OutputTold]:
        """What it wrote."""
        contents = mapping(self.row.get("contents"))
        places = mapping(self.row.get("outputs"))
        return [_output(name, str(place), contents.get(name)) for name, place in places.items()]


@dataclass(frozen=True, slots=True)
class RunTold:
    """A run: ``header`` as it is recorded, its steps in order, its metrics, and the data sets it used by place.

    ``parts`` are what its steps were made from, as ``reuse`` names it, of those of which that is recorded.
    """

    run: str
    state: str
    header: Mapping[str, Any]
    steps: tuple[StepTold, ...] = ()
    series: Sequence[Series] = ()
    data_sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def pipeline(self) -> str:
        """The name of the pipeline."""
        return str(self.header.get("pipeline", ""))

    @property
    def started(self) -> float | None:
        """When it began."""
        return number(self.header.get("started"))

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return number(self.header.get("seconds"))

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters, as texts."""
        return parameters_of(self.header)

    @property
    def defaults(self) -> dict[str, str]:
        """What the parameters were where nobody gave them."""
        return defaults_of(self.header)

    @property
    def commit(self) -> str:
        """The git commit, or ""."""
        return str(mapping(self.header.get("git")).get("commit") or "")


def parameters_of(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a recorded run as texts; of one from before secrets were left out, without them."""
    return {str(name): masked(str(name), str(value)) for name, value in mapping(header.get("parameters")).items()}


def _output(name: str, place: str, content: object) -> OutputTold:
    digest, files, size = sequence(content) if len(sequence(content)) == 3 else (None, None, None)  # noqa: PLR2004
    known = isinstance(files, int) and isinstance(size, int)
    return OutputTold(name, place, str(digest) if digest else None, files if known else None, size if known else None)
