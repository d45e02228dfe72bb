"""The one reader of the disk: bytes and metadata (stat), and files that are written whole. Knows no pipeline."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, TextIO

_BLOCK = 1 << 20
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
        found = look_of(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        found = None
    seen.looks.setdefault(path, found)
    return found


def link(path: str) -> str | None:
    """Return where the symbolic link ``path`` points, or None when it is none."""
    try:
        found = look_of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        found = None
    seen.links.setdefault(path, found)
    return os.readlink(path) if found and stat.S_ISLNK(found.mode) else None


def look_of(status: os.stat_result) -> Look:
    """Return the metadata in a status as a Look."""
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
        return digest_of_stream(stream, copied.write)


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of_stream(stream: Any, also: Callable[[bytes], object] = len) -> str:  # noqa: ANN401 - a raw stream
    """Return the digest of everything a stream gives; ``also`` is called with each block."""
    hasher = hashlib.sha256()
    while block := stream.read(_BLOCK):
        hasher.update(block)
        also(block)
    return hasher.hexdigest()


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
