"""What a page shows of a run, as plain, untrusted data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.report.series import Series
from aml_pipeline.report.shown_files import ShownFiles
from aml_pipeline.runs.record import defaults_of, parameters_of


@dataclass(frozen=True, slots=True)
class Log:
    """The end of a step's log of ``size`` bytes; ``place`` is the whole log's file."""

    text: str
    size: int
    left_out: int
    place: str


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """An output: folder, digest, files and bytes when its step ended; None: not recorded."""

    name: str
    place: str
    digest: str | None
    files: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """A process of a step: start, end and how it ended."""

    begun: float
    ended: float
    state: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step: ``row`` is its entry in the record, ``declared`` its entry in the plan.

    ``other_logs`` are the places of the logs of its processes of other ranks than 0.
    """

    name: str
    declared: Mapping[str, Any]
    row: Mapping[str, Any]
    upstream: tuple[str, ...]
    attempts: tuple[ShownAttempt, ...] = ()
    log: Log | None = None
    other_logs: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The name in the file that the variants of a step share; the step's own name if it has no variants."""
        return str(self.declared.get("declared") or self.name)

    @property
    def variant(self) -> dict[str, str]:
        """The value of each axis of a variant."""
        return {str(axis): str(value) for axis, value in mapping(self.declared.get("variant")).items()}

    @property
    def title(self) -> str:
        """What people read: ``train[epochs=5]``; of a step without variants, its name."""
        return str(self.declared.get("title") or self.name)

    @property
    def state(self) -> str:
        """How it ended."""
        return str(self.row.get("state") or "not run")

    @property
    def made_by(self) -> str:
        """The run whose result was reused, or ""."""
        return str(self.row.get("made_by") or "")

    @property
    def seconds(self) -> float | None:
        """The duration of its last process, if any."""
        return number(self.row.get("seconds")) if self.state in {"done", "failed", "interrupted"} else None

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The last value of each metric."""
        return mapping(self.row.get("metrics"))

    @property
    def outputs(self) -> list[ShownOutput]:
        """Its outputs."""
        contents = mapping(self.row.get("contents"))
        outputs = []
        for name, place in mapping(self.row.get("outputs")).items():
            content = sequence(contents.get(name))
            digest, files, size = content if len(content) == 3 else (None, None, None)  # noqa: PLR2004
            if not (isinstance(files, int) and isinstance(size, int)):
                files = size = None
            outputs.append(ShownOutput(name, str(place), str(digest) if digest else None, files, size))
        return outputs


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run: its recorded ``header``, steps in order, metrics, and the data sets it used by path.

    ``parts`` are the named parts (see ``reuse``) of the steps for which they are recorded. ``files`` are shown from its
    outputs; ``links`` lead from the folder of the record to places that exist, by place. ``titles`` are what people
    call its steps, by name.
    """

    id: str
    state: str
    header: Mapping[str, Any]
    steps: tuple[ShownStep, ...] = ()
    series: Sequence[Series] = ()
    data_sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: ShownFiles = field(default_factory=ShownFiles)
    links: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def pipeline(self) -> str:
        """The name of the pipeline."""
        return str(self.header.get("pipeline", ""))

    @property
    def started(self) -> float | None:
        """When it started."""
        return number(self.header.get("started"))

    @property
    def seconds(self) -> float | None:
        """Its duration in seconds."""
        return number(self.header.get("seconds"))

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters as texts."""
        return parameters_of(self.header)

    @property
    def defaults(self) -> dict[str, str]:
        """The defaults of the parameters."""
        return defaults_of(self.header)

    @property
    def by_name(self) -> dict[str, ShownStep]:
        """Its steps by name."""
        return {step.name: step for step in self.steps}

    @property
    def labels(self) -> dict[str, str]:
        """What curves are called by step: if only one step has variants, their values say enough."""
        groups = {step.group for step in self.steps if step.variant}
        if len(groups) > 1:
            return dict(self.titles)
        values = {step.name: " ".join(f"{axis}={value}" for axis, value in step.variant.items()) for step in self.steps}
        return {step.name: values[step.name] or step.title for step in self.steps}

    @property
    def commit(self) -> str:
        """The git commit, or ""."""
        return str(mapping(self.header.get("git")).get("commit") or "")
