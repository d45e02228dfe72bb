"""A graph → layers: the layer of each step, and the order of steps and passing lines in each layer.

A line from one step to another passes each layer between them at a place of its own, so that it crosses no step. The
lines from one step share these places, and part before the layer they lead to.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

# An element of a layer: a step in its own layer, or, in a later layer, the lines from that step.
Knot = tuple[str, int]
Link = tuple[Knot, Knot]
Needs = Mapping[str, Collection[str]]

_SWEEPS = 8  # over all layers, forwards or backwards


@dataclass(frozen=True, slots=True)
class Layers:
    """The layer number of each step, the layers from top to bottom, and the links between neighbouring layers."""

    of_steps: Mapping[str, int]
    knots: Sequence[Sequence[Knot]]
    links: Sequence[Link]

    def is_step(self, knot: Knot) -> bool:
        """Whether it is a step rather than a passing line."""
        return self.of_steps[knot[0]] == knot[1]


def layered(needs: Needs) -> Layers:
    """Return the layers of a graph; each step comes after all the steps it needs."""
    of_steps = layers_of(needs)
    links = list(dict.fromkeys(_links(needs, of_steps)))
    order = {name: number for number, name in enumerate(needs)}
    knots = sorted({*of_steps.items(), *(end for _, end in links)}, key=lambda knot: (knot[1], order[knot[0]]))
    layers: list[list[Knot]] = [[] for _ in range(max(of_steps.values(), default=-1) + 1)]
    for knot in knots:
        layers[knot[1]].append(knot)
    return Layers(of_steps, _untangled(layers, links), links)


def layers_of(needs: Needs) -> dict[str, int]:
    """Return the layer of each step: one after the last layer of the steps it needs."""
    layers: dict[str, int] = {}
    for name, above in needs.items():
        layers[name] = 1 + max((layers[other] for other in above), default=-1)
    return layers


def neighbours(links: Iterable[Link]) -> tuple[dict[Knot, list[Knot]], dict[Knot, list[Knot]]]:
    """Return the neighbours of each knot in the layer before and in the layer after."""
    before: dict[Knot, list[Knot]] = defaultdict(list)
    after: dict[Knot, list[Knot]] = defaultdict(list)
    for start, end in links:
        before[end].append(start)
        after[start].append(end)
    return before, after


def _links(needs: Needs, layers: Mapping[str, int]) -> Iterator[Link]:
    """Yield the links between two layers, possibly with duplicates."""
    for name, above in needs.items():
        for other in above:
            for layer in range(layers[other], layers[name] - 1):
                yield (other, layer), (other, layer + 1)
            yield (other, layers[name] - 1), (name, layers[name])


def _untangled(layers: list[list[Knot]], links: Sequence[Link]) -> list[list[Knot]]:
    """Return the layers in the best order that a few sweeps find: the one with the fewest crossings."""
    before, after = neighbours(links)
    best, fewest = layers, crossings(layers, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        layers = _swept(layers, before) if sweep % 2 == 0 else _swept(layers[::-1], after)[::-1]
        if (count := crossings(layers, links)) < fewest:
            best, fewest = layers, count
    return best


def _swept(layers: Sequence[Sequence[Knot]], joined: Mapping[Knot, Sequence[Knot]]) -> list[list[Knot]]:
    """Sort each layer by the mean position of its neighbours in the layer sorted before it."""
    swept: list[list[Knot]] = []
    for layer in layers:
        places = {knot: place for place, knot in enumerate(swept[-1])} if swept else {}
        means: dict[Knot, float] = {}
        for at, knot in enumerate(layer):
            near = [places[other] for other in joined.get(knot, ())]
            means[knot] = sum(near) / len(near) if near else at
        swept.append(sorted(layer, key=means.__getitem__))
    return swept


def crossings(layers: Iterable[Sequence[Knot]], links: Iterable[Link]) -> int:
    """Return the number of crossing links."""
    places = {knot: place for layer in layers for place, knot in enumerate(layer)}
    ends: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for start, end in links:
        ends[start[1]].append((places[start], places[end]))
    return sum(_inversions(place for _, place in sorted(pairs)) for pairs in ends.values())


def _inversions(numbers: Iterable[int]) -> int:
    count, seen = 0, list[int]()
    for number in numbers:
        count += len(seen) - bisect_right(seen, number)
        insort(seen, number)
    return count
