"""What a workspace has of a pipeline, and what it should have → the changes to make. Pure; uses no SDK."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.azureml.publication.marks import mark_in
from aml_pipeline.azureml.publication.schedules import doubled_schedules, schedule_changes
from aml_pipeline.azureml.publication.things import Action, Actual, Change, Endpoint, Pipeline, Wanted
from aml_pipeline.core.errors import AzureError, UsageError

STOPPED = "disabled by someone; stays disabled"
_SHORT = 12


def changes(wanted: Wanted, actual: Actual) -> list[Change]:
    """Return the changes in the order in which they are made: pipeline, endpoint, schedules.

    Something is disabled only after its replacement was created.
    """
    kept, *others = pipeline_changes(wanted, actual)
    return [kept, endpoint_change(wanted, actual), *others, *schedule_changes(wanted, actual)]


def foreign(wanted: Wanted, actual: Actual) -> list[tuple[str, str]]:
    """Return things with this pipeline's name that another project published, each with its origin.

    Published pipelines are not among them: their descriptions cannot be changed, and they do no harm.
    """
    there = actual.endpoint
    things = [(f"endpoint {wanted.name}", there.description)] if there else []
    things += [(f"schedule {schedule.name}", schedule.description) for schedule in actual.schedules]
    marks = ((thing, mark_in(description)) for thing, description in things)
    return [(thing, mark.origin) for thing, mark in marks if mark and wanted.whose.is_foreign(mark)]


def require_own(wanted: Wanted, actual: Actual) -> None:
    """Raise AzureError if a change would affect something that this project did not publish."""
    there, whose = actual.endpoint, wanted.whose
    mark = mark_in(there.description) if there else None
    if there and (mark is None or mark.identity != whose.identity):
        what = (
            f"The workspace has a pipeline endpoint {wanted.name} that was not created by publishing {whose.identity}."
        )
        raise AzureError(f"{what} Rename the pipeline in the file, or the endpoint in the portal.")
    others = foreign(wanted, actual)
    if others and not whose.adopt:
        (thing, origin), *_ = others
        what = f"{thing[:1].upper()}{thing[1:]} was published by another project, {origin}; this one is {whose.origin}."
        raise AzureError(f"{what} Rename the pipeline in the file (`name:`), or run `aml-pipeline publish --adopt`.")


def kept_pipeline(wanted: Wanted, actual: Actual) -> Pipeline | None:
    """Return the published pipeline with the wanted content: the oldest, if two publishers created it at once."""
    return next((pipeline for pipeline in _same(wanted, actual) if pipeline.active), None)


def stopped_pipeline(wanted: Wanted, actual: Actual) -> Pipeline | None:
    """Return the published pipeline with the wanted content, if someone disabled it.

    Without an endpoint nothing runs it: then it was never used, and is created again.
    """
    same = _same(wanted, actual)
    return same[0] if actual.endpoint and same and not any(pipeline.active for pipeline in same) else None


def _same(wanted: Wanted, actual: Actual) -> list[Pipeline]:
    """Return all published pipelines with the wanted content, oldest first."""
    marks = ((mark_in(pipeline.description), pipeline) for pipeline in actual.pipelines)
    same = [
        pipeline
        for mark, pipeline in marks
        if mark and wanted.whose.owns(mark) and mark.schedule is None and mark.digest == wanted.digest
    ]
    return sorted(same, key=lambda pipeline: (pipeline.created, pipeline.id))


def pipeline_changes(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the change of the published pipeline, then those of its duplicates."""
    kept, stopped = kept_pipeline(wanted, actual), stopped_pipeline(wanted, actual)
    version = f"version {wanted.digest[:_SHORT]}"
    if kept:
        yield Change("unchanged", "published pipeline", wanted.name, (version,), kept.id)
    elif stopped:
        yield Change("unchanged", "published pipeline", wanted.name, (version, STOPPED), stopped.id)
    else:
        yield Change("create", "published pipeline", wanted.name, (version,))
    for pipeline in _same(wanted, actual):
        if pipeline.active and pipeline is not kept:
            why = f"{version} was published twice at the same time; the older one stays"
            yield Change("disable", "published pipeline", wanted.name, (why,), pipeline.id)


