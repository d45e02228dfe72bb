"""What a name in a script may stand for while its text is followed without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


class SilenceError(Exception):
    """Nothing certain can be said of the script."""


class Anything:
    """A value of which nothing is known."""


class CommandLine:
    """``sys.argv``, or ``sys.argv[1:]``, which is what the step's arguments become."""


class Declared:
    """What ``add_argument`` returned."""


@dataclass(frozen=True, slots=True)
class Known:
    """A constant: text, number, true, false, None or a range."""

    value: object


@dataclass(frozen=True, slots=True)
class Dotted:
    """A module, or something in it, by its full name; a built-in by its bare name."""

    name: str


@dataclass(slots=True, eq=False)
class Items:
    """A list, tuple or set, or the keys of a dictionary; None once anything may have changed them."""

    items: list[Value] | None


@dataclass(slots=True, eq=False)
class Function:
    """A function or class of the script, the scopes around it, and whether its calls can be followed."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    scopes: list[Scope]
    plain: bool = False
    defaults: Scope = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a known value, not yet called."""

    owner: Value
    name: str


# One of these, or of the builders of parsers.
Value = object
Scope = dict[str, Value]

ANYTHING, DECLARED = Anything(), Declared()
ALL_ARGV, GIVEN = CommandLine(), CommandLine()
