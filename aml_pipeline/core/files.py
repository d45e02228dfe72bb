"""The one reader of the disk: bytes, looks (stat) and digests. Knows no pipeline.

A digest is remembered by the look of its file. A look younger than two seconds is not trusted: on file systems with
coarse times a second write could leave it as it was.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, TextIO

from aml_pipeline.core.errors import MachineError

YOUNG_NS = 2_000_000_000
_BLOCK = 1 << 20
# Smaller files are read again faster than their digests are looked up in a long list.
_REMEMBERED_BYTES = 1 << 20
_SEAL_BYTES = 65
_SEAL = re.compile(rb"[0-9a-f]{64}\n")
_AS_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ELOOP})


class Look(NamedTuple):
    """What tells that a file changed, without reading it."""

    mode: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class Tree(NamedTuple):
    """A file or folder by content: its digest, and how many files and bytes it holds."""

    digest: str
    files: int
    bytes: int


class Seen:
    """The first look at each path since the process began: what an answer of this process was read from.

    ``looks`` are of what paths lead to, ``links`` of symbolic links themselves; None: nothing was there. ``lasting`` is
    false when the answer rests on something that no look tells of.
    """

    def __init__(self) -> None:
        self.lasting = True
        self.looks: dict[str, Look | None] = {}
        self.links: dict[str, Look | None] = {}


seen = Seen()


def look(path: str) -> Look | None:
    """Return the look of what ``path`` leads to, or None when nothing is there."""
    try:
        found = _look(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        found = None
    seen.looks.setdefault(path, found)
    return found


def link(path: str) -> str | None:
    """Return where the symbolic link ``path`` points, or None when it is none."""
    try:
        found = _look(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        found = None
    seen.links.setdefault(path, found)
    return os.readlink(path) if found and stat.S_ISLNK(found.mode) else None


def _look(status: os.stat_result) -> Look:
    return Look(status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_file(path: str) -> bool:
    """Whether ``path`` leads to a regular file."""
    found = look(path)
    return found is not None and stat.S_ISREG(found.mode)


def is_folder(path: str) -> bool:
    """Whether ``path`` leads to a folder."""
    found = look(path)
    return found is not None and stat.S_ISDIR(found.mode)


def names(folder: str) -> list[str]:
    """Return the sorted names in a folder; none when it is not there."""
    return sorted(os.listdir(folder)) if is_folder(folder) else []


def opened(path: str) -> BinaryIO:
    """Open a file to read its bytes.

    Raises IsADirectoryError for a folder, and OSError (ENXIO) for a pipe, a socket or a device: to read one may take
    for ever.
    """
    return open(path, "rb", opener=open_regular)


def opened_text(path: str) -> TextIO:
    """Open a file to read its text, with the ends of lines that it has."""
    return open(path, encoding="utf-8", errors="replace", newline="", opener=open_regular)


def open_regular(path: str, flags: int) -> int:
    """Return a descriptor of a regular file; of anything else raise OSError at once, and wait for no other process."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
    raise OSError(number, os.strerror(number), path)


def read(path: str, most: int = -1) -> bytes:
    """Return the bytes of a file; of one with more than ``most``, if that is given, ``most`` and one more."""
    look(path)
    with opened(path) as stream:
        return stream.read(most + 1 if most >= 0 else -1)


def copy(path: str, target: str) -> str:
    """Copy the bytes of a file, however many, into the new file ``target``; return their digest."""
    look(path)
    with open(path, "rb", buffering=0, opener=open_regular) as stream, open(target, "xb") as copied:
        return _digest_of_stream(stream, copied.write)


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write(path: str, data: bytes, *, durable: bool = False) -> None:
    """Write a file so that a reader finds the old bytes or the new ones, never a part.

    ``durable``: also after a power cut, and the new ones once this has returned.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        flush(os.path.dirname(path))


# What a file system says that knows no flushing of such a thing: a folder on some shares, a pipe.
_NOT_FLUSHED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENXIO})


def flush(path: str) -> None:
    """Return when the disk holds the bytes of a file, or the names in a folder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise OSError(error.errno, error.strerror, path) from None


def write_sealed(path: str, data: object, *, durable: bool = False) -> None:
    """Write JSON data behind its own digest, so that a torn or altered file is known for what it is."""
    text = json.dumps(data, separators=(",", ":")).encode()
    write(path, digest_of(text).encode() + b"\n" + text + b"\n", durable=durable)


