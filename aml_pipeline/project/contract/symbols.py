"""What a name in a script may stand for while its text is followed without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

from aml_pipeline.project.contract.model import FLAG, Option


class Unknown:
    """Anything at all."""


ANYTHING = Unknown()


@dataclass(frozen=True, slots=True)
class Known:
    """A constant: text, number, true, false or None."""

    value: object


@dataclass(frozen=True, slots=True)
class Dotted:
    """A module, or what it holds, by its full name; of a built-in, its bare name."""

    name: str


@dataclass(slots=True, eq=False)
class Items:
    """A list, tuple, set or range whose items are known; ``items`` is None once anything may have changed them."""

    items: list[Value] | None
    span: range | None = None


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary whose entries are known, or None."""

    entries: dict[object, Value] | None


class CommandLine:
    """``sys.argv``."""


class Given:
    """``sys.argv[1:]``: what the step's arguments become."""


class Count:
    """``len(sys.argv)``."""


@dataclass(slots=True, eq=False)
class Function:
    """A function of the file, and the scopes around it."""

    node: ast.FunctionDef
    scopes: list[Scope]
    defaults: dict[str, Value] = field(default_factory=dict)
    called: bool = False
    escaped: bool = False


class Branch(NamedTuple):
    """A condition under which statements run; ``whole`` when nothing but the end of the script is the other way."""

    number: int
    whole: bool


Where = tuple[Branch, ...]


@dataclass(slots=True, eq=False)
class Action:
    """One ``add_argument``; ``where`` is what it depends on."""

    option: Option
    where: Where
    commands: Commands | None = None
    dropped: bool = False


@dataclass(slots=True, eq=False)
class Exclusive:
    """One ``add_mutually_exclusive_group``."""

    required: bool
    where: Where
    members: list[Action] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ParserSymbol:
    """An ``ArgumentParser`` under construction; ``lost`` when what it does can no longer be told."""

    prefix: str = "-"
    files: str = ""
    abbreviates: bool = True
    resolves: bool = False
    exits: bool = True
    default_known: bool = True
    open: bool = False
    lost: bool = False
    actions: list[Action] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    groups: list[Exclusive] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class GroupSymbol:
    """A group of a parser, exclusive or for the help text alone."""

    parser: ParserSymbol
    exclusive: Exclusive | None


@dataclass(slots=True, eq=False)
class Commands:
    """What ``add_subparsers`` returned: the subcommands so far."""

    parser: ParserSymbol
    added: list[tuple[tuple[str, ...], ParserSymbol, Where]] = field(default_factory=list)
    action: Action | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method of something known, not called yet."""

    owner: Value
    name: str


Value = (
    Unknown
    | Known
    | Dotted
    | Items
    | Table
    | CommandLine
    | Given
    | Count
    | Function
    | Action
    | ParserSymbol
    | GroupSymbol
    | Commands
    | Method
)
Scope = dict[str, Value]


class SilenceError(Exception):
    """Nothing certain can be said of the script."""


def help_option(prefix: str) -> Option:
    """Return the option that every parser has unless told otherwise."""
    char = "-" if "-" in prefix else prefix[0]
    return Option((f"{char}h", f"{char * 2}help"), f"{char * 2}help", 0, nargs=FLAG, exits=True)
