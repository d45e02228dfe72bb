"""Models that steps wrote, as numbered versions that outlive the results they come from.

    models/NAME/VERSION          a copy of the output: a folder or a file
    models/NAME/about.VERSION    what it is and where it comes from: written last, sealed

A folder that no ``about`` describes does not count. A step that ran makes a new version if its model differs from the
latest one; a result that is reused makes one only if its model is not there at all, as after a killed run.
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
from aml_pipeline.pipeline.plan.model import RegisteredModel

FOLDER = "models"
_ABOUT, _NEW = "about.", "new"


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


def versions(state: str) -> list[Version]:
    """Return all versions of all models in ``state``, the folder of a pipeline."""
    return [version for name in files.names(os.path.join(state, FOLDER)) for version in _versions(state, name)]


def _versions(state: str, name: str) -> list[Version]:
    numbers = (_number(entry) for entry in files.names(os.path.join(state, FOLDER, name)) if entry.startswith(_ABOUT))
    known = (_version(state, name, number) for number in sorted(set(numbers)))
    return [version for version in known if version]


def _number(entry: str) -> int:
    text = entry.removeprefix(_ABOUT)
    return int(text) if text.isdecimal() else 0


def about(state: str, name: str, number: int) -> str:
    """Return the path of the file about a version."""
    return os.path.join(state, FOLDER, name, f"{_ABOUT}{number}")


def _version(state: str, name: str, number: int) -> Version | None:
    """Return a version; None if it was deleted, or if the file about it is damaged or of another model."""
    data = files.read_sealed(about(state, name, number))
    place = os.path.join(state, FOLDER, name, str(number))
    if not isinstance(data, dict) or (data.get("name"), data.get("number")) != (name, number):
        return None
    return Version(**{**data, "place": place, "tree": Tree(*data["tree"])}) if files.look(place) else None


def register(  # noqa: PLR0913 - what is registered, and why now
    state: str, model: RegisteredModel, result: Result, output: str, *, ran: bool, durable: bool = False
) -> Version:
    """Return the version with an output of ``result``, added if there is none; ``ran``: the step ran just now."""
    known = _versions(state, model.name)
    candidates = known[-1:] if ran else reversed(known)
    same = (version for version in candidates if version.content == result.contents[output].digest)
    return next(same, None) or _added(state, model, result, output, durable=durable)


def _added(state: str, model: RegisteredModel, result: Result, output: str, *, durable: bool) -> Version:
    folder = os.path.join(state, FOLDER, model.name)
    os.makedirs(folder, exist_ok=True)
    number = 1 + max(map(_number, files.names(folder)), default=0)
    place = os.path.join(folder, str(number))
    version = Version(
        name=model.name,
        number=number,
        place=place,
        type=model.type,
        registered=time.time(),
        step=result.step,
        output=output,
        run=str(result.facts.get("run") or ""),
        metrics=dict(result.facts.get("metrics") or {}),
        content=result.contents[output].digest,
        tree=_copied(result.outputs[output], os.path.join(folder, _NEW)),
    )
    os.rename(os.path.join(folder, _NEW), place)
    if durable:
        durability.settle(place, os.path.dirname(state))
    row = {field.name: getattr(version, field.name) for field in fields(Version) if field.name != "place"}
    files.write_sealed(about(state, model.name, number), row, durable=durable)
    return version


def _copied(source: str, target: str) -> Tree:
    """Copy a folder or a file, and return what was copied; what links lead to is copied too, as it is digested."""
    if refused := removal.remove(target):  # left by a killed run
        raise MachineError(removal.in_words(refused))
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
