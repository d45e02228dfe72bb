"""Named parts of a step, then and now → must it run, and why. Pure; serves ``plan`` and ``run`` alike.

``Parts`` is JSON data by name of the part. Whatever can change a result is in a part, and every part can be told in
words, so the reason on the screen is the first difference and never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aml_pipeline.files import digest_of

# Raised when the meaning of a part changes, so that old results are not taken for new ones.
FORMAT = 1

Parts = Mapping[str, Any]
Action = Literal["reuse", "run", "depends"]


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt of a step: its parts, and how it ended (``accepted``, ``failed``, …)."""

    parts: Parts
    outcome: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a step and why; ``depends``: it runs if what is being made upstream differs."""

    action: Action
    reason: str


UP_TO_DATE = Verdict("reuse", "up to date")


def key(parts: Parts) -> str:
    """Return the key of a result: a digest of every part."""
    return digest_of(
        json.dumps([FORMAT, parts], sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogateescape"
        )
    )


def verdict(  # noqa: PLR0913 - all that a verdict rests on
    now: Parts,
    last: Last | None,
    *,
    accepted: bool,
    damage: str = "",
    forced: str = "",
    pending: Mapping[str, bool] | None = None,
    kept: Iterable[Parts] = (),
) -> Verdict:
    """Return whether a step with the parts ``now`` runs.

    ``accepted``: a result with these parts is in the store and whole. ``damage``: what became of a result that was
    ("output images was edited"). ``forced``: why it runs in any case. ``pending``: the upstream steps that have no
    result yet, and whether each is sure to run; what they give is None under ``inputs`` and ``after``. ``kept``: the
    parts of the results in the store, one of which may fit once those are known.
    """
    if forced:
        return Verdict("run", forced)
    waiting = _waiting(now, pending or {})
    if waiting is None:
        if accepted:
            return UP_TO_DATE
        return Verdict("run", damage or _reason(now, last))
    known_difference = difference(last.parts, now) if last else "never ran"
    if known_difference and all(difference(one, now) for one in kept):
        return Verdict("run", known_difference)
    return waiting


def _waiting(now: Parts, pending: Mapping[str, bool]) -> Verdict | None:
    """Return the verdict of a step whose upstream runs first, or None when every part is known."""
    for name, value in now["after"].items():
        if value is None and pending.get(name):
            return Verdict("run", f"step {name} runs again")
    for name, value in now["inputs"].items():
        if value is None:
            return Verdict("depends", f"runs if input {_short(name)} changes")
    for name, value in now["after"].items():
        if value is None:
            return Verdict("depends", f"runs if step {name} runs")
    return None


def _reason(now: Parts, last: Last | None) -> str:
    if last is None:
        return "never ran"
    changed = difference(last.parts, now)
    if changed:
        return changed
    return _OUTCOMES.get(last.outcome, "result is gone")


_OUTCOMES = {
    "failed": "last attempt failed",
    "interrupted": "last attempt was interrupted",
    "running": "last attempt was interrupted",
}


def difference(then: Parts, now: Parts) -> str | None:
    """Return the first difference in words, or None; parts that are not known yet do not count."""
    for name, tell in _TELLERS.items():
        if then.get(name) != now.get(name):
            told = tell(then.get(name), now.get(name))
            if told:
                return told
    return None


def _short(name: str) -> str:
    """``prepare-data.images`` is the input ``images`` for a person."""
    return name.rpartition(".")[2]


def _changes(then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, old, new) of what differs between two mappings; None stands for absent."""
    old, new = then or {}, now or {}
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            yield name, old.get(name), new.get(name)


def _snapshot(then: Any, now: Any) -> str | None:  # noqa: ANN401 - JSON
    for name, old, new in _changes(then, now):
        return f"{name} {'is new' if old is None else 'is gone' if new is None else 'changed'}"
    return None


def _values(noun: str) -> Callable[[Any, Any], str | None]:
    def tell(then: Any, now: Any) -> str | None:  # noqa: ANN401 - JSON
        for name, old, new in _changes(then, now):
            if old is None or new is None:
                return f"{noun}{name} {'is new' if old is None else 'is gone'}"
            return f"{noun}{name} {_clipped(old)} → {_clipped(new)}"
        return None

    return tell


def _clipped(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004


def _content(noun: str) -> Callable[[Any, Any], str | None]:
    def tell(then: Any, now: Any) -> str | None:  # noqa: ANN401 - JSON
        for name, old, new in _changes(then, now):
            if new is None and name in (now or {}):
                continue  # not known yet
            return f"{noun} {_short(name)} {_became(old, new)}"
        return None

    return tell


ABSENT = "absent"


def _became(old: object, new: object) -> str:
    if old in {None, ABSENT}:
        return "is new"
    return "is gone" if new in {None, ABSENT} else "changed"


def _after(then: Any, now: Any) -> str | None:  # noqa: ANN401 - JSON
    for name, _, new in _changes(then, now):
        if new is None and name in (now or {}):
            continue
        in_both = name in (now or {}) and name in (then or {})
        return f"step {name} ran again" if in_both else f"order after {name} changed"
    return None


def _says(text: str) -> Callable[[Any, Any], str]:
    return lambda _then, _now: text


_TELLERS: dict[str, Callable[[Any, Any], str | None]] = {
    "script": lambda then, now: f"script {then} → {now}",
    "snapshot": _snapshot,
    "parameters": _values("parameter "),
    "arguments": _says("arguments changed"),
    "datasets": _content("dataset"),
    "inputs": _content("input"),
    "after": _after,
    "environment": _says("the environment's definition changed"),
    "environment_variables": _values("variable "),
    "interpreter": _values("Python's "),
    "packages": _values(""),
}
PART_NAMES = tuple(_TELLERS)
