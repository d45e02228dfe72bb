"""Finds and ends processes that a killed run left running."""

from __future__ import annotations

from aml_pipeline.local import descendants
from aml_pipeline.local.store import Store


def end_all(store: Store) -> None:
    """End what is left of the last attempts whose runner died. The caller holds the lock, so no run is in progress."""
    for step in store.steps():
        for attempt, pid, started in store.survivors(step):
            descendants.end_survivors(attempt, pid, started, store.attempt_folder(step, attempt))
