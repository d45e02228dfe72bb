"""The schedules of a workspace, and those that it should have → the changes to make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aml_pipeline.azureml.publication.marks import NOBODY, Mark
from aml_pipeline.azureml.publication.things import (
    Action,
    Actual,
    Change,
    Schedule,
    Wanted,
    WantedSchedule,
    short,
    version_in,
)
from aml_pipeline.azureml.publication.timing import same_start
from aml_pipeline.core.masking import masked
from aml_pipeline.pipeline.spec.parameters import shown

_PAUSED = "paused by someone; stays paused"
_PAUSED_COPY = f"a copy of it was {_PAUSED}"
_AT_ONCE = "another publish created it at the same time; the earlier one stays"


def schedule_changes(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the changes of schedules; the pipeline's content is not needed for this."""
    ours = _by_key(wanted, actual)
    for schedule in wanted.schedules:
        yield from _of_key(wanted, schedule, ours.pop(schedule.key, []), actual)
    for key, rest in ours.items():
        for known in rest:
            if known.active:
                yield Change("disable", "schedule", known.name, ("no longer in the file",), known.id, key)
            else:
                yield from _only_marked(wanted, known, key)


def _by_key(wanted: Wanted, actual: Actual) -> dict[str, list[Schedule]]:
    """Return the schedules that may be changed, by their names in the file, oldest first.

    In v2, where ids are known beforehand, an id counts more than the name in a mark, which a person may have edited.
    """
    ids = {schedule.id: schedule.key for schedule in wanted.schedules if schedule.id}
    ours: dict[str, list[Schedule]] = {}
    for schedule in sorted(actual.schedules, key=lambda known: (known.id not in ids, known.created, known.id)):
        key = ids.get(schedule.id) or (schedule.mark.schedule if schedule.mark else None)
        key = key or (schedule.id if wanted.is_v2 else None)
        if key and wanted.whose.takes(schedule.mark):
            ours.setdefault(key, []).append(schedule)
    return ours


def doubled_schedules(wanted: Wanted, actual: Actual, before: Actual) -> Iterator[Change]:
    """Yield the changes of schedules that several publishers created at once: the oldest stays.

    The oldest, not the one that matches: each publisher may want a different one, and would disable those of the
    others. Schedules that existed ``before``, when this publisher decided to create its own, do not count: they were
    disabled already, or this publisher has disabled them since, even if an outdated list shows them as active.
    """
    made = {change.key for change in schedule_changes(wanted, before) if change.action in {"create", "replace"}}
    known = {schedule.id for schedule in before.schedules}
    for key, there in _by_key(wanted, actual).items():
        active = [schedule for schedule in there if key in made and schedule.active and schedule.id not in known]
        digests = {schedule.mark.digest for schedule in active if schedule.mark}
        cure = ("it differs from this file, so publish again",) if len(digests) > 1 else ()
        for schedule in active[1:]:
            yield Change("disable", "schedule", schedule.name, (_AT_ONCE, *cure), schedule.id, key)


def _of_key(wanted: Wanted, schedule: WantedSchedule, there: list[Schedule], actual: Actual) -> Iterator[Change]:
    """Yield the changes of the schedules with one key, of which one stays."""
    chosen = _with_id(wanted, schedule, there) if wanted.is_v2 else _chosen(wanted, schedule, there, actual)
    yield chosen
    for known in there:
        if known.active and known.id != chosen.id:
            why = "another schedule of this name stays"
            yield Change("disable", "schedule", known.name, (why,), known.id, schedule.key)
    for known in there:
        if not known.active and known.id != chosen.id:
            yield from _only_marked(wanted, known, schedule.key)


def _with_id(wanted: Wanted, schedule: WantedSchedule, there: list[Schedule]) -> Change:
    """Return the change of the schedule with the wanted id: in v2 it is the only one that is created and updated.

    Others are copies that a person made. If all that could fire are paused, so is this one: the pause must not depend
    on a copy, which another publisher may take for a schedule of its own file.
    """
    own = next((known for known in there if known.id == schedule.id), None)
    is_silent = any(not known.put_away for known in there) and not any(known.active for known in there)
    if own:
        return _kept(wanted, schedule, own, is_silent=is_silent)
    if is_silent:
        return _created(schedule, _PAUSED_COPY, fires=False)
    return _created(schedule)


def _chosen(wanted: Wanted, schedule: WantedSchedule, there: list[Schedule], actual: Actual) -> Change:
    """Return the change of the schedule that stays in v1: of several active ones, the first that matches."""
    active = [known for known in there if known.active]
    active.sort(key=lambda known: bool(_needs_another(schedule, known, actual)))
    paused = [known for known in there if not known.active and not known.put_away]
    away = [known for known in there if known.put_away and not _needs_another(schedule, known, actual)]
    if active:
        why = _needs_another(schedule, active[0], actual)
        if not why:
            return _kept(wanted, schedule, active[0])
        details = (*wanted.whose.news(active[0].mark), *why)
        return Change("replace", "schedule", schedule.name, details, active[0].id, schedule.key, fires=True)
    if paused:  # it is never replaced, because the new one would fire
        why = _needs_another(schedule, paused[-1], actual)
        return _left_paused(wanted, schedule, paused[-1], why) if why else _kept(wanted, schedule, paused[-1])
    if away:
        return _kept(wanted, schedule, away[0])
    return _created(schedule)


def _created(schedule: WantedSchedule, *notes: str, fires: bool = True) -> Change:
    details = (str(schedule.timing), *notes)
    return Change("create", "schedule", schedule.name, details, key=schedule.key, fires=fires)


