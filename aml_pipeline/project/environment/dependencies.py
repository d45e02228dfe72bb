"""What an environment's file declares: packages with their allowed versions and their places.

Files of conda and of pip are both read into these types, which know neither syntax nor what is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from aml_pipeline.core import secrets
from aml_pipeline.core.problems import Position, Problem

# Returns the bytes of a file by its path in the project; None if it does not exist.
Reader = Callable[[str], bytes | None]
# Lists of pinned packages with a hash for each of their files reach a megabyte; larger files are not read to the end.
MOST_BYTES = 1 << 23


@dataclass(frozen=True, slots=True)
class Declared:
    """A package that a file declares.

    ``name`` is empty if it is unknown before installation, as of a path. ``versions`` are PEP 440 specifiers, one of
    which must match: ``("",)`` is any version, and an empty tuple one that PEP 440 cannot express. ``wanted`` is the
    version as written. A ``constraint`` does not request a package, but limits its version.
    """

    source: Literal["conda", "pip"]
    name: str
    text: str
    file: str
    position: Position
    versions: tuple[str, ...] = ()
    wanted: str = ""
    marker: str = ""
    extras: frozenset[str] = frozenset()
    constraint: bool = False


# What a line takes from outside the project's text: a list on the network, a path or a variable of this machine.
Foreign = Literal["list", "path", "variable"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a pip file as pip reads it: continuations joined, without its comment.

    ``replaced`` marks a line that includes a file of the project, whose lines follow. ``value`` is ``foreign``.
    """

    text: str
    file: str
    position: Position
    replaced: bool = False
    constraint: bool = False
    foreign: Foreign | None = None
    value: str = ""


@dataclass(slots=True)
class Declaration:
    """What the files of an environment declare, including their lines for pip, and their problems."""

    packages: list[Declared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, other: Declaration, *, constraint: bool = False) -> None:
        """Add the declarations of another file, as constraints if it is included as constraints."""
        self.packages += [replace(package, constraint=constraint or package.constraint) for package in other.packages]
        self.lines += [replace(line, constraint=constraint or line.constraint) for line in other.lines]
        self.problems += other.problems


def normalized(name: str) -> str:
    """Return a name normalized by PEP 503, so that two spellings of one distribution are equal."""
    return re.sub(r"[-_.]+", "-", name).lower()


def shown(text: str) -> str:
    """Return ``text`` as messages quote it: without credentials in URLs."""
    return re.sub(r"://[^\s/]*@", "://***@", text)


def logins(text: str, path: str) -> list[Problem]:
    """Return a warning for each credential in the text of a file: it is sent wherever the file is sent."""
    return [
        in_clear(place.what, path, Position(place.line, place.column, place.width))
        for place in secrets.in_addresses(text)
    ]


def in_clear(what: str, path: str, position: Position) -> Problem:
    """Return the warning for a secret at ``position`` of the file ``path``."""
    message = f"{what} is in plain text here, and is sent to Azure ML and exported with the file."
    cure = (
        "Remove it and revoke it: Azure ML reads it from a connection of the workspace (`Workspace.set_connection`), "
        "pip here from PIP_INDEX_URL or a keyring."
    )
    return Problem("plain-secret", message, cure, severity="warning", file=path, position=position)
