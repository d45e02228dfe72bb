"""Flushing to disk: files and folders survive a power cut before anything refers to them.

A disk may write a file and its name in either order. So the target is flushed (fsync) before what leads to it: first
the bytes of a file, then the folder that lists it, then the parent folder.
"""

from __future__ import annotations

import os

from aml_pipeline.core import files


def settle(place: str, top: str) -> None:
    """Return when everything at or below ``place`` is on disk, and the path to it from the folder ``top``.

    Symbolic links are not followed: their targets are outside and not ours.
    """
    if os.path.isfile(place):
        files.flush(place)
    for folder, _, names in os.walk(place, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                files.flush(path)
        files.flush(folder)
    settle_way(place, top)


def settle_way(place: str, top: str) -> None:
    """Return when the folders from ``top`` to ``place`` are on disk."""
    while place != top and place != os.path.dirname(place):
        place = os.path.dirname(place)
        files.flush(place)
