"""Removes files and folders, including read-only ones. What cannot be removed is reported, and the rest is removed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aml_pipeline.core.wording import counted, printable

Note = Callable[[str, BaseException], None]
_MOST_TOLD = 3
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


class Refusal(NamedTuple):
    """A path that could not be removed, and the error number."""

    path: str
    number: int


def remove(path: str) -> list[Refusal]:
    """Remove ``path``, if it exists; return what could not be removed. Links are removed, their targets are not."""
    refused = _removed(path)
    if _FORBIDDEN.isdisjoint(refusal.number for refusal in refused):
        return refused
    permit(path)
    return _removed(path)


def _removed(path: str) -> list[Refusal]:
    refused: list[Refusal] = []

    def note(place: str, error: BaseException) -> None:
        number = error.errno if isinstance(error, OSError) and error.errno else 0
        holds = bool(refused) and refused[-1].path.startswith(place + os.sep)  # its content has already been reported
        if number != errno.ENOENT and not holds:  # otherwise its owner removed it
            refused.append(Refusal(place, number))

    if os.path.isdir(path) and not os.path.islink(path):
        _remove_folder(path, note)
    else:
        try:
            os.unlink(path)
        except OSError as error:
            note(path, error)
    return refused


def _remove_folder(path: str, note: Note) -> None:
    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=lambda _, place, error: note(place, error))
    else:
        shutil.rmtree(path, onerror=lambda _, place, told: note(place, told[1]))


def permit(path: str) -> None:
    """Let this user list, change and empty the folder ``path`` and those below it, as far as the user owns them."""
    _permit(path)
    for top, names, _ in os.walk(path):
        for name in names:
            _permit(os.path.join(top, name))


def _permit(folder: str) -> None:
    try:
        mode = os.lstat(folder).st_mode
        if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(folder, stat.S_IMODE(mode) | stat.S_IRWXU)
    except OSError:  # then its removal reports it
        return


def in_words(refused: Sequence[Refusal]) -> str:
    """Return what could not be removed, one line each: the path, the reason, and the cure."""
    lines = [f"{printable(refusal.path)} cannot be removed: {_why(refusal)}" for refusal in refused[:_MOST_TOLD]]
    more = len(refused) - len(lines)
    then = f"{counted(more, 'more path')} could not be removed. " if more > 0 else ""
    return "\n".join([*lines, f"{then}Then run `aml-pipeline clean`."])


def _why(refused: Refusal) -> str:
    if refused.number in _FORBIDDEN:
        return _who_may(refused.path)
    words = {
        errno.EROFS: "its file system is read-only. Remount it with write access.",
        errno.EBUSY: "it is in use, for example as a mount point. Unmount it, or stop the program that uses it.",
        errno.ENOTEMPTY: "a program is still writing to it. Stop that program.",
    }
    return words.get(refused.number, f"{os.strerror(refused.number)}. Remove it manually.")


def _who_may(path: str) -> str:
    """Return who owns a path that this user may not remove."""
    if sys.platform == "win32":
        return "it is write-protected, or open in another program. Remove the protection, or close that program."
    for what, place in (("its parent folder", os.path.dirname(path)), ("it", path)):
        owner = os.lstat(place).st_uid if os.path.lexists(place) else os.geteuid()
        if owner != os.geteuid():
            return f"{what} belongs to {_name(owner)}. Remove it as that user."
    return "it is write-protected. Remove the protection from it and its parent folder (`chattr -i`, `chmod u+w`)."


def _name(user: int) -> str:
    import pwd  # only for the message

    try:
        return f"user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"user {user}"
