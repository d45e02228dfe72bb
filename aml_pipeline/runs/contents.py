"""Texts by their digest, each stored once: the code and the environments of recorded runs.

    code/DIGEST     the bytes with that SHA-256: a file of a snapshot, the parts of a step's key, an environment

The name of a text is its digest, so a torn, altered or missing text is recognized when it is read, and counts as not
recorded. Each text is written once, with a rename. The texts that the parts of a step refer to are written before the
parts, so if the parts are stored, the texts are as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from aml_pipeline.core import files

Wording = Callable[[Mapping[str, Any]], Mapping[str, Any]]
FOLDER = "code"
_EXECUTABLE = "+x"


class Contents:
    """The texts stored in the state folder of a pipeline."""

    def __init__(self, state: str) -> None:
        self.folder = os.path.join(state, FOLDER)

    def place(self, digest: str) -> str:
        """Return the path of a text."""
        return os.path.join(self.folder, digest)

    def has(self, digest: str) -> bool:
        """Whether a text is stored; it is verified when it is read."""
        return os.path.exists(self.place(digest))

    def names(self) -> list[str]:
        """Return the digests of the stored texts, without those that a killed run wrote only in part."""
        return list(filter(_is_digest, files.names(self.folder)))

    def keep(self, digest: str, data: bytes) -> None:
        """Store the text ``data`` with the digest ``digest``; the caller knows that it is not yet stored."""
        try:
            files.write(self.place(digest), data)
        except FileNotFoundError:
            os.makedirs(self.folder, exist_ok=True)
            files.write(self.place(digest), data)

    def read(self, digest: str) -> bytes | None:
        """Return the text with ``digest``; None if it is not stored or has been altered."""
        if not _is_digest(digest):
            return None
        try:
            data = files.read(self.place(digest))
        except OSError:
            return None
        return data if files.digest_of(data) == digest else None

    def parts(self, key: str) -> Mapping[str, Any] | None:
        """Return the parts of a step with ``key``, if they are stored as ``reuse.text_of`` writes them."""
        data = _json(self.read(key))
        parts = data[1] if isinstance(data, list) and len(data) == 2 else None  # noqa: PLR2004 - format and parts
        return parts if isinstance(parts, dict) else None

    def definition(self, digest: object) -> Mapping[str, Any] | None:
        """Return the definition of an environment with ``digest``, if it is stored."""
        data = _json(self.read(str(digest)))
        return data if isinstance(data, dict) else None

    def worded(self, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``parts`` with the environment's definition in place of its digest, if it is stored."""
        definition = self.definition(parts.get("environment"))
        return parts if definition is None else {**parts, "environment": definition}

    def wording(self, definition: bytes) -> Wording:
        """Return the result of ``worded`` for parts that may refer to ``definition``, whether it is stored or not."""
        digest, data = files.digest_of(definition), _json(definition)

        def worded(parts: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**parts, "environment": data} if parts.get("environment") == digest else self.worded(parts)

        return worded


def content(digest: str) -> str:
    """Return the digest of a file's bytes; in a snapshot it also says whether the file is executable."""
    return digest.removesuffix(_EXECUTABLE)


def unreferenced(state: str, keys: Iterable[str], parts: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """Return the paths of the texts that no kept record refers to, and of what a killed run wrote only in part.

    ``keys`` are those of the steps in the kept records, ``parts`` further ones whose texts remain.
    """
    kept = Contents(state)
    wanted = set(keys)
    read = (row for row in map(kept.parts, list(wanted)) if row is not None)
    for row in chain(read, parts):
        wanted.update(_texts_of(row))
    return [os.path.join(kept.folder, name) for name in files.names(kept.folder) if name not in wanted]


def _texts_of(parts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digests of the texts that the parts of a step refer to."""
    yield str(parts.get("environment"))
    snapshot = parts.get("snapshot")
    yield from map(content, map(str, snapshot.values())) if isinstance(snapshot, Mapping) else ()


def _is_digest(text: str) -> bool:
    return len(text) == 64 and text.isalnum()  # noqa: PLR2004 - SHA-256 in hexadecimal


def _json(data: bytes | None) -> object:
    try:
        return json.loads(data.decode("utf-8", "surrogateescape")) if data is not None else None
    except (ValueError, RecursionError):
        return None
