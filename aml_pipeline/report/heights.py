"""Layers → the vertical position of each step and passing line: near its neighbours, without overlaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from aml_pipeline.report.layers import Knot, Layers, neighbours

_SWEEPS = 24  # over all layers, forwards or backwards
_STRAIGHT = 8.0  # weight that keeps passing lines straight

Distance = Callable[[Knot, Knot], int]


def heights(layers: Layers, distance: Distance) -> dict[Knot, int]:
    """Return the vertical position of each knot's middle; neighbours in a layer are at least ``distance`` apart."""
    before, after = neighbours(layers.links)
    offsets = [_offsets(layer, distance) for layer in layers.knots]
    places = {knot: offset for layer, row in zip(layers.knots, offsets, strict=True) for knot, offset in
              zip(layer, row, strict=True)}  # fmt: skip
    for sweep in range(_SWEEPS):
        for number in range(len(layers.knots))[:: 1 if sweep % 2 == 0 else -1]:
            layer = layers.knots[number]
            wishes = [_wish(layers, knot, [*before.get(knot, ()), *after.get(knot, ())], places) for knot in layer]
            places.update(zip(layer, _nearest(wishes, offsets[number]), strict=True))
    return {knot: round(place) for knot, place in places.items()}


def _offsets(layer: Sequence[Knot], distance: Distance) -> list[float]:
    """Return the least distance of each knot from the first of its layer."""
    offsets = [0.0]
    for pair in pairwise(layer):
        offsets.append(offsets[-1] + distance(*pair))
    return offsets


def _wish(layers: Layers, knot: Knot, joined: Sequence[Knot], places: Mapping[Knot, float]) -> tuple[float, float]:
    """Return the best position of a knot for its neighbours, and its weight."""
    weights = [1.0 if layers.is_step(knot) or layers.is_step(other) else _STRAIGHT for other in joined]
    total = sum(weights)
    if not total:
        return places[knot], 1.0
    return sum(weight * places[other] for weight, other in zip(weights, joined, strict=True)) / total, total


def _nearest(wishes: Sequence[tuple[float, float]], offsets: Sequence[float]) -> list[float]:
    """Return the positions closest to the wished ones that keep the order and the distances.

    Overlapping knots are pooled, and a pool is placed at the mean of its wishes (pool adjacent violators).
    """
    pools: list[tuple[float, float, int]] = []
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        pools.append((wish - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (upper, heavy, many), (lower, weight_below, few) = pools[-2:]
            both = heavy + weight_below
            pools[-2:] = [((upper * heavy + lower * weight_below) / both, both, many + few)]
    bases = [mean for mean, _, count in pools for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]
