"""What a workspace has of a pipeline, and what it should have → the changes between them. Pure; knows no SDK.

Whose a thing is stands in the last line of its description: ``aml-pipeline:NAME[/PROFILE][#SCHEDULE] DIGEST``. What
carries no such line, or that of another pipeline, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
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
    shown = " ".join((text or "").split())[: max(0, LONGEST_DESCRIPTION - len(line) - 1)]
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
    default: str | None
    versions: Mapping[str, str]
    active: bool = True

    @property
    def pipeline(self) -> str | None:
        """The id of the pipeline that it runs."""
        return self.versions.get(self.default or "")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, in the words of ``ScheduleRecurrence``.

    Of its start only what tells when a month's run is: ``at`` is its day and time, such as ``day 1 at 02:00``.
    """

    frequency: str
    interval: int
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    week_days: tuple[str, ...]
    time_zone: str
    at: str = ""

    def __str__(self) -> str:
        """Return it in a few words."""
        noun = self.frequency.lower()
        every = noun if self.interval == 1 else f"{self.interval} {noun}s"
        days = f" on {', '.join(self.week_days).lower()}" if self.week_days else ""
        times = [f"{hour:02}:{minute:02}" for hour in self.hours for minute in self.minutes]
        shown = f" at {', '.join(times[:3])}{', …' if len(times) > 3 else ''}" if times else ""  # noqa: PLR2004
        return f"every {every}{days}{f' on {self.at}' if self.at else ''}{shown}, {self.time_zone}"


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
    """One thing to do, or to leave: ``id`` is that of what is there, ``details`` tell what differs, or why not.

    Once it is done, a run is started by posting to ``address``, and ``page`` shows it in the portal, if it has one.
    """

    action: Action
    kind: Kind
    name: str
    details: tuple[str, ...] = ()
    id: str = ""
    key: str = ""
    address: str = ""
    page: str = ""


def identity(name: str, profile: str | None) -> str:
    """Return whose things are those of a pipeline with a profile."""
    return f"{name}/{profile}" if profile else name


def endpoint_name(name: str, profile: str | None) -> str:
    """Return the name of the endpoint of a pipeline with a profile."""
    return f"{name}-{profile}" if profile else name


def changes(wanted: Wanted, found: Found) -> list[Change]:
    """Return what is to be done, in the order in which it is done: pipeline, endpoint, schedules.

    What is disabled comes after what stands in its place.
    """
    kept, *others = _pipelines(wanted, found)
    return [kept, _endpoint(wanted, found), *others, *schedule_changes(wanted, found)]


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
    notes = () if there.active else ("somebody disabled it, and it stays so",)
    if pipeline and there.pipeline == pipeline.id:
        return Change("unchanged", "endpoint", wanted.name, (f"default version {there.default}", *notes), there.id)
    return Change("update", "endpoint", wanted.name, (_moved(wanted, found, there), *notes), there.id)


def _moved(wanted: Wanted, found: Found, there: Endpoint) -> str:
    """Return how the default moves, told by content."""
    digests = {one.id: mark.digest for one in found.pipelines if (mark := mark_in(one.description))}
    return f"default: {_short(digests.get(there.pipeline or ''))} → {_short(wanted.digest)}"


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "one that somebody else made"


def schedule_changes(wanted: Wanted, found: Found) -> Iterator[Change]:
    """Yield what is to be done about schedules; what only the pipeline's content tells is not needed for it."""
    ours: dict[str, list[Schedule]] = {}
    for one in found.schedules:
        mark = mark_in(one.description)
        if mark and mark.identity == wanted.identity and mark.schedule:
            ours.setdefault(mark.schedule, []).append(one)
    for schedule in wanted.schedules:
        yield from _of_one(schedule, ours.pop(schedule.key, []), found)
    for key, rest in ours.items():
        for one in rest:
            if one.active:
                yield Change("disable", "schedule", one.name, ("the file has it no longer",), one.id, key)


def _of_one(wanted: WantedSchedule, there: list[Schedule], found: Found) -> Iterator[Change]:
    """Yield what to do about the schedules that are there under one key; of several the first that fits stays."""
    there = sorted(there, key=lambda one: (one.created, one.id))
    active = [one for one in there if one.active]
    active.sort(key=lambda one: bool(_needs_another(wanted, one, found)))
    paused = [one for one in there if not one.active and not _put_away(one)]
    away = [one for one in there if _put_away(one) and not _needs_another(wanted, one, found)]
    if active:
        yield _live(wanted, active[0], found)
    elif paused:
        yield _of_paused(wanted, paused[-1], found)
    elif away:
        yield _kept(wanted, away[0])
    else:
        yield Change("create", "schedule", wanted.name, (str(wanted.timing),), key=wanted.key)
    for one in active[1:]:
        yield Change("disable", "schedule", one.name, ("another one of the same name stays",), one.id, wanted.key)


def _live(wanted: WantedSchedule, one: Schedule, found: Found) -> Change:
    why = _needs_another(wanted, one, found)
    return Change("replace", "schedule", wanted.name, why, one.id, wanted.key) if why else _kept(wanted, one)


