"""What a script takes on its command line, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | int | float | bool | None

ONE, FLAG, REST, COMMAND, UNKNOWN = "1", "0", "...", "A...", "unknown"


@dataclass(frozen=True, slots=True)
class Option:
    """One declaration: an option with its ``names``, or a positional argument (no names).

    ``nargs`` is a number, one of ``? * + ... A...``, or ``unknown``. ``kind`` is the built-in that converts a value
    ("" when that is not known). ``default`` is None when there is none, or when it is not known what it is.
    ``commands`` are those of a positional that takes a subcommand.
    """

    names: tuple[str, ...]
    label: str
    line: int
    nargs: str = ONE
    kind: str = "str"
    choices: tuple[Scalar, ...] | range | None = None
    required: bool = False
    keeps_last: bool = True
    exits: bool = False
    default: Scalar = None
    has_default: bool = False
    commands: tuple[Command, ...] | None = None
    commands_open: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Options that exclude one another, as indices; when ``required``, one of them must be given."""

    members: tuple[int, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser's declarations in order; an ``open`` one may have more than the script's text shows."""

    options: tuple[Option, ...]
    groups: tuple[Group, ...] = ()
    abbreviates: bool = True
    open: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its name and aliases, and the parser of what follows it."""

    names: tuple[str, ...]
    parser: Parser


@dataclass(frozen=True, slots=True)
class Contract:
    """What is known of a script's command line; nothing when ``parser`` is None.

    ``strict``: what the parser does not know is refused.
    """

    parser: Parser | None = None
    strict: bool = True


SILENT = Contract()
