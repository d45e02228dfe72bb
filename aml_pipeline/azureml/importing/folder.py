"""The folder of an imported project: written beside its final place, proven, and renamed."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from aml_pipeline.azureml.importing import document, readme
from aml_pipeline.azureml.importing.draft import Draft, Loss
from aml_pipeline.core import durability, files, replacing
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.core.wording import shortened
from aml_pipeline.pipeline.spec.schema import json_schema

PIPELINE = "pipeline.yaml"
_README = "README.md"
_STATE = ".aml_pipeline"
_IGNORE = b".aml_pipeline/\n.venv/\n__pycache__/\n"
# What is never written: it would change how git, aml-pipeline or Azure ML work in this folder.
_NEVER = (".git", _STATE, ".azureml/config.json")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SHOWN = 3

Fetch = Callable[[Mapping[str, str], str], "list[Loss]"]
Prove = Callable[[str], "list[str] | None"]


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported project. ``differences`` from the original are lines; None if nothing could be compared."""

    folder: str
    draft: Draft
    differences: list[str] | None


def write(draft: Draft, folder: str, fetch: Fetch, prove: Prove, *, force: bool = False) -> Imported:
    """Write ``draft`` as a project into ``folder``, which is complete after this, or as it was before.

    ``fetch`` writes the code of the steps below the folder that it is given, and returns what it left out; ``prove``
    returns how the project in the folder that it is given differs from the original. Other files in ``folder`` stay
    with ``force``, and without it raise UsageError. Raises MachineError when the disk is full.
    """
    place = os.path.realpath(folder)
    others = _others(place, folder, force=force)
    for name in (*draft.code, *draft.files):
        _refuse_place(name)
    try:
        with replacing.beside(place) as made:
            draft = replace(draft, losses=(*draft.losses, *fetch(draft.code, made)))
            for name, data in _texts(draft).items():
                _write(made, name, data)
            for name in others:
                replacing.keep(name, place, made, "the import")
            differences = _proven(prove, made, keep_state=any(name.startswith(_STATE) for name in others))
            page = readme.text(draft, differences, dt.datetime.now(dt.timezone.utc))
            _write(made, _README, page.encode("utf-8", "replace"))
            durability.settle(made, os.path.dirname(place))
        files.flush(os.path.dirname(place))
    except OSError as error:
        if error.errno in _FULL:
            raise MachineError("The disk is full, and nothing was imported. Free some space, and try again.") from error
        raise
    return Imported(folder, draft, differences)


def checked(draft: Draft, folder: str, prove: Prove) -> Imported:
    """Return how the project in ``folder`` differs from the original, and write nothing. Raises UsageError."""
    require_project(folder)
    place = os.path.abspath(folder)
    return Imported(folder, draft, _proven(prove, place, keep_state=os.path.lexists(os.path.join(place, _STATE))))


def require_project(folder: str) -> None:
    """Raise UsageError unless ``folder`` has a pipeline file."""
    if not files.is_file(os.path.join(folder, PIPELINE)):
        raise UsageError(f"{folder} has no {PIPELINE}. Name the folder of an import, or import without --check.")


def _texts(draft: Draft) -> dict[str, bytes]:
    """Return the files of the project by path, without its code and its README.md."""
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    own = {PIPELINE: document.text(draft).encode(), document.SCHEMA: schema.encode(), ".gitignore": _IGNORE}
    return {**own, **draft.files}


def _refuse_place(name: str) -> None:
    """Raise UsageError if a path is outside the project, or that of a file that is not for an import to write."""
    parts = name.split("/")
    outside = any(part in {"", ".", ".."} or "\\" in part or not part.isprintable() for part in parts)
    folded = name.casefold()
    if outside or ":" in parts[0] or any(folded == never or folded.startswith(f"{never}/") for never in _NEVER):
        raise UsageError(f'The import would write "{name}", which is not part of a project. Nothing was imported.')


def _others(place: str, folder: str, *, force: bool) -> list[str]:
    """Return the files that are in the folder. Raises UsageError if the folder cannot be written."""
    if not os.path.isdir(place):
        if os.path.lexists(place):
            raise UsageError(f"{folder} is not a folder. Name another one.")
        return []
    if os.path.commonpath([place, os.getcwd()]) == place:
        raise UsageError(f"{folder} contains the current folder, so it cannot be replaced. Name a new folder.")
    others = sorted(replacing.names(place))
    if others and not force:
        cure = "Name another folder, or use --force to replace files of the same names and keep the others."
        raise UsageError(f"{folder} is not empty: it has {shortened(others, _SHOWN)}. {cure}")
    return others


def _write(made: str, name: str, data: bytes) -> None:
    path = os.path.join(made, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    files.write(path, data)


def _proven(prove: Prove, made: str, *, keep_state: bool) -> list[str] | None:
    """Return the differences, without a trace of how they were found."""
    differences = prove(made)
    if not keep_state:
        shutil.rmtree(os.path.join(made, _STATE), ignore_errors=True)
    return differences
