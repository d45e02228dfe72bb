"""A folder that is complete or absent: written beside its final place and renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator

from aml_pipeline.core import paths
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.exchanging import exchange


@contextlib.contextmanager
def beside(place: str) -> Iterator[str]:
    """Yield a new folder beside ``place``, a real path; after the block, it has that place instead of what was there.

    Relative paths from it lead where they lead from ``place``. If the block raises, everything stays as it was.
    """
    above, name = os.path.split(place)
    os.makedirs(above, exist_ok=True)
    made = os.path.join(above, f".{name}.{secrets.token_hex(4)}")
    os.mkdir(made)
    try:
        yield made
        _swap(made, place, f"{made}.old")
    finally:
        for left in (made, f"{made}.old"):
            shutil.rmtree(left, ignore_errors=True)


def _swap(made: str, place: str, old: str) -> None:
    """Let ``made`` have ``place``, at once.

    A file system that cannot exchange folders needs two renames; killed between them, both are intact beside ``place``.
    """
    if not os.path.isdir(place):
        os.rename(made, place)
        return
    if exchange(made, place):
        return
    os.rename(place, old)
    try:
        os.rename(made, place)
    except BaseException:
        os.rename(old, place)
        raise


def names(folder: str) -> Iterator[str]:
    """Yield the files in ``folder``, by relative path; a link counts as a file."""
    for place, folders, plain in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        yield from (paths.relative(os.path.join(place, name), folder) for name in [*plain, *links])


def keep(name: str, place: str, made: str, what: str) -> None:
    """Copy the file ``name`` of ``place`` into ``made``, unless that has a file of this name.

    Raises UsageError if its folder is a file there; ``what`` ("the export") is what has that file.
    """
    target = os.path.join(made, name)
    if os.path.lexists(target):
        return
    folder = os.path.dirname(name)
    while not os.path.lexists(os.path.join(made, folder)):
        folder = os.path.dirname(folder)
    if not os.path.isdir(os.path.join(made, folder)):
        there = f"{os.path.join(place, folder)} is a folder with other files"
        raise UsageError(f"{there}, but {what} has a file of that name. Move the folder away.")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(os.path.join(place, name), target, follow_symlinks=False)
