"""A project that is not written yet: the data of its pipeline.yaml, its files, and what was renamed or lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Renamed:
    """A thing whose name is not valid in pipeline.yaml, or was taken: ``what`` is a noun, such as ``step``.

    ``scope`` tells apart things of one name, such as outputs of several steps.
    """

    what: str
    old: str
    new: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that pipeline.yaml cannot say: ``where`` is ``step train`` or ``jobs.yml:14``; ``why`` has the cure."""

    where: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The project of one pipeline.

    ``document`` is the content of pipeline.yaml: plain data, with keys in their order and the texts of numbers as
    written. Steps that cannot be said are not in ``steps`` but in ``missing``, by name, each with all that is known
    of it: ``type``, ``why``, and plain data. ``code`` has for each folder of the project where its files come from:
    the id of a snapshot in v1, the absolute path of a folder in v2. ``files`` has other files by their paths.
    """

    document: Mapping[str, Any]
    code: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    renamed: tuple[Renamed, ...] = ()
    losses: tuple[Loss, ...] = ()
    missing: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""  # what was imported, in words: ``endpoint training of workspace ml``
