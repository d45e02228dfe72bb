"""The folder from which a step's files are uploaded: exactly the files that local runs use."""

from __future__ import annotations

import os

from aml_pipeline.core import files, removal
from aml_pipeline.core.errors import MachineError
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.snapshot import Snapshot


def folder(snapshots: str, step: Snapshot) -> str:
    """Return a folder in ``snapshots`` with the files of ``step``, created if missing.

    It is in the project's repository, so that the SDK finds the commit. Raises MachineError when the files change
    while they are copied.
    """
    key = files.digest_of("\n".join(f"{name}\0{digest}" for name, digest in step.digests.items()).encode())
    place = os.path.join(snapshots, key[:32])
    if files.is_folder(place):
        return place
    os.makedirs(snapshots, exist_ok=True)
    ignore = os.path.join(snapshots, ".gitignore")
    if not os.path.exists(ignore):  # without it the SDK records the repository as changed
        files.write(ignore, b"*\n")
    unfinished = f"{place}.{os.getpid()}"
    _remove(unfinished)
    try:
        changed = snapshot.write(step, unfinished)
        if changed:
            raise MachineError(
                f"{changed[0]} changed while it was being copied. Try again when it is no longer being written."
            )
        files.write(os.path.join(unfinished, ".amlignore"), snapshot.KEEP_ALL)
        _put(unfinished, place)
    finally:
        _remove(unfinished)
    return place


def _remove(unfinished: str) -> None:
    if refused := removal.remove(unfinished):
        raise MachineError(removal.in_words(refused))


def _put(unfinished: str, place: str) -> None:
    try:
        os.rename(unfinished, place)
    except OSError:  # another process was faster, with the same bytes
        if not os.path.isdir(place):
            raise
