"""Stores the texts that a step was made from with the run records: snapshot files and the environment's definition.

Only texts are stored. Of large or binary files, and of files that look like secrets, only the digest is kept, because
records outlive the correction or removal of a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from aml_pipeline.core import files, secrets
from aml_pipeline.runs.contents import Contents, content

# Limits of a file, and of all files of a snapshot.
MOST_BYTES = 256 * 1024
MOST_BYTES_IN_ALL = 20 * 1024 * 1024


def keep_environment(contents: Contents, definition: bytes) -> None:
    """Store the definition of an environment, unless it contains a secret."""
    digest = files.digest_of(definition)
    if definition and not contents.has(digest) and not secrets.in_addresses(definition.decode()):
        contents.keep(digest, definition)


def keep_files(contents: Contents, folder: str, snapshot: Mapping[str, str]) -> None:
    """Store the files in ``folder`` whose digests ``snapshot`` names."""
    for digest, data in _texts(folder, snapshot, contents):
        contents.keep(digest, data)


def _texts(folder: str, snapshot: Mapping[str, str], contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Yield the digest and bytes of each file not stored yet, except files that have changed meanwhile."""
    room = MOST_BYTES_IN_ALL
    for name in sorted(snapshot, key=lambda name: (not name.endswith(".py"), name)):  # code first
        digest, path = content(snapshot[name]), os.path.join(folder, name)
        look = files.look(path)
        size = look.size if look else 0
        if size > min(room, MOST_BYTES) or secrets.by_name(name):
            continue
        room -= size
        if contents.has(digest):
            continue
        with suppress(OSError):
            data = files.read(path)
            if files.digest_of(data) == digest and _is_text(data) and not secrets.in_text(data):
                yield digest, data


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
