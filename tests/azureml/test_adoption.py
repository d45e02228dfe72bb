"""``publish --adopt ENDPOINT``, the decision: what is taken over, in any workspace, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aml_pipeline.azureml.publication import (
    NOBODY,
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
    command,
    left_alone,
    require_adopted,
    require_imported_adopted,
    require_own,
    taken,
    with_imported,
)
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.imported import Imported
from tests.azureml.memory import (
    DAILY,
    DIGESTS,
    KEYS,
    OURS,
    THEIRS,
    TIMINGS,
    WHOSE,
    applied,
    schedules_like,
    wants_like,
)

TAKING = replace(WHOSE, adopt=True)
wants = wants_like(
    DIGESTS,
    schedules_like(DIGESTS, imported=st.sampled_from(["", "", "s0", "s1"])),
    endpoint=st.just("Old"),
    takes=st.just("e"),
).map(lambda wanted: replace(wanted, whose=TAKING))


@st.composite
def founds(draw: st.DrawFn) -> Actual:
    """A workspace with an endpoint made by hand or taken over, its schedules, and others."""
    mark = draw(st.sampled_from([None, None, None, WHOSE.mark("0")]))
    marks = [None, *(WHOSE.mark(digest) for digest in DIGESTS)]
    pipelines = [Pipeline(f"p{number}", draw(st.sampled_from(marks)), draw(st.booleans()), "1") for number in range(2)]
    endpoint = Endpoint("e", mark, draw(st.sampled_from(["0", "1"])), {"0": "p0", "1": "p1"}, name="Old")
    schedules = [_schedule(draw, number) for number in range(draw(st.integers(0, 4)))]
    return Actual(tuple(pipelines), endpoint, tuple(schedules))


def _schedule(draw: st.DrawFn, number: int) -> Schedule:
    mark = Mark("mine", draw(st.sampled_from(KEYS)), draw(st.sampled_from(DIGESTS)), draw(st.booleans()), OURS)
    return Schedule(
        id=f"s{number}",
        name=draw(st.sampled_from(["mine.nightly", "nightly", "Old.weekly", "By hand"])),
        mark=draw(st.sampled_from([None, None, None, mark])),
        active=draw(st.sampled_from([True, True, False])),
        runs=draw(st.sampled_from(["e", "e", "e", "p0", "other", None])),
        experiment=draw(st.sampled_from(["one", "two"])),
        timing=draw(st.sampled_from([*TIMINGS, None])),
        parameters=draw(st.sampled_from([{}, {"epochs": "1"}])),
        created=draw(st.sampled_from("12")),
    )


def seen(wanted: Wanted, found: Actual) -> Actual:
    """Return what is decided about, unless publish refuses it."""
    try:
        now = taken(wanted, found)
        require_own(wanted, now)
        require_adopted(wanted, now)
    except AzureError:
        assume(False)  # noqa: FBT003
    return now


def real(now: Actual) -> Actual:
    """Return what another publish finds: what was not changed yet has no mark."""

    def unmarked(mark: Mark | None) -> Mark | None:
        return None if mark and mark.origin == NOBODY else mark

    assert now.endpoint
    schedules = tuple(replace(one, mark=unmarked(one.mark)) for one in now.schedules)
    return replace(now, endpoint=replace(now.endpoint, mark=unmarked(now.endpoint.mark)), schedules=schedules)


def published(wanted: Wanted, found: Actual, stop: int | None = None) -> Actual:
    """Return what is left by a publish that is stopped after so many changes."""
    now = seen(wanted, found)
    for one in changes(wanted, now)[:stop]:
        now = applied(wanted, now, one)
    return real(now)


def plain(wanted: Wanted) -> Wanted:
    return replace(wanted, whose=WHOSE, takes="")


@given(wants, founds(), st.integers(0, 8))
def test_an_adoption_that_is_stopped_after_any_change_is_finished_by_the_next(
    wanted: Wanted, found: Actual, stop: int
) -> None:
    now = published(wanted, _renamed(published(wanted, found, stop)))
    assert {one.action for one in changes(wanted, seen(wanted, now))} == {"unchanged"}
    assert now.endpoint
    assert now.endpoint.mark == WHOSE.mark("0")
    require_adopted(plain(wanted), now)
    rest = changes(plain(wanted), now)
    assert {one.action for one in rest} == {"unchanged"}, as_text(rest)


def _renamed(now: Actual) -> Actual:
    """Give what was made an id that nothing else gets."""
    assert now.endpoint
    ids = [*(one.id for one in now.pipelines), *(one.id for one in now.schedules)]
    names = {known: known.replace("new", "made") for known in ids}
    versions = {version: names.get(known, known) for version, known in now.endpoint.versions.items()}
    return Actual(
        tuple(replace(one, id=names[one.id]) for one in now.pipelines),
        replace(now.endpoint, versions=versions),
        tuple(replace(one, id=names[one.id]) for one in now.schedules),
    )


@given(wants, founds(), st.integers(0, 8))
def test_without_adopt_nothing_that_has_no_mark_is_ever_changed(wanted: Wanted, found: Actual, stop: int) -> None:
    half = _renamed(published(wanted, found, stop)) if stop else found
    now = published(plain(wanted), half)
    assert _without_mark(now) == _without_mark(half)
    assert taken(plain(wanted), half) == half


def _without_mark(now: Actual) -> list[object]:
    assert now.endpoint
    things: list[Pipeline | Endpoint | Schedule] = [*now.pipelines, now.endpoint, *now.schedules]
    return [one for one in things if one.mark is None]


@given(wants, founds())
def test_only_the_endpoint_and_the_schedules_of_the_file_are_taken(wanted: Wanted, found: Actual) -> None:
    before = seen(wanted, found)
    now = published(wanted, found)
    ours = {one.id for one in before.schedules if one.mark and one.mark.origin == NOBODY}
    left = [one for one in found.schedules if one.mark is None and one.id not in ours]
    assert [one for one in now.schedules if one.mark is None] == left
    assert [one for one in now.pipelines if one.mark is None] == [one for one in found.pipelines if one.mark is None]
    named = " ".join(left_alone(wanted, before))
    listed = [one.id for one in left if one.active and one.runs in {"e", "p0", "p1"}]
    assert [one for one in [f"s{number}" for number in range(4)] if f"({one})" in named] == sorted(listed)


@given(wants, founds())
def test_between_any_two_changes_just_one_schedule_fires_for_each_that_is_taken(wanted: Wanted, found: Actual) -> None:
    now = seen(wanted, found)
    marks = [(one.mark, one.active) for one in now.schedules]
    keys = {mark.schedule for mark, active in marks if mark and mark.origin == NOBODY and active}
    for one in changes(wanted, now):
        now = applied(wanted, now, one)
        firing = [one.mark.schedule for one in now.schedules if one.active and one.mark and one.mark.schedule in keys]
        assert sorted(map(str, firing)) == sorted(map(str, keys))


@given(wants, founds())
def test_a_paused_schedule_is_taken_only_by_its_name_or_id_and_stays_paused(wanted: Wanted, found: Actual) -> None:
    before = seen(wanted, found)
    ids = {one.imported for one in wanted.schedules}
    for one in before.schedules:
        if one.mark and one.mark.origin == NOBODY and not one.active:
            assert one.id in ids or one.name in {"mine.nightly", "nightly", "Old.weekly"}
            (now,) = [other for other in published(wanted, found).schedules if other.id == one.id]
            assert not now.active
            (told,) = [change for change in changes(wanted, before) if change.id == one.id]
            assert "paused by someone; stays paused" in told.details


NIGHTLY = WantedSchedule("nightly", "mine.nightly", "one", DAILY, {}, "aa")
HAND = Schedule("s", "By hand", None, True, "e", "one", DAILY, {}, "1")  # noqa: FBT003
BEFORE = Pipeline("p", None, active=True, created="1")
FOUND = Actual((BEFORE,), Endpoint("e", None, "3", {"3": "p"}, name="Old"), (HAND,))
WANTED = Wanted(TAKING, "mine", "aa", (NIGHTLY,), endpoint="Old", takes="e")


def told(wanted: Wanted, found: Actual) -> list[str]:
    return [line.strip() for line in as_text(changes(wanted, taken(wanted, found))).splitlines()]


def test_after_an_import_nothing_changes_but_marks_and_names() -> None:
    imported = Imported("Old", "e", "p", "aa")
    found = with_imported(imported, TAKING, FOUND)
    assert told(WANTED, found) == [
        "~ endpoint Old             taken over, made without aml-pipeline",
        "= published pipeline mine  version aa",
        "= endpoint Old             default version 3",
        "~ schedule mine.nightly    taken over, made without aml-pipeline; name: By hand → mine.nightly",
    ]
    assert published(WANTED, found).pipelines == found.pipelines
    changed = told(replace(WANTED, digest="bb"), found)
    assert changed[1:3] == ["+ published pipeline mine  version bb", "~ endpoint Old             default: aa → bb"]


def test_the_imported_pipeline_is_never_disabled_as_a_duplicate() -> None:
    imported = Imported("Old", "e", "p", "aa")
    again = Pipeline("again", WHOSE.mark("aa"), active=True, created="0")
    found = with_imported(imported, TAKING, replace(FOUND, pipelines=(again, BEFORE)))
    assert [one.id for one in published(WANTED, found).pipelines if one.active] == ["p"]
    elsewhere = Endpoint("e", None, "3", {"3": "other"}, name="Old")
    assert with_imported(imported, TAKING, replace(FOUND, endpoint=elsewhere)).pipelines == (BEFORE,)


@pytest.mark.parametrize(
    ("known", "is_taken"),
    [
        (HAND, True),
        (replace(HAND, timing=replace(DAILY, hours=(3,))), False),
        (replace(HAND, parameters={"epochs": "1"}), False),
        (replace(HAND, experiment="two"), False),
        (replace(HAND, active=False), False),
        (replace(HAND, runs="other"), False),
        (replace(HAND, timing=None, name="mine.nightly"), False),
        (replace(HAND, timing=replace(DAILY, hours=(3,)), name="nightly"), True),
        (replace(HAND, active=False, name="nightly"), True),
        (replace(HAND, runs="p"), True),
    ],
)
def test_a_schedule_is_known_by_its_name_or_by_all_that_it_does(known: Schedule, *, is_taken: bool) -> None:
    after = taken(WANTED, replace(FOUND, schedules=(known,))).schedules[0]
    assert (after.mark is not None) is is_taken


@pytest.mark.parametrize(
    ("every", "known", "is_same"),
    [
        ((1, "Day"), "2024-07-11T01:59", True),
        ((2, "Day"), "2024-07-11T01:59", True),
        ((2, "Day"), "2024-07-12T01:59", False),
        ((2, "Week"), "2024-06-27T00:00", True),
        ((2, "Week"), "2024-07-04T00:00", False),
        ((2, "Week"), "2024-07-14T00:00", False),
        ((3, "Month"), "2000-01-11T00:00", True),
        ((3, "Month"), "2000-02-11T00:00", False),
        ((6, "Hour"), "2024-07-11T01:59", True),
        ((6, "Hour"), "2024-07-11T02:59", False),
        ((2, "Day"), "", False),
    ],
)
def test_where_the_start_decides_the_times_it_is_compared(every: tuple[int, str], known: str, *, is_same: bool) -> None:
    timing = replace(DAILY, interval=every[0], frequency=every[1])
    declared = replace(NIGHTLY, timing=timing, start="2024-07-11T01:59")
    hand = replace(HAND, timing=timing, start=known)
    found = replace(FOUND, schedules=(hand,))
    wanted = replace(WANTED, schedules=(declared,))
    assert (taken(wanted, found).schedules[0].mark is not None) is is_same
    by_id = replace(WANTED, schedules=(replace(declared, imported="s"),))
    start = f"start: {known or 'none'} → 2024-07-11T01:59"
    assert (start in told(by_id, found)[-1]) is not is_same


def test_of_several_that_could_be_it_none_is_taken() -> None:
    two = replace(FOUND, schedules=(HAND, replace(HAND, id="t")))
    message = r"could be mine.nightly: By hand \(s\), By hand \(t\)\. Disable all but one"
    with pytest.raises(AzureError, match=message):
        taken(WANTED, two)
    by_id = replace(WANTED, schedules=(replace(NIGHTLY, imported="t"),))
    assert [one.id for one in taken(by_id, two).schedules if one.mark] == ["t"]


def test_plain_publish_creates_none_beside_one_that_waits_to_be_taken() -> None:
    marked = replace(FOUND, endpoint=replace(FOUND.endpoint, mark=WHOSE.mark("0")))  # type: ignore[type-var]
    with pytest.raises(AzureError, match=r"By hand \(s\)\. To take over: `aml-pipeline publish --adopt Old`"):
        require_adopted(plain(WANTED), marked)
    other = replace(marked, schedules=(replace(HAND, timing=None),))
    require_adopted(plain(WANTED), other)
    (line,) = left_alone(WANTED, other)
    assert line == (
        "Schedule By hand (s) of endpoint Old is not in the file and stays. Disable it in the portal, or add it to the "
        "file and run `aml-pipeline publish --adopt Old`."
    )


def test_plain_publish_creates_none_beside_an_imported_one_that_is_paused() -> None:
    """A person paused it after the import, and the adoption was stopped after its first change."""
    marked = replace(FOUND, endpoint=replace(FOUND.endpoint, mark=WHOSE.mark("0")))  # type: ignore[type-var]
    paused = replace(marked, schedules=(replace(HAND, active=False),))
    require_adopted(plain(WANTED), paused)
    by_id = replace(WANTED, schedules=(replace(NIGHTLY, imported="s"),))
    with pytest.raises(AzureError, match=r"To take over: `aml-pipeline publish --adopt Old`\. It stays paused\."):
        require_adopted(plain(by_id), paused)
    assert told(by_id, paused)[-1].endswith("name: By hand → mine.nightly; paused by someone; stays paused")


@pytest.mark.parametrize(
    ("mark", "is_refused"),
    [
        (None, True),
        (WHOSE.mark("0", "nightly"), False),
        (replace(WHOSE, identity="mine/quick").mark("0", "nightly"), False),
        (replace(WHOSE, identity="other").mark("0", "nightly"), True),
        (Mark("mine/quick", "nightly", "0", origin=THEIRS), True),
    ],
)
def test_an_imported_schedule_that_fires_is_ours_or_nothing_is_published(
    mark: Mark | None, *, is_refused: bool
) -> None:
    wanted = replace(plain(WANTED), schedules=(replace(NIGHTLY, imported="s"),))
    actual = replace(FOUND, endpoint=None, schedules=(replace(HAND, mark=mark, runs="elsewhere"),))
    if is_refused:
        with pytest.raises(AzureError, match=r"with a schedule that still fires: By hand \(s\)\. Disable it "):
            require_imported_adopted(wanted, actual, None)
        return
    require_imported_adopted(wanted, actual, None)
    require_imported_adopted(plain(WANTED), replace(actual, schedules=(HAND,)), None)


def test_no_second_endpoint_is_made_beside_the_imported_one() -> None:
    before, none = FOUND.endpoint, replace(FOUND, endpoint=None, schedules=())
    assert before
    with pytest.raises(AzureError, match=r"from endpoint Old, which has no mark .* --adopt Old`"):
        require_imported_adopted(plain(WANTED), none, before)
    for other in (None, replace(before, active=False), replace(before, mark=WHOSE.mark("0"))):
        require_imported_adopted(plain(WANTED), none, other)


def test_an_endpoint_without_a_mark_is_refused_with_the_command_that_takes_it() -> None:
    named = replace(FOUND, endpoint=replace(FOUND.endpoint, name="it's"))  # type: ignore[type-var]
    with pytest.raises(AzureError, match=r"`aml-pipeline publish --adopt 'it'\"'\"'s'`"):
        require_own(replace(plain(WANTED), endpoint="it's"), named)


@pytest.mark.parametrize(
    ("endpoint", "identity", "words"),
    [
        ("it's", "mine", """--adopt 'it'"'"'s'"""),
        ("-x", "mine", "--adopt=-x"),
        ("Old", "mine/quick", "--profile quick --adopt Old"),
    ],
)
def test_the_command_that_is_told_is_one_that_works(endpoint: str, identity: str, words: str) -> None:
    assert command(endpoint, identity) == f"aml-pipeline publish {words}"


def test_a_name_cannot_pretend_to_be_a_line_of_ours() -> None:
    evil = replace(FOUND, schedules=(replace(HAND, name="a\nb", timing=None),))
    assert "Schedule a\\nb (s)" in next(left_alone(WANTED, evil))


def test_with_an_endpoint_nothing_of_another_project_is_taken() -> None:
    """It may have a schedule of a pipeline with this name, which would be disabled as one that the file lacks."""
    theirs = replace(HAND, id="t", mark=Mark("mine", "weekly", "aa", origin=THEIRS), runs="their endpoint")
    found = replace(FOUND, schedules=(HAND, theirs))
    with pytest.raises(AzureError, match="Schedule By hand was published by another project"):
        require_own(WANTED, taken(WANTED, found))
    require_own(replace(WANTED, takes=""), replace(found, endpoint=None))
    their_endpoint = replace(found, endpoint=replace(FOUND.endpoint, mark=Mark("mine", None, "0", origin=THEIRS)))  # type: ignore[type-var]
    require_own(WANTED, taken(WANTED, their_endpoint))


def test_nobody_is_the_origin_of_no_project() -> None:
    assert NOBODY not in Whose("mine", (OURS,)).origins
    assert ":" in OURS
