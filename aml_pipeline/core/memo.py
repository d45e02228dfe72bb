"""Cached answers, each valid while the metadata of all files that it was read from is unchanged. Knows no pipeline.

A command that found nothing to do caches its answer with the metadata (stat) of every file that it read. The next time
the same question is asked, only the metadata is read again. If it differs, if the cache is missing or damaged, or if
the question is new, there is no answer, and the command computes it again. Standard library only.

``files`` reads metadata before the bytes, so a change during the reading shows as different metadata. Metadata younger
than two seconds is not trusted: on a file system with coarse timestamps, a second write could leave it unchanged. A
cached answer is sealed by a checksum, and ``marshal`` reads it only if that is correct.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import time
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Fields = tuple[int, int, int, int, int] | None

_YOUNG_NS = 2_000_000_000
_MOST_ANSWERS = 50
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_BINARY"))  # Windows has the second one only
_MARK = b"aml_pipeline memo 1\n"


def question(words: Sequence[str], environ: Mapping[str, str], version: str) -> tuple[object, ...]:
    """Return what an answer depends on besides files: the command line, its folder, and the program that answers."""
    variables = sorted((name, value) for name, value in environ.items() if _counts(name))
    return (version, sys.version, sys.executable, os.getcwd(), tuple(words), tuple(variables))


def _counts(name: str) -> bool:
    return name.startswith(("PYTHON", "LC_")) or name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV", "CONDA_PREFIX"}


def recall(place: str, question_now: tuple[object, ...]) -> str | None:
    """Return the cached answer in the file ``place`` for the question, if it is still valid."""
    try:
        data = _read(place)
        if data is None:
            return None
        kept, paths, looks, links, answer = marshal.loads(data)  # noqa: S302 - sealed, and our own
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if kept != question_now or any(_look(path) != look for path, look in zip(paths, looks, strict=False)):
        return None
    if any(_look(path, follow=False) != look for path, look in links):
        return None
    return str(answer)


def _read(place: str) -> bytes | None:
    """Return the content of a cache file if its seal is correct. Raises OSError."""
    with open(place, "rb", opener=_open_regular) as stream:
        data = stream.read()
    start = len(_MARK) + 4
    is_whole = data[: len(_MARK)] == _MARK and data[len(_MARK) : start] == _seal(data[start:])
    return data[start:] if is_whole else None


def is_whole(place: str) -> bool:
    """Whether a cache file is as it was written."""
    try:
        return _read(place) is not None
    except OSError:
        return False


def _open_regular(path: str, flags: int) -> int:
    """Open a file, but nothing that could block; ``files`` has the same function, but is not imported here."""
    descriptor = os.open(path, flags | _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError


def _seal(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _look(path: str, *, follow: bool = True) -> Fields:
    try:
        now = os.stat(path, follow_symlinks=follow)
    except OSError:
        return None
    return (now.st_mode, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


def keep(
    place: str, asked: tuple[object, ...], seen: Mapping[str, Fields], links: Mapping[str, Fields], answer: str
) -> bool:
    """Cache ``answer`` in the file ``place``; return whether that was possible.

    ``seen`` is the metadata of everything that the answer was read from (None: it did not exist), ``links`` that of
    symbolic links themselves. What Python itself runs from is added: the interpreter, the folders it imports from, our
    own modules.
    """
    looks = {**{path: _look(path) for path in _program()}, **seen}
    youngest = max((max(look[3], look[4]) for look in (*looks.values(), *links.values()) if look), default=0)
    if time.time_ns() - youngest < _YOUNG_NS:
        return False
    rows = sorted((path, tuple(look) if look else None) for path, look in links.items())
    content = (asked, list(looks), [tuple(look) if look else None for look in looks.values()], rows, answer)
    data = marshal.dumps(content)  # type: ignore[arg-type]  # the question is made of tuples and texts
    temporary = f"{place}.{os.getpid()}.tmp"
    try:
        _make_room(os.path.dirname(place))
        with open(temporary, "wb") as stream:
            stream.write(_MARK + _seal(data))
            stream.write(data)
        os.replace(temporary, place)
    except OSError:
        return False  # an answer that cannot be cached is computed again
    return True


def _make_room(folder: str) -> None:
    """Create the folder of the cache; if it has many answers, delete all: most belong to past questions."""
    state = os.path.dirname(folder)
    if not os.path.isdir(state):
        os.makedirs(state, mode=0o700)
    os.makedirs(folder, exist_ok=True)
    names = os.listdir(folder)
    for name in names if len(names) >= _MOST_ANSWERS else []:
        os.unlink(os.path.join(folder, name))


def _program() -> Iterable[str]:
    """Yield the files that this program itself is read from."""
    yield sys.executable
    yield from (path or os.getcwd() for path in sys.path)
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder, _, names in os.walk(ours):
        yield folder
        yield from (os.path.join(folder, name) for name in names if name.endswith((".py", ".txt")))


def place(folder: str, asked: tuple[object, ...]) -> str:
    """Return the file in ``folder`` that caches the answer to a question."""
    return os.path.join(folder, f"{zlib.crc32(repr(asked).encode('utf-8', 'surrogateescape')):08x}")
