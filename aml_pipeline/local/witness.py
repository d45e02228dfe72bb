"""Observes what a step depends on besides its own copies when it starts and when it has ended.

A digest shows that content is the same again, but not that it was the same all the time. File metadata shows that: what
is replaced, edited or moved gets a new time of change (ctime), which no program can set back.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.folders import walk
from aml_pipeline.local.evaluate import Context
from aml_pipeline.local.store import Result
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.snapshot.snapshot import Snapshot

FOLDER, LINK, FILE = "d", "l", "f"
_MOST_LINKS = 40


class Sight(NamedTuple):
    """Traces by dataset, by input (``step.output``) and by package, and the snapshot that imports the packages."""

    snapshot: Snapshot
    datasets: Mapping[str, str]
    inputs: Mapping[str, str]
    packages: Mapping[str, str]


def take(context: Context, step: Step, parts: Mapping[str, Any], results: Mapping[str, Result]) -> Sight:
    """Return the traces of everything that a step with the ``parts`` depends on."""
    local = {name: context.plan.datasets[name].local for name in step.datasets}
    python = context.interpreter(step)
    return Sight(
        context.project.snapshot(step),
        {name: of_dataset(context.project.path(path)) for name, path in local.items() if path},
        {
            f"{source.step}.{source.name}": _text(_below(results[source.step].outputs[source.name]))
            for source in step.inputs
        },
        {name: _of_package(python, name, version) for name, version in parts["packages"].items() if version},
    )


def _of_package(python: Interpreter, name: str, version: str) -> str:
    """Return traces of a package's code if it is an editable install, else of its installer's metadata."""
    if version.startswith("code "):
        return "".join(_text(_code(place)) for place in python.code(name))
    note = python.notes.get(name)
    return _text((FOLDER + os.path.basename(place), os.stat(place)) for place in [note] if place)


Row = tuple[str, os.stat_result]


def _text(rows: Iterable[Row]) -> str:
    """Return names and metadata in turn, each followed by NUL: one text, because a dataset may have a million files."""
    parts = []
    with contextlib.suppress(OSError):  # it is removed right now; that it is missing shows the change
        for name, look in rows:
            kind, mode = stat.S_IFMT(look.st_mode), stat.S_IMODE(look.st_mode)
            settings = f"{mode},{look.st_uid},{look.st_gid},{look.st_nlink}"
            parts.append(f"{name}\0{kind},{look.st_size},{look.st_mtime_ns} {look.st_ctime_ns} {settings}\0")
    return "".join(parts)


def of_dataset(place: str) -> str:
    """Return the metadata of all files, folders and links at, below and on the way to ``place``."""
    return _text((LINK + link, os.lstat(link)) for link in _links(place)) + _text(_below(place))


def _below(place: str) -> Iterator[Row]:
    """Yield the metadata of each file, folder and link at and below ``place``."""
    look = os.stat(place)
    if not stat.S_ISDIR(look.st_mode):
        yield FILE + os.path.basename(place), look
        return
    yield FOLDER, look
    folders = {""}
    for name, entry in walk(place):
        above = name.rpartition("/")[0]
        while above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
        if name.endswith("/"):
            continue
        if entry.is_symlink():
            yield LINK + name, entry.stat(follow_symlinks=False)
        with contextlib.suppress(OSError):  # a broken link
            yield FILE + name, entry.stat()
    for name in sorted(folders - {""}):
        folder = os.path.join(place, name)
        if os.path.islink(folder):
            yield LINK + name, os.lstat(folder)
        yield FOLDER + name, os.stat(folder)


def _links(path: str, most: int = _MOST_LINKS) -> Iterator[str]:
    """Yield the symbolic links on the way to ``path``, including those within the targets of links."""
    ends = [index for index, letter in enumerate(path) if letter == os.sep and index]
    for place in (*(path[:end] for end in ends), path):
        if os.path.islink(place):
            yield place
            target = os.path.join(os.path.dirname(place), os.readlink(place))
            yield from _links(target, most - 1) if most else ()


def _code(place: str) -> Iterator[Row]:
    """Yield the files of a module, without caches and without the times of folders, which caches change."""
    name = os.path.basename(place)
    if not os.path.isdir(place):
        yield FILE + name, os.stat(place)
        return
    for inner, entry in walk(place, lambda inner, _: inner.endswith("__pycache__/")):
        yield FILE + os.path.join(name, inner), entry.stat()


def differences(before: str, after: str, place: str = "") -> list[str]:
    """Return what was touched between two texts of traces: each name after its kind."""
    if before == after:
        return []
    then, now = _parsed(before), _parsed(after)
    names = [name for name in then | now if _is_touched(then.get(name), now.get(name))]
    others = [name for name in names if not name.startswith(FOLDER)]
    return others or (names if not place or _keeps_times_of_folders(place) else [])


def _parsed(text: str) -> dict[str, str]:
    words = text.split("\0")
    return dict(zip(words[::2], words[1::2], strict=False))


def _is_touched(before: str | None, after: str | None) -> bool:
    """Whether the content may have differed between two observations.

    A new ctime means nothing if the mode, owner or number of hard links changed too: `chmod`, `cp -l`. The inode does
    not count: what is replaced has a new ctime anyway, and FUSE may assign new inodes.
    """
    if before is None or after is None:
        return before is not after
    (content, changed, settings), (content_now, changed_now, settings_now) = before.split(" "), after.split(" ")
    return content != content_now or (changed != changed_now and settings == settings_now)


def _keeps_times_of_folders(place: str) -> bool:
    """Whether times of folders are meaningful at ``place``: FUSE mounts of blob stores make them up."""
    try:
        device = os.stat(place).st_dev
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as stream:
            return not is_fuse(stream, f"{os.major(device)}:{os.minor(device)}")
    except OSError:  # it was removed, or this is not Linux
        return True


def is_fuse(mounts: Iterator[str], device: str) -> bool:
    """Whether a device is a FUSE file system, according to Linux's ``mountinfo``."""
    rows = (line.split() for line in mounts)
    return any(row[2] == device and row[row.index("-") + 1].startswith("fuse") for row in rows if "-" in row)


def renewed(context: Context, step: Step, *, over: bool = False) -> Context:
    """Return ``context`` with the current Python of ``step``, which is queried again if its files changed.

    If files cannot show that, because another program starts that Python, it is queried when a step is ``over``. A
    Python that no longer answers counts as having nothing installed.
    """
    python = context.interpreter(step)
    if not interpreter.looks_different(python) and (python.looks or not over):
        return context
    try:
        now = interpreter.inspect(python.path, context.environ, folder=context.project.folder)
    except UsageError:
        now = replace(interpreter.unasked(), path=python.path, looks={python.path: None})
    return replace(context, interpreters={**context.interpreters, step.python: now})
