"""The order of steps, the cycles that prevent one, and the selection of steps. Pure; steps are names."""

from __future__ import annotations

import graphlib
import heapq
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aml_pipeline.core.errors import UsageError

Upstream = Mapping[str, Sequence[str]]


def order(upstream: Upstream) -> list[str]:
    """Return the steps, each after those it needs; among those that could come next, in the order of declaration.

    Raises ``graphlib.CycleError`` if there is no order.
    """
    declared = {name: index for index, name in enumerate(upstream)}
    sorter = graphlib.TopologicalSorter(upstream)
    sorter.prepare()
    ready: list[tuple[int, str]] = []
    result: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (declared[name], name))
        _, name = heapq.heappop(ready)
        result.append(name)
        sorter.done(name)
    return result


class Cycle(NamedTuple):
    """A cycle of steps, ``[a, b, a]`` (b needs a), and the reference that closes it: ``step`` needs ``other``."""

    steps: list[str]
    step: str
    other: str


_MOST_CYCLES = 20


def cycles(upstream: Upstream) -> list[Cycle]:
    """Return cycles until removing what closes each leaves none, or as many as are worth reporting."""
    edges = {name: list(needs) for name, needs in upstream.items()}
    circles: list[Cycle] = []
    while len(circles) < _MOST_CYCLES:
        try:
            graphlib.TopologicalSorter(edges).prepare()
        except graphlib.CycleError as error:
            ring = _from_first_declared(list(error.args[1]), list(upstream))
            circles.append(Cycle(ring, *_closing(ring, edges)))
            edges[circles[-1].step].remove(circles[-1].other)
        else:
            break
    return circles


_MOST_TRIED = 20


def _closing(ring: list[str], edges: Upstream) -> tuple[str, str]:
    """Return a reference of ``ring`` that all cycles of its steps share, else that of its first declared step.

    Otherwise one wrong reference would be reported once for each path that leads back to it.
    """
    around = closure([ring[0]], edges) & closure([ring[0]], downstream(edges))
    within = {name: [need for need in edges[name] if need in around] for name in around}
    needs = list(reversed([(step, other) for other, step in itertools.pairwise(ring)]))
    for step, other in needs[:_MOST_TRIED]:
        try:
            graphlib.TopologicalSorter(
                {**within, step: [needed for needed in within[step] if needed != other]}
            ).prepare()
        except graphlib.CycleError:
            continue
        return step, other
    return needs[0]


def _from_first_declared(cycle: list[str], declared: list[str]) -> list[str]:
    ring = cycle[:-1]
    start = min(range(len(ring)), key=lambda index: declared.index(ring[index]))
    return [*ring[start:], *ring[:start], ring[start]]


def closure(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return ``names`` and everything reachable from them along ``edges``."""
    seen: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in seen:
            seen.add(name)
            rest.extend(edges[name])
    return seen


def downstream(upstream: Upstream) -> dict[str, list[str]]:
    """Return the reversed edges: each step with those that need it."""
    turned: dict[str, list[str]] = {name: [] for name in upstream}
    for name, needs in upstream.items():
        for need in needs:
            turned[need].append(name)
    return turned


def select(
    upstream: Upstream,
    steps: Sequence[str] = (),
    *,
    only: bool = False,
    start: Sequence[str] = (),
    until: Sequence[str] = (),
) -> list[str]:
    """Return the selected steps in the order of ``upstream``'s keys, which include all that are named.

    ``steps`` with everything that they need (all steps if empty); ``only`` without what they need; ``start`` keeps
    those steps and everything downstream; ``until`` keeps those steps and everything they need.
    """
    if only and not steps:
        raise UsageError("--only needs at least one step. Write the steps after it, for example `run --only train`.")
    chosen = set(upstream) if not steps else set(steps) if only else closure(steps, upstream)
    if start:
        chosen &= closure(start, downstream(upstream))
    if until:
        chosen &= closure(until, upstream)
    if not chosen:
        raise UsageError("These options select no step. See the order of the steps with `aml-pipeline graph`.")
    return [name for name in upstream if name in chosen]
