"""What a workspace has of a pipeline, and what it should have → the changes between them. Pure; knows no SDK.

Whose a thing is stands in the last line of its description: ``aml-pipeline:NAME[/PROFILE][#SCHEDULE] DIGEST``. What
carries no such line, or that of another pipeline, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from aml_pipeline.errors import UsageError

Action = Literal["create", "update", "replace", "disable", "unchanged"]
Kind = Literal["environment", "compute target", "published pipeline", "endpoint", "schedule"]

# Azure ML's limit of descriptions is not known; this is well below that of everything else it stores.
LONGEST_DESCRIPTION = 250
_MARK = re.compile(r"(?:\A|\n)aml-pipeline:([a-z0-9/-]+)(?:#([a-z0-9-]+))? ([0-9a-f]+)( disabled)?\Z")
# Behind the mark of a schedule that was disabled because the file no longer has it; one that a person paused has none.
_DISABLED = " disabled"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose a thing is, and of what content; ``disabled``: by this program."""

    identity: str
    schedule: str | None
    digest: str
    disabled: bool = False


def mark_in(description: str | None) -> Mark | None:
    """Return the mark at the end of a description, if there is one."""
    found = _MARK.search((description or "").rstrip())
    return Mark(found[1], found[2], found[3], bool(found[4])) if found else None


def marked(text: str | None, mark: Mark) -> str:
    """Return a description that ends in ``mark``, clipped to what is surely taken."""
    about = f"aml-pipeline:{mark.identity}{f'#{mark.schedule}' if mark.schedule else ''} {mark.digest}"
    line = about + (_DISABLED if mark.disabled else "")
    shown = " ".join((text or "").split())[: LONGEST_DESCRIPTION - len(line) - 1]
    return f"{shown}\n{line}" if shown else line


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A published pipeline; ``created`` sorts by time."""

    id: str
    description: str
    active: bool
    created: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pipeline endpoint: its pipelines by their versions, and the version that runs unless one is named."""

    id: str
    description: str
    default: str
    versions: Mapping[str, str]

    @property
    def pipeline(self) -> str | None:
        """The id of the pipeline that it runs."""
        return self.versions.get(self.default)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, in the words of ``ScheduleRecurrence``, without its start."""

    frequency: str
    interval: int
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    week_days: tuple[str, ...]
    time_zone: str

    def __str__(self) -> str:
        """Return it in a few words."""
        noun = self.frequency.lower()
        every = noun if self.interval == 1 else f"{self.interval} {noun}s"
        days = f" on {', '.join(self.week_days).lower()}" if self.week_days else ""
        times = [f"{hour:02}:{minute:02}" for hour in self.hours for minute in self.minutes]
        shown = f" at {', '.join(times[:3])}{', …' if len(times) > 3 else ''}" if times else ""  # noqa: PLR2004
        return f"every {every}{days}{shown}, {self.time_zone}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as a workspace has it; None is what cannot be seen."""

    id: str
    name: str
    description: str
    active: bool
    endpoint: str | None
    experiment: str | None
    timing: Timing | None
    parameters: Mapping[str, str] | None
    created: str


