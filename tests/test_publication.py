"""Wanted and found → changes; with a workspace in memory that does what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.publication import (
    LONGEST_DESCRIPTION,
    Change,
    Endpoint,
    Found,
    Mark,
    Pipeline,
    Schedule,
    Timing,
    Wanted,
    WantedSchedule,
    as_text,
    changes,
    kept_pipeline,
    mark_in,
    marked,
)

DAILY = Timing("Day", 1, (2,), (0,), (), "UTC")
TIMINGS = (
    DAILY,
    replace(DAILY, hours=(3,)),
    Timing("Week", 2, (1, 5), (0, 30), ("Monday", "Friday"), "Tokyo Standard Time"),
)
DIGESTS = ("aa", "bb")
KEYS = ("nightly", "weekly")


@given(st.text(max_size=400), st.sampled_from(["a", "a-b", "a/b-c"]), st.sampled_from([None, *KEYS]), st.booleans())
def test_a_mark_is_found_again_under_any_text(text: str, whose: str, key: str | None, disabled: bool) -> None:  # noqa: FBT001
    mark = Mark(whose, key, "0123abcd" * 4, disabled)
    written = marked(text, mark)
    assert mark_in(written) == mark
    assert len(written) <= LONGEST_DESCRIPTION


@pytest.mark.parametrize(
    "text",
    [None, "", "Train.", "aml-pipeline:a", "aml-pipeline:a xyz", "aml-pipeline:a 12\nmore", "by aml-pipeline:a 12"],
)
def test_what_carries_no_mark_is_somebody_elses(text: str | None) -> None:
    assert mark_in(text) is None


wanted_schedules = st.builds(
    WantedSchedule,
    key=st.sampled_from(KEYS),
    name=st.just(""),
    experiment=st.sampled_from(["one", "two"]),
    timing=st.sampled_from(TIMINGS),
    parameters=st.sampled_from([{}, {"epochs": "1"}, {"epochs": "2"}]),
    digest=st.sampled_from(DIGESTS),
).map(lambda one: replace(one, name=f"mine.{one.key}"))
wants = st.builds(
    Wanted,
    identity=st.just("mine"),
    name=st.just("mine"),
    digest=st.sampled_from(DIGESTS),
    schedules=st.lists(wanted_schedules, max_size=2, unique_by=lambda one: one.key).map(tuple),
)


@st.composite
def founds(draw: st.DrawFn) -> Found:
    """A workspace with things of ours, as any history may have left them, and of others."""
    pipelines = [_pipeline(draw, number) for number in range(draw(st.integers(0, 3)))]
    versions = {str(number): one.id for number, one in enumerate(pipelines)}
    has_one = draw(st.booleans()) and bool(versions)
    endpoint = Endpoint("e", "", draw(st.sampled_from(sorted(versions))), versions) if has_one else None
    schedules = [_schedule(draw, number) for number in range(draw(st.integers(0, 4)))]
    return Found(tuple(pipelines), endpoint, tuple(schedules))


def _pipeline(draw: st.DrawFn, number: int) -> Pipeline:
    whose = draw(st.sampled_from(["mine", "mine", "mine", "other"]))
    mark = Mark(whose, None, draw(st.sampled_from(DIGESTS)))
    return Pipeline(f"p{number}", marked("", mark), active=draw(st.booleans()), created=draw(st.sampled_from("12")))


def _schedule(draw: st.DrawFn, number: int) -> Schedule:
    active, disabled = draw(st.booleans()), draw(st.booleans())
    whose = draw(st.sampled_from(["mine", "mine", "mine", "mine/too"]))
    mark = Mark(whose, draw(st.sampled_from(KEYS)), draw(st.sampled_from(DIGESTS)), disabled)
    return Schedule(
        id=f"s{number}",
        name=draw(st.sampled_from(["mine.nightly", "renamed"])),
        description=draw(st.sampled_from([marked("", mark), marked("", mark), "a person's"])),
        active=active,
        endpoint=draw(st.sampled_from(["e", "e", "e", "other", None])),
        experiment=draw(st.sampled_from(["one", "two"])),
        timing=draw(st.sampled_from([*TIMINGS, None])),
        parameters=draw(st.none() | st.sampled_from([{}, {"epochs": "1"}])),
        created=draw(st.sampled_from("12")),
    )


def applied(wanted: Wanted, found: Found, one: Change) -> Found:
    """Return what a workspace has after one change."""
    if one.action == "unchanged":
        return found
    if one.kind == "published pipeline":
        if one.action == "disable":
            pipelines = [replace(known, active=known.active and known.id != one.id) for known in found.pipelines]
            return replace(found, pipelines=tuple(pipelines))
        made = Pipeline("new", marked("", Mark(wanted.identity, None, wanted.digest)), active=True, created="3")
        return replace(found, pipelines=(*found.pipelines, made))
    if one.kind == "endpoint":
        kept = kept_pipeline(wanted, found)
        assert kept is not None
        there = found.endpoint or Endpoint("e new", "", "0", {})
        known = next(
            (version for version, known in there.versions.items() if known == kept.id), str(len(there.versions))
        )
        return replace(found, endpoint=replace(there, default=known, versions={**there.versions, known: kept.id}))
    return replace(found, schedules=tuple(_schedules_after(wanted, found, one)))


def _schedules_after(wanted: Wanted, found: Found, one: Change) -> list[Schedule]:
    schedules = list(found.schedules)
    if one.action in {"disable", "replace"}:
        schedules = [_put_away(known) if known.id == one.id else known for known in schedules]
    if one.action == "disable":
        return schedules
    declared = next(known for known in wanted.schedules if known.key == one.key)
    mark = Mark(wanted.identity, declared.key, declared.digest)
    given = {"name": declared.name, "description": marked("", mark), "timing": declared.timing}
    given |= {"parameters": declared.parameters}
    if one.action == "update":
        return [_updated(known, given) if known.id == one.id else known for known in schedules]
    assert found.endpoint is not None
    about = {"endpoint": found.endpoint.id, "experiment": declared.experiment, "created": "3"}
    return [*schedules, Schedule(id=f"new {declared.key}", active=True, **given, **about)]  # type: ignore[arg-type]


def _put_away(known: Schedule) -> Schedule:
    mark = mark_in(known.description)
    assert mark is not None
    return replace(known, active=False, description=marked("", replace(mark, disabled=True)))


def _updated(known: Schedule, given: dict[str, object]) -> Schedule:
    mark = mark_in(known.description)
    assert mark is not None
    return replace(known, active=known.active or mark.disabled, **given)  # type: ignore[arg-type]


def is_ours(description: str) -> bool:
    mark = mark_in(description)
    return mark is not None and mark.identity == "mine"


@settings(max_examples=400)
@given(wants, founds(), st.integers(0, 12))
def test_stopped_after_any_change_the_next_plan_ends_where_an_undisturbed_one_does(
    wanted: Wanted, found: Found, stop: int
) -> None:
    now = found
    for one in changes(wanted, found)[:stop]:
        now = applied(wanted, now, one)
    for one in changes(wanted, now):
        now = applied(wanted, now, one)
    assert {one.action for one in changes(wanted, now)} == {"unchanged"}, as_text(changes(wanted, now))

    kept = kept_pipeline(wanted, now)
    assert kept is not None
    assert now.endpoint is not None
    assert now.endpoint.pipeline == kept.id
    active = [mark.schedule for one in now.schedules if one.active and (mark := mark_in(one.description)) and
              mark.identity == "mine"]  # fmt: skip
    assert len(active) == len(set(active))
    assert set(active) <= {one.key for one in wanted.schedules}

    untouched = [one for one in found.schedules if not is_ours(one.description)]
    assert [one for one in now.schedules if not is_ours(one.description)] == untouched
    assert [one for one in now.pipelines if not is_ours(one.description)] == [
        one for one in found.pipelines if not is_ours(one.description)
    ]


@settings(max_examples=200)
@given(wants, founds())
def test_what_a_person_paused_is_never_enabled(wanted: Wanted, found: Found) -> None:
    ours = [(mark, one) for one in found.schedules if (mark := mark_in(one.description)) and mark.identity == "mine"]
    paused = {one.id for mark, one in ours if not one.active and not mark.disabled}
    live = {mark.schedule for mark, one in ours if one.active}
    silent = {mark.schedule for mark, one in ours if one.id in paused} - live
    now = found
    for one in changes(wanted, found):
        now = applied(wanted, now, one)
    assert not [one for one in now.schedules if one.id in paused and one.active]
    after = [(mark_in(one.description), one) for one in now.schedules if one.active]
    assert not [one for mark, one in after if mark and mark.identity == "mine" and mark.schedule in silent]
