"""Order, cycles and selection, against what the words mean."""

from __future__ import annotations

import graphlib
import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan import graph
from tests.work import grows_in_step

Upstream = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool) -> Upstream:
    """Steps in a declared order that need not be the order of their running."""
    count = draw(st.integers(1, 8))
    names = draw(st.permutations([f"s{number}" for number in range(count)]))
    edges: Upstream = {}
    for name in names:
        others = [other for other in names if not acyclic or int(other[1:]) < int(name[1:])]
        edges[name] = draw(st.lists(st.sampled_from(others), unique=True, max_size=4)) if others else []
    return edges


def needed(upstream: Upstream, name: str) -> set[str]:
    """Return a step and all it needs, by the plainest recursion."""
    return {name}.union(*(needed(upstream, other) for other in upstream[name]))


@given(graphs(acyclic=True))
def test_each_step_comes_after_those_it_needs_and_else_as_it_was_declared(upstream: Upstream) -> None:
    result = graph.order(upstream)
    assert sorted(result) == sorted(upstream)
    done: set[str] = set()
    for name in result:
        ready = [one for one in upstream if one not in done and set(upstream[one]) <= done]
        assert name == ready[0]
        done.add(name)


@given(st.permutations(["a", "b", "c", "d"]))
def test_without_needs_the_order_is_the_declared_one(names: list[str]) -> None:
    assert graph.order(dict.fromkeys(names, ())) == names


@given(graphs(acyclic=False))
def test_every_cycle_is_a_real_one_and_cutting_them_all_leaves_none(upstream: Upstream) -> None:
    before = {name: list(needs) for name, needs in upstream.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "_MOST_CYCLES", 1000)
        found = graph.cycles(upstream)
    assert upstream == before
    cut = {name: set(needs) for name, needs in upstream.items()}
    for cycle, step, other in found:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1 >= 1
        assert cycle[0] == min(cycle, key=list(upstream).index)
        for first, then in itertools.pairwise(cycle):
            assert first in upstream[then]
        assert (other, step) in itertools.pairwise(cycle)
        cut[step].discard(other)
    graphlib.TopologicalSorter(cut).prepare()
    if not found:
        assert len(graph.order(upstream)) == len(upstream)
    else:
        with pytest.raises(graphlib.CycleError):
            graph.order(upstream)


def test_cycles_are_told_from_the_step_that_was_declared_first() -> None:
    assert graph.cycles({"c": ["b"], "a": ["c"], "b": ["a"]}) == [(["c", "a", "b", "c"], "c", "b")]
    found = graph.cycles({"a": ["a"], "b": ["c"], "c": ["b"]})
    assert found == [(["a", "a"], "a", "a"), (["b", "c", "b"], "b", "c")]
    assert graph.cycles({"a": [], "b": ["a"]}) == []


def test_a_cycle_through_parallel_branches_is_one() -> None:
    upstream = {"a": ["z"], "b": ["a"], "c": ["a"], "d": ["a"], "z": ["b", "c", "d"]}
    assert [one[1:] for one in graph.cycles(upstream)] == [("a", "z")]
    upstream = {"z": ["b", "c", "d", "a"], "a": ["z"], "b": ["a"], "c": ["a"], "d": ["a"]}
    assert [one[1:] for one in graph.cycles(upstream)] == [("a", "z")]


def test_cycles_apart_and_cycles_that_share_nothing_are_each_told() -> None:
    upstream = {"a": ["b", "c"], "b": ["a"], "c": ["a"], "x": ["y"], "y": ["x", "b"]}
    assert sorted(one[1:] for one in graph.cycles(upstream)) == [("a", "b"), ("a", "c"), ("x", "y")]
    upstream = {"z": ["b", "c", "a"], "a": ["z"], "b": ["a"], "c": ["a"], "x": ["y"], "y": ["x"]}
    assert sorted(one[1:] for one in graph.cycles(upstream)) == [("a", "z"), ("x", "y")]


def test_a_long_cycle_is_found_quickly() -> None:
    def cycles(count: int) -> int:
        names = [f"s{number}" for number in range(count)]
        return len(graph.cycles({name: [names[at - 1], names[at - 2]] for at, name in enumerate(names)}))

    assert cycles(2000) <= 20
    assert grows_in_step(cycles, 250)


def test_where_everything_needs_everything_some_cycles_are_enough() -> None:
    def cycles(edges: int) -> int:
        names = [f"s{number}" for number in range(math.isqrt(edges))]
        return len(graph.cycles(dict.fromkeys(names, names)))

    assert cycles(300 * 300) == 20
    assert grows_in_step(cycles, 40 * 40)


# Selection.


@given(graphs(acyclic=True), st.data())
def test_the_laws_of_selection(upstream: Upstream, data: st.DataObject) -> None:
    upstream = {name: upstream[name] for name in graph.order(upstream)}
    steps = data.draw(st.lists(st.sampled_from(list(upstream)), max_size=3))
    start, until = (data.draw(st.lists(st.sampled_from(list(upstream)), max_size=2)) for _ in range(2))
    only = data.draw(st.booleans()) and bool(steps)
    expected = set(upstream) if not steps else set(steps)
    if steps and not only:
        expected = set().union(*(needed(upstream, name) for name in steps))
    if start:
        expected = {name for name in expected if needed(upstream, name) & set(start)}
    if until:
        expected &= set().union(*(needed(upstream, name) for name in until))
    assume(expected)
    chosen = graph.select(upstream, steps, only=only, start=start, until=until)
    assert chosen == [name for name in upstream if name in expected]
    assert graph.select(upstream, chosen, only=True) == chosen
    if not start and not only:
        assert all(set(upstream[name]) <= set(chosen) for name in chosen), "a selection is closed unless told otherwise"


@given(graphs(acyclic=True))
def test_downstream_is_upstream_turned_round(upstream: Upstream) -> None:
    turned = graph.downstream(upstream)
    assert {(a, b) for a in upstream for b in upstream[a]} == {(a, b) for b in turned for a in turned[b]}
    assert list(turned) == list(upstream)


CHAIN: Upstream = {"a": [], "b": ["a"], "c": ["b"], "other": []}


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ({}, ["a", "b", "c", "other"]),
        ({"steps": ["b"]}, ["a", "b"]),
        ({"steps": ["c", "other"]}, ["a", "b", "c", "other"]),
        ({"steps": ["c", "a"], "only": True}, ["a", "c"]),
        ({"start": ["b"]}, ["b", "c"]),
        ({"until": ["b"]}, ["a", "b"]),
        ({"start": ["b"], "until": ["b"]}, ["b"]),
        ({"steps": ["c"], "start": ["b"]}, ["b", "c"]),
    ],
)
def test_selections(words: dict[str, object], chosen: list[str]) -> None:
    assert graph.select(CHAIN, **words) == chosen  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"only": True}, "--only needs at least one step"),
        ({"start": ["c"], "until": ["a"]}, "These options select no step"),
        ({"steps": ["other"], "start": ["a"]}, "These options select no step"),
    ],
)
def test_what_cannot_be_selected(words: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        graph.select(CHAIN, **words)  # type: ignore[arg-type]