@dataclass(frozen=True, slots=True)
class WantedSchedule:
    """A schedule as it should be; ``digest`` is that of all that the file says of it."""

    key: str
    name: str
    experiment: str
    timing: Timing
    parameters: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a workspace has: all pipelines and schedules, the endpoint of the name that is wanted."""

    pipelines: tuple[Pipeline, ...]
    endpoint: Endpoint | None
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What it should have: ``identity`` is NAME or NAME/PROFILE, ``digest`` that of all that makes the pipeline."""

    identity: str
    name: str
    digest: str
    schedules: tuple[WantedSchedule, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do, or to leave: ``id`` is that of what is there, ``details`` tell what differs, or why not."""

    action: Action
    kind: Kind
    name: str
    details: tuple[str, ...] = ()
    id: str = ""
    key: str = ""


def identity(name: str, profile: str | None) -> str:
    """Return whose things are those of a pipeline with a profile."""
    return f"{name}/{profile}" if profile else name


def endpoint_name(name: str, profile: str | None) -> str:
    """Return the name of the endpoint of a pipeline with a profile."""
    return f"{name}-{profile}" if profile else name


def changes(wanted: Wanted, found: Found) -> list[Change]:
    """Return what is to be done, in the order in which it is done: pipeline, endpoint, schedules."""
    pipelines = list(_pipelines(wanted, found))
    return [*pipelines, _endpoint(wanted, found), *schedule_changes(wanted, found)]


def our_schedules(identity: str, found: Found) -> list[tuple[Mark, Schedule]]:
    """Return the schedules that were published of a pipeline with a profile, with their marks."""
    marks = ((mark_in(one.description), one) for one in found.schedules)
    return [(mark, one) for mark, one in marks if mark and mark.identity == identity and mark.schedule]


def kept_pipeline(wanted: Wanted, found: Found) -> Pipeline | None:
    """Return the published pipeline of the wanted content: the oldest, if two publishers made it at once."""
    return next(iter(_same(wanted, found)), None)


def _same(wanted: Wanted, found: Found) -> list[Pipeline]:
    same = [one for one in found.pipelines if one.active and mark_in(one.description) == _mark(wanted)]
    return sorted(same, key=lambda one: (one.created, one.id))


def _mark(wanted: Wanted) -> Mark:
    return Mark(wanted.identity, None, wanted.digest)


def _pipelines(wanted: Wanted, found: Found) -> Iterator[Change]:
    same = _same(wanted, found)
    short = wanted.digest[:12]
    if same:
        yield Change("unchanged", "published pipeline", wanted.name, (f"version {short}",), same[0].id)
    else:
        yield Change("create", "published pipeline", wanted.name, (f"version {short}",))
    for one in same[1:]:
        why = f"version {short} was published twice at once; the older one stays"
        yield Change("disable", "published pipeline", wanted.name, (why,), one.id)


def _endpoint(wanted: Wanted, found: Found) -> Change:
    there, pipeline = found.endpoint, kept_pipeline(wanted, found)
    if there is None:
        return Change("create", "endpoint", wanted.name)
    if pipeline and there.pipeline == pipeline.id:
        return Change("unchanged", "endpoint", wanted.name, (f"default version {there.default}",), there.id)
    return Change("update", "endpoint", wanted.name, (_moved(wanted, found, there),), there.id)


def _moved(wanted: Wanted, found: Found, there: Endpoint) -> str:
    """Return how the default moves, told by content."""
    digests = {one.id: mark.digest for one in found.pipelines if (mark := mark_in(one.description))}
    before = digests.get(there.pipeline or "", "one that somebody else made")
    return f"default: {before[:12] if before in digests.values() else before} → {wanted.digest[:12]}"


def schedule_changes(wanted: Wanted, found: Found) -> Iterator[Change]:
    """Yield what is to be done about schedules; what only the pipeline's content tells is not needed for it."""
    ours: dict[str, list[Schedule]] = {}
    for mark, one in our_schedules(wanted.identity, found):
        ours.setdefault(str(mark.schedule), []).append(one)
    for schedule in wanted.schedules:
        yield from _of_one(schedule, ours.pop(schedule.key, []), found)
    for key, rest in ours.items():
        for one in rest:
            if one.active:
                yield Change("disable", "schedule", one.name, ("the file has it no longer",), one.id, key)


def _of_one(wanted: WantedSchedule, there: list[Schedule], found: Found) -> Iterator[Change]:
    """Yield what to do about the schedules that are there under one key; of several the first that fits stays."""
    fitting = [one for one in there if not _needs_another(wanted, one, found)]
    fitting.sort(key=lambda one: (_put_away(one), one.created, one.id))
    others = [one for one in there if one.active and one not in fitting[:1]]
    if fitting:
        yield _kept(wanted, fitting[0])
    elif others:
        details = _needs_another(wanted, others[0], found)
        yield Change("replace", "schedule", wanted.name, details, others[0].id, wanted.key)
        others = others[1:]
    elif paused := next((one for one in there if not _put_away(one)), None):
        details = _needs_another(wanted, paused, found)
        yield Change("unchanged", "schedule", wanted.name, (_PAUSED, *details), paused.id, wanted.key)
    else:
        yield Change("create", "schedule", wanted.name, (str(wanted.timing),), key=wanted.key)
    for one in others:
        yield Change("disable", "schedule", one.name, ("another one of the same name stays",), one.id, wanted.key)


_PAUSED = "somebody paused it, and it stays so"


def _put_away(one: Schedule) -> bool:
    mark = mark_in(one.description)
    return not one.active and mark is not None and mark.disabled


def _needs_another(wanted: WantedSchedule, one: Schedule, found: Found) -> tuple[str, ...]:
    """Return why ``one`` cannot become what is wanted: SDK v1 changes neither experiment nor endpoint of a schedule."""
    why = []
    if one.experiment is not None and one.experiment != wanted.experiment:
        why.append(f"experiment: {one.experiment} → {wanted.experiment}")
    if found.endpoint is None or one.endpoint != found.endpoint.id:
        why.append("it runs something else")
    if one.timing is None:
        why.append("it does not fire by the clock")
    return tuple(why)


def _kept(wanted: WantedSchedule, one: Schedule) -> Change:
    details = tuple(_differences(wanted, one))
    mark = mark_in(one.description)
    if _put_away(one):
        return Change("update", "schedule", wanted.name, ("enabled again", *details), one.id, wanted.key)
    notes = [] if one.active else [_PAUSED]
    if one.parameters is None:
        notes.append("parameters: not visible")
    if not details and mark and mark.digest != wanted.digest:
        details = ("what it is made of changed",)
    action: Action = "update" if details else "unchanged"
    return Change(action, "schedule", wanted.name, (*details, *notes), one.id, wanted.key)


def _differences(wanted: WantedSchedule, one: Schedule) -> Iterator[str]:
    if one.name != wanted.name:
        yield f"name: {one.name} → {wanted.name}"
    if one.timing != wanted.timing:
        yield f"{one.timing} → {wanted.timing}"
    there = wanted.parameters if one.parameters is None else one.parameters
    for name in dict.fromkeys([*wanted.parameters, *there]):
        before, after = there.get(name), wanted.parameters.get(name)
        if before != after:
            yield f"parameter {name}: {'–' if before is None else before} → {'–' if after is None else after}"


def moved_back(identity: str, name: str, found: Found, version: str) -> Change:
    """Return the change that makes an earlier published pipeline the default again.

    ``version`` is the beginning of its digest, or ``previous``: the one published before the present default. Raises
    UsageError when there is no such one.
    """
    there = found.endpoint
    digests = {one.id: mark.digest for one in found.pipelines if one.active and (mark := _ours(one, identity))}
    if there is None or not digests:
        raise UsageError(f"Nothing of {identity} is published yet. Publish it: `aml-pipeline publish`.")
    numbers = sorted((int(number), known) for number, known in there.versions.items() if known in digests)
    if version == "previous":
        chosen = [(number, known) for number, known in numbers if number < int(there.default)][-1:]
    else:
        chosen = [(number, known) for number, known in numbers if digests[known].startswith(version)][-1:]
    if not chosen:
        known = ", ".join(dict.fromkeys(digests[known][:12] for _, known in reversed(numbers)))
        raise UsageError(f'There is no version "{version}" of {name} to go back to. Published: {known}.')
    [(number, pipeline)] = chosen
    if str(number) == there.default:
        return Change("unchanged", "endpoint", name, (f"default: {digests[pipeline][:12]}",), there.id)
    before = digests.get(there.pipeline or "", "one that somebody else made")[:12]
    return Change("update", "endpoint", name, (f"default: {before} → {digests[pipeline][:12]}",), there.id, str(number))


def _ours(one: Pipeline, identity: str) -> Mark | None:
    mark = mark_in(one.description)
    return mark if mark and mark.identity == identity else None


_SIGNS = {"create": "+", "update": "~", "replace": "-/+", "disable": "-", "unchanged": "="}


def as_text(found: Iterable[Change]) -> str:
    """Return changes for people, one a line."""
    rows = [(_SIGNS[one.action], f"{one.kind} {one.name}", "; ".join(one.details)) for one in found]
    width = max((len(what) for _, what, _ in rows), default=0)
    return "\n".join(f"{sign:>3} {what:<{width}}  {details}".rstrip() for sign, what, details in rows)
