"""Models that steps wrote, as numbered versions that outlive the results they come from.

    models/NAME/VERSION          a copy of the output: a folder or a file
    models/NAME/about.VERSION    what it is and where it comes from: written last, sealed
    models/NAME/new.ID           a copy that is being made

A folder that no ``about`` describes does not count. A step that ran makes a new version if its model differs from the
latest one; a result that is reused makes one only if its model is not there at all, as after a killed run. An ``about``
without its folder says that the version was removed by hand.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from aml_pipeline.core import durability, files, folders, removal
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.core.errors import MachineError
from aml_pipeline.local.store import Result
from aml_pipeline.pipeline.plan.settings import RegisteredModel

FOLDER = "models"
_ABOUT, _NEW = "about.", "new."


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model, and the step, output and run that it comes from.

    ``place`` is its folder or file, ``content`` what it was copied from, ``tree`` what was copied.
    """

    name: str
    number: int
    place: str
    type: str
    registered: float
    step: str
    output: str
    run: str
    metrics: Mapping[str, Any]
    content: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Draft:
    """A version to be added: its model is copied already, to the folder or file ``copy``."""

    version: Version
    copy: str


def versions(state: str) -> list[Version]:
    """Return all versions of all models in ``state``, the folder of a pipeline."""
    described = (version for name in _models(state) for version in _described(state, name))
    return [version for version in described if files.look(version.place)]


def damaged(state: str) -> list[tuple[str, int]]:
    """Return the versions, by model and number, for which the file about them is damaged or of another version."""
    return [
        (name, number)
        for name in _models(state)
        for number in _numbers(state, name)
        if _version(state, name, number) is None
    ]


def leftovers(state: str) -> list[str]:
    """Return the paths of copies that no file describes, as a killed run leaves them."""
    paths = []
    for name in _models(state):
        numbers = set(map(str, _numbers(state, name)))
        for entry in files.names(os.path.join(state, FOLDER, name)):
            is_number = entry.isdecimal() and entry not in numbers
            if is_number or entry.startswith(_NEW) or (entry.startswith(_ABOUT) and entry.endswith(".tmp")):
                paths.append(os.path.join(state, FOLDER, name, entry))
    return paths


def _models(state: str) -> list[str]:
    return files.names(os.path.join(state, FOLDER))


def _numbers(state: str, name: str) -> list[int]:
    """Return the numbers of the versions of a model that have a file about them, intact or not."""
    entries = files.names(os.path.join(state, FOLDER, name))
    return sorted(filter(None, (_number(entry) for entry in entries if entry.startswith(_ABOUT))))


def _described(state: str, name: str) -> list[Version]:
    """Return the versions of a model that are described, also those whose folder was removed by hand."""
    known = (_version(state, name, number) for number in _numbers(state, name))
    return [version for version in known if version]


def _number(entry: str) -> int:
    text = entry.removeprefix(_ABOUT)
    return int(text) if text.isdecimal() else 0


def about(state: str, name: str, number: int) -> str:
    """Return the path of the file about a version."""
    return os.path.join(state, FOLDER, name, f"{_ABOUT}{number}")


def place(state: str, name: str, number: int) -> str:
    """Return the path of the folder or file of a version."""
    return os.path.join(state, FOLDER, name, str(number))


_FIELDS = frozenset(field.name for field in fields(Version)) - {"place"}


def _version(state: str, name: str, number: int) -> Version | None:
    """Return a version; None if the file about it is damaged or of another version."""
    data = files.read_sealed(about(state, name, number))
    if not isinstance(data, dict) or not data.keys() >= _FIELDS or (data["name"], data["number"]) != (name, number):
        return None
    known = {field: data[field] for field in _FIELDS}  # a later version of this program may write more
    return Version(**{**known, "place": place(state, name, number), "tree": Tree(*data["tree"])})


def will_register(state: str, model: RegisteredModel, result: Result, output: str, digests: Digests) -> bool:
    """Whether a run that reuses ``result`` adds a version with this output."""
    content = result.contents[output].digest
    return not _same(state, model.name, content, digests, ran=False) and not _was_removed(state, model.name, content)


def draft(  # noqa: PLR0913 - what is registered, and why now
    state: str,
    model: RegisteredModel,
    result: Result,
    output: str,
    digests: Digests,
    *,
    ran: bool,
    durable: bool = False,
) -> Draft | Version | None:
    """Return the version with an output of ``result``, or a draft of one if there is none; ``ran``: it ran just now.

    None if the version was removed by hand. Writes nothing that counts. Raises MachineError and OSError.
    """
    content = result.contents[output].digest
    same = _same(state, model.name, content, digests, ran=ran)
    if same or (not ran and _was_removed(state, model.name, content)):
        return same
    folder = _folder(state, model.name)
    names = files.names(folder)
    copy = os.path.join(folder, f"{_NEW}{os.urandom(4).hex()}")
    number = 1 + max(map(_number, names), default=0)
    version = Version(
        name=model.name,
        number=number,
        place=place(state, model.name, number),
        type=model.type,
        registered=time.time(),
        step=result.step,
        output=output,
        run=str(result.facts.get("run") or ""),
        metrics=dict(result.facts.get("metrics") or {}),
        content=content,
        tree=_copied(result.outputs[output], copy),
    )
    if durable:
        durability.settle(copy, os.path.dirname(state))
    return Draft(version, copy)


def add(state: str, draft: Draft, *, durable: bool = False) -> Version:
    """Add the version of a draft."""
    version = draft.version
    os.rename(draft.copy, version.place)
    if durable:
        durability.settle_way(version.place, os.path.dirname(state))
    row = {field: getattr(version, field) for field in sorted(_FIELDS)}
    files.write_sealed(about(state, version.name, version.number), row, durable=durable)
    return version


def _same(state: str, name: str, content: str, digests: Digests, *, ran: bool) -> Version | None:
    """Return the intact version with this content, if there is one; if its step ``ran``, only the latest counts."""
    present = [version for version in _described(state, name) if files.look(version.place)]
    for version in present[-1:] if ran else reversed(present):
        if version.content == content:
            tree = digests.tree(version.place)
            if tree and tree.digest == version.tree.digest:
                return version
    return None


def _was_removed(state: str, name: str, content: str) -> bool:
    removed = (version for version in _described(state, name) if not files.look(version.place))
    return any(version.content == content for version in removed)


def _folder(state: str, name: str) -> str:
    """Return the folder of a model, created and without copies that a killed run left."""
    folder = os.path.join(state, FOLDER, name)
    for path in (os.path.dirname(folder), folder):
        if os.path.lexists(path) and not os.path.isdir(path):
            what = f"Model {name} cannot be registered: {path} is not a folder"
            raise MachineError(f"{what}. Move it away; the next run registers the model.")
    os.makedirs(folder, exist_ok=True)
    for entry in files.names(folder):
        if entry.startswith(_NEW) and (refused := removal.remove(os.path.join(folder, entry))):
            raise MachineError(removal.in_words(refused))
    return folder


def _copied(source: str, target: str) -> Tree:
    """Copy a folder or a file, and return what was copied; what links lead to is copied too, as it is digested."""
    if os.path.isdir(source):
        os.mkdir(target)
        for name, entry in folders.walk(source):
            place = os.path.join(target, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if not name.endswith("/"):  # an empty folder
                shutil.copy2(entry.path, place)
    else:
        shutil.copy2(source, target)
    tree = Digests().tree(target)
    assert tree is not None  # noqa: S101 - it was just copied
    return tree
