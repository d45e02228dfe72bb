"""The plan: a pipeline with its references resolved to typed tokens, its steps in order. Plain data.

Independent of disk, clock and backend. Every backend renders the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from aml_pipeline.core.errors import PipelineError
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.plan import graph, titles
from aml_pipeline.pipeline.plan.imported import Imported
from aml_pipeline.pipeline.plan.settings import (
    Compute,
    DatasetPlace,
    Distribution,
    Environment,
    OutputSettings,
    Resources,
)
from aml_pipeline.pipeline.plan.tokens import (
    Argument,
    Data,
    Dataset,
    Input,
    Literal,
    Output,
    Parameter,
    Part,
    Text,
    Token,
    by_option,
)
from aml_pipeline.pipeline.spec.fields import Model
from aml_pipeline.pipeline.spec.parameters import ParameterType

if TYPE_CHECKING:
    from aml_pipeline.pipeline.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter's value as text, its default (of the file and the profile) as text, and what values it may have.

    ``scheduled`` are those that schedules give it.
    """

    text: str
    default: str
    type: ParameterType
    description: str | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    scheduled: tuple[str, ...] = ()

    @property
    def limits(self) -> tuple[str, ...]:
        """The keys that restrict its values."""
        given = {"choices": self.choices or None, "minimum": self.minimum, "maximum": self.maximum}
        return tuple(key for key, limit in given.items() if limit is not None)

    def as_data(self) -> dict[str, Any]:
        """Return what a plan shows of it as JSON data."""
        return {"text": self.text, "default": self.default, "type": self.type, "limits": list(self.limits)}


@dataclass(frozen=True, slots=True)
class OtherValue:
    """A value that a parameter has in other runs than this one, and its place in the file."""

    parameter: str
    text: str
    place: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step, complete: the settings of the pipeline are filled in.

    A step of the file with a matrix becomes several, its variants: ``declared`` is its name in the file, ``variant``
    has the value of each axis.
    """

    name: str
    declared: str
    script: str | None  # if it runs a script of its source directory
    source_directory: str
    arguments: tuple[Argument, ...]
    outputs: Mapping[str, OutputSettings]
    after: tuple[str, ...]
    compute: Compute | None
    environment: Environment | None
    environment_variables: Mapping[str, str]  # without secrets
    snapshot: tuple[str, ...] | None
    allow_reuse: bool
    timeout: int | None
    retries: int
    secrets: Mapping[str, str] = field(default_factory=dict)  # variables, and the names of their secrets
    inherited: tuple[str, ...] = ()  # those of its secrets that the pipeline declares for all steps
    python: str | None = None  # that runs it locally, if the file names one
    resources: Resources | None = None
    identity: str | None = None
    module: str | None = None
    command: tuple[str, ...] | None = None
    unnamed: tuple[Data | Output, ...] = ()  # what it also reads and writes, without an argument that names it
    names: Mapping[Data, str] = field(default_factory=dict)  # names of inputs that do not follow from arguments
    distribution: Distribution | None = None
    variant: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people read and type: ``train[learning_rate=0.01]``; of a step without a matrix, its name."""
        return titles.title(self.declared, self.variant)

    @property
    def words(self) -> tuple[str, ...]:
        """The words before its arguments, as Azure ML runs them: `python train.py` or `python -m package.train`."""
        if self.script is not None:
            return ("python", self.script)
        return ("python", "-m", self.module) if self.module is not None else self.command or ()

    @property
    def word_arguments(self) -> tuple[Argument, ...]:
        """The words of its command as arguments, each with its place in the file."""
        return tuple(Argument(None, (Literal(word),), (*self.place, at)) for at, word in enumerate(self.command or ()))

    @property
    def place(self) -> tuple[str, ...]:
        """The place in the file of what it runs."""
        key = "script" if self.script is not None else "module" if self.module is not None else "command"
        return ("steps", self.declared, key)

    def _distinct(self, kind: type[Part]) -> Iterator[Any]:
        parts = (part for argument in self.arguments for part in argument.parts)
        return iter(dict.fromkeys(part for part in (*parts, *self.unnamed) if isinstance(part, kind)))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The outputs of other steps that it reads."""
        return tuple(self._distinct(Input))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that it uses."""
        return tuple(token.name for token in self._distinct(Parameter))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the datasets that it reads."""
        return tuple(token.name for token in self._distinct(Dataset))

    @property
    def written(self) -> tuple[str, ...]:
        """The names of the outputs that its arguments name."""
        return tuple(token.name for token in self._distinct(Output))

    def option_of(self, part: Part) -> str | None:
        """Return the option whose value contains ``part``; None if it is a positional value or does not occur."""
        return next((option for option, other, _ in by_option(self.arguments) if option and other == part), None)

    @property
    def upstream(self) -> tuple[str, ...]:
        """The steps that come before this one, through data or ``after``."""
        return tuple(dict.fromkeys([*(token.step for token in self.inputs), *self.after]))


def datasets_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the names of the datasets that ``steps`` read, each once."""
    return tuple(dict.fromkeys(name for step in steps for name in step.datasets))


def one_of_each(steps: Iterable[Step]) -> list[Step]:
    """Return the first variant of each step in the file: its variants differ in nothing but their arguments."""
    firsts: dict[str, Step] = {}
    for step in steps:
        firsts.setdefault(step.declared, step)
    return list(firsts.values())


