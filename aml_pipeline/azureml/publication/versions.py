"""Earlier versions of a published pipeline → the changes that go back to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aml_pipeline.azureml.publication.deployments import deployment_changes
from aml_pipeline.azureml.publication.things import Actual, Change, Schedule, Wanted, short, version_in
from aml_pipeline.core.errors import UsageError


def moved_back(wanted: Wanted, actual: Actual, version: str) -> Change:
    """Return the change that makes an earlier published pipeline of v1 the default again.

    ``version`` is the beginning of its digest, or ``previous``: the one published before the current default. Raises
    UsageError when there is no such version.
    """
    there, digests = actual.endpoint, _digests(wanted, actual)
    if there is None or not digests:
        raise _not_published(wanted)
    numbers = sorted((int(number), known) for number, known in there.versions.items() if known in digests)
    before = [known for number, known in numbers if number < int(there.default or 0)]
    chosen = _chosen(wanted, version, [known for _, known in numbers], before, digests)
    number, pipeline = [(number, known) for number, known in numbers if known == chosen][-1]
    after = f"default: {short(digests.get(there.pipeline or ''))} → {short(digests[pipeline])}"
    if str(number) == there.default:
        return Change("unchanged", "endpoint", wanted.name, (f"default: {short(digests[pipeline])}",), there.id)
    return Change("update", "endpoint", wanted.name, (after,), there.id, str(number))


def repointed(wanted: Wanted, actual: Actual, version: str) -> tuple[Wanted, list[Change]]:
    """Return ``wanted`` with an earlier version of the component, and the changes that make everything of v2 run it.

    ``version`` as for ``moved_back``, by creation time. Paused schedules change too, and stay paused. Raises UsageError
    when there is no such version, or nothing that would run it.
    """
    digests = _digests(wanted, actual)
    if not digests:
        raise _not_published(wanted)
    there = actual.endpoint if wanted.endpoint else None
    ours = [known for known in actual.schedules if wanted.whose.owns(known.mark) and not known.put_away]
    current = there.pipeline if there and there.default else _run_by(ours)
    if there is None and not ours:
        message = f"No endpoint and no schedule runs pipeline {wanted.whose.identity}, so there is nothing to change."
        raise UsageError(f"{message} Add a schedule to the file, or `publish: {{endpoint: NAME}}`, and publish.")
    ids = [known.id for known in sorted(actual.pipelines, key=lambda known: (known.created, known.id))]
    known = [component for component in ids if component in digests]
    before = known[: known.index(current)] if current in known else []
    component = _chosen(wanted, version, known, before, digests)
    wanted = replace(wanted, digest=version_in(component), component=component, schedules=())
    endpoint = [] if there is None else list(deployment_changes(wanted, replace(actual, others=())))
    return wanted, [*endpoint, *(_repointed(schedule, component) for schedule in ours)]


def _repointed(schedule: Schedule, component: str) -> Change:
    key = (schedule.mark.schedule if schedule.mark else None) or ""
    before, after = short(schedule.version), short(version_in(component))
    if schedule.runs == component:
        return Change("unchanged", "schedule", schedule.name, (f"version {after}",), schedule.id, key)
    paused = () if schedule.active else ("paused by someone; stays paused",)
    return Change("update", "schedule", schedule.name, (f"version {before} → {after}", *paused), schedule.id, key)


def _run_by(schedules: Sequence[Schedule]) -> str | None:
    """Return what schedules run, active ones first."""
    return next((known.runs for known in sorted(schedules, key=lambda known: not known.active)), None)


def _digests(wanted: Wanted, actual: Actual) -> dict[str, str]:
    """Return the digests of the published pipelines with this identity that are active, by id."""
    marks = {pipeline.id: pipeline.mark for pipeline in actual.pipelines if pipeline.active}
    ours = {known: mark for known, mark in marks.items() if mark and mark.identity == wanted.whose.identity}
    return {known: version_in(known) or mark.digest for known, mark in ours.items()}


def _not_published(wanted: Wanted) -> UsageError:
    identity = wanted.whose.identity
    return UsageError(f"Pipeline {identity} is not published yet. Publish it: `aml-pipeline publish`.")


def _chosen(
    wanted: Wanted, version: str, known: Sequence[str], before: Sequence[str], digests: Mapping[str, str]
) -> str:
    """Return the last of the ``known`` pipelines that ``version`` means; ``before`` are those before the current."""
    if version == "previous":
        chosen = list(before[-1:])
    else:
        chosen = [pipeline for pipeline in known if version and digests[pipeline].startswith(version)]
    if len({digests[pipeline] for pipeline in chosen}) != 1:
        many = "Ambiguous version" if chosen else "Unknown version"
        published = ", ".join(dict.fromkeys(short(digests[pipeline]) for pipeline in reversed(known)))
        raise UsageError(f'{many} "{version}" of {wanted.name}. Published: {published}.')
    return chosen[-1]