def _of_paused(wanted: WantedSchedule, one: Schedule, found: Found) -> Change:
    """Return what is to be done about one that a person paused: it is never replaced, for another would fire."""
    why = _needs_another(wanted, one, found)
    if why:
        return Change("unchanged", "schedule", wanted.name, (_PAUSED, *why), one.id, wanted.key)
    return _kept(wanted, one)


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
    if mark and mark.disabled:
        details = ("somebody enabled it", *details)  # the mark goes, so that a later pause is seen for what it is
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


def firing_too(wanted: Wanted, found: Found, todo: Iterable[Change]) -> Iterator[str]:
    """Yield a line for each schedule that begins to fire, and whose namesake of another profile fires besides."""
    begins = {one.key for one in todo if one.kind == "schedule" and one.action in {"create", "update", "replace"}}
    marks = [(mark, one.name) for one in found.schedules if one.active and (mark := mark_in(one.description))]
    for schedule in wanted.schedules:
        others = [name for mark, name in marks if mark.schedule == schedule.key and _is_sibling(mark, wanted)]
        if others and schedule.key in begins:
            which = f"{' and '.join(others)}, which {'is' if len(others) == 1 else 'are'} active too: each fires"
            cure = "Pause in the portal what should not fire; publish leaves it paused."
            yield f"{schedule.name} does not replace {which}. {cure}"


def _is_sibling(mark: Mark, wanted: Wanted) -> bool:
    """Whether it is that of the same pipeline with another profile, or with none."""
    pipeline = wanted.identity.partition("/")[0]
    return mark.identity != wanted.identity and mark.identity.partition("/")[0] == pipeline


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
        lower = [(number, known) for number, known in numbers if number < int(there.default or 0)]
        chosen = lower[-1:]
    else:
        chosen = [(number, known) for number, known in numbers if version and digests[known].startswith(version)]
    if len({digests[known] for _, known in chosen}) != 1:
        many = "More than one version begins with" if chosen else "There is no version"
        known = ", ".join(dict.fromkeys(_short(digests[known]) for _, known in reversed(numbers)))
        raise UsageError(f'{many} "{version}" of {name} to go back to. Published: {known}.')
    number, pipeline = chosen[-1]
    after = f"default: {_short(digests.get(there.pipeline or ''))} → {_short(digests[pipeline])}"
    if str(number) == there.default:
        return Change("unchanged", "endpoint", name, (f"default: {_short(digests[pipeline])}",), there.id)
    return Change("update", "endpoint", name, (after,), there.id, str(number))


def _ours(one: Pipeline, identity: str) -> Mark | None:
    mark = mark_in(one.description)
    return mark if mark and mark.identity == identity else None


_SIGNS = {"create": "+", "update": "~", "replace": "-/+", "disable": "-", "unchanged": "="}


def as_text(found: Iterable[Change]) -> str:
    """Return changes for people, one a line."""
    rows = [(_SIGNS[one.action], f"{one.kind} {one.name}", "; ".join(one.details)) for one in found]
    width = max((len(what) for _, what, _ in rows), default=0)
    return "\n".join(f"{sign:>3} {what:<{width}}  {details}".rstrip() for sign, what, details in rows)


def listed(found: Found, identity: str, changes: Iterable[Change]) -> list[dict[str, object]]:
    """Return the published schedules as JSON data, each compared with the file, and what the file has besides.

    Those of other pipelines and profiles that are active are among them: a renamed pipeline leaves its own behind.
    """
    known = {one.id: one for one in changes if one.id}
    missing = [one for one in changes if one.action == "create"]
    keys = {one.key for one in changes if one.action != "disable"}
    marks = ((mark_in(one.description), one) for one in found.schedules)
    ours = [(mark, one) for mark, one in marks if mark and (mark.identity == identity or one.active)]
    rows = [_listed(mark, one, _compared(mark, identity, known.get(one.id), keys)) for mark, one in ours]
    return [*rows, *(_not_there(one) for one in missing)]


def _compared(mark: Mark, identity: str, change: Change | None, keys: Container[str]) -> str:
    if mark.identity != identity:
        return f"published of {mark.identity}"
    if change:
        return "; ".join(change.details) or "as the file says"
    return "another one stands in its place" if mark.schedule in keys else "the file has it no longer"


def _listed(mark: Mark, one: Schedule, compared: str) -> dict[str, object]:
    return {
        "name": one.name,
        "key": mark.schedule,
        "state": "active" if one.active else "disabled by publish" if mark.disabled else "paused",
        "fires": str(one.timing) if one.timing else None,
        "experiment": one.experiment,
        "parameters": None if one.parameters is None else dict(one.parameters),
        "compared": compared,
        "id": one.id,
    }


def _not_there(one: Change) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(("fires", "experiment", "parameters", "id"))
    return {**row, "name": one.name, "key": one.key, "state": "not published", "compared": "; ".join(one.details)}