def read_sealed(path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the data written by ``write_sealed``, or None when the file is missing, torn or altered.

    What can be replaced by writing the file anew counts as missing: a pipe, a link in a circle. A folder cannot, and
    raises IsADirectoryError.
    """
    look(path)
    try:
        with opened(path) as stream:
            seal = stream.read(_SEAL_BYTES)
            text = stream.read() if _SEAL.fullmatch(seal) else b""  # what we did not write may be of any size
    except OSError as error:
        if error.errno in _AS_MISSING:
            return None
        raise
    text = text.removesuffix(b"\n")
    if digest_of(text).encode() != seal.rstrip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # another program's, under a right seal
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


Skip = Callable[[str, "os.DirEntry[str]"], bool]
# What links may lead to once more: this many files and folders, or this many times what is reached otherwise.
_MOST_REPEATED = 100_000
_MOST_TIMES = 10


class RepeatedLinksError(MachineError):
    """Links in a folder lead to the same folders again and again; ``name`` is one of the paths, relative to it."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        super().__init__(
            f"Symbolic links in {folder} lead to the same folders over and over ({name}). Remove these links."
        )


@dataclass(slots=True)
class _Level:
    """A folder that is being walked; ``linked``: a link leads to it; ``inside``: something was yielded below it."""

    prefix: str
    entry: os.DirEntry[str] | None
    entries: Iterator[os.DirEntry[str]]
    identity: tuple[int, int] | None = None
    linked: bool = False
    inside: bool = False


class _Repeats:
    """Counts what links lead to once more, so that a walk ends: n folders that link to each other have n! paths."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._linked: set[tuple[int, int]] = set()
        self._once = self._again = 0

    def count(self, level: _Level, entries: int) -> None:
        """Raise RepeatedLinksError when what is reached again is out of proportion to what is reached at all."""
        if not level.linked or level.identity is None or level.identity not in self._linked:
            self._once += entries
            if level.linked and level.identity:
                self._linked.add(level.identity)
            return
        self._again += entries + 1
        if self._again > max(_MOST_REPEATED, _MOST_TIMES * self._once):
            raise RepeatedLinksError(self._folder, level.prefix.rstrip("/"))


def walk(folder: str, skip: Skip = lambda _name, _entry: False) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield each file below ``folder`` as (path relative to it, entry), and each empty folder as ``path/``.

    Symbolic links are followed, as Azure ML's upload does: what two paths lead to is yielded twice. A folder that
    contains itself is entered once; where links multiply beyond that, RepeatedLinksError is raised. What ``skip`` says
    of a name (a folder's ends in ``/``) is left out, and a folder is not even read.
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


class Digests:
    """Digests by content, remembered between runs by looks in the file ``cache`` (None: not remembered)."""

    def __init__(self, cache: str | None = None) -> None:
        self._cache = cache
        known = read_sealed(cache) if cache else None
        seen.looks.pop(cache or "", None)  # it speeds an answer up, and does not change it
        self._known: dict[str, list[Any]] = known if isinstance(known, dict) else {}
        self._seen: dict[str, list[Any]] = {}
        self._changed = False

    def file(self, path: str) -> str:
        """Return the digest of a file's bytes. Raises OSError, or MachineError when it changes while it is read."""
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
        """Return the content of a file or folder, or None when nothing is there.

        In a folder the relative names count, times and modes do not; a broken link counts by its target.
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

    def _tree(self, path: str, rows: list[tuple[str, Look, str]], looks: str) -> Tree:
        lines = [f"{name}\0{self._content(name, seen, place)}" for name, seen, place in rows]
        digest = digest_of("\n".join(lines).encode("utf-8", "surrogateescape"))
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
        return self.file(path) if seen.size >= _REMEMBERED_BYTES else _regular_digest(path, seen)

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
        """Write what is remembered, without what this run did not meet and that is gone from the disk."""
        if self._cache and self._changed:
            known = list(self._known.items())  # a thread of a run that was interrupted may add to it yet
            kept = {path: row for path, row in known if path in self._seen or os.path.lexists(path)}
            write_sealed(self._cache, kept)
            self._changed = False


def _entry_look(entry: os.DirEntry[str]) -> Look:
    try:
        found = _look(entry.stat())
    except OSError:  # a link that leads nowhere, or round in a circle
        seen.looks.setdefault(entry.path, None)
        found = _look(entry.stat(follow_symlinks=False))
        seen.links.setdefault(entry.path, found)
        return found
    seen.looks.setdefault(entry.path, found)
    return found


def _regular_digest(path: str, seen: Look) -> str:
    if not stat.S_ISREG(seen.mode):
        raise MachineError(f"{path} is neither a file nor a folder, so its content cannot be read. Remove it.")
    return _stable_digest(path)


def _stable_digest(path: str) -> str:
    """Return the digest of a file that did not change while it was read."""
    for _ in range(3):
        with open(path, "rb", buffering=0, opener=open_regular) as stream:
            before = _look(os.fstat(stream.fileno()))
            digest = _digest_of_stream(stream)
            if _look(os.fstat(stream.fileno())) == before:
                return digest
    raise MachineError(
        f"{path} changes while it is being read. Wait until the program that writes it has finished, then run again."
    )


def _digest_of_stream(stream: Any, also: Callable[[bytes], object] = len) -> str:  # noqa: ANN401 - a raw stream
    hasher = hashlib.sha256()
    while block := stream.read(_BLOCK):
        hasher.update(block)
        also(block)
    return hasher.hexdigest()
