"""Rereads the whole state of a pipeline → what is damaged, and what to do.

File metadata and cached digests do not count here: a disk that loses bytes does not change metadata. Nothing is written
and no lock is taken. A run in progress adds to the state, but does not change what was accepted; what `clean` or a run
removes meanwhile is not reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aml_pipeline.core import files, folders, memo
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.wording import counted, printable, shortened
from aml_pipeline.local import models
from aml_pipeline.local.models import Version
from aml_pipeline.local.store import LastAttempt, Store, beside, content_place
from aml_pipeline.project.environment.steps_python import CACHE
from aml_pipeline.runs import locks, record
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord

_MADE_AGAIN = "The next run that needs it will recreate it."
_WRITTEN_ANEW = "It counts as missing and will be recreated: no action is needed."
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """A damage: message and cure."""

    message: str
    cure: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something to verify: its kind, for counting, its name, its size in bytes if known, and the work."""

    kind: str
    name: str
    bytes: int
    findings: Callable[[], list[Finding]]


def items(state: str, answers: str) -> Iterator[Item]:
    """Yield everything to verify in ``state``, the folder of a pipeline, and in the cached ``answers``."""
    store = Store(state, Digests())
    for step in store.steps():
        for key in store.keys(step):
            size = sum(tree.bytes for tree in _trees(_manifest(store, step, key) or {}).values())
            yield Item("result", f"{step} {key[:12]}", size, partial(_of_result, store, step, key))
        yield Item("step", step, 0, partial(_of_step, store, step))
    for version in models.versions(state):
        name = f"{version.name}:{version.number}"
        yield Item("model version", name, version.tree.bytes, partial(_of_model, state, version))
    for name, number in models.damaged(state):
        yield Item("model version", f"{name}:{number}", 0, partial(_of_about, state, name, number))
    for run in record.records(os.path.join(state, "runs")):
        yield Item("run record", run.id, 0, partial(_of_record, state, run))
    kept = Contents(state)
    for name in kept.names():
        yield Item("code text", name, 0, partial(_of_text, kept, name))
    yield Item("cache", "", 0, partial(_of_caches, state, answers))


def _trees(manifest: Mapping[str, Any]) -> dict[str, Tree]:
    return {name: Tree(*tree) for name, tree in manifest.get("contents", {}).items()}


def _manifest(store: Store, step: str, key: str) -> Mapping[str, Any] | None:
    try:
        return store.manifest(step, key)
    except OSError:  # it is a folder, or may not be read
        return None


def _of_result(store: Store, step: str, key: str) -> list[Finding]:
    place = store.manifest_place(step, key)
    manifest = _manifest(store, step, key)
    if manifest is None:
        message = f"{step}: the manifest of result {key[:12]} is damaged or belongs to another result: {_shown(place)}."
        cure = f"The result counts as missing. {_remove(place)}; the next run that needs it will recreate it."
        return [Finding(message, cure)] if os.path.lexists(place) else []
    look = files.look(place)
    since = look.mtime_ns if look else 0
    faults = [
        (f"output {name} of result {key[:12]}{_origin(store, step, key, manifest)} {fault}")
        for name in _trees(manifest)
        if (fault := _output_fault(store, step, manifest, name, since))
    ]
    if not faults or _manifest(store, step, key) != manifest:  # it was removed or recreated meanwhile
        return []
    cure = _MADE_AGAIN
    if _is_believed(store, step, key):
        cure = f"A run would not notice this. {_remove(place)}; the next run that needs the result will recreate it."
    return [Finding(f"{step}: {text}", cure) for text in faults]


def _shown(place: str) -> str:
    return os.path.relpath(place)  # from the current folder


def _remove(place: str) -> str:
    return f"Remove {_shown(place)}"


def _origin(store: Store, step: str, key: str, manifest: Mapping[str, Any]) -> str:
    last = _last(store, step)
    words = ["in use"] if last and last.accepted == key else []
    words += [f"from run {manifest['facts']['run']}"] if manifest["facts"].get("run") else []
    return f" ({', '.join(words)})" if words else ""


def _last(store: Store, step: str) -> LastAttempt | None:
    try:
        return store.last(step)
    except OSError:
        return None


def _is_believed(store: Store, step: str, key: str) -> bool:
    """Whether a run would consider the result intact, by the cached digests of files with unchanged metadata."""
    try:
        return Store(store.folder, Digests(os.path.join(store.folder, "digests"))).result(step, key)[0] is not None
    except (OSError, MachineError):
        return False


def _output_fault(store: Store, step: str, manifest: Mapping[str, Any], name: str, since_ns: int) -> str:
    tree = _trees(manifest)[name]
    place = store.output(step, str(manifest["attempt"]), name, manifest["parts"])
    is_file = name in manifest["parts"].get("files", ())
    fault = _fault(content_place(place, tree, is_file=is_file), tree, since_ns)
    others = beside(place) if is_file and not fault else []
    return f"is a file, but {printable(others[0])} was written beside it." if others else fault


def _fault(place: str, tree: Tree, since_ns: int) -> str:
    """Return what happened to an output that was accepted as ``tree`` at the time ``since_ns``; "" if it is intact."""
    try:
        now = Digests().tree(place)
    except MachineError as error:
        return f"cannot be read. {error}"
    except OSError as error:
        return f"cannot be read ({error.strerror}: {error.filename})."
    if now is None:
        return "was deleted."
    return "" if now.digest == tree.digest else _difference(place, tree, now, since_ns)


