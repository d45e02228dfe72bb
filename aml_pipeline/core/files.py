"""The one reader of the disk: bytes and metadata (stat), and files that are written whole. Knows no pipeline."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, TextIO

_BLOCK = 1 << 20
_SEAL_BYTES = 65
_SEAL = re.compile(rb"[0-9a-f]{64}\n")
# What the system has of these. Windows has the last one only, without which a descriptor changes the ends of lines.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
_AS_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ELOOP})


class Look(NamedTuple):
    """The metadata that shows that a file changed, without reading it."""

    mode: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class Seen:
    """The first metadata of each path since the process started: what an answer of this process depends on.

    ``looks`` are the metadata of the targets of paths, ``links`` those of symbolic links themselves; None: the path did
    not exist. ``lasting`` is false if the answer depends on something that no metadata shows.
    """

    def __init__(self) -> None:
        self.lasting = True
        self.looks: dict[str, Look | None] = {}
        self.links: dict[str, Look | None] = {}


seen = Seen()


def look(path: str) -> Look | None:
    """Return the metadata of the target of ``path``, or None if it does not exist."""
    try:
        metadata = look_of(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        metadata = None
    seen.looks.setdefault(path, metadata)
    return metadata


def link(path: str) -> str | None:
    """Return the target of the symbolic link ``path``, or None if it is not a link."""
    try:
        metadata = look_of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        metadata = None
    seen.links.setdefault(path, metadata)
    return os.readlink(path) if metadata and stat.S_ISLNK(metadata.mode) else None


def look_of(status: os.stat_result) -> Look:
    """Return the metadata of a status as a Look."""
    return Look(status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_file(path: str) -> bool:
    """Whether the target of ``path`` is a regular file."""
    metadata = look(path)
    return metadata is not None and stat.S_ISREG(metadata.mode)


def is_folder(path: str) -> bool:
    """Whether the target of ``path`` is a folder."""
    metadata = look(path)
    return metadata is not None and stat.S_ISDIR(metadata.mode)


def names(folder: str) -> list[str]:
    """Return the sorted names in a folder; an empty list if it does not exist."""
    return sorted(os.listdir(folder)) if is_folder(folder) else []


def opened(path: str) -> BinaryIO:
    """Open a file to read its bytes.

    Raises IsADirectoryError for a folder, and OSError (ENXIO) for a pipe, a socket or a device: reading one may block
    forever.
    """
    return open(path, "rb", opener=open_regular)


def opened_text(path: str) -> TextIO:
    """Open a file to read its text, with its line ends unchanged."""
    return open(path, encoding="utf-8", errors="replace", newline="", opener=open_regular)


def open_regular(path: str, flags: int) -> int:
    """Return a descriptor of a regular file; for anything else, raise OSError at once instead of blocking."""
    descriptor = os.open(path, flags | _FLAGS, 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
    raise OSError(number, os.strerror(number), path)


def read(path: str, most: int = -1) -> bytes:
    """Return the bytes of a file; if ``most`` is given, at most ``most`` + 1 bytes."""
    look(path)
    with opened(path) as stream:
        return stream.read(most + 1 if most >= 0 else -1)


def copy(path: str, target: str) -> str:
    """Copy a file of any size to the new file ``target``; return its digest."""
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
    """Write a file atomically: a reader sees the old bytes or the new ones, never a mixture.

    ``durable``: also after a power cut, and the new bytes once this has returned.
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


# What file systems report that cannot flush this kind of file: a folder on some shares, a pipe.
_NOT_FLUSHED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENXIO})


def flush(path: str) -> None:
    """Return when the bytes of a file, or the names in a folder, are on disk; on Windows, which cannot, at once."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise OSError(error.errno, error.strerror, path) from None


def write_sealed(path: str, data: object, *, durable: bool = False) -> None:
    """Write JSON data after its own digest, so that a torn or altered file is recognized."""
    text = json.dumps(data, separators=(",", ":")).encode()
    write(path, digest_of(text).encode() + b"\n" + text + b"\n", durable=durable)


def read_sealed(path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the data written by ``write_sealed``, or None if the file is missing, torn or altered.

    Whatever can be replaced by writing the file again counts as missing: a pipe, a circular link. A folder cannot be
    replaced, and raises IsADirectoryError.
    """
    look(path)
    try:
        with opened(path) as stream:
            seal = stream.read(_SEAL_BYTES)
            text = stream.read() if _SEAL.fullmatch(seal) else b""  # a file that we did not write may be of any size
    except OSError as error:
        if error.errno in _AS_MISSING:
            return None
        raise
    text = text.removesuffix(b"\n")
    if digest_of(text).encode() != seal.rstrip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # another program's file, with a valid seal
        return None
