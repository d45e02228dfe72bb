"""An answer stays true while everything it was read from looks the same. Standard library only; knows no pipeline.

A command that found nothing to do keeps its answer here, with the looks (stat) of all that it read. The next time the
same question is asked the looks alone are taken again. A look that differs, a file that is missing or damaged, a
question that is new: no answer, and the command works it out anew.

Looks are taken by ``files`` before the bytes are read, so a change during the reading shows as a look that differs.
A look younger than two seconds is not trusted: on file systems with coarse times a second write could leave it as it
was. A file of answers is sealed by a checksum, and read by ``marshal`` only when that is right.
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
_MARK = b"aml_pipeline memo 1\n"


def question(words: Sequence[str], environ: Mapping[str, str], version: str) -> tuple[object, ...]:
    """Return what an answer depends on beside files: the command line, where it is given, and who would answer."""
    variables = sorted((name, value) for name, value in environ.items() if _counts(name))
    return (version, sys.version, sys.executable, os.getcwd(), tuple(words), tuple(variables))


def _counts(name: str) -> bool:
    return name.startswith(("PYTHON", "LC_")) or name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV", "CONDA_PREFIX"}


def recall(place: str, asked: tuple[object, ...]) -> str | None:
    """Return the answer kept in the file ``place`` for the question, if it still holds."""
    try:
        data = _read(place)
        if data is None:
            return None
        kept, paths, looks, links, answer = marshal.loads(data)  # noqa: S302 - sealed, and our own
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if kept != asked or any(_look(path) != look for path, look in zip(paths, looks, strict=False)):
        return None
    if any(_look(path, follow=False) != look for path, look in links):
        return None
    return str(answer)


def _read(place: str) -> bytes | None:
    """Return what a file of answers holds, if its seal fits. Raises OSError."""
    with open(place, "rb", opener=_open_regular) as stream:
        data = stream.read()
    start = len(_MARK) + 4
    is_whole = data[: len(_MARK)] == _MARK and data[len(_MARK) : start] == _seal(data[start:])
    return data[start:] if is_whole else None


def is_whole(place: str) -> bool:
    """Whether a file of answers is as it was written."""
    try:
        return _read(place) is not None
    except OSError:
        return False


def _open_regular(path: str, flags: int) -> int:
    """Open a file, and nothing that would have to be waited for; ``files`` has the same, and is not imported here."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
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
    """Keep ``answer`` in the file ``place``; return whether it was.

    ``seen`` are the looks of all that it was read from (None: nothing was there), ``links`` those of symbolic links
    themselves. What Python runs from is added: the interpreter, the folders it imports from, our own modules.
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
        return False  # an answer that cannot be kept is worked out again
    return True


def _make_room(folder: str) -> None:
    """Make the folder of answers; when it holds many, forget them all, since most are to questions of the past."""
    state = os.path.dirname(folder)
    if not os.path.isdir(state):
        os.makedirs(state, mode=0o700)
    os.makedirs(folder, exist_ok=True)
    names = os.listdir(folder)
    for name in names if len(names) >= _MOST_ANSWERS else []:
        os.unlink(os.path.join(folder, name))


def _program() -> Iterable[str]:
    """Yield what this program itself is read from."""
    yield sys.executable
    yield from (path or os.getcwd() for path in sys.path)
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder, _, names in os.walk(ours):
        yield folder
        yield from (os.path.join(folder, name) for name in names if name.endswith((".py", ".txt")))


def place(folder: str, asked: tuple[object, ...]) -> str:
    """Return the file in ``folder`` in which the answer to a question is kept."""
    return os.path.join(folder, f"{zlib.crc32(repr(asked).encode('utf-8', 'surrogateescape')):08x}")
