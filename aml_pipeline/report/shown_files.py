"""Pictures, `metrics.json` and small tables among the outputs of a run, read within the limits of a page."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from aml_pipeline.core import files

# Limits: of a picture, of all pictures, of a file with a table, of the files on a page, of the names in an output.
PICTURE_BYTES, PICTURES_BYTES, TABLE_BYTES, MOST_FILES = 500_000, 1_400_000, 200_000, 60
_MOST_NAMES = 2_000
# What the beginning of each kind of picture contains; before its element, an SVG may have comments.
_HEAD_BYTES = 2_000
_PICTURES = {
    ".png": ("image/png", b"\x89PNG\r\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".svg": ("image/svg+xml", b"<svg"),
}
METRICS = "metrics.json"


class ShownFile(NamedTuple):
    """A file of an output: a picture (``kind`` is its media type), or rows of texts (``kind`` is "table").

    A table is shown from its beginning: ``rows_in_all`` counts its rows, without the head.
    """

    output: str
    path: str
    kind: str
    picture: bytes = b""
    rows: tuple[tuple[str, ...], ...] = ()
    rows_in_all: int = 0


class ShownFiles(NamedTuple):
    """The files that fit on a page, and the paths of those that do not."""

    files: tuple[ShownFile, ...] = ()
    left_out: tuple[str, ...] = ()


def read_files(folders: Mapping[str, str], below: str) -> ShownFiles:
    """Return what can be shown of the folders of outputs, by name; only files whose real place is ``below``."""
    shown: list[ShownFile] = []
    left_out: list[str] = []
    room = PICTURES_BYTES
    for output, path, place in _candidates(folders, below):
        file = _read(output, path, place) if len(shown) < MOST_FILES else None
        if file is None or len(file.picture) > room:
            left_out.append(f"{output}/{path}")
        else:
            room -= len(file.picture)
            shown.append(file)
    return ShownFiles(tuple(shown), tuple(left_out))


def _candidates(folders: Mapping[str, str], below: str) -> Iterator[tuple[str, str, str]]:
    """Yield output, path and real place of each file of a known kind; a file that is in two outputs once."""
    seen: set[str] = set()
    for output, folder in folders.items():
        for place in islice(_places(folder, below), _MOST_NAMES):
            if _is_known(place) and place not in seen:
                seen.add(place)
                yield output, os.path.relpath(place, os.path.realpath(folder)), place


def _places(folder: str, below: str) -> Iterator[str]:
    """Yield the real places of the files in a folder, or of a file, that are ``below`` another folder, in order."""
    try:
        real = os.path.realpath(folder)
    except ValueError:  # no disk has such a name
        return
    if not real.startswith(below + os.sep):
        return
    if os.path.isfile(real):
        yield real
    for parent, folders, names in os.walk(real):
        folders.sort()
        places = (os.path.join(parent, name) for name in sorted(names))
        yield from (place for place in places if not os.path.islink(place))


def _is_known(path: str) -> bool:
    suffix = os.path.splitext(path)[1].lower()
    return suffix in _PICTURES or suffix == ".csv" or os.path.basename(path) == METRICS


def _read(output: str, path: str, place: str) -> ShownFile | None:
    """Return a file as it is shown; None if it is too large, or not what its name says."""
    suffix = os.path.splitext(path)[1].lower()
    most = PICTURE_BYTES if suffix in _PICTURES else TABLE_BYTES
    try:
        data = files.read(place, most)
        if len(data) > most:
            return None
        if suffix in _PICTURES:
            kind, start = _PICTURES[suffix]
            return ShownFile(output, path, kind, data) if start in data[:_HEAD_BYTES] else None
        rows = list(_of_csv(data) if suffix == ".csv" else _of_metrics(data))
    except (OSError, ValueError, RecursionError, csv.Error):
        return None
    return ShownFile(output, path, "table", rows=tuple(rows), rows_in_all=len(rows) - 1) if len(rows) > 1 else None


def _of_csv(data: bytes) -> Iterator[tuple[str, ...]]:
    text = data.decode("utf-8-sig")
    return (tuple(row) for row in csv.reader(text.splitlines()) if row)


def _of_metrics(data: bytes) -> Iterator[tuple[str, ...]]:
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - as of other files that are not what they should be
    yield "name", "value"
    yield from _flat("", values)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)
