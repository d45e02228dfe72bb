"""Lists what can be removed from the state of a pipeline, with sizes, and removes it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aml_pipeline.core import files, removal
from aml_pipeline.core.removal import Refusal
from aml_pipeline.local.store import ATTEMPT, DEBUG, RESULT, WORKING_COPY, Store

VARIANT = "removed variant"
_KINDS = {ATTEMPT: "attempt without a result", DEBUG: "output of --debug"}


@dataclass(frozen=True, slots=True)
class Removable:
    """Its kind (``result``, ``working copy``, …), its size in bytes, and its paths, the largest first."""

    kind: str
    bytes: int
    places: tuple[str, ...]

    def remove(self) -> list[Refusal]:
        """Remove it, a manifest first, and its files only if that works; return what cannot be removed."""
        for place in reversed(self.places):
            refused = removal.remove(place)
            if refused:
                return refused
        return []


def removable(kind: str, *places: str) -> Removable:
    """Return something to remove, with its size."""
    return Removable(kind, sum(map(_size, places)), places)


def _size(path: str) -> int:
    """Return the size of the files at or below ``path``; links are not followed."""
    if os.path.islink(path) or not os.path.isdir(path):
        return os.lstat(path).st_size
    return sum(os.lstat(os.path.join(top, name)).st_size for top, _, names in os.walk(path) for name in names)


def makers(store: Store, removed: Collection[str] = ()) -> dict[str, str]:
    """Return, for each step with a result in use, the run that produced it, "" if unknown; without ``removed`` ones."""
    manifests = {step: _in_use(store, step)[1] for step in store.steps() if step not in removed}
    return {step: str(data["facts"].get("run", "")) for step, data in manifests.items() if data}


def removed_variants(store: Store, steps: Collection[str]) -> list[str]:
    """Return the variants that have a result and are not among ``steps``, those of the file."""
    others = (step for step in store.steps() if step not in steps)
    return [step for step in others if "declared" in _in_use(store, step)[1].get("facts", {})]


def unused(store: Store, removed: Collection[str] = ()) -> list[Removable]:
    """Return all results except the newest one in use of each step, and all those of ``removed`` steps."""
    results = [removable for step in store.steps() if step not in removed for removable in _unused(store, step)]
    places = ([_place(store, step), os.path.dirname(store.link(step, ""))] for step in removed)
    return results + [removable(VARIANT, *filter(os.path.lexists, own)) for own in places]


def _in_use(store: Store, step: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name and manifest of the newest result in use of a step, intact or edited by hand."""
    last = store.last(step)
    data = store.manifest(step, last.accepted) if last and last.accepted else None
    return (f"{RESULT}{last.accepted}", data) if last and data else ("", {})


def _unused(store: Store, step: str) -> Iterator[Removable]:
    names = files.names(_place(store, step))
    result, data = _in_use(store, step)
    attempt = f"{ATTEMPT}{data.get('attempt')}"
    known = {"last", result, attempt}
    for name in names:
        if name.startswith(RESULT) and name not in known:
            manifest = store.manifest(step, name.removeprefix(RESULT))
            made = f"{ATTEMPT}{manifest['attempt']}" if manifest else ""
            yield _removable(store, "result", step, *({made}.intersection(names) - known), name)
            known |= {name, made}
    for name in names:
        if name not in known:
            yield _removable(store, _KINDS.get(name.partition(".")[0] + ".", "leftover"), step, name)
    copy = os.path.join(attempt, WORKING_COPY)  # left by a killed run
    if os.path.lexists(_place(store, step, copy)):
        yield _removable(store, "working copy", step, copy)


def _removable(store: Store, kind: str, step: str, *names: str) -> Removable:
    return removable(kind, *(_place(store, step, name) for name in names))


def _place(store: Store, step: str, *names: str) -> str:
    return os.path.join(store.folder, "steps", step, *names)