def endpoint_change(wanted: Wanted, actual: Actual) -> Change:
    """Return the change of the endpoint; it is never moved to a pipeline that someone disabled."""
    there = actual.endpoint
    if there is None:
        return Change("create", "endpoint", wanted.name)
    kept = kept_pipeline(wanted, actual)
    stays = there.pipeline == kept.id if kept else stopped_pipeline(wanted, actual) is not None
    default = f"default version {there.default}" if stays else _moved(wanted, actual, there)
    news = wanted.whose.news(mark_in(there.description))
    notes = () if there.active else (STOPPED,)
    action: Action = "update" if news or not stays else "unchanged"
    return Change(action, "endpoint", wanted.name, (default, *news, *notes), there.id)


def _moved(wanted: Wanted, actual: Actual, there: Endpoint) -> str:
    """Return how the default moves, by digests."""
    digests = {pipeline.id: mark.digest for pipeline in actual.pipelines if (mark := mark_in(pipeline.description))}
    return f"default: {_short(digests.get(there.pipeline or ''))} → {_short(wanted.digest)}"


def _short(digest: str | None) -> str:
    return digest[:_SHORT] if digest else "created by someone else"


def doubled(wanted: Wanted, actual: Actual, before: Actual) -> Iterator[Change]:
    """Yield the changes that resolve what several publishers created at once; each of them decides the same.

    Nothing else is changed: what another publisher created with different content is kept. ``before`` is what this
    publisher found when it decided about schedules.
    """
    _, *others = pipeline_changes(wanted, actual)
    yield from others
    there, kept = actual.endpoint, kept_pipeline(wanted, actual)
    again = {pipeline.id for pipeline in _same(wanted, actual)} - {kept.id if kept else ""}
    if there and kept and there.pipeline in again:
        yield endpoint_change(wanted, actual)
    yield from doubled_schedules(wanted, actual, before)


def moved_back(wanted: Wanted, actual: Actual, version: str) -> Change:
    """Return the change that makes an earlier published pipeline the default again.

    ``version`` is the beginning of its digest, or ``previous``: the one published before the current default. Raises
    UsageError when there is no such version.
    """
    there, name, identity = actual.endpoint, wanted.name, wanted.whose.identity
    marks = ((mark_in(pipeline.description), pipeline) for pipeline in actual.pipelines if pipeline.active)
    digests = {pipeline.id: mark.digest for mark, pipeline in marks if mark and mark.identity == identity}
    if there is None or not digests:
        raise UsageError(f"Pipeline {identity} is not published yet. Publish it: `aml-pipeline publish`.")
    numbers = sorted((int(number), known) for number, known in there.versions.items() if known in digests)
    if version == "previous":
        lower = [(number, known) for number, known in numbers if number < int(there.default or 0)]
        chosen = lower[-1:]
    else:
        chosen = [(number, known) for number, known in numbers if version and digests[known].startswith(version)]
    if len({digests[known] for _, known in chosen}) != 1:
        many = "Ambiguous version" if chosen else "Unknown version"
        known = ", ".join(dict.fromkeys(_short(digests[known]) for _, known in reversed(numbers)))
        raise UsageError(f'{many} "{version}" of {name}. Published: {known}.')
    number, pipeline = chosen[-1]
    after = f"default: {_short(digests.get(there.pipeline or ''))} → {_short(digests[pipeline])}"
    if str(number) == there.default:
        return Change("unchanged", "endpoint", name, (f"default: {_short(digests[pipeline])}",), there.id)
    return Change("update", "endpoint", name, (after,), there.id, str(number))