class Source(Protocol):
    """The pipeline file that a plan was read from, which knows the lines of its settings."""

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return ``problems`` with their lines and columns."""
        ...

    def refusal(self, problems: Sequence[Problem]) -> PipelineError:
        """Return the error with ``problems``, with their lines and columns."""
        ...


@dataclass(frozen=True)
class Plan:
    """A pipeline ready for any backend; ``steps`` are in the order in which they run.

    ``file`` is the absolute path of the pipeline file; paths in the plan are relative to its folder. ``reuse`` says
    whether runs of the published pipeline may reuse earlier results, ``endpoint`` is its batch endpoint, if any.
    ``sdk`` and ``workspace`` are those that the file or the profile names, ``tags`` those of runs in Azure ML.
    ``data`` has the places that the caller gave to datasets. ``imported`` says what in Azure ML the file was imported
    from, ``source`` is the file that was read, if any.
    """

    file: str
    name: str
    description: str | None
    experiment: str
    profile: str | None
    parameters: Mapping[str, ParameterValue]
    datasets: Mapping[str, DatasetPlace]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Input] = field(default_factory=dict)  # the final results by name, if the file names them
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    reuse: bool = False
    endpoint: str | None = None
    sdk: str | None = None
    workspace: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    imported: Imported = field(default_factory=Imported, compare=False)
    source: Source | None = field(default=None, repr=False, compare=False)

    @property
    def upstream(self) -> dict[str, tuple[str, ...]]:
        """Each step, in order, with the steps before it."""
        return {step.name: step.upstream for step in self.steps}

    @cached_property
    def titles(self) -> dict[str, str]:
        """The titles of variants by their names; any other step is called by its name."""
        return {step.name: step.title for step in self.steps if step.variant}

    def step(self, name: str) -> Step:
        """Return the step with this name or title. Raises UsageError if there is none, or several."""
        return self._by_name.get(name) or titles.only(self.steps, name)

    def named(self, texts: Iterable[str]) -> list[str]:
        """Return the names of the steps that names and titles mean, each once."""
        return list(dict.fromkeys(step.name for text in texts for step in self.steps_called(text)))

    def select(
        self, steps: Sequence[str] = (), *, only: bool = False, start: str | None = None, until: str | None = None
    ) -> list[str]:
        """Return the names of the steps that names and titles select, in order; see ``graph.select``.

        Raises UsageError for an unknown name.
        """
        first, last = (self.named([end] if end else []) for end in (start, until))
        return graph.select(self.upstream, self.named(steps), only=only, start=first, until=last)

    def steps_called(self, text: str) -> tuple[Step, ...]:
        """Return the steps that a name or a title means; values that the title omits may be any.

        Raises UsageError if there is none.
        """
        return titles.steps_called(self.steps, text)

    def reuse_of(self, schedule: str) -> bool:
        """Return whether the runs of a schedule may reuse earlier results."""
        own = self.schedules[schedule].reuse
        return self.reuse if own is None else own

    def data_of(self, schedule: str) -> dict[str, DatasetPlace]:
        """Return the datasets that are elsewhere in the runs of a schedule, by name."""
        given = self.schedules[schedule].datasets
        return {name: self.datasets[name].moved(place) for name, place in given.items() if name in self.datasets}

    @cached_property
    def _by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return ``problems`` with their lines and columns, if the plan was read from a file."""
        return self.source.located(problems) if self.source else list(problems)

    def refusal(self, problems: Sequence[Problem]) -> PipelineError:
        """Return the error with ``problems``, with their lines and columns as in ``located``."""
        return self.source.refusal(problems) if self.source else PipelineError(problems, {})

    def as_data(self) -> dict[str, Any]:
        """Return the plan as JSON data; a token is a mapping of its kind to its fields."""
        data = _as_data(replace(self, schedules={}, source=None))
        del data["source"], data["imported"]
        data["parameters"] = {name: parameter.as_data() for name, parameter in self.parameters.items()}
        data["schedules"] = {name: schedule.as_data() for name, schedule in self.schedules.items()}
        for step, row in zip(self.steps, data["steps"], strict=True):
            row["arguments"] = [[token_as_data(token) for token in argument.tokens] for argument in step.arguments]
            del row["unnamed"], row["names"], row["inherited"]
            if step.variant:
                row["title"] = step.title
            else:
                del row["declared"], row["variant"]
            if step.names:
                row["inputs"] = {name: token_as_data(data) for data, name in step.names.items()}
        return dict(data)


def token_as_data(token: Token) -> dict[str, Any]:
    """Return a token as JSON data, such as ``{"input": {"step": "train", "name": "model"}}``."""
    if isinstance(token, Text):
        return {"text": {"parts": [token_as_data(part) for part in token.parts]}}
    return {type(token).__name__.lower(): _as_data(token)}


def _as_data(value: Any) -> Any:  # noqa: ANN401 - any part of a plan
    """Return what ``dataclasses.asdict`` does, in a third of its time, since that also copies texts and numbers."""
    if isinstance(value, Model):
        return {name: _as_data(one) for name, one in value}
    if is_dataclass(value):
        return {item.name: _as_data(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_as_data(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_data(one) for key, one in value.items()}
    return value
