"""The content of files and folders, cached between runs.

A digest is cached with the metadata of its file. Metadata younger than two seconds is not trusted: on a file system
with coarse timestamps, a second write could leave it unchanged.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.files import (
    Look,
    digest_of,
    digest_of_stream,
    look,
    look_of,
    open_regular,
    read_sealed,
    seen,
    write_sealed,
)
from aml_pipeline.core.folders import walk

YOUNG_NS = 2_000_000_000
# Smaller files are read again faster than their digests are looked up in a long list.
_REMEMBERED_BYTES = 1 << 20


class Tree(NamedTuple):
    """The content of a file or folder: its digest, and the number of files and bytes."""

    digest: str
    files: int
    bytes: int


class Digests:
    """Digests by content, cached between runs with the metadata of each file in ``cache`` (None: not cached)."""

    def __init__(self, cache: str | None = None) -> None:
        self._cache = cache
        known = read_sealed(cache) if cache else None
        seen.looks.pop(cache or "", None)  # it makes an answer faster, but does not change it
        self._known: dict[str, list[Any]] = known if isinstance(known, dict) else {}
        self._seen: dict[str, list[Any]] = {}
        self._changed = False

    def file(self, path: str) -> str:
        """Return the digest of a file. Raises OSError, or MachineError if the file changes while it is being read."""
        before = look(path)
        if before is None or not stat.S_ISREG(before.mode):
            what = "was deleted" if before is None else "is not a regular file"
            raise MachineError(f"{path} {what}. Put a regular file there, or exclude it with a snapshot pattern.")
        known = self._recall(path, before)
        if known is not None:
            return str(known[0])
        digest = _stable_digest(path)
        self._remember(path, before, [digest], max(before.mtime_ns, before.ctime_ns))
        return digest

    def tree(self, path: str) -> Tree | None:
        """Return the content of a file or folder, or None if it does not exist.

        In a folder, relative names count, but times and modes do not; a broken link counts by its target.
        """
        top = look(path)
        if top is None:
            return None
        if not stat.S_ISDIR(top.mode):
            return Tree(self.file(path), 1, top.size)
        rows = [(name, _entry_look(entry), entry.path) for name, entry in walk(path)]
        looks = digest_of("\n".join(f"{name}\0{seen}" for name, seen, _ in rows).encode("utf-8", "surrogateescape"))
        known = self._recall(path, (looks,))
        if known is not None:
            return Tree(*known)
        return self._tree(path, rows, looks)

    def contents(self, path: str) -> dict[str, str]:
        """Return the digests of the files in a folder by relative name.

        An empty folder, ``name/``, has an empty text; a broken link has its target, after an arrow.
        """
        return {name: self._content(name, _entry_look(entry), entry.path) for name, entry in walk(path)}

    def _tree(self, path: str, rows: list[tuple[str, Look, str]], looks: str) -> Tree:
        digest = digest_of_contents({name: self._content(name, seen, place) for name, seen, place in rows})
        files = [seen for name, seen, _ in rows if not name.endswith("/")]
        tree = Tree(digest, len(files), sum(seen.size for seen in files))
        youngest = max((max(seen.mtime_ns, seen.ctime_ns) for _, seen, _ in rows), default=0)
        self._remember(path, (looks,), list(tree), youngest)
        return tree

    def _content(self, name: str, seen: Look, path: str) -> str:
        if name.endswith("/"):
            return ""
        if stat.S_ISLNK(seen.mode):
            return f"-> {os.readlink(path)}"
        if not stat.S_ISREG(seen.mode):
            raise MachineError(f"{path} is neither a file nor a folder, so its content cannot be read. Remove it.")
        return self.file(path) if seen.size >= _REMEMBERED_BYTES else _stable_digest(path)

    def _recall(self, path: str, looks: tuple[Any, ...]) -> list[Any] | None:
        row = self._known.get(path)
        if row is None or tuple(row[0]) != looks:
            return None
        row[0] = looks  # the same object as in ``seen``: there may be a hundred thousand
        self._seen[path] = row
        return list(row[1])

    def _remember(self, path: str, looks: tuple[Any, ...], value: list[Any], youngest_ns: int) -> None:
        if time.time_ns() - youngest_ns > YOUNG_NS:
            self._known[path] = self._seen[path] = [looks, value]
            self._changed = True

    def save(self) -> None:
        """Write the cache, without the files that this run did not see and that no longer exist."""
        if self._cache and self._changed:
            known = list(self._known.items())  # a thread of an interrupted run may still add to it
            kept = {path: row for path, row in known if path in self._seen or os.path.lexists(path)}
            write_sealed(self._cache, kept)
            self._changed = False


def digest_of_contents(contents: Mapping[str, str]) -> str:
    """Return the digest of a folder from its ``Digests.contents``."""
    lines = (f"{name}\0{content}" for name, content in contents.items())
    return digest_of("\n".join(lines).encode("utf-8", "surrogateescape"))


def _entry_look(entry: os.DirEntry[str]) -> Look:
    try:
        at_entry = look_of(entry.stat())
    except OSError:  # a broken or circular link
        seen.looks.setdefault(entry.path, None)
        at_entry = look_of(entry.stat(follow_symlinks=False))
        seen.links.setdefault(entry.path, at_entry)
        return at_entry
    seen.looks.setdefault(entry.path, at_entry)
    return at_entry


def _stable_digest(path: str) -> str:
    """Return the digest of a file that did not change while it was being read."""
    for _ in range(3):
        with open(path, "rb", buffering=0, opener=open_regular) as stream:
            before = look_of(os.fstat(stream.fileno()))
            digest = digest_of_stream(stream)
            if look_of(os.fstat(stream.fileno())) == before:
                return digest
    raise MachineError(
        f"{path} changes while it is being read. Wait until the program that writes it has finished, then run again."
    )
