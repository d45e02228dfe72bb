"""What a workspace has of a pipeline, and what it should have → the changes to make. Pure; uses no SDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aml_pipeline.azureml.publication.adoption import endpoint_taken, marked_endpoint
from aml_pipeline.azureml.publication.deployments import deployment_changes, pruned
from aml_pipeline.azureml.publication.schedules import doubled_schedules, schedule_changes
from aml_pipeline.azureml.publication.things import Action, Actual, Change, Endpoint, Pipeline, Wanted, short

STOPPED = "disabled by someone; stays disabled"
_REMOVALS = frozenset({"disable", "delete"})
_ARCHIVED = "archived by someone; stays archived, and runs all the same"


def changes(wanted: Wanted, actual: Actual, needed: Iterable[Change] = ()) -> list[Change]:
    """Return the changes in the order in which they are made: pipeline, endpoint, schedules.

    An endpoint that is taken over is marked before; then comes what is ``needed`` by the pipeline in v1.
    Something is disabled or deleted only after its replacement was created.
    """
    first = list(endpoint_taken(wanted, actual))
    actual = marked_endpoint(wanted, actual)
    kept, *others = pipeline_changes(wanted, actual)
    endpoint = deployment_changes(wanted, actual) if wanted.is_v2 else [endpoint_change(wanted, actual)]
    return [*first, *needed, kept, *endpoint, *others, *schedule_changes(wanted, actual), *pruned(wanted, actual)]


def kept_pipeline(wanted: Wanted, actual: Actual) -> Pipeline | None:
    """Return the published pipeline with the wanted content: the oldest, if two publishers created it at once.

    In v2, an archived component is only hidden: it can be run.
    """
    return next((pipeline for pipeline in _same(wanted, actual) if pipeline.active or wanted.is_v2), None)


def stopped_pipeline(wanted: Wanted, actual: Actual) -> Pipeline | None:
    """Return the published pipeline with the wanted content, if someone disabled it.

    Without an endpoint nothing runs it: then it was never used, and is created again.
    """
    same = _same(wanted, actual)
    return same[0] if actual.endpoint and same and not kept_pipeline(wanted, actual) else None


def _same(wanted: Wanted, actual: Actual) -> list[Pipeline]:
    """Return all published pipelines with the wanted content, oldest first."""
    if wanted.is_v2:
        return [pipeline for pipeline in actual.pipelines if pipeline.id == wanted.component]
    same = [
        pipeline
        for pipeline in actual.pipelines
        if (mark := pipeline.mark)
        and wanted.whose.owns(mark)
        and mark.schedule is None
        and mark.digest == wanted.digest
    ]
    return sorted(same, key=lambda pipeline: (pipeline.created, pipeline.id))


def pipeline_changes(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the change of the published pipeline, then those of its duplicates."""
    kept, stopped = kept_pipeline(wanted, actual), stopped_pipeline(wanted, actual)
    version = f"version {short(wanted.digest)}"
    if kept:
        yield _of_kept(wanted, kept, version)
    elif stopped:
        yield Change("unchanged", "published pipeline", wanted.name, (version, STOPPED), stopped.id)
    else:
        yield Change("create", "published pipeline", wanted.name, (version,))
    for pipeline in _same(wanted, actual):
        if pipeline.active and pipeline is not kept:
            why = f"{version} was published twice at the same time; the older one stays"
            yield Change("disable", "published pipeline", wanted.name, (why,), pipeline.id)


def _of_kept(wanted: Wanted, kept: Pipeline, version: str) -> Change:
    """Return the change of a pipeline with the wanted content: of its owner, at most, and only in v2."""
    details = (version,) if kept.active else (version, _ARCHIVED)
    if wanted.whose.is_foreign(kept.mark):
        news = wanted.whose.news(kept.mark)
        return Change("update", "published pipeline", wanted.name, (*details, *news), kept.id, only_mark=True)
    return Change("unchanged", "published pipeline", wanted.name, details, kept.id)


def endpoint_change(wanted: Wanted, actual: Actual) -> Change:
    """Return the change of the endpoint in v1; it is never moved to a pipeline that someone disabled."""
    there = actual.endpoint
    if there is None:
        return Change("create", "endpoint", wanted.endpoint)
    kept = kept_pipeline(wanted, actual)
    stays = there.pipeline == kept.id if kept else stopped_pipeline(wanted, actual) is not None
    default = f"default version {there.default}" if stays else _moved(wanted, actual, there)
    news = wanted.whose.news(there.mark)
    notes = () if there.active else (STOPPED,)
    action: Action = "update" if news or not stays else "unchanged"
    return Change(action, "endpoint", wanted.endpoint, (default, *news, *notes), there.id)


def _moved(wanted: Wanted, actual: Actual, there: Endpoint) -> str:
    """Return how the default moves, by digests."""
    digests = {pipeline.id: pipeline.mark.digest for pipeline in actual.pipelines if pipeline.mark}
    return f"default: {short(digests.get(there.pipeline or ''))} → {short(wanted.digest)}"


def is_left(change: Change, left: Iterable[Change]) -> bool:
    """Whether a change that may have failed is among those that are ``left`` to make, in the same or another way.

    A schedule that another publisher has deleted, for example, is not updated but created.
    """
    same = [other for other in left if other.subject == change.subject]
    if change.kind in {"schedule", "deployment"} and change.action not in _REMOVALS:
        return any(other.action not in {"unchanged", *_REMOVALS} for other in same)
    return any(other.action == change.action and other.id == (change.id or other.id) for other in same)


def doubled(wanted: Wanted, actual: Actual, before: Actual) -> Iterator[Change]:
    """Yield the changes that resolve what several publishers created at once in v1; each of them decides the same.

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
