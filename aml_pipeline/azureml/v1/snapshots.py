"""The folder that a step's files are uploaded from: the bytes that local runs use, and nothing else."""

from __future__ import annotations

import os

from aml_pipeline.core import files, removal
from aml_pipeline.core.errors import MachineError
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.snapshot import Snapshot


def folder(snapshots: str, step: Snapshot) -> str:
    """Return a folder in ``snapshots`` that holds the files of ``step``, made unless it is there.

    It lies in the project's repository, so that the SDK finds the commit. Raises MachineError when the files change
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
                f"{changed[0]} changes while it is copied. Wait until its writer is done, and try again."
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
    except OSError:  # another process was first, with the same bytes
        if not os.path.isdir(place):
            raise
