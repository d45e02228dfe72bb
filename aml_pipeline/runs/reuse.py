"""Named parts of a step, then and now → must it run, and why. Pure; used by ``plan`` and ``run`` alike.

``Parts`` is JSON data by name of the part. Everything that can change a result is in a part, and every part can be
described in words, so the reason on the screen is a difference from the most similar result and never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aml_pipeline.core.files import digest_of
from aml_pipeline.runs import differences
from aml_pipeline.runs.differences import Parts

# Increased when the meaning of a part changes, so that old results do not count as new ones.
FORMAT = 1

Action = Literal["reuse", "run", "depends"]


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt of a step: its parts, and how it ended (``accepted``, ``failed``, …)."""

    parts: Parts
    outcome: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a step and why; ``depends``: it runs if what is being made upstream differs.

    ``changes`` are all differences; the reason contains the first of them and their number.
    """

    action: Action
    reason: str
    changes: tuple[str, ...] = field(default=(), compare=False)


UP_TO_DATE = Verdict("reuse", "up to date")


def key(parts: Parts) -> str:
    """Return the key of a result: a digest of every part."""
    return digest_of(text_of(parts))


def text_of(parts: Parts) -> bytes:
    """Return the text that ``key`` is the digest of."""
    text = json.dumps([FORMAT, parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogateescape")


def verdict(  # noqa: PLR0913 - all that a verdict rests on
    now: Parts,
    last: Last | None,
    *,
    accepted: bool,
    damage: str = "",
    forced: str = "",
    pending: Mapping[str, bool] | None = None,
    kept: Sequence[Parts] = (),
) -> Verdict:
    """Return whether a step with the parts ``now`` runs.

    ``accepted``: a valid result with these parts is in the store. ``damage``: what happened to a result that was there
    ("output images was edited"). ``forced``: why it runs in any case. ``pending``: the upstream steps without a result
    so far, and whether each certainly runs; their outputs are None under ``inputs`` and ``after``. ``kept``: the parts
    of the results in the store, one of which may match once those are known; the reason is the difference from the most
    similar of them and the last attempt.
    """
    if forced:
        return Verdict("run", forced)
    done = [*kept, *([last.parts] if last and last.outcome not in _OUTCOMES else [])]
    waiting = _waiting(now, pending or {}, done)
    if waiting is None:
        if accepted:
            return UP_TO_DATE
        return Verdict("run", damage) if damage else _because_of(now, last, kept)
    if all(differences.changes(earlier, now) for earlier in done):
        return _because_of(now, last, kept)
    return waiting


def _waiting(now: Parts, pending: Mapping[str, bool], done: Sequence[Parts]) -> Verdict | None:
    """Return the verdict of a step whose upstream runs first, or None if every part is known."""
    for name, value in now["after"].items():
        if value is None and pending.get(name):
            ran_before = any(name in earlier.get("after", ()) for earlier in done)
            return Verdict("run", f"step {name} runs{' again' if ran_before else ''}")
    for name, value in now["inputs"].items():
        if value is None:
            return Verdict("depends", f"runs if input {name} changes")
    for name, value in now["after"].items():
        if value is None:
            return Verdict("depends", f"runs if step {name} runs")
    return None


def _because_of(now: Parts, last: Last | None, kept: Sequence[Parts]) -> Verdict:
    earlier = [*([last.parts] if last else []), *kept]
    if not earlier:
        return Verdict("run", "never ran")
    nearest = min(
        earlier, key=lambda one: len(differences.changes(one, now))
    )  # of several, the first: the last attempt
    changed = differences.changes(nearest, now)
    reason = differences.summary(changed) or _OUTCOMES.get(last.outcome if last else "", "result is gone")
    return Verdict("run", reason, tuple(changed))


_OUTCOMES = {
    "failed": "last attempt failed",
    "interrupted": "last attempt was interrupted",
    "running": "last attempt was interrupted",
}
