"""Trials of what is no file, or no folder, in the place of each file and folder of the state."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.faults.place import Place
from tests.faults.trials import Bench, Trial, kind_of

_REFUSED = 6


def trials(bench: Bench) -> Iterator[Trial]:
    """Return the trials: every kind of object in every kind of place."""
    for name in places(bench):
        is_folder = (bench.warm / name).is_dir() and not (bench.warm / name).is_symlink()
        for what, put in OBJECTS.items():
            if not (is_folder and what in _FOR_FILES):
                yield Trial(what, f"for {_words(name)}", partial(in_place, name, put), warm=True)


def places(bench: Bench) -> list[str]:
    """Return the first of each kind of file and folder in the state, relative to the project."""
    state = bench.warm / ".aml_pipeline"
    last = (state / "small" / "steps" / "make" / "last").read_bytes().partition(b"\n")[2]
    accepted = json.loads(last)
    unused = [
        one
        for one in (state / "small" / "steps").glob("*/*.*")
        if accepted[_PARTS[one.name.partition(".")[0]]] not in one.name
    ]
    found: dict[str, str] = {}
    for path in sorted(state.rglob("*")):
        if not any(path == one or one in path.parents for one in unused) and path.suffix != ".txt":
            name = str(path.relative_to(bench.warm))
            found.setdefault(_words(name), name)
    return list(found.values())


_PARTS = {"result": "accepted", "attempt": "attempt"}


def _words(name: str) -> str:
    path = Path(name)
    if "/outputs/" in name:
        return "a link" if path.parent.name == "make" else "outputs/STEP"
    if path.name.startswith("attempt."):
        return "attempt.ID"
    if "/attempt." in name:
        return "an output"
    if path.parent.name in {".memo", "code", "runs"}:
        return f"{path.parent.name}/*"
    if path.parent.name == "steps" and path.suffix != ".log":
        return "runs/ID/steps/STEP" if "/runs/" in name else "steps/STEP"
    kind = kind_of(name)
    return path.name if kind == "other" else kind


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")  # the whole path may be longer than a socket's can be
    finally:
        os.close(folder)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("by hand")


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def _unreadable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


OBJECTS: dict[str, Callable[[Path], None]] = {
    "FIFO": _fifo,
    "socket": _socket,
    "folder": _folder,
    "link to itself": _circle,
}
_FOR_FILES = {"socket", "folder"}
if os.getuid():  # root reads everything
    OBJECTS["unreadable file"] = _unreadable


def in_place(name: str, put: Callable[[Path], None], place: Place, bench: Bench) -> None:
    """Put an object in the place of a file: either the run does without it, or it says what to take away."""
    path = place.folder / name
    _removed(path)
    put(path)
    if "/runs" in name:
        place.run("runs", statuses=(0, _REFUSED))
        place.run("logs", "make", statuses=(0, 2, _REFUSED))
    told = place.run("run", statuses=(0, _REFUSED))
    place.compare(bench.expected[3], told)
    if told.status == _REFUSED:
        if name not in told.text:
            place.complaints.append(f"{name} is not named: {told.text[-400:]}")
        _removed(path)
    place.recovers(bench.expected[3])


def _removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
