"""What a power cut does not take: files and folders that the disk holds before anything names them.

Writing a file and naming it are two things to a disk, which may do the second first. What has to be there is flushed
(fsync) before what leads to it: the bytes of a file, then the folder that lists it, then the folder above.
"""

from __future__ import annotations

import os

from aml_pipeline.core import files


def settle(place: str, top: str) -> None:
    """Return when the disk holds all that lies at or below ``place``, and its way from the folder ``top``.

    Links are no way to more: what they lead to outside is not ours.
    """
    for folder, _, names in os.walk(place, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                files.flush(path)
        files.flush(folder)
    settle_way(place, top)


def settle_way(place: str, top: str) -> None:
    """Return when the disk holds the folders that lead from ``top`` to ``place``."""
    while place != top and place != os.path.dirname(place):
        place = os.path.dirname(place)
        files.flush(place)
