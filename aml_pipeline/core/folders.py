"""Walks all files below a folder; follows links, but not endlessly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.files import look


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circular link
        return False


Skip = Callable[[str, "os.DirEntry[str]"], bool]
# How much links may lead to repeatedly: this many files and folders, or this multiple of what is reached otherwise.
_MOST_REPEATED = 100_000
_MOST_TIMES = 10


class RepeatedLinksError(MachineError):
    """Links in a folder lead to the same folders over and over; ``name`` is one of the paths, relative to it."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        super().__init__(
            f"Symbolic links in {folder} lead to the same folders over and over ({name}). Remove these links."
        )


@dataclass(slots=True)
class _Level:
    """A folder that is being walked; ``linked``: reached through a link; ``inside``: something below it was yielded."""

    prefix: str
    entry: os.DirEntry[str] | None
    entries: Iterator[os.DirEntry[str]]
    identity: tuple[int, int] | None = None
    linked: bool = False
    inside: bool = False


class _Repeats:
    """Counts what links lead to repeatedly, so that a walk ends: n folders that link to each other have n! paths."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._linked: set[tuple[int, int]] = set()
        self._once = self._again = 0

    def count(self, level: _Level, entries: int) -> None:
        """Raise RepeatedLinksError if what is reached repeatedly is out of proportion to what is reached once."""
        if not level.linked or level.identity is None or level.identity not in self._linked:
            self._once += entries
            if level.linked and level.identity:
                self._linked.add(level.identity)
            return
        self._again += entries + 1
        if self._again > max(_MOST_REPEATED, _MOST_TIMES * self._once):
            raise RepeatedLinksError(self._folder, level.prefix.rstrip("/"))


def walk(folder: str, skip: Skip = lambda _name, _entry: False) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield each file below ``folder`` as (relative path, entry), and each empty folder as ``path/``.

    Symbolic links are followed, as Azure ML's upload does: a file with two paths is yielded twice. A folder that
    contains itself is entered once; if links multiply beyond that, RepeatedLinksError is raised. Names for which
    ``skip`` is true (a folder's ends in ``/``) are omitted, and a skipped folder is not even read.
    """
    repeats = _Repeats(folder)
    levels = [_Level("", None, iter(()))]
    levels[0].entries = _listing(folder, levels[0], repeats)
    above: set[tuple[int, int]] = set()
    while levels:
        level = levels[-1]
        entry = next(level.entries, None)
        if entry is None:
            levels.pop()
            above.discard(level.identity or (0, 0))
            if level.entry and not level.inside:
                yield level.prefix, level.entry
            continue
        name = level.prefix + entry.name
        is_folder = _is_folder(entry)
        if skip(f"{name}/" if is_folder else name, entry):
            continue
        if not is_folder:
            level.inside = True
            yield name, entry
            continue
        status = entry.stat()
        identity = (status.st_dev, status.st_ino)
        if identity not in above:
            level.inside = True
            above.add(identity)
            inner = _Level(f"{name}/", entry, iter(()), identity, level.linked or entry.is_symlink())
            inner.entries = _listing(entry.path, inner, repeats)
            levels.append(inner)


def _listing(folder: str, level: _Level, repeats: _Repeats) -> Iterator[os.DirEntry[str]]:
    look(folder)
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    repeats.count(level, len(entries))
    return iter(entries)
