"""Schedules to pause or to resume → the changes, as a person would make them in the portal: publish leaves them so."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from aml_pipeline.azureml.publication.marks import Whose
from aml_pipeline.azureml.publication.things import Actual, Change, Schedule
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest


def paused(whose: Whose, actual: Actual, keys: Collection[str] = ()) -> list[Change]:
    """Return the changes that pause the schedules called ``keys`` in the file, by default all."""
    return [change for key, known in _chosen(whose, actual, keys) for change in _paused(key, known)]


def resumed(whose: Whose, actual: Actual, keys: Collection[str] = (), *, ids: Collection[str] = ()) -> list[Change]:
    """Return the changes that resume the schedules called ``keys`` in the file, by default all.

    ``ids`` are those of the file's schedules where they are known beforehand: others are copies.
    """
    return [_resumed(key, known, ids) for key, known in _chosen(whose, actual, keys)]


def _chosen(whose: Whose, actual: Actual, keys: Collection[str]) -> Iterator[tuple[str, list[Schedule]]]:
    """Yield the published schedules by key, oldest first. Raises UsageError for a key without one."""
    ours: dict[str, list[Schedule]] = {}
    for schedule in sorted(actual.schedules, key=lambda known: (known.created, known.id)):
        if schedule.mark and schedule.mark.schedule and whose.owns(schedule.mark):
            ours.setdefault(schedule.mark.schedule, []).append(schedule)
    for key in keys or ours:
        if key not in ours:
            cure = suggest(key, ours) if ours else "`aml-pipeline publish` creates those of the file."
            raise UsageError(f'No schedule "{key}" of {whose.identity} is published. {cure}')
        yield key, ours[key]


def _paused(key: str, known: list[Schedule]) -> list[Change]:
    active = [schedule for schedule in known if schedule.active]
    if active:
        return [Change("disable", "schedule", schedule.name, ("paused",), schedule.id, key) for schedule in active]
    return [Change("unchanged", "schedule", known[-1].name, ("was not active",), known[-1].id, key)]


def _resumed(key: str, known: list[Schedule], ids: Collection[str]) -> Change:
    """Return the change of the schedules with one key; of several paused ones, the newest that is no copy is resumed.

    Publish would disable a copy.
    """
    known = sorted(known, key=lambda schedule: schedule.id in ids)
    active = [schedule for schedule in known if schedule.active]
    waiting = [schedule for schedule in known if not (schedule.active or schedule.put_away)]
    if active:
        return Change("unchanged", "schedule", active[0].name, ("was active",), active[0].id, key)
    if waiting:
        return Change("update", "schedule", waiting[-1].name, ("resumed",), waiting[-1].id, key, fires=True)
    why = "disabled by publish: no longer in the file, or replaced"
    return Change("unchanged", "schedule", known[-1].name, (why,), known[-1].id, key)
