"""Samples of what would take long in full: `make test` takes a sample, `make test-more` all (the mark ``more``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def in_turn(places: Iterable[str], values: Sequence[Any], each: int) -> list[Any]:
    """Return parameters: each place with ``each`` of the values, by turns, and for ``more`` with all of them."""
    some, all_of_them = [], []
    for number, place in enumerate(places):
        turn = [values[(number * each + one) % len(values)] for one in range(each)]
        some.append(pytest.param(place, turn, id=place))
        all_of_them.append(pytest.param(place, [*values], id=f"{place} all", marks=pytest.mark.more))
    return [*some, *all_of_them]
