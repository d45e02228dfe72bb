"""What a script takes on its command line, as plain data: it is kept between runs, so it goes to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Scalar = str | int | float | bool | None

ONE, FLAG, REST, COMMAND, UNKNOWN = "1", "0", "...", "A...", "unknown"


@dataclass(frozen=True, slots=True)
class Option:
    """One declaration: an option with its ``names``, or a positional argument (no names).

    ``nargs`` is a number, one of ``? * + ... A...``, or ``unknown``. ``kind`` is the built-in that converts a value
    ("" when that is not known). What is not ``certain`` may be missing, for it stands under a condition.
    ``commands`` are those of a positional that takes a subcommand.
    """

    names: tuple[str, ...]
    label: str
    line: int
    nargs: str = ONE
    kind: str = "str"
    choices: tuple[Scalar, ...] | range | None = None
    required: bool = False
    certain: bool = True
    keeps_last: bool = True
    exits: bool = False
    default: Scalar = None
    default_known: bool = True
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
    prefix: str = "-"
    abbreviates: bool = True
    files: str = ""
    open: bool = False

    @property
    def complete(self) -> bool:
        """Whether each option is known for sure."""
        return not self.open and all(map(_is_known, self.options))


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its name and aliases, and the parser of what follows it."""

    names: tuple[str, ...]
    parser: Parser


@dataclass(frozen=True, slots=True)
class Contract:
    """What is known of a script's command line; nothing when ``parser`` is None.

    ``strict``: what the parser does not know is refused. ``intermixed``: positional values may stand anywhere.
    ``bare``: the script does something else when it is given nothing at all.
    """

    parser: Parser | None = None
    strict: bool = True
    intermixed: bool = False
    bare: bool = False

    @property
    def complete(self) -> bool:
        """Whether the command line was read fully: every option is known for sure."""
        return self.parser is not None and self.parser.complete


SILENT = Contract()


def _is_known(option: Option) -> bool:
    commands = option.commands or ()
    known = option.certain and option.nargs != UNKNOWN and not option.commands_open
    return known and all(command.parser.complete for command in commands)


def as_data(contract: Contract) -> list[Any]:
    """Return ``contract`` as JSON data."""
    parser = None if contract.parser is None else _parser_data(contract.parser)
    return [parser, contract.strict, contract.intermixed, contract.bare]


def from_data(data: list[Any]) -> Contract:
    """Return the contract that ``as_data`` made ``data`` of."""
    parser, *rest = data
    return Contract(None if parser is None else _parser(parser), *rest)


def _parser_data(parser: Parser) -> list[Any]:
    groups = [[list(one.members), one.required] for one in parser.groups]
    options = [_option_data(one) for one in parser.options]
    return [options, groups, parser.prefix, parser.abbreviates, parser.files, parser.open]


def _parser(data: list[Any]) -> Parser:
    options, groups, *rest = data
    return Parser(
        tuple(_option(one) for one in options), tuple(Group(tuple(some), needed) for some, needed in groups), *rest
    )


_FIELDS = tuple(name for name in Option.__slots__ if name not in {"names", "choices", "commands"})


def _option_data(option: Option) -> dict[str, Any]:
    data = {name: getattr(option, name) for name in _FIELDS}
    data["names"] = list(option.names)
    choices = option.choices
    data["choices"] = {"range": [choices.start, choices.stop, choices.step]} if isinstance(choices, range) else choices
    if isinstance(choices, tuple):
        data["choices"] = list(choices)
    commands = option.commands
    data["commands"] = commands and [[list(one.names), _parser_data(one.parser)] for one in commands]
    if commands == ():
        data["commands"] = []
    return data


def _option(data: dict[str, Any]) -> Option:
    choices, commands = data["choices"], data["commands"]
    if isinstance(choices, dict):
        choices = range(*choices["range"])
    elif choices is not None:
        choices = tuple(choices)
    if commands is not None:
        commands = tuple(Command(tuple(names), _parser(parser)) for names, parser in commands)
    return Option(**{**data, "names": tuple(data["names"]), "choices": choices, "commands": commands})
