"""Calls of ``ArgumentParser`` and ``add_argument`` with known arguments → declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aml_pipeline.project.contract.data import iterated
from aml_pipeline.project.contract.model import FLAG, ONE, REST, UNKNOWN, Command, Group, Option, Parser, Scalar
from aml_pipeline.project.contract.symbols import (
    Action,
    Commands,
    Dotted,
    Exclusive,
    Items,
    Known,
    ParserSymbol,
    SilenceError,
    Table,
    Value,
    Where,
    help_option,
)

_ORDER = ("prog", "usage", "description", "epilog", "parents", "formatter_class", "prefix_chars",
          "fromfile_prefix_chars", "argument_default", "conflict_handler", "add_help", "allow_abbrev",
          "exit_on_error")  # fmt: skip
_FLAGS = {"store_true", "store_false", "store_const", "append_const", "count", "help", "version"}
_STORES = {"store", "append", "extend"}
_REPEATED = {"append", "append_const", "extend", "count"}
_ACTION_CLASSES = {
    "argparse._StoreAction": "store",
    "argparse._StoreTrueAction": "store_true",
    "argparse._StoreFalseAction": "store_false",
    "argparse._StoreConstAction": "store_const",
    "argparse._AppendAction": "append",
    "argparse._AppendConstAction": "append_const",
    "argparse._CountAction": "count",
    "argparse._HelpAction": "help",
    "argparse._VersionAction": "version",
    "argparse.BooleanOptionalAction": "boolean",
}
_NARGS = {
    "argparse.OPTIONAL": "?",
    "argparse.ZERO_OR_MORE": "*",
    "argparse.ONE_OR_MORE": "+",
    "argparse.REMAINDER": "...",
    "argparse.PARSER": "A...",
}
_KINDS = {"str", "int", "float", "complex", "bool"}
_MOST_CHOICES = 2000

Named = Mapping[str, Value]


def parser_symbol(positional: Sequence[Value], named: Named, where: Where) -> ParserSymbol:
    """Return the parser that ``ArgumentParser(*positional, **named)`` makes; SilenceError when that is not known."""
    given = {**dict(zip(_ORDER, positional, strict=False)), **named}
    if not given.keys() <= {*_ORDER, "color", "suggest_on_error"} or len(positional) > len(_ORDER):
        raise SilenceError
    parser = ParserSymbol(
        prefix=_text(given, "prefix_chars", "-"),
        files=_text(given, "fromfile_prefix_chars", ""),
        abbreviates=_truth(given, "allow_abbrev", default=True),
        resolves=_text(given, "conflict_handler", "error") == "resolve",
        exits=_truth(given, "exit_on_error", default=True),
        default_known="argument_default" not in given,
    )
    if not parser.prefix:
        raise SilenceError
    if _truth(given, "add_help", default=True):
        add(parser, Action(help_option(parser.prefix), where), None)
    _inherit(parser, given.get("parents"), where)
    return parser


def _text(given: Named, name: str, default: str) -> str:
    value = given.get(name, Known(default))
    if isinstance(value, Known) and isinstance(value.value, str | None):
        return value.value or ""
    raise SilenceError


def _truth(given: Named, name: str, *, default: bool) -> bool:
    value = given.get(name, Known(default))
    if isinstance(value, Known):
        return bool(value.value)
    raise SilenceError


def _inherit(parser: ParserSymbol, parents: Value | None, where: Where) -> None:
    if parents is None:
        return
    items = parents.items if isinstance(parents, Items) else None
    if items is None:
        raise SilenceError
    for parent in items:
        if not isinstance(parent, ParserSymbol):
            raise SilenceError
        copies = {id(action): Action(action.option, (*where, *action.where)) for action in parent.actions}
        for action in parent.actions:
            if action.commands or action.dropped:
                raise SilenceError
            add(parser, copies[id(action)], None)
        parser.groups += [
            Exclusive(one.required, (*where, *one.where), [copies[id(action)] for action in one.members])
            for one in parent.groups
        ]
        parser.open |= parent.open
        parser.lost |= parent.lost
        parser.default_known &= parent.default_known


def add(parser: ParserSymbol, action: Action, group: Exclusive | None) -> None:
    """Add a declaration; one of the same name is an error of the script, or replaced."""
    if not parser.names.isdisjoint(action.option.names):
        _replace_names(parser, action)
    parser.names.update(action.option.names)
    parser.actions.append(action)
    if group is not None:
        group.members.append(action)


def _replace_names(parser: ParserSymbol, action: Action) -> None:
    """Take the names of a declaration from those before it."""
    for other in parser.actions:
        both = {*other.option.names} & {*action.option.names}
        if both and _together(other.where, action.where):
            parser.lost |= not parser.resolves or not is_certain(action.where, other.where)
            names = tuple(name for name in other.option.names if name not in both)
            other.option = replace(other.option, names=names)
            other.dropped = not names


def _together(one: Where, other: Where) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def option(names: Sequence[str], named: Named, parser: ParserSymbol, line: int) -> Option:
    """Return what ``add_argument(*names, **named)`` declares."""
    action = _action(named.get("action"))
    is_option = bool(names) and names[0][:1] in {*parser.prefix}
    label = max(names, key=len) if is_option else _label(named, names)
    names = tuple(names) if is_option else ()
    default = named.get("default")
    known = parser.default_known if default is None else isinstance(default, Known)
    plain = default.value if isinstance(default, Known) else None
    nargs = _nargs(named.get("nargs"), action)
    return Option(
        names=_with_negations(names) if action == "boolean" else names,
        label=label,
        line=line,
        nargs=nargs,
        kind=_kind(named.get("type")) if action in _STORES else "",
        choices=_choices(named["choices"]) if action in _STORES and "choices" in named else None,
        required=_required(named, nargs, action) if is_option else nargs not in {"?", "*", REST, UNKNOWN},
        keeps_last=action not in _REPEATED,
        exits=action in {"help", "version"},
        default=plain if isinstance(plain, Scalar) else None,
        default_known=known and isinstance(plain, Scalar),
    )


def _label(named: Named, names: Sequence[str]) -> str:
    for one in (named.get("metavar"), *map(Known, names), named.get("dest")):
        if isinstance(one, Known) and isinstance(one.value, str):
            return one.value
    return "value"


def _with_negations(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(form for name in names for form in ([name, f"--no-{name[2:]}"] if name.startswith("--") else [name]))


def _action(value: Value | None) -> str:
    """Return the name of an action; "" for one that may do anything."""
    if value is None or value == Known(None):
        return "store"
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value if value.value in _FLAGS | _STORES else ""
    return _ACTION_CLASSES.get(value.name, "") if isinstance(value, Dotted) else ""


def _nargs(value: Value | None, action: str) -> str:
    if not action:
        return UNKNOWN
    if action not in _STORES:
        return FLAG
    if value is None or value == Known(None):
        return ONE
    if isinstance(value, Dotted):
        return _NARGS.get(value.name, UNKNOWN)
    return _counted(value.value) if isinstance(value, Known) else UNKNOWN


def _counted(number: object) -> str:
    if isinstance(number, str):
        return number if number in _NARGS.values() else UNKNOWN
    is_number = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return str(number) if is_number else UNKNOWN


def _kind(value: Value | None) -> str:
    if value is None or value == Known(None):
        return "str"
    return value.name if isinstance(value, Dotted) and value.name in _KINDS else ""


def _required(named: Named, nargs: str, action: str) -> bool:
    value = named.get("required")
    return bool(action) and nargs != UNKNOWN and isinstance(value, Known) and bool(value.value)


def _choices(value: Value) -> tuple[Scalar, ...] | range | None:
    if isinstance(value, Items) and value.span is not None:
        return value.span
    found = [one.value for one in iterated(value) or () if isinstance(one, Known)] if _is_container(value) else []
    scalars = tuple(one for one in found if isinstance(one, Scalar))
    return scalars if 0 < len(scalars) == len(iterated(value) or ()) <= _MOST_CHOICES else None


def _is_container(value: Value) -> bool:
    return isinstance(value, Items | Table)


def parser_of(symbol: ParserSymbol, where: Where, *, depth: int = 0) -> Parser:
    """Return what ``symbol`` declares, as seen by code that runs under the conditions ``where``."""
    if symbol.lost or depth > _DEEPEST:
        raise SilenceError
    actions = [one for one in symbol.actions if not one.dropped]
    numbers = {id(one): number for number, one in enumerate(actions)}
    is_open = symbol.open or any(one.dropped for group in symbol.groups for one in group.members)
    groups = []
    for group in symbol.groups:
        sure = is_certain(group.where, where) and all(is_certain(one.where, where) for one in group.members)
        members = tuple(numbers[id(one)] for one in group.members if not one.dropped)
        groups.append(Group(members, required=group.required and sure and bool(members) and not is_open))
    return Parser(
        options=tuple(_settled(one, where, symbol, depth) for one in actions),
        groups=tuple(groups),
        prefix=symbol.prefix,
        abbreviates=symbol.abbreviates,
        files=symbol.files,
        open=is_open,
    )


_DEEPEST = 5


def is_certain(needed: Where, where: Where) -> bool:
    """Whether what depends on ``needed`` holds for code that runs under ``where``."""
    return where[: len(needed)] == needed


def _settled(action: Action, where: Where, symbol: ParserSymbol, depth: int) -> Option:
    found = replace(
        action.option,
        certain=is_certain(action.where, where),
        default_known=action.option.default_known and symbol.default_known,
    )
    if action.commands is None:
        return found
    commands: Commands = action.commands
    listed = tuple(
        Command(names, parser_of(one, where if is_certain(needed, where) else needed, depth=depth + 1))
        for names, one, needed in commands.added
    )
    unsure = commands.open or any(not is_certain(needed, where) for _, _, needed in commands.added)
    return replace(found, commands=listed, commands_open=unsure)
