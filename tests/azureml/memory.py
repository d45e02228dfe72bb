"""A workspace in memory that does what changes say, as SDK v1 or v2 would, for the laws of publishing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st

from aml_pipeline.azureml.publication import (
    Actual,
    Change,
    Deployment,
    Endpoint,
    Mark,
    Pipeline,
    Schedule,
    Timing,
    Wanted,
    WantedSchedule,
    Whose,
    changes,
    deployment_name,
    kept_pipeline,
    stopped_pipeline,
)

DAILY = Timing("Day", 1, (2,), (0,), (), "UTC")
TIMINGS = (
    DAILY,
    replace(DAILY, hours=(3,)),
    Timing("Week", 2, (1, 5), (0, 30), ("Monday", "Friday"), "Tokyo Standard Time"),
)
DIGESTS = ("aa", "bb")
KEYS = ("nightly", "weekly")


OURS, THEIRS = "github.com/me/mine:pipeline.yaml", "github.com/you/mine:pipeline.yaml"
WHOSE = Whose("mine", (OURS, "id-0:pipeline.yaml"))

# Of this project, by the address that it has and by the id that it had; older; of another project.
ORIGINS = st.sampled_from([OURS, OURS, OURS, OURS, WHOSE.origins[1], "", THEIRS])


def schedules_like(digests: tuple[str, ...], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[WantedSchedule]:
    """Return wanted schedules, whose ``more`` fields are drawn too."""
    return st.builds(
        WantedSchedule,
        key=st.sampled_from(KEYS),
        name=st.just(""),
        experiment=st.sampled_from(["one", "two"]),
        timing=st.sampled_from(TIMINGS),
        parameters=st.sampled_from([{}, {"epochs": "1"}, {"epochs": "2"}]),
        digest=st.sampled_from(digests),
        **more,
    ).map(lambda schedule: replace(schedule, name=f"mine.{schedule.key}"))


def wants_like(
    digests: tuple[str, ...], schedules: st.SearchStrategy[WantedSchedule], **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[Wanted]:
    """Return what a workspace should have, with up to two of ``schedules``."""
    return st.builds(
        Wanted,
        whose=st.sampled_from([WHOSE, replace(WHOSE, adopt=True)]),
        name=st.just("mine"),
        digest=st.sampled_from(digests),
        schedules=st.lists(schedules, max_size=2, unique_by=lambda schedule: schedule.key).map(tuple),
        **more,
    )


def applied(wanted: Wanted, found: Actual, one: Change) -> Actual:
    """Return what a workspace has after one change."""
    if one.action == "unchanged":
        return found
    if one.kind == "schedule":
        return replace(found, schedules=tuple(_schedules_after(wanted, found, one)))
    return _applied_v2(wanted, found, one) if wanted.is_v2 else _applied_v1(wanted, found, one)


def _applied_v1(wanted: Wanted, found: Actual, one: Change) -> Actual:
    if one.kind == "published pipeline":
        if one.action == "disable":
            pipelines = [replace(known, active=known.active and known.id != one.id) for known in found.pipelines]
            return replace(found, pipelines=tuple(pipelines))
        made = Pipeline("new", wanted.whose.mark(wanted.digest), active=True, created="3")
        return replace(found, pipelines=(*found.pipelines, made))
    there = _with_mark(wanted, found.endpoint or Endpoint("e new", wanted.whose.mark("0"), "0", {}))
    if one.only_mark:
        return replace(found, endpoint=there)
    kept = kept_pipeline(wanted, found)
    if kept is None:
        assert stopped_pipeline(wanted, found) is not None
        return replace(found, endpoint=there)
    known = next((version for version, known in there.versions.items() if known == kept.id), str(len(there.versions)))
    return replace(found, endpoint=replace(there, default=known, versions={**there.versions, known: kept.id}))


def _applied_v2(wanted: Wanted, found: Actual, one: Change) -> Actual:
    """Return what is left after a change of a component, an endpoint or a deployment; Azure ML would refuse others."""
    if one.kind == "published pipeline":
        there = next((known for known in found.pipelines if known.id == wanted.component), None)
        assert (there is None) is (one.action == "create"), "a version is never written twice"
        made = Pipeline(wanted.component, wanted.whose.mark(wanted.digest), active=True, created="3")
        pipelines = [known for known in found.pipelines if known is not there]
        return replace(found, pipelines=(*pipelines, made if there is None else _with_mark(wanted, there)))
    if one.kind == "endpoint" and one.action == "create":
        assert found.endpoint is None
        return replace(found, endpoint=Endpoint(wanted.endpoint, wanted.whose.mark("0"), None, {}))
    endpoint = found.endpoint
    assert endpoint is not None
    if one.kind == "deployment":
        return replace(found, endpoint=_with_deployment(wanted, endpoint, one))
    default = deployment_name(wanted.digest)
    assert default in endpoint.versions, "Azure ML refuses a default that is not there"
    return replace(found, endpoint=replace(_with_mark(wanted, endpoint), default=default))


def _with_deployment(wanted: Wanted, endpoint: Endpoint, one: Change) -> Endpoint:
    others = tuple(known for known in endpoint.deployments if known.name != one.name)
    versions = {name: component for name, component in endpoint.versions.items() if name != one.name}
    assert (one.action == "create") is (one.name not in endpoint.versions)
    if one.action == "delete":
        assert one.name != endpoint.default, "Azure ML refuses to delete the default"
        return replace(endpoint, versions=versions, deployments=others)
    made = Deployment(one.name, wanted.whose.mark(wanted.digest), "3")
    return replace(endpoint, versions={**versions, one.name: wanted.component}, deployments=(*others, made))


def _schedules_after(wanted: Wanted, found: Actual, one: Change) -> list[Schedule]:
    schedules = list(found.schedules)
    if one.only_mark:
        return [_with_mark(wanted, known) if known.id == one.id else known for known in schedules]
    if one.action in {"disable", "replace"}:
        schedules = [_put_away(wanted, known) if known.id == one.id else known for known in schedules]
    if one.action == "disable":
        return schedules
    declared = next((known for known in wanted.schedules if known.key == one.key), None)
    if declared is None:  # it goes back to another version
        return [replace(known, runs=wanted.component) if known.id == one.id else known for known in schedules]
    mark = wanted.whose.mark(declared.digest, declared.key)
    given: dict[str, Any] = {"name": declared.name, "mark": mark, "timing": declared.timing}
    given |= {"parameters": declared.parameters}
    if one.action == "update" and wanted.is_v2:  # a PUT of the file's schedule, whatever is to be updated
        given |= {"id": declared.id, "runs": wanted.component, "experiment": declared.experiment}
        (before,) = [known for known in schedules if known.id == one.id]
        others = [known for known in schedules if known.id != declared.id]
        return [*others, _updated(before, one, {**given, "reuse": declared.reuse})]
    if one.action == "update":
        return [_updated(known, one, given) if known.id == one.id else known for known in schedules]
    known = declared.id or f"new {declared.key}"
    assert not any(schedule.id == known for schedule in schedules), "it would be overwritten"
    runs = wanted.component if wanted.is_v2 else found.endpoint.id if found.endpoint else None
    about: dict[str, Any] = {"runs": runs, "experiment": declared.experiment, "created": "3", "reuse": declared.reuse}
    return [*schedules, Schedule(id=known, active=one.fires, **given, **about)]


Marked = TypeVar("Marked", Pipeline, Endpoint, Schedule)


def _with_mark(wanted: Wanted, known: Marked) -> Marked:
    assert known.mark is not None
    return replace(known, mark=wanted.whose.with_origin(known.mark))


def _put_away(wanted: Wanted, known: Schedule) -> Schedule:
    mark = _with_mark(wanted, known).mark
    assert mark is not None
    return replace(known, active=False, mark=replace(mark, disabled=True))


def _updated(known: Schedule, one: Change, given: dict[str, object]) -> Schedule:
    assert known.mark is not None
    return replace(known, active=known.active or (known.mark.disabled and one.fires), **given)  # type: ignore[arg-type]


def may_be_changed(wanted: Wanted, mark: Mark | None) -> bool:
    """Whether a thing with that mark is ours, or is taken over."""
    return mark is not None and mark.identity == "mine" and (wanted.whose.adopt or mark.origin != THEIRS)


def is_ours(mark: Mark | None) -> bool:
    """Whether a thing with that mark is ours."""
    return mark is not None and mark.identity == "mine" and mark.origin != THEIRS


def after(wanted: Wanted, found: Actual) -> Actual:
    """Return what a workspace has after all changes."""
    now = found
    for one in changes(wanted, found):
        now = applied(wanted, now, one)
    return now
