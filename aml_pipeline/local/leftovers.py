"""The files that a step created or changed in its working folder, which is removed afterwards, or in its inputs.

A file is new if its time is later than that of a folder that was created just before the process started, both by the
file system's own clock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aml_pipeline.core import folders
from aml_pipeline.core.wording import counted, listed, printable, size_in_words

# The folders that Azure ML creates in the working folder of a run, and keeps.
KEPT = ("outputs", "logs")
# What interpreters and libraries write by themselves; hidden files and folders count as such too.
_CACHES = frozenset({"__pycache__", "catboost_info"})
_MOST_NAMED = 3


class Leftover(NamedTuple):
    """A file by its path relative to its folder."""

    name: str
    bytes: int


def leftovers(folder: str, copied: Mapping[str, str], since_ns: int, digest: Callable[[str], str]) -> list[Leftover]:
    """Return the files of a working folder that its process created or changed, largest first.

    ``copied`` are the earlier files with their digests. ``KEPT`` folders, caches and links do not count.
    """

    def counts(name: str, entry: os.DirEntry[str]) -> bool:
        if name not in copied:
            return True
        return _is_newer(entry, since_ns) and digest(entry.path) != copied[name].removesuffix("+x")

    return _largest_first(_files(folder, "", counts, KEPT))


def kept(folder: str) -> list[Leftover]:
    """Return the files in ``outputs/`` and ``logs/`` of a working folder."""
    return _largest_first(
        leftover for name in KEPT for leftover in _files(os.path.join(folder, name), f"{name}/", lambda *_: True)
    )


def changed(place: str, since_ns: int) -> list[Leftover]:
    """Return the files at or below ``place`` that were created or changed since."""
    if not os.path.isdir(place):
        return [Leftover(os.path.basename(place), os.path.getsize(place))] if os.path.exists(place) else []
    return _largest_first(_files(place, "", lambda _, entry: _is_newer(entry, since_ns)))


def _files(
    folder: str, prefix: str, counts: Callable[[str, os.DirEntry[str]], bool], skipped: Sequence[str] = ()
) -> Iterator[Leftover]:
    for entry in _entries(folder):
        name = prefix + entry.name
        if entry.name.startswith(".") or entry.name in _CACHES or name in skipped or entry.name.endswith(".pyc"):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{name}/", counts)
        elif entry.is_file(follow_symlinks=False) and counts(name, entry):
            yield Leftover(name, entry.stat().st_size)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder; none if it is missing or unreadable."""
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError:
        return []


def _is_newer(entry: os.DirEntry[str], since_ns: int) -> bool:
    status = entry.stat(follow_symlinks=False)
    return max(status.st_mtime_ns, status.st_ctime_ns) > since_ns


def _largest_first(found: Iterator[Leftover]) -> list[Leftover]:
    return sorted(found, key=lambda file: (-file.bytes, file.name))


def in_words(found: Sequence[Leftover]) -> str:
    """Return the largest files with their sizes, and how many more there are."""
    named = [f"{printable(file.name)} ({size_in_words(file.bytes)})" for file in found[:_MOST_NAMED]]
    more = len(found) - len(named)
    return listed([*named, *([counted(more, "more file")] if more else [])])


def is_empty(folder: str) -> bool:
    """Whether a folder contains no file, however many folders it contains."""
    try:
        return all(name.endswith("/") for name, _ in folders.walk(folder))
    except folders.RepeatedLinksError:
        return False  # accepting it will fail, with a message
