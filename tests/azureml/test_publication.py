"""Wanted and found → changes; with a workspace in memory that does what they say."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aml_pipeline.azureml.publication import (
    Actual,
    Endpoint,
    Mark,
    Pipeline,
    Schedule,
    Wanted,
    WantedSchedule,
    Whose,
    as_text,
    changes,
    doubled,
    foreign,
    kept_pipeline,
)
from tests.azureml.memory import (
    DAILY,
    DIGESTS,
    KEYS,
    ORIGINS,
    OURS,
    THEIRS,
    TIMINGS,
    WHOSE,
    after,
    applied,
    is_ours,
    may_be_changed,
    schedules_like,
    wants_like,
)

wants = wants_like(DIGESTS, schedules_like(DIGESTS), endpoint=st.just("mine"))


@st.composite
def founds(draw: st.DrawFn) -> Actual:
    """A workspace with things of ours, as any history may have left them, and of others."""
    pipelines = [_pipeline(draw, number) for number in range(draw(st.integers(0, 3)))]
    versions = {str(number): one.id for number, one in enumerate(pipelines)}
    has_one = draw(st.booleans()) and bool(versions)
    mark = Mark("mine", None, "0", origin=draw(ORIGINS))
    endpoint = Endpoint("e", mark, draw(st.sampled_from(sorted(versions))), versions) if has_one else None
    schedules = [_schedule(draw, number) for number in range(draw(st.integers(0, 4)))]
    return Actual(tuple(pipelines), endpoint, tuple(schedules))


def _pipeline(draw: st.DrawFn, number: int) -> Pipeline:
    whose = draw(st.sampled_from(["mine", "mine", "mine", "other"]))
    mark = Mark(whose, None, draw(st.sampled_from(DIGESTS)), origin=draw(ORIGINS))
    return Pipeline(f"p{number}", mark, active=draw(st.booleans()), created=draw(st.sampled_from("12")))


def _schedule(draw: st.DrawFn, number: int) -> Schedule:
    active, disabled = draw(st.booleans()), draw(st.booleans())
    whose = draw(st.sampled_from(["mine", "mine", "mine", "mine/too"]))
    mark = Mark(whose, draw(st.sampled_from(KEYS)), draw(st.sampled_from(DIGESTS)), disabled, draw(ORIGINS))
    return Schedule(
        id=f"s{number}",
        name=draw(st.sampled_from(["mine.nightly", "renamed"])),
        mark=draw(st.sampled_from([mark, mark, None])),
        active=active,
        runs=draw(st.sampled_from(["e", "e", "e", "other", None])),
        experiment=draw(st.sampled_from(["one", "two"])),
        timing=draw(st.sampled_from([*TIMINGS, None])),
        parameters=draw(st.none() | st.sampled_from([{}, {"epochs": "1"}])),
        created=draw(st.sampled_from("12")),
    )


@given(wants, founds(), st.integers(0, 12))
def test_stopped_after_any_change_the_next_plan_ends_where_an_undisturbed_one_does(
    wanted: Wanted, found: Actual, stop: int
) -> None:
    assume(wanted.whose.adopt or not foreign(wanted, found))
    now = found
    for one in changes(wanted, found)[:stop]:
        now = applied(wanted, now, one)
    now = after(wanted, now)
    assert {one.action for one in changes(wanted, now)} == {"unchanged"}, as_text(changes(wanted, now))
    assert list(doubled(wanted, now, found)) == []

    assert now.endpoint is not None
    kept = kept_pipeline(wanted, now)
    if kept is None:  # somebody disabled it: the endpoint runs what it ran
        assert found.endpoint is not None
        assert now.endpoint.pipeline == found.endpoint.pipeline
    else:
        assert now.endpoint.pipeline == kept.id
    active = [mark.schedule for one in now.schedules if one.active and (mark := one.mark) and
              mark.identity == "mine"]  # fmt: skip
    assert len(active) == len(set(active))
    assert set(active) <= {one.key for one in wanted.schedules}

    untouched = [one for one in found.schedules if not may_be_changed(wanted, one.mark)]
    assert [one for one in now.schedules if not may_be_changed(wanted, one.mark)] == untouched
    assert [one for one in now.pipelines if not is_ours(one.mark)] == [
        one for one in found.pipelines if not is_ours(one.mark)
    ]


@given(wants, founds())
def test_what_a_person_paused_is_never_enabled(wanted: Wanted, found: Actual) -> None:
    marks = [(one.mark, one) for one in found.schedules if may_be_changed(wanted, one.mark)]
    ours = [(mark, one) for mark, one in marks if mark]
    paused = {one.id for mark, one in ours if not one.active and not mark.disabled}
    live = {mark.schedule for mark, one in ours if one.active}
    silent = {mark.schedule for mark, one in ours if one.id in paused} - live
    now = after(wanted, found)
    assert not [one for one in now.schedules if one.id in paused and one.active]
    firing = [(one.mark, one) for one in now.schedules if one.active]
    assert not [one for mark, one in firing if mark and may_be_changed(wanted, one.mark) and mark.schedule in silent]


@given(wants, founds())
def test_a_pipeline_that_a_person_disabled_is_neither_made_again_nor_made_the_default(
    wanted: Wanted, found: Actual
) -> None:
    disabled = Pipeline("p", WHOSE.mark(wanted.digest), active=False, created="1")
    others = [one for one in found.pipelines if one.mark and one.mark.digest != wanted.digest]
    there = found.endpoint or Endpoint("e", WHOSE.mark("0"), "0", {"0": "p"})
    found = replace(found, pipelines=(*others, disabled), endpoint=there)
    now = after(wanted, found)
    assert now.pipelines == found.pipelines
    assert now.endpoint is not None
    assert (now.endpoint.default, now.endpoint.versions) == (there.default, there.versions)


TWO = [Whose("mine", (OURS,)), Whose("mine", (THEIRS,))]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0, 1]), wants, st.booleans()), max_size=8))
def test_two_projects_of_one_name_never_write_on_each_others_things_unless_they_adopt(
    publishes: list[tuple[int, Wanted, bool]],
) -> None:
    """Whatever two projects publish one after the other, only what is adopted changes hands."""
    now, owner = Actual((), None, ()), None
    for number, (which, want, adopt) in enumerate(publishes):
        wanted = replace(want, whose=replace(TWO[which], adopt=adopt))
        if owner not in {None, which} and not adopt:
            assert foreign(wanted, now), "the other's things are not seen"
            continue
        before = now
        for one in changes(wanted, before):
            now = applied(wanted, now, one)
        now = _renamed(now, str(number))
        theirs = TWO[1 - which].origin
        assert [one for one in now.pipelines if one.mark and one.mark.origin == theirs] == [
            one for one in before.pipelines if one.mark and one.mark.origin == theirs
        ]
        assert not foreign(wanted, now)
        owner = which


def _renamed(found: Actual, number: str) -> Actual:
    """Give what was made an id that nothing else has."""

    def name(known: str) -> str:
        return known.replace("new", number) if known.startswith("new") else known

    there = found.endpoint
    assert there is not None
    versions = {version: name(known) for version, known in there.versions.items()}
    return Actual(
        tuple(replace(one, id=name(one.id)) for one in found.pipelines),
        replace(there, versions=versions),
        tuple(replace(one, id=name(one.id)) for one in found.schedules),
    )


def test_what_was_published_before_marks_told_an_origin_gets_it() -> None:
    old = Mark("mine", None, "0")
    mark = Mark("mine", "nightly", "aa")
    schedule = Schedule("s", "mine.nightly", mark, True, "e", "one", DAILY, {}, "1")  # noqa: FBT003
    pipeline = Pipeline("p", replace(old, digest="aa"), active=True, created="1")
    found = Actual((pipeline,), Endpoint("e", old, "0", {"0": "p"}), (schedule,))
    wanted = Wanted(
        WHOSE, "mine", "aa", (WantedSchedule("nightly", "mine.nightly", "one", DAILY, {}, "aa"),), endpoint="mine"
    )
    assert as_text(changes(wanted, found)).splitlines() == [
        "  = published pipeline mine  version aa",
        f"  ~ endpoint mine            default version 0; adds the origin {OURS} to its mark",
        f"  ~ schedule mine.nightly    adds the origin {OURS} to its mark",
    ]
    now = after(wanted, found)
    assert now.endpoint is not None
    assert now.endpoint.mark == Mark("mine", None, "0", origin=OURS)
    assert {one.action for one in changes(wanted, now)} == {"unchanged"}


AT_ONCE = st.lists(st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(DIGESTS)), min_size=1, max_size=4)


@given(AT_ONCE, st.permutations(range(4)))
def test_all_who_published_at_once_agree_on_the_one_that_stays(made: list[tuple[str, str]], order: list[int]) -> None:
    """Whatever each of them wants, and in whatever order Azure ML lists what they made."""
    schedules = [
        Schedule(
            f"s{number}", "mine.nightly", WHOSE.mark(digest, "nightly"), True, "e",  # noqa: FBT003
            f"experiment {number}", DAILY, {}, created,
        )
        for number, (created, digest) in enumerate(made)
    ]  # fmt: skip
    pipelines = [
        Pipeline(f"p{number}", WHOSE.mark("aa"), active=True, created=created)
        for number, (created, _) in enumerate(made)
    ]
    for number, (_, digest) in enumerate(made):
        listed = [place for place in order if place < len(made)]
        endpoint = Endpoint("e", WHOSE.mark("0"), "0", {"0": f"p{number}"})
        found = Actual(tuple(pipelines[one] for one in listed), endpoint, tuple(schedules[one] for one in listed))
        declared = WantedSchedule("nightly", "mine.nightly", f"experiment {number}", DAILY, {}, digest)
        wanted = Wanted(WHOSE, "mine", "aa", (declared,), endpoint="mine")
        now = found
        for one in list(doubled(wanted, found, Actual((), None, ()))):
            now = applied(wanted, now, one)
        first = min(range(len(made)), key=lambda place: (made[place][0], place))
        assert [one.id for one in now.schedules if one.active] == [f"s{first}"]
        assert [one.id for one in now.pipelines if one.active] == [f"p{first}"]
        assert now.endpoint is not None
        assert now.endpoint.pipeline == f"p{first}"
        assert list(doubled(wanted, now, Actual((), None, ()))) == []


def firing(wanted: Wanted, found: Actual) -> list[str]:
    """Return the names that the file has for the schedules that fire, and may be changed."""
    marks = ((one.mark, one) for one in found.schedules if one.active)
    return sorted(str(mark.schedule) for mark, one in marks if mark and may_be_changed(wanted, one.mark))


@given(wants, founds(), st.sets(st.integers(0, 3)))
def test_a_list_that_lags_behind_costs_no_schedule_that_fires(wanted: Wanted, found: Actual, lagging: set[int]) -> None:
    """Whichever of the schedules Azure ML still lists as they were before this publisher changed them."""
    assume(wanted.whose.adopt or not foreign(wanted, found))
    now = after(wanted, found)
    before = {one.id: one for number, one in enumerate(found.schedules) if number in lagging}
    listed = replace(now, schedules=tuple(before.get(one.id, one) for one in now.schedules))
    left = now
    for one in doubled(wanted, listed, found):
        left = applied(wanted, left, one)
    assert firing(wanted, left) == firing(wanted, now)


@given(AT_ONCE, st.lists(st.booleans(), min_size=4, max_size=4), st.booleans())
def test_all_who_replaced_one_at_once_agree_though_their_lists_lag_behind(
    made: list[tuple[str, str]],
    lagging: list[bool],
    was_active: bool,  # noqa: FBT001
) -> None:
    """Each may still be told that what all of them disabled is active; what it is of fits none of them."""
    mark = WHOSE.mark("aa", "nightly")
    old = Schedule("old", "mine.nightly", mark, True, "e", "experiment 3", DAILY, {}, "0")  # noqa: FBT003
    put_away = replace(old, active=False, mark=replace(mark, disabled=True))
    schedules = [
        replace(old, id=f"s{number}", experiment=f"experiment {number}", created=created,
                mark=WHOSE.mark(digest, "nightly"))
        for number, (created, digest) in enumerate(made)
    ]  # fmt: skip
    endpoint = Endpoint("e", WHOSE.mark("0"), "0", {"0": "p"})
    now = Actual((), endpoint, (put_away, *schedules))
    for number, (_, digest) in enumerate(made[:3]):
        wanted = Wanted(WHOSE, "mine", "aa", (WantedSchedule("nightly", "mine.nightly", f"experiment {number}", DAILY,
                                                             {}, digest),), endpoint="mine")  # fmt: skip
        before = Actual((), endpoint, (old if was_active else put_away,))
        listed = (old if lagging[number] else put_away, *schedules)
        for one in list(doubled(wanted, replace(now, schedules=listed), before)):
            now = applied(wanted, now, one)
    first = min(range(len(made)), key=lambda place: (made[place][0], place))
    assert [one.id for one in now.schedules if one.active] == [f"s{first}"]


def test_who_made_none_leaves_what_another_publisher_put_in_place_of_an_older_one() -> None:
    """It only keeps the older one, which the list shows as active though the other has disabled it."""
    old = Schedule("s1", "mine.nightly", WHOSE.mark("aa", "nightly"), True, "e", "one", DAILY, {}, "1")  # noqa: FBT003
    endpoint = Endpoint("e", WHOSE.mark("0"), "0", {"0": "p"})
    wanted = Wanted(
        WHOSE, "mine", "aa", (WantedSchedule("nightly", "mine.nightly", "one", DAILY, {}, "aa"),), endpoint="mine"
    )
    before = Actual((), endpoint, (old,))
    listed = replace(before, schedules=(old, replace(old, id="s2", experiment="two", created="2")))
    assert list(doubled(wanted, listed, before)) == []
