"""Calls of ``ArgumentParser`` and its methods, with arguments that are known → the declarations of a parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aml_pipeline.project.contract.model import (
    COMMAND,
    FLAG,
    ONE,
    REST,
    UNKNOWN,
    Command,
    Group,
    Option,
    Parser,
    Scalar,
)
from aml_pipeline.project.contract.symbols import ANYTHING, DECLARED, Dotted, Items, Known, SilenceError, Value

Named = Mapping[str, Value]

_PLAIN_SETTINGS = {"prog", "usage", "description", "epilog", "formatter_class", "argument_default", "add_help",
                   "allow_abbrev", "color", "suggest_on_error"}  # fmt: skip
_ORDER = ("prog", "usage", "description", "epilog")
_FLAGS = {"store_true", "store_false", "store_const", "append_const", "count", "help", "version"}
_STORES = {"store", "append", "extend"}
_REPEATED = {"append", "append_const", "extend", "count"}
_NARGS = {
    "argparse.OPTIONAL": "?",
    "argparse.ZERO_OR_MORE": "*",
    "argparse.ONE_OR_MORE": "+",
    "argparse.REMAINDER": REST,
    "argparse.PARSER": COMMAND,
}
_KINDS = {"str", "int", "float", "complex", "bool"}
_MOST_CHOICES = 2000
_SHOWS = {"print_help", "print_usage", "format_help", "format_usage", "get_default", "set_defaults"}
_DEEPEST = 5
_HELP = Option(("-h", "--help"), "--help", 0, nargs=FLAG, exits=True)


@dataclass(slots=True, eq=False)
class Builder:
    """An ``ArgumentParser`` under construction: one that is ``lost`` may do anything, ``names`` are those it has."""

    abbreviates: bool = True
    sets_defaults: bool = False
    open: bool = False
    lost: bool = False
    declared: list[Option | CommandsBuilder] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    groups: list[GroupBuilder] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, arguments: Sequence[Value], named: Named, line: int) -> Value | None:
        """Follow ``add_argument``; two declarations of one name are an error of the script."""
        names = [value.value for value in arguments if isinstance(value, Known) and isinstance(value.value, str)]
        if len(names) != len(arguments) or "" in names:
            return None
        option = _option(names, named, line)
        self.lost |= not self.taken.isdisjoint(option.names)
        self.taken.update(option.names)
        self.declared.append(option)
        return DECLARED

    def add_group(self, named: Named, *, exclusive: bool) -> GroupBuilder:
        """Follow ``add_argument_group`` and ``add_mutually_exclusive_group``."""
        self.lost |= not named.keys() <= ({"required"} if exclusive else {"title", "description"})
        group = GroupBuilder(self, exclusive, _truth(named.get("required")))
        self.groups.append(group)
        return group

    def add_subparsers(self, named: Named, line: int) -> CommandsBuilder:
        """Follow ``add_subparsers``, which may be called once."""
        self.lost |= any(isinstance(other, CommandsBuilder) for other in self.declared)
        self.lost |= not named.keys() <= {"title", "description", "prog", "dest", "required", "help", "metavar"}
        dest = named.get("dest")
        label = dest.value if isinstance(dest, Known) and isinstance(dest.value, str) else "command"
        commands = CommandsBuilder(self, label, line, _truth(named.get("required")))
        self.declared.append(commands)
        return commands


@dataclass(slots=True, eq=False)
class GroupBuilder:
    """A group of a parser; ``members`` are the places of its options in the parser."""

    parser: Builder
    exclusive: bool
    required: bool
    members: list[int] = field(default_factory=list)

    def add(self, arguments: Sequence[Value], named: Named, line: int) -> Value | None:
        """Follow ``add_argument``."""
        place = len(self.parser.declared)
        value = self.parser.add(arguments, named, line)
        self.members += [] if value is None else [place]
        return value


@dataclass(slots=True, eq=False)
class CommandsBuilder:
    """What ``add_subparsers`` returned: the subcommands so far."""

    parser: Builder
    label: str
    line: int
    required: bool
    added: list[tuple[tuple[str, ...], Builder]] = field(default_factory=list)
    open: bool = False

    def add(self, arguments: Sequence[Value], named: Named) -> Builder | None:
        """Follow ``add_parser``; None when the names of the subcommand are not known."""
        settings = {**dict(zip(("name",), arguments, strict=False)), **named}
        aliases = settings.pop("aliases", Items([]))
        others = aliases.items if isinstance(aliases, Items) else None
        values = [settings.pop("name", None), *(others or [])]
        names = tuple(value.value for value in values if isinstance(value, Known) and isinstance(value.value, str))
        if others is None or len(names) != len(values):
            return None
        parser = new_parser([], {name: value for name, value in settings.items() if name not in {"help", "deprecated"}})
        self.added.append((names, parser))
        return parser


def declared(
    owner: Builder | GroupBuilder | CommandsBuilder, name: str, arguments: Sequence[Value], named: Named, line: int
) -> Value | None:
    """Return what a method that declares something returns; None when what it does is not known."""
    if isinstance(owner, CommandsBuilder):
        return owner.add(arguments, named) if name == "add_parser" else None
    parser = owner if isinstance(owner, Builder) else owner.parser
    if name == "add_argument":
        return owner.add(arguments, named, line)
    if name in {"add_argument_group", "add_mutually_exclusive_group"}:
        parser.lost |= isinstance(owner, GroupBuilder) and owner.exclusive
        return parser.add_group(named, exclusive=name == "add_mutually_exclusive_group")
    if name == "add_subparsers":
        return parser.add_subparsers(named, line)
    parser.lost |= name not in _SHOWS
    parser.sets_defaults |= name == "set_defaults"
    return ANYTHING


def new_parser(arguments: Sequence[Value], named: Named) -> Builder:
    """Follow ``ArgumentParser(...)``; one with settings that change how a command line is read is lost."""
    settings = {**dict(zip(_ORDER, arguments, strict=False)), **named}
    switches = [settings.get(name, Known(value=True)) for name in ("add_help", "allow_abbrev")]
    helps, abbreviates = map(_truth, switches)
    is_plain = len(arguments) <= len(_ORDER) and settings.keys() <= _PLAIN_SETTINGS
    return Builder(
        abbreviates=abbreviates,
        sets_defaults="argument_default" in settings,
        lost=not is_plain or not all(isinstance(value, Known) for value in switches),
        declared=[_HELP] if helps else [],
        taken={*_HELP.names} if helps else set(),
    )


def _truth(value: Value | None) -> bool:
    return isinstance(value, Known) and bool(value.value)


def _option(names: Sequence[str], named: Named, line: int) -> Option:
    action = _action(named.get("action"))
    is_option = bool(names) and names[0].startswith("-")
    nargs = _nargs(named.get("nargs"), action)
    default = named.get("default", Known(None))
    needed = _truth(named.get("required")) and bool(action) and nargs != UNKNOWN
    return Option(
        names=_with_negations(names, action) if is_option else (),
        label=max(names, key=len) if is_option else _label(named, names),
        line=line,
        nargs=nargs,
        kind=_kind(named.get("type")) if action in _STORES else "",
        choices=_choices(named["choices"]) if action in _STORES and "choices" in named else None,
        required=needed if is_option else nargs not in {"?", "*", REST, UNKNOWN},
        keeps_last=action not in _REPEATED,
        exits=action in {"help", "version"},
        default=default.value if isinstance(default, Known) and isinstance(default.value, Scalar) else None,
        has_default=default != Known(None),
    )


def _label(named: Named, names: Sequence[str]) -> str:
    for value in (named.get("metavar"), *map(Known, names), named.get("dest")):
        if isinstance(value, Known) and isinstance(value.value, str):
            return value.value
    return "value"


def _with_negations(names: Sequence[str], action: str) -> tuple[str, ...]:
    negations = [f"--no-{name[2:]}" for name in names if name.startswith("--")] if action == "boolean" else []
    return (*names, *negations)


def _action(value: Value | None) -> str:
    """Return the name of an action; "" for one that may do anything."""
    if value is None or value == Known(None):
        return "store"
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value if value.value in _FLAGS | _STORES else ""
    return "boolean" if value == Dotted("argparse.BooleanOptionalAction") else ""


def _nargs(value: Value | None, action: str) -> str:
    if not action:
        return UNKNOWN
    if action not in _STORES:
        return FLAG
    if value is None or value == Known(None):
        return ONE
    if isinstance(value, Dotted):
        return _NARGS.get(value.name, UNKNOWN)
    number = value.value if isinstance(value, Known) else None
    if isinstance(number, str):
        return number if number in _NARGS.values() else UNKNOWN
    is_number = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return str(number) if is_number else UNKNOWN


def _kind(value: Value | None) -> str:
    if value is None or value == Known(None):
        return "str"
    return value.name if isinstance(value, Dotted) and value.name in _KINDS else ""


def _choices(value: Value) -> tuple[Scalar, ...] | range | None:
    if isinstance(value, Known) and isinstance(value.value, range):
        return value.value
    items = value.items or [] if isinstance(value, Items) else []
    scalars = [item.value for item in items if isinstance(item, Known) and isinstance(item.value, Scalar)]
    return tuple(scalars) if 0 < len(scalars) == len(items) <= _MOST_CHOICES else None


def finished(builder: Builder, elsewhere: set[str], depth: int = 0) -> Parser:
    """Return what ``builder`` declares; ``elsewhere`` are the names that code which is not followed reads."""
    if builder.lost or depth > _DEEPEST:
        raise SilenceError
    is_open = builder.open or not builder.names.isdisjoint(elsewhere)
    options = [
        replace(row, has_default=row.has_default or builder.sets_defaults) if isinstance(row, Option)
        else _commands(row, elsewhere, depth)
        for row in builder.declared
    ]  # fmt: skip
    groups = [
        Group(tuple(group.members), required=group.required and bool(group.members) and not is_open)
        for group in builder.groups
        if group.exclusive
    ]
    return Parser(tuple(options), tuple(groups), builder.abbreviates, is_open)


def _commands(commands: CommandsBuilder, elsewhere: set[str], depth: int) -> Option:
    listed = tuple(Command(names, finished(parser, elsewhere, depth + 1)) for names, parser in commands.added)
    is_open = commands.open or not commands.parser.names.isdisjoint(elsewhere)
    return Option((), commands.label, commands.line, nargs=COMMAND, kind="", required=commands.required,
                  commands=listed, commands_open=is_open)  # fmt: skip
