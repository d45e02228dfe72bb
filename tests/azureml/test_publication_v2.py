"""The law of publishing on v2: from any workspace, stopped after any write, it converges, and harms nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aml_pipeline.azureml.publication import (
    MOST_DEPLOYMENTS,
    Actual,
    Change,
    Deployment,
    Endpoint,
    Mark,
    Pipeline,
    Schedule,
    Wanted,
    WantedSchedule,
    as_text,
    changes,
    deployment_name,
    firing_too,
    foreign,
    is_left,
    listed,
    repointed,
    require_own,
)
from aml_pipeline.azureml.publication.things import Action, Kind
from aml_pipeline.core.errors import AzureError, UsageError
from tests.azureml.memory import (
    DAILY,
    KEYS,
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

DIGESTS = ("aa", "bb", "cc")
AGAIN = tuple(Pipeline(f"mine:{digest}", WHOSE.mark(digest), active=True, created="2") for digest in ("aa", "bb"))

wanted_schedules = schedules_like(DIGESTS, reuse=st.booleans()).map(lambda one: replace(one, id=f"mine_{one.key}"))
wants = wants_like(
    DIGESTS,
    wanted_schedules,
    endpoint=st.sampled_from(["", "mine-api"]),
    is_v2=st.just(True),  # noqa: FBT003
)


class Things:
    """Draws the things of a workspace; with ``calm`` those with a wanted name are ours, so publish is not refused."""

    def __init__(self, draw: st.DrawFn, wanted: Wanted) -> None:
        self.draw = draw
        self.wanted = wanted
        self.calm = draw(st.sampled_from([True, True, True, False]))

    def mark(self, *, wanted: bool = False, key: str | None = None, disabled: bool = False) -> Mark | None:
        """Draw a mark: often ours, else of another project, of another pipeline, or none."""
        ours = self.calm and wanted
        whose = "mine" if ours else self.draw(st.sampled_from(["mine"] * 8 + ["mine/too", None]))
        origins = [OURS, OURS, *WHOSE.origins, ""]
        origin = self.draw(
            st.sampled_from(origins if self.calm and not self.wanted.whose.adopt else [*origins, THEIRS])
        )
        digest = self.draw(st.sampled_from(DIGESTS))
        return Mark(whose, key, digest, disabled, origin) if whose else None

    def workspace(self) -> Actual:
        """Draw a workspace with things of ours, as any history may have left them, and of others."""
        draw, endpoint = self.draw, self.wanted.endpoint
        versions = draw(st.lists(st.sampled_from([*DIGESTS, "1"]), unique=True, max_size=4))
        ids = draw(st.lists(st.sampled_from(["mine_nightly", "mine_weekly", "copy", "other"]), unique=True, max_size=4))
        return Actual(
            tuple(self.pipeline(version) for version in versions),
            self.endpoint(endpoint) if endpoint and draw(st.booleans()) else None,
            tuple(map(self.schedule, ids)),
            tuple(map(self.endpoint, draw(st.lists(st.just("older-api"), max_size=1)))),
        )

    def pipeline(self, version: str) -> Pipeline:
        """Draw a version of the component."""
        created = self.draw(st.sampled_from("123"))
        return Pipeline(f"mine:{version}", self.mark(wanted=version != "1"), self.draw(st.booleans()), created)

    def endpoint(self, name: str) -> Endpoint:
        """Draw a batch endpoint with deployments, one of which a person may have changed."""
        draw, wanted = self.draw, deployment_name(self.wanted.digest)
        digests = draw(st.lists(st.sampled_from([*DIGESTS, *map(str, range(10, 17))]), unique=True, max_size=8))
        versions = {deployment_name(digest): f"mine:{digest}" for digest in digests}
        deployments = [
            Deployment(known, self.mark(wanted=known == wanted), draw(st.sampled_from("123"))) for known in versions
        ]
        if draw(st.booleans()) and versions:
            versions[draw(st.sampled_from(sorted(versions)))] = "another:1"
        default = draw(st.none() | st.sampled_from(sorted(versions))) if versions else None
        return Endpoint(name, self.mark(wanted=True), default, versions, deployments=tuple(deployments))

    def schedule(self, known: str) -> Schedule:
        """Draw a schedule."""
        draw = self.draw
        key, disabled = draw(st.sampled_from([*KEYS, *KEYS, None])), draw(st.booleans())
        return Schedule(
            id=known,
            name=draw(st.sampled_from(["mine.nightly", "renamed"])),
            mark=self.mark(wanted=known.startswith("mine"), key=key, disabled=disabled),
            active=draw(st.booleans()),
            runs=draw(st.sampled_from(["mine:aa", "mine:bb", "another:1", None])),
            experiment=draw(st.sampled_from(["one", "two", None])),
            timing=draw(st.sampled_from([*TIMINGS, None])),
            parameters=draw(st.sampled_from([None, {}, {"epochs": "1"}])),
            created=draw(st.sampled_from("12")),
            reuse=draw(st.sampled_from([True, False, None])),
        )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Wanted, Actual]:
    """A file, and a workspace in which publishing it is not refused."""
    wanted = draw(wants)
    found = Things(draw, wanted).workspace()
    assume_own(wanted, found)
    return wanted, found


def stopped(wanted: Wanted, found: Actual, todo: list[Change], stop: int) -> Actual:
    """Return what a workspace has after the first ``stop`` writes."""
    for one in [one for one in todo if one.action != "unchanged"][:stop]:
        found = applied(wanted, found, one)
    return found


def assume_own(wanted: Wanted, found: Actual) -> None:
    """Skip a workspace in which publish is refused before anything is written."""
    try:
        require_own(wanted, found)
    except AzureError:
        assume(condition=False)


def left_alone(wanted: Wanted, found: Actual) -> list[object]:
    """Return everything that must stay as it is: what is not ours, and the endpoints that the file does not name."""
    there = found.endpoint
    deployments = [one for one in there.deployments if not is_ours(one.mark)] if there else []
    return [
        [one for one in found.pipelines if not may_be_changed(wanted, one.mark)],
        [
            (one, there.versions[one.name])
            for one in deployments
            if there and one.name != deployment_name(wanted.digest)
        ],
        None if wanted.endpoint else there,
        found.others,
        [one for one in found.schedules if not may_be_changed(wanted, one.mark)],
    ]


def keys_of(wanted: Wanted, found: Actual) -> dict[str, str | None]:
    """Return the names that our schedules have in the file, by id."""
    keys = {one.id: one.key for one in wanted.schedules}
    ours = [one for one in found.schedules if may_be_changed(wanted, one.mark)]
    return {one.id: keys.get(one.id) or (one.mark.schedule if one.mark else None) for one in ours}


def silent(wanted: Wanted, found: Actual) -> set[str]:
    """Return what a person paused: the ids of schedules, and their names in the file if none of that name fires."""
    keys = keys_of(wanted, found)
    ours = [one for one in found.schedules if one.id in keys]
    paused = {one.id for one in ours if not one.active and one.mark and not one.mark.disabled}
    live = {keys[one.id] for one in ours if one.active}
    return paused | {f"#{keys[known]}" for known in paused if keys[known] not in live}


def firing(wanted: Wanted, found: Actual) -> list[str]:
    """Return the ids of our schedules that fire, and their names in the file."""
    keys = keys_of(wanted, found)
    ours = [one.id for one in found.schedules if one.active and one.id in keys]
    return [*ours, *(f"#{keys[known]}" for known in ours)]


@given(situations(), st.integers(0, 12))
def test_publish_converges_from_any_workspace_wherever_it_was_stopped(
    situation: tuple[Wanted, Actual], stop: int
) -> None:
    wanted, found = situation
    now = stopped(wanted, found, changes(wanted, found), stop)
    require_own(wanted, now)
    assert silent(wanted, found).isdisjoint(firing(wanted, now))
    now = after(wanted, now)
    assert {one.action for one in changes(wanted, now)} == {"unchanged"}, as_text(changes(wanted, now))
    assert not foreign(wanted, now)
    assert left_alone(wanted, now) == left_alone(wanted, found)
    assert silent(wanted, found).isdisjoint(firing(wanted, now))
    _is_as_wanted(wanted, now)
    assert copies(wanted, now) == copies(wanted, found)


def copies(wanted: Wanted, found: Actual) -> list[Schedule]:
    """Return the schedules with other ids than those of the file, less what publish may change of them."""
    ids = {one.id for one in wanted.schedules}
    return [replace(one, active=False, mark=None) for one in found.schedules if one.id not in ids]


def _is_as_wanted(wanted: Wanted, now: Actual) -> None:
    active = [one for one in now.schedules if one.active and one.mark and one.mark.identity == "mine"]
    declared = {one.key: one for one in wanted.schedules}
    assert len({one.mark.schedule for one in active if one.mark}) == len(active)
    for one in active:
        assert one.mark is not None
        schedule = declared[str(one.mark.schedule)]
        assert (one.runs, one.name, one.timing) == (wanted.component, schedule.name, schedule.timing)
        assert one.reuse in {schedule.reuse, None}
    if wanted.endpoint:
        assert now.endpoint is not None
        assert now.endpoint.pipeline == wanted.component
        assert sum(is_ours(one.mark) for one in now.endpoint.deployments) <= MOST_DEPLOYMENTS


@given(situations(), st.integers(0, 6), st.integers(0, 1))
def test_going_back_converges_too_and_publish_returns(situation: tuple[Wanted, Actual], stop: int, chosen: int) -> None:
    wanted, found = situation
    found = replace(
        found, pipelines=(*AGAIN, *(one for one in found.pipelines if one.id not in {"mine:aa", "mine:bb"}))
    )
    version = ("aa", "bb")[chosen]
    bare = replace(wanted, whose=WHOSE, digest="", schedules=())
    assume_own(bare, found)
    try:
        back, todo = repointed(bare, found, version)
    except UsageError:
        assume(condition=False)
    now = stopped(back, found, todo, stop)
    again, todo = repointed(bare, now, back.digest)
    for one in todo:
        now = applied(again, now, one)
    assert {one.action for one in repointed(bare, now, back.digest)[1]} == {"unchanged"}
    assert {one.runs for one in now.schedules if one.active and is_ours(one.mark)} <= {back.component}
    assert [one.active for one in now.schedules] == [one.active for one in found.schedules]
    assert left_alone(back, now) == left_alone(back, found)
    now = after(wanted, now)
    assert {one.action for one in changes(wanted, now)} == {"unchanged"}
    assert silent(wanted, found).isdisjoint(firing(wanted, now))


@given(situations(), st.none() | wants, st.lists(st.booleans(), max_size=20))
def test_two_publishers_at_once_converge(
    situation: tuple[Wanted, Actual], other: Wanted | None, order: list[bool]
) -> None:
    """Whatever each writes before the other; with the same file, nothing is left to do."""
    first, found = situation
    second = replace(other, endpoint=first.endpoint) if other else first
    assume_own(second, found)
    now = found
    same = second == first
    todo = {True: list(changes(first, found)), False: list(changes(second, found))}
    for turn in [*order, *[True] * 20, *[False] * 20]:
        if todo[turn]:
            now = _put(first if turn else second, now, todo[turn].pop(0))
    if same:
        assert {one.action for one in changes(first, now)} == {"unchanged"}
    now = after(first, now)
    assert {one.action for one in changes(first, now)} == {"unchanged"}
    seen, too = silent(first, found), silent(second, found)
    paused_ones = seen | {one for one in too if same or not one.startswith("#")}
    # A copy with the id of another schedule in the second file is that one for its publisher, so it pauses no name.
    paused_ones -= {f"#{one.key}" for one in second.schedules} - too
    assert paused_ones.isdisjoint(firing(first, now))


def _put(wanted: Wanted, found: Actual, one: Change) -> Actual:
    """Apply a change of a publisher who does not know what the other has written since: each write is a PUT."""
    there = found.endpoint
    if one.action == "create":
        if one.kind == "schedule" and any(f"mine_{one.key}" == known.id for known in found.schedules):
            one = replace(one, action="update", id=f"mine_{one.key}")
        if one.kind == "published pipeline" and any(known.id == wanted.component for known in found.pipelines):
            return found
        if one.kind == "endpoint" and there:
            return found
        if one.kind == "deployment" and there and one.name in there.versions:
            return found
    if one.action == "delete" and there and (one.name == there.default or one.name not in there.versions):
        return found  # refused or gone
    if (
        one.kind == "endpoint"
        and there
        and one.action == "update"
        and deployment_name(wanted.digest) not in there.versions
    ):
        return found  # pruned by the other; refused
    return applied(wanted, found, one)


AA, BB, CC = "aa" * 16, "bb" * 16, "cc" * 16
NIGHTLY = WantedSchedule("nightly", "mine.nightly", "one", DAILY, {"epochs": "1"}, "d1", "mine_nightly", reuse=False)
FIRST = Wanted(WHOSE, "mine", AA, (NIGHTLY,), "mine-api", is_v2=True)
SECOND = replace(FIRST, digest=BB)
NOTHING = Actual((), None, ())
PUBLISHED = after(FIRST, NOTHING)


def test_the_first_publish_and_the_next_version_in_words() -> None:
    assert as_text(changes(FIRST, NOTHING)).splitlines() == [
        "  + published pipeline mine   version aaaaaaaaaaaa",
        "  + endpoint mine-api",
        "  + deployment vaaaaaaaaaaaa  version aaaaaaaaaaaa",
        "  ~ endpoint mine-api         default: none → aaaaaaaaaaaa",
        "  + schedule mine.nightly     every day at 02:00, UTC",
    ]
    now = after(FIRST, NOTHING)
    slower = replace(NIGHTLY, experiment="two", timing=replace(DAILY, hours=(3,)), reuse=True, parameters={})
    assert as_text(changes(replace(SECOND, schedules=(slower,)), now)).splitlines() == [
        "  + published pipeline mine   version bbbbbbbbbbbb",
        "  + deployment vbbbbbbbbbbbb  version bbbbbbbbbbbb",
        "  ~ endpoint mine-api         default: aaaaaaaaaaaa → bbbbbbbbbbbb",
        (
            "  ~ schedule mine.nightly     version aaaaaaaaaaaa → bbbbbbbbbbbb; experiment: one → two; every day "
            "at 02:00, UTC → every day at 03:00, UTC; parameter epochs: 1 → –; reuse: false → true"
        ),
    ]
    gone = replace(SECOND, schedules=(), endpoint="")
    there = now.endpoint
    assert there is not None
    assert as_text(changes(gone, replace(now, endpoint=None, others=(there,)))).splitlines() == [
        "  + published pipeline mine  version bbbbbbbbbbbb",
        "  = endpoint mine-api        not in the file; stays, with default aaaaaaaaaaaa",
        "  - schedule mine.nightly    no longer in the file",
    ]


def paused(found: Actual) -> Actual:
    """Return a workspace in which a person paused all schedules."""
    return replace(found, schedules=tuple(replace(one, active=False) for one in found.schedules))


def test_a_schedule_that_a_person_paused_runs_the_new_version_when_it_is_enabled_again() -> None:
    todo = changes(SECOND, paused(after(FIRST, NOTHING)))
    assert todo[-1].details == ("version aaaaaaaaaaaa → bbbbbbbbbbbb", "paused by someone; stays paused")
    now = after(SECOND, paused(after(FIRST, NOTHING)))
    assert [(one.runs, one.active) for one in now.schedules] == [(SECOND.component, False)]


def test_only_a_schedule_that_is_changed_and_fires_is_said_to_fire_beside_that_of_another_profile() -> None:
    now = after(FIRST, NOTHING)
    (own,) = now.schedules
    other = replace(
        own, id="other", name="mine-big.nightly", mark=replace(WHOSE, identity="mine/big").mark("0", "nightly")
    )
    for active, wanted, lines in ((True, SECOND, 1), (True, FIRST, 0), (False, SECOND, 0)):
        found = replace(now, schedules=(replace(own, active=active), other))
        assert len([*firing_too(wanted, found, changes(wanted, found))]) == lines
    assert len([*firing_too(FIRST, replace(NOTHING, schedules=(other,)), changes(FIRST, NOTHING))]) == 1


def with_copy(found: Actual, *, own: bool | None, copy: bool) -> Actual:
    """Return a workspace with a copy of the schedule that a person made; both active or not, or without the own one."""
    (known,) = found.schedules
    there = () if own is None else (replace(known, active=own),)
    return replace(found, schedules=(*there, replace(known, id="copy", active=copy)))


@pytest.mark.parametrize(
    ("states", "said", "left"),
    [
        ((True, True), ["update mine_nightly", "disable copy"], {"mine_nightly": True, "copy": False}),
        ((True, False), ["update mine_nightly"], {"mine_nightly": True, "copy": False}),
        ((False, True), ["update mine_nightly", "disable copy"], {"mine_nightly": False, "copy": False}),
        ((None, True), ["create ", "disable copy"], {"mine_nightly": True, "copy": False}),
        ((None, False), ["create "], {"mine_nightly": False, "copy": False}),
    ],
)
def test_a_copy_of_a_schedule_is_disabled_and_the_own_one_is_updated(
    states: tuple[bool | None, bool], said: list[str], left: dict[str, bool]
) -> None:
    found = with_copy(after(FIRST, NOTHING), own=states[0], copy=states[1])
    todo = [one for one in changes(SECOND, found) if one.kind == "schedule" and one.action != "unchanged"]
    assert [f"{one.action} {one.id}" for one in todo] == said
    now = after(SECOND, found)
    assert {one.id: one.active for one in now.schedules} == left
    assert [one.runs for one in now.schedules if one.id == "mine_nightly"] == [SECOND.component]


def away_with_paused_copy() -> Actual:
    """Return a workspace with a schedule that publish disabled, and a copy of it that a person paused."""
    away = after(replace(FIRST, schedules=()), after(FIRST, NOTHING))
    (own,) = away.schedules
    assert own.put_away
    assert own.mark is not None
    return replace(away, schedules=(own, replace(own, id="copy", mark=replace(own.mark, disabled=False))))


def test_what_was_disabled_is_not_enabled_while_a_person_keeps_its_copy_paused() -> None:
    found = away_with_paused_copy()
    todo = [one for one in changes(FIRST, found) if one.kind == "schedule"]
    assert [(one.action, one.id, one.details, one.begins) for one in todo] == [
        ("update", "mine_nightly", ("a copy of it was paused by someone; stays paused",), False)
    ]
    now = after(FIRST, found)
    assert {one.id: (one.active, one.put_away) for one in now.schedules} == {
        "mine_nightly": (False, False),
        "copy": (False, False),
    }


@pytest.mark.parametrize("own", [False, True])
def test_a_pause_outlives_its_copy_that_another_file_takes(*, own: bool) -> None:
    """The id that a person gave to a copy is that of a schedule in the file of a publisher at the same time."""
    weekly = replace(NIGHTLY, key="weekly", name="mine.weekly", id="mine_weekly")
    found = away_with_paused_copy()
    away, copy = found.schedules
    found = replace(found, schedules=((away,) if own else ()) + (replace(copy, id=weekly.id),))
    second = replace(FIRST, schedules=(weekly,))
    for order in ([FIRST, second], [second, FIRST]):
        now = found
        for wanted, todo in [(wanted, changes(wanted, found)) for wanted in order]:
            for one in todo:
                now = _put(wanted, now, one)
        assert "mine_nightly" not in firing(FIRST, after(FIRST, now))


def test_a_component_that_a_person_archived_still_runs() -> None:
    now = after(FIRST, NOTHING)
    hidden = replace(now, pipelines=tuple(replace(one, active=False) for one in now.pipelines))
    assert as_text(changes(FIRST, hidden)).splitlines()[0] == (
        "  = published pipeline mine  version aaaaaaaaaaaa; archived by someone; stays archived, and runs all the same"
    )
    assert {one.action for one in changes(FIRST, hidden)} == {"unchanged"}


@pytest.mark.parametrize(
    ("change", "left", "expected"),
    [
        (("update", "schedule"), [("create", "schedule")], True),  # a person deleted it
        (("create", "schedule"), [("update", "schedule")], True),  # Azure ML took it, but could not make it
        (("create", "schedule"), [("unchanged", "schedule"), ("disable", "schedule")], False),
        (("disable", "schedule"), [("unchanged", "schedule")], False),
        (("disable", "schedule"), [("disable", "schedule")], True),
        (("create", "deployment"), [("update", "deployment")], True),
        (("delete", "deployment"), [], False),
        (("create", "endpoint"), [("update", "endpoint")], False),  # a change of its own
        (("update", "endpoint"), [("update", "endpoint")], True),
    ],
)
def test_what_is_left_of_a_change_whose_answer_was_an_error(
    change: tuple[Action, Kind],
    left: list[tuple[Action, Kind]],
    expected: bool,  # noqa: FBT001
) -> None:
    others = [Change(action, kind, "mine", id="mine" if action != "create" else "") for action, kind in left]
    assert is_left(Change(*change, "mine"), others) is expected
    assert not is_left(Change(*change, "another"), others)


def test_the_oldest_deployments_are_deleted_but_never_one_of_others() -> None:
    now = NOTHING
    for number in range(1, 8):
        wanted = replace(FIRST, digest=f"{number}" * 32)
        now = after(wanted, now)
        there = now.endpoint
        assert there is not None
        created = tuple(replace(one, created=one.name) for one in there.deployments)
        theirs = () if number > 1 else (Deployment("theirs", None, ""),)
        now = replace(now, endpoint=replace(there, deployments=(*created, *theirs)))
    assert now.endpoint is not None
    assert [one.name[:8] for one in now.endpoint.deployments] == [
        "theirs",
        *(f"v{str(one) * 7}" for one in range(3, 8)),
    ]


def test_a_deployment_that_azure_ml_could_not_make_has_a_version_all_the_same() -> None:
    there = PUBLISHED.endpoint
    assert there is not None
    failed = replace(PUBLISHED, endpoint=replace(there, versions={}))
    assert "  ~ endpoint mine-api         default: aaaaaaaaaaaa → bbbbbbbbbbbb" in as_text(changes(SECOND, failed))
    others = replace(failed, endpoint=None, others=(replace(there, versions={}),))
    (row,) = [one for one in changes(replace(SECOND, endpoint=""), others) if one.kind == "endpoint"]
    assert row.details == ("not in the file; stays, with default aaaaaaaaaaaa",)
    bare = replace(others, others=(replace(there, default=None),))
    (row,) = [one for one in changes(replace(SECOND, endpoint=""), bare) if one.kind == "endpoint"]
    assert row.details == ("not in the file; stays, without a default",)
    many = [Deployment(f"v{number}", WHOSE.mark(f"{number}" * 32), "0") for number in range(6)]
    old = replace(PUBLISHED, endpoint=replace(there, deployments=(*there.deployments, *many)))
    (row, _) = [one for one in changes(FIRST, old) if one.action == "delete"]
    assert row.details == ("version 000000000000: the last 5 deployments stay",)


def test_what_runs_says_which_version() -> None:
    now = after(FIRST, NOTHING)
    (row,) = listed(now, WHOSE, [one for one in changes(SECOND, now) if one.kind == "schedule"])
    assert row["compared"] == "version aaaaaaaaaaaa → bbbbbbbbbbbb; runs version aaaaaaaaaaaa"
    (row,) = listed(now, WHOSE, [one for one in changes(FIRST, now) if one.kind == "schedule"])
    assert row["compared"] == "as the file says; runs version aaaaaaaaaaaa"


BARE = Wanted(WHOSE, "mine", "", (), "", is_v2=True)


def published(*wanted: Wanted) -> Actual:
    """Return a workspace after the publishing of several versions, one after another."""
    now = NOTHING
    for number, one in enumerate(wanted):
        now = after(replace(one, endpoint=""), now)
        aged = tuple(replace(known, created=f"{number}") if known.created == "3" else known for known in now.pipelines)
        now = replace(now, pipelines=aged)
    return now


def archived(found: Actual, *digests: str) -> Actual:
    """Return a workspace in which a person archived versions."""
    pipelines = (
        replace(one, active=one.active and not any(one.id == f"mine:{digest}" for digest in digests))
        for one in found.pipelines
    )
    return replace(found, pipelines=tuple(pipelines))


def test_going_back_from_or_to_an_archived_version() -> None:
    third = replace(FIRST, digest=CC)
    now = archived(published(FIRST, SECOND, third), BB, CC)
    assert repointed(BARE, now, "previous")[0].component == FIRST.component  # the bad ones were archived
    assert repointed(BARE, now, "bb")[0].component == SECOND.component


def test_going_back_without_an_endpoint_repoints_schedules_that_are_paused_too() -> None:
    now = paused(published(FIRST, SECOND))
    back, todo = repointed(BARE, now, "previous")
    assert back.component == FIRST.component
    assert [(one.action, one.name, one.details) for one in todo] == [
        ("update", "mine.nightly", ("version bbbbbbbbbbbb → aaaaaaaaaaaa", "paused by someone; stays paused"))
    ]
    now = applied(back, now, todo[0])
    assert [(one.runs, one.active) for one in now.schedules] == [(FIRST.component, False)]
    assert [one.action for one in repointed(BARE, now, "aaaa")[1]] == ["unchanged"]


def test_going_back_creates_a_deployment_that_was_deleted() -> None:
    now = after(SECOND, NOTHING)
    now = replace(now, pipelines=(Pipeline(f"mine:{AA}", WHOSE.mark(AA), active=True, created="0"), *now.pipelines))
    _, todo = repointed(replace(BARE, endpoint="mine-api"), now, "previous")
    assert as_text(todo).splitlines() == [
        "  + deployment vaaaaaaaaaaaa  version aaaaaaaaaaaa",
        "  ~ endpoint mine-api         default: bbbbbbbbbbbb → aaaaaaaaaaaa",
        "  ~ schedule mine.nightly     version bbbbbbbbbbbb → aaaaaaaaaaaa",
    ]


@pytest.mark.parametrize(
    ("found", "version", "message"),
    [
        (NOTHING, "previous", "Pipeline mine is not published yet. Publish it: `aml-pipeline publish`."),
        (
            published(replace(FIRST, schedules=())),
            "previous",
            (
                "No endpoint and no schedule runs pipeline mine, so there is nothing to change. Add a schedule "
                "to the file, or `publish: {endpoint: NAME}`, and publish."
            ),
        ),
        (published(FIRST), "previous", "No version older than aaaaaaaaaaaa was published. Published: aaaaaaaaaaaa."),
        (  # the file went back to the first
            published(FIRST, SECOND, FIRST),
            "previous",
            "No version older than aaaaaaaaaaaa was published. Published: bbbbbbbbbbbb, aaaaaaaaaaaa.",
        ),
        (
            archived(published(FIRST, SECOND), AA),
            "previous",
            (
                "No version older than bbbbbbbbbbbb was published, except archived ones. "
                "Published: bbbbbbbbbbbb, aaaaaaaaaaaa (archived)."
            ),
        ),
        (
            replace(published(FIRST, SECOND), schedules=(replace(PUBLISHED.schedules[0], runs="another:1"),)),
            "previous",
            'Unknown version "previous" of mine. Published: bbbbbbbbbbbb, aaaaaaaaaaaa.',
        ),
        (published(FIRST, SECOND), "cc", 'Unknown version "cc" of mine. Published: bbbbbbbbbbbb, aaaaaaaaaaaa.'),
        (published(FIRST, SECOND), "", 'Unknown version "" of mine. Published: bbbbbbbbbbbb, aaaaaaaaaaaa.'),
    ],
)
def test_a_version_that_is_not_there_is_an_error(found: Actual, version: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        repointed(BARE, found, version)
    assert str(caught.value) == message


OTHERS = Mark("mine-too", None, "1", origin=OURS)
FOREIGN = Mark("mine", "nightly", AA, origin=THEIRS)


def _with_marks(mark: Mark | None, **kinds: bool) -> Actual:
    """Return what is published, with another mark on things of some kinds."""
    there = PUBLISHED.endpoint
    assert there is not None
    deployments = tuple(replace(one, mark=mark) if kinds.get("deployment") else one for one in there.deployments)
    versions = dict.fromkeys(there.versions, "another:1") if kinds.get("deployment") else there.versions
    there = replace(
        there, versions=versions, deployments=deployments, mark=mark if kinds.get("endpoint") else there.mark
    )
    pipelines = tuple(replace(one, mark=mark) if kinds.get("component") else one for one in PUBLISHED.pipelines)
    schedules = tuple(replace(one, mark=mark) if kinds.get("schedule") else one for one in PUBLISHED.schedules)
    return Actual(pipelines, there, schedules)


def test_a_component_of_others_may_be_archived_only_if_no_pipeline_was_published_as_it() -> None:
    what = "The workspace has a component mine that was not created by publishing mine. Rename the pipeline in the file"
    cures = {None: ", or run `az ml component archive --name mine`.", OTHERS: "."}
    for mark, cure in cures.items():
        with pytest.raises(AzureError) as caught:
            require_own(FIRST, _with_marks(mark, component=True))
        assert str(caught.value) == f"{what}{cure}"


@pytest.mark.parametrize("mark", [None, OTHERS])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "endpoint",
            (
                "The workspace has a batch endpoint mine-api that was not created by publishing mine. Choose another "
                "name in the file (`publish: {endpoint: …}`)."
            ),
        ),
        (
            "deployment",
            (
                "The workspace has a deployment vaaaaaaaaaaaa of mine-api that was not created by publishing mine. "
                "Delete that deployment."
            ),
        ),
        (
            "schedule",
            (
                "The workspace has a schedule mine_nightly that was not created by publishing mine. Rename the "
                "schedule in the file, or delete that one in the studio."
            ),
        ),
    ],
)
def test_things_of_others_with_our_names_are_refused(kind: str, message: str, mark: Mark | None) -> None:
    with pytest.raises(AzureError) as caught:
        require_own(replace(FIRST, whose=replace(WHOSE, adopt=True)), _with_marks(mark, **{kind: True}))
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", ["component", "endpoint", "schedule"])
def test_things_of_another_project_are_refused_or_taken_over(kind: str) -> None:
    found = _with_marks(FOREIGN, **{kind: True})
    with pytest.raises(AzureError, match=f"was published by another project, {THEIRS}; this one is {OURS}"):
        require_own(FIRST, found)
    adopting = replace(FIRST, whose=replace(WHOSE, adopt=True))
    require_own(adopting, found)
    todo = [one for one in changes(adopting, found) if one.action != "unchanged"]
    assert [one.action for one in todo] == ["update"]
    assert f"taken over from {THEIRS}" in todo[0].details
    assert not foreign(FIRST, after(adopting, found))


def test_versions_of_others_do_no_harm_once_the_name_is_ours() -> None:
    """A person may add versions to a component that was published; only the file's own version must be ours."""
    added = replace(PUBLISHED, pipelines=(*PUBLISHED.pipelines, Pipeline("mine:1", None, active=True, created="9")))
    require_own(FIRST, added)
    assert {one.action for one in changes(FIRST, added)} == {"unchanged"}
    archived = replace(NOTHING, pipelines=(Pipeline("mine:1", None, active=False, created="9"),))
    require_own(FIRST, archived)
