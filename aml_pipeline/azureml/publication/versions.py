"""Earlier versions of a published pipeline → the changes that go back to one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aml_pipeline.azureml.publication.deployments import deployment_changes
from aml_pipeline.azureml.publication.marks import Mark
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
    published = {known: digests[known] for _, known in numbers}
    before = [known for number, known in numbers if number < int(there.default or 0)]
    chosen = _Versions(wanted.name, published, there.pipeline, before).chosen(version)
    number, pipeline = [(number, known) for number, known in numbers if known == chosen][-1]
    after = f"default: {short(digests.get(there.pipeline or ''))} → {short(digests[pipeline])}"
    if str(number) == there.default:
        return Change("unchanged", "endpoint", there.name, (f"default: {short(digests[pipeline])}",), there.id)
    return Change("update", "endpoint", there.name, (after,), there.id, str(number))


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
    known = sorted(actual.pipelines, key=lambda known: (known.created, known.id))
    published = {pipeline.id: digests[pipeline.id] for pipeline in known if pipeline.id in digests}
    ids = list(published)
    before = ids[: ids.index(current)] if current in published else []
    archived = frozenset(pipeline.id for pipeline in known if not pipeline.active)
    component = _Versions(wanted.name, published, current, before, archived).chosen(version)
    wanted = replace(wanted, digest=version_in(component), schedules=())
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
    """Return the digests of the published pipelines with this identity that can run: in v2, archived ones too."""
    marks = {pipeline.id: pipeline.mark for pipeline in actual.pipelines if pipeline.active or wanted.is_v2}
    ours = {known: mark for known, mark in marks.items() if mark and mark.identity == wanted.whose.identity}
    before = {} if wanted.is_v2 else _adopted(actual, marks)
    return {**before, **{known: version_in(known) or mark.digest for known, mark in ours.items()}}


def _adopted(actual: Actual, marks: Mapping[str, Mark | None]) -> dict[str, str]:
    """Return the versions of the endpoint of v1 that have no mark, as those before it was taken over, by their ids."""
    versions = actual.endpoint.versions.values() if actual.endpoint else ()
    return {known: known for known in versions if known in marks and marks[known] is None}


def _not_published(wanted: Wanted) -> UsageError:
    identity = wanted.whose.identity
    return UsageError(f"Pipeline {identity} is not published yet. Publish it: `aml-pipeline publish`.")


@dataclass(frozen=True, slots=True)
class _Versions:
    """The published versions of a pipeline: their digests by id, oldest first, and which is the ``current`` one.

    ``before`` are those that were published before it; ``archived`` is what a person archived.
    """

    name: str
    digests: Mapping[str, str]
    current: str | None
    before: Sequence[str]
    archived: Collection[str] = ()

    def chosen(self, version: str) -> str:
        """Return the last one that ``version`` means. Raises UsageError."""
        if version == "previous":
            return self.previous()
        chosen = [known for known, digest in self.digests.items() if version and digest.startswith(version)]
        if len({self.digests[known] for known in chosen}) != 1:
            raise self.unknown(version, "Ambiguous version" if chosen else "Unknown version")
        return chosen[-1]

    def previous(self) -> str:
        """Return the one before the current one, but none that a person archived. Raises UsageError."""
        chosen = [known for known in self.before if known not in self.archived]
        if chosen:
            return chosen[-1]
        if self.current is None or self.current not in self.digests:
            raise self.unknown("previous", "Unknown version")
        older = f"No version older than {short(self.digests[self.current])} was published"
        raise UsageError(f"{older}{', except archived ones' if self.before else ''}. {self.published}")

    def unknown(self, version: str, what: str) -> UsageError:
        """Return the error that ``version`` does not mean exactly one."""
        return UsageError(f'{what} "{version}" of {self.name}. {self.published}')

    @property
    def published(self) -> str:
        """All of them, newest first."""
        rows = [
            f"{short(digest)}{' (archived)' if known in self.archived else ''}"
            for known, digest in reversed(list(self.digests.items()))
        ]
        return f"Published: {', '.join(dict.fromkeys(rows))}."
