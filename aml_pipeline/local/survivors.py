"""Finds and ends processes that a killed run left running."""

from __future__ import annotations

from collections.abc import Iterable

from aml_pipeline.local import descendants
from aml_pipeline.local.store import Store


def end_all(store: Store, steps: Iterable[str]) -> None:
    """End what is left of the last attempts at ``steps``. The caller holds the lock, so no run is in progress."""
    for name in steps:
        end(store, name)


def end(store: Store, step: str) -> None:
    """End what is left of the last attempt at a step, if its runner died."""
    last = store.last(step)
    if last and last.outcome == "running":
        folder = store.attempt_folder(step, last.attempt)
        descendants.end_survivors(last.attempt, last.pid, last.started, folder)
