r"""Paths as on Windows: the package sees the disk of this machine as C:, with \ between folders.

The package asks ``ntpath`` in the place of ``os.path``; where a path reaches the disk, it is translated.
"""

from __future__ import annotations

import builtins
import functools
import ntpath
import os
import pathlib
import posixpath
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

DRIVE = "C:"


def real(path: Any) -> Any:  # noqa: ANN401 - what is no text stays
    """Return the path on this machine."""
    if not isinstance(path, str):
        return path
    return path.removeprefix(DRIVE).replace("\\", "/")


def shown(path: str) -> str:
    """Return a path of this machine as the package sees it."""
    return f"{DRIVE if path.startswith('/') else ''}{path}".replace("/", "\\")


def _on_disk(function: Callable[..., Any], *, answers: bool = False) -> Callable[..., Any]:
    """Return ``function`` for paths of the package; ``answers``: what it returns is a path, too."""

    @functools.wraps(function)
    def call(*paths: Any, **more: Any) -> Any:  # noqa: ANN401
        answer = function(*map(real, paths), **{key: real(value) for key, value in more.items()})
        return shown(answer) if answers else answer

    return call


class _Entry:
    """An entry of a folder, with its path as on Windows."""

    def __init__(self, entry: os.DirEntry[str], folder: str) -> None:
        self._entry = entry
        self.name = entry.name
        self.path = ntpath.join(folder, entry.name)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        return self.path


class _Entries(Iterator[_Entry]):
    """The entries of a folder, as ``os.scandir`` gives them."""

    def __init__(self, folder: str = ".") -> None:
        self._folder, self._entries = folder, os.scandir(real(folder))

    def __next__(self) -> _Entry:
        return _Entry(next(self._entries), self._folder)

    def __enter__(self) -> Iterator[_Entry]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder."""
        self._entries.close()


def _walk(top: str, **more: Any) -> Iterator[tuple[str, list[str], list[str]]]:  # noqa: ANN401
    for folder, folders, names in os.walk(real(top), **more):
        yield ntpath.normpath(ntpath.join(top, posixpath.relpath(folder, real(top)))), folders, names


def _absolute(path: str) -> str:
    return ntpath.normpath(shown(posixpath.abspath(real(path))))


def _relative(path: str, start: str = ".") -> str:
    return ntpath.relpath(_absolute(path), _absolute(start))


def _expanded(path: str) -> str:
    return shown(posixpath.expanduser(real(path))) if path.startswith("~") else path


def os_path() -> ModuleType:
    """Return ``os.path``."""
    made = ModuleType("ntpath")
    made.__dict__.update(vars(ntpath))
    for name in ("exists", "lexists", "isfile", "isdir", "islink", "ismount", "getsize", "getmtime", "samefile"):
        setattr(made, name, _on_disk(getattr(posixpath, name)))
    made.__dict__.update(abspath=_absolute, relpath=_relative, expanduser=_expanded)
    made.__dict__.update(realpath=_on_disk(posixpath.realpath, answers=True))
    return made


def _started(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of ``subprocess``, whose words and folder are paths of the package."""

    def call(command: list[str], *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        words = [real(word) if word.startswith(DRIVE) else word for word in command]
        return function(words, *rest, **{key: real(value) if key == "cwd" else value for key, value in more.items()})

    return call


def opened(path: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as builtins.open
    """Open a file."""
    return builtins.open(real(path), *rest, **more)


ON_DISK = (
    *("access", "chmod", "listdir", "lstat", "makedirs", "mkdir"),
    *("remove", "removedirs", "rmdir", "stat", "unlink", "utime"),
)
OWN: dict[str, dict[str, Any]] = {
    "os": {
        **{name: _on_disk(getattr(os, name)) for name in ON_DISK},
        "altsep": "/",
        "getcwd": lambda: shown(os.getcwd()),
        "link": _on_disk(os.link),
        "path": os_path(),
        "readlink": _on_disk(os.readlink, answers=True),
        "scandir": _Entries,
        "sep": "\\",
        "walk": _walk,
    },
    "pathlib": {"Path": lambda *parts: pathlib.Path(*map(real, parts))},
    "shutil": {
        name: _on_disk(getattr(shutil, name))
        for name in ("copy", "copy2", "copyfile", "copytree", "disk_usage", "move", "rmtree")
    },
    "subprocess": {name: _started(getattr(subprocess, name)) for name in ("run", "Popen", "check_output")},
    "tempfile": {"mkdtemp": _on_disk(tempfile.mkdtemp, answers=True)},
}