def _difference(place: str, then: Tree, now: Tree, since_ns: int) -> str:
    """Describe a difference by the times of files, since digests of single files are not stored."""
    newer = list(_newer(place, since_ns))
    if newer:
        return f"was edited after it was accepted: {shortened(newer, _MOST_NAMED)}."
    if now.files != then.files:
        lost = then.files - now.files
        words = ("has lost", lost, "since it was") if lost > 0 else ("contains", -lost, "more than were")
        return f"{words[0]} {counted(words[1], 'file')} {words[2]} accepted."
    why = "the disk or a power cut lost data, or a file was replaced by an older one"
    return f"has different content than was accepted, although no file is newer: {why}."


def _newer(place: str, since_ns: int) -> Iterator[str]:
    """Yield the files written since; ctime does not count, because a copy gets a new one."""
    if files.is_file(place):
        rows = [(os.path.basename(place), place)]
    else:
        rows = [(name, entry.path) for name, entry in folders.walk(place) if not name.endswith("/")]
    for name, path in rows:
        look = files.look(path)
        if look and look.mtime_ns > since_ns:
            yield printable(name)


def _of_model(state: str, version: Version) -> list[Finding]:
    since = files.look(models.about(state, version.name, version.number))
    fault = _fault(version.place, version.tree, since.mtime_ns if since else 0)
    cure = f"Remove {_shown(version.place)} unless that is intended: no run will restore it."
    return [Finding(f"version {version.number} of model {version.name} {fault}", cure)] if fault else []


def _of_about(state: str, name: str, number: int) -> list[Finding]:
    place = models.about(state, name, number)
    what = f"the file about version {number} of model {name} is damaged or belongs to another version"
    cure = f"The version does not count. Copy {_shown(models.place(state, name, number))} elsewhere if you need it"
    return [Finding(f"{what}: {_shown(place)}.", f"{cure}. {_remove(place)}, then `aml-pipeline clean`.")]


def _of_step(store: Store, step: str) -> list[Finding]:
    place = store.last_place(step)
    last = _last(store, step)
    if last is None:
        message = f"{step}: the file about its last attempt is damaged or belongs to another step: {_shown(place)}."
        cure = "The next run finds its results by their keys. Run before you clean: until then, no result is in use."
        return [Finding(message, cure)] if os.path.lexists(place) else []
    if last.accepted and not os.path.lexists(store.manifest_place(step, last.accepted)):
        return [Finding(f"{step}: result {last.accepted[:12]}, which is in use, is missing.", _MADE_AGAIN)]
    manifest = (_manifest(store, step, last.accepted) if last.accepted else None) or {}
    outputs = {name: store.output(step, str(manifest["attempt"]), name, manifest["parts"]) for name in _trees(manifest)}
    return [finding for name, place in outputs.items() for finding in _of_link(store.link(step, name), place)]


def _of_link(link: str, place: str) -> list[Finding]:
    """Return what is wrong with a link for people; a link to an earlier result is left by a killed run and is fine."""
    if os.path.lexists(link) and not os.path.islink(link):
        return [
            Finding(f"{_shown(link)} is not a link to an output.", "Move it away; the next run will recreate the link.")
        ]
    if os.path.exists(place) and not os.path.exists(link):
        return [Finding(f"{_shown(link)} does not point to the output.", "The next run will fix it.")]
    return []


def _of_record(state: str, run: RunRecord) -> list[Finding]:
    if not os.path.lexists(os.path.join(run.folder, "run.json")) and locks.is_locked(state):
        return []  # it is being written
    where = f"run {run.id}"
    return [
        Finding(f"{where}: {name} is damaged or belongs to another run.", _CURES.get(name, _LOST))
        for name in run.damaged()
        if os.path.isdir(run.folder)
    ]


_LOST = "Its content cannot be restored; the rest of the record is still usable."
_CURES = {"short.json": "Remove it: run.json is read instead, and nothing is lost."}


def _of_text(kept: Contents, name: str) -> list[Finding]:
    place = kept.place(name)
    if kept.read(name) is not None or not os.path.lexists(place):
        return []
    cure = f"It counts as not recorded. {_remove(place)}; a run of the same code will store it again."
    return [Finding(f"a stored code text does not match its name: {_shown(place)}.", cure)]


def _of_caches(state: str, answers: str) -> list[Finding]:
    folder = os.path.dirname(answers)
    asked = [name for name in files.names(folder) if name.startswith(CACHE) and not name.endswith(".tmp")]
    sealed = [os.path.join(state, "digests"), *(os.path.join(folder, name) for name in asked)]
    wrong = [place for place in sealed if os.path.lexists(place) and not _is_whole(place)]
    kept = [os.path.join(answers, name) for name in files.names(answers) if not name.endswith(".tmp")]
    wrong += [place for place in kept if not memo.is_whole(place)]
    locked = [os.path.join(state, name) for name in (locks.LOCK, locks.RECORDING)]
    odd = [place for place in locked if os.path.lexists(place) and not files.is_file(place)]
    return [
        *(Finding(f"a cache is damaged: {_shown(place)}.", _WRITTEN_ANEW) for place in wrong),
        *(
            Finding(f"a lock is not a regular file: {_shown(place)}.", "Move it away while no run is in progress.")
            for place in odd
        ),
    ]


def _is_whole(place: str) -> bool:
    try:
        return files.read_sealed(place) is not None
    except OSError:
        return False
