"""What an environment's file declares: packages with the versions they may have, and where each stands.

The words that conda's files and pip's files are both read into. Knows neither syntax, and not what is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from aml_pipeline.core import secrets
from aml_pipeline.core.problems import Position, Problem

# Gives the bytes of a file by its path in the project; None when it is not there.
Reader = Callable[[str], bytes | None]
# Lists of pinned packages with a hash for each of their files have a megabyte; what is larger is not read to its end.
MOST_BYTES = 1 << 23


@dataclass(frozen=True, slots=True)
class Declared:
    """A package that a file declares.

    ``name`` is empty for what has none before it is installed, such as a path. ``versions`` are specifiers as PEP 440
    has them, of which one must hold: ``("",)`` is any version, and an empty tuple one that they cannot express.
    ``wanted`` is the version as it was written. A ``constraint`` asks for no package, but binds its version.
    """

    source: Literal["conda", "pip"]
    name: str
    text: str
    file: str
    position: Position
    versions: tuple[str, ...] = ()
    wanted: str = ""
    marker: str = ""
    constraint: bool = False


# What a line takes that is no text of the project: a list in the network, a path or a variable of this machine.
Foreign = Literal["list", "path", "variable"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a pip file as pip reads it: continuations joined, without its comment.

    ``replaced`` is one that includes a file of the project, whose lines follow. ``value`` is what is ``foreign`` in it.
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
    """What the files of an environment declare, the lines for pip among them, and what is wrong with them."""

    packages: list[Declared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, other: Declaration, *, constraint: bool = False) -> None:
        """Take in what another file declares, as constraints if it is included as such."""
        self.packages += [replace(package, constraint=constraint or package.constraint) for package in other.packages]
        self.lines += [replace(line, constraint=constraint or line.constraint) for line in other.lines]
        self.problems += other.problems


def shown(text: str) -> str:
    """Return ``text`` as messages quote it: without logins in addresses."""
    return re.sub(r"://[^\s/]*@", "://***@", text)


def logins(text: str, path: str) -> list[Problem]:
    """Return a warning for each login that stands in the text of a file: it goes wherever the file goes."""
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