def _only_marked(wanted: Wanted, known: Schedule, key: str) -> Iterator[Change]:
    """Yield the change of only the mark, if it has no origin or that of another project."""
    news = wanted.whose.news(known.mark)
    if news:
        yield Change("update", "schedule", known.name, news, known.id, key, only_mark=True)


def _left_paused(wanted: Wanted, schedule: WantedSchedule, known: Schedule, why: tuple[str, ...] = ()) -> Change:
    """Return the change of a schedule that a person paused and that is not updated: of its mark, at most."""
    marked = next(_only_marked(wanted, known, schedule.key), None)
    change = marked or Change("unchanged", "schedule", schedule.name, (), known.id, schedule.key)
    return replace(change, details=(*change.details, _PAUSED, *why))


def _needs_another(schedule: WantedSchedule, known: Schedule, actual: Actual) -> tuple[str, ...]:
    """Return why ``known`` cannot be updated: SDK v1 can change neither its experiment nor its endpoint."""
    why = [*_of_experiment(schedule, known)]
    there = actual.endpoint
    if there is None or known.runs != there.id:
        is_of_version = there and known.runs in there.versions.values()
        why.append("it runs a published pipeline, not the endpoint" if is_of_version else "it runs something else")
    if known.timing is None:
        why.append("it is not triggered by time")
    return tuple(why)


def _of_experiment(wanted: WantedSchedule, known: Schedule) -> Iterator[str]:
    if known.experiment is not None and known.experiment != wanted.experiment:
        yield f"experiment: {known.experiment} → {wanted.experiment}"


def _kept(wanted: Wanted, schedule: WantedSchedule, known: Schedule, *, is_silent: bool = False) -> Change:
    """Return the change of a schedule that stays; with ``is_silent`` it does not begin to fire, as a copy is paused."""
    mark = known.mark
    details = (*wanted.whose.news(mark), *_in_place(wanted, schedule, known), *_differences(schedule, known))
    if known.put_away:
        details = (_PAUSED_COPY if is_silent else "enabled again", *details)
        return Change("update", "schedule", schedule.name, details, known.id, schedule.key, fires=not is_silent)
    notes = [] if known.active else [_PAUSED]
    if known.ends:
        notes.append(f"ends {known.ends}, set by someone; stays")
    if known.parameters is None:
        notes.append("parameters: not visible")
    if mark and mark.disabled:
        details = ("enabled by someone", *details)  # the mark is removed, so that a later pause is recognised as such
    if known.failed:
        details = ("its last change failed", *details)
    if not details and mark and mark.digest != schedule.digest:
        details = ("its content changed",)
    action: Action = "update" if details else "unchanged"
    return Change(action, "schedule", schedule.name, (*details, *notes), known.id, schedule.key, fires=known.active)


def _in_place(wanted: Wanted, schedule: WantedSchedule, known: Schedule) -> Iterator[str]:
    """Yield the differences for which v1 needs another schedule, but v2 does not."""
    if not wanted.is_v2:
        return
    if known.runs != wanted.component:
        yield f"version {short(known.version)} → {short(version_in(wanted.component))}"
    if known.mark and known.mark.schedule != schedule.key:
        yield "its mark was edited"
    yield from _of_experiment(schedule, known)


def _differences(wanted: WantedSchedule, known: Schedule) -> Iterator[str]:
    if known.name != wanted.name:
        yield f"name: {known.name} → {wanted.name}"
    if known.timing != wanted.timing:
        yield f"{known.timing or 'it is not triggered by time'} → {wanted.timing}"
    elif known.mark and known.mark.origin == NOBODY and not same_start(wanted.timing, known.start, wanted.start):
        yield f"start: {known.start or 'none'} → {wanted.start}"
    there = wanted.parameters if known.parameters is None else known.parameters
    for name in dict.fromkeys([*wanted.parameters, *there]):
        before, after = there.get(name), wanted.parameters.get(name)
        if before != after:
            yield f"parameter {name}: {_shown(name, before)} → {_shown(name, after)}"
    if known.reuse is not None and wanted.reuse is not None and known.reuse != wanted.reuse:
        yield f"reuse: {str(known.reuse).lower()} → {str(wanted.reuse).lower()}"


def _shown(name: str, value: str | None) -> str:
    return "–" if value is None else shown(masked(name, value))


def firing_too(wanted: Wanted, actual: Actual, todo: Iterable[Change]) -> Iterator[str]:
    """Yield a line for each schedule that starts to fire while one of the same name, but another profile, fires too."""
    begins = {change.key for change in todo if change.begins}
    active = (schedule for schedule in actual.schedules if schedule.active)
    marks = [(schedule.mark, schedule.name) for schedule in active if schedule.mark]
    for schedule in wanted.schedules:
        others = [name for mark, name in marks if mark.schedule == schedule.key and _is_sibling(mark, wanted)]
        if others and schedule.key in begins:
            which = f"{' and '.join(others)}, which {'is' if len(others) == 1 else 'are'} also active: each fires"
            cure = "Pause the one that should not fire: `aml-pipeline pause`, with its --profile. It stays paused."
            yield f"{schedule.name} does not replace {which}. {cure}"


def _is_sibling(mark: Mark, wanted: Wanted) -> bool:
    """Whether it belongs to the same pipeline with another profile, or without one."""
    identity, own = mark.identity, wanted.whose.identity
    is_same_pipeline = identity.partition("/")[0] == own.partition("/")[0]
    return is_same_pipeline and identity != own and wanted.whose.is_of_project(mark)
