"""What a run that was killed left running: found through the store, and ended."""

from __future__ import annotations

from collections.abc import Iterable

from aml_pipeline.local import descendants
from aml_pipeline.store import LastAttempt, Store


def end_all(store: Store, steps: Iterable[str]) -> None:
    """End what is left of the last attempts at ``steps``. The caller holds the lock, so no run is at work."""
    for name in steps:
        end(store.last(name))


def end(last: LastAttempt | None) -> None:
    """End what is left of a last attempt whose runner died."""
    if last and last.outcome == "running":
        descendants.end_survivors(last.attempt, last.pid, last.started)
