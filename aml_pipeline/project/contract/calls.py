"""Calls in a script: of argparse, of the script's own functions, and of all the rest, which may do anything."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aml_pipeline.project.contract import declarations
from aml_pipeline.project.contract.data import built_in, iterated, of_data
from aml_pipeline.project.contract.expressions import Expressions
from aml_pipeline.project.contract.model import COMMAND, Contract, Option
from aml_pipeline.project.contract.symbols import (
    ANYTHING,
    Action,
    CommandLine,
    Commands,
    Count,
    Dotted,
    Exclusive,
    Function,
    Given,
    GroupSymbol,
    Known,
    Method,
    ParserSymbol,
    SilenceError,
    Table,
    Value,
    Where,
)

_ENDS = {"sys.exit", "exit", "quit", "os._exit"}
_HARMLESS = {"print", "isinstance", "argcomplete.autocomplete", "repr"}
_PARSES = {"parse_args": (True, False), "parse_known_args": (False, False), "parse_intermixed_args": (True, True),
           "parse_known_intermixed_args": (False, True)}  # fmt: skip
_ADDS = {"add_argument", "add_argument_group", "add_mutually_exclusive_group", "add_subparsers", "add_parser"}
_SHOWS = {"print_help", "print_usage", "format_help", "format_usage", "get_default", "set_defaults"}
_GROUP_WORDS = {"title", "description"}
_SUBPARSERS_WORDS = {"title", "description", "prog", "dest", "required", "help", "metavar"}


class EndError(Exception):
    """The script ends here."""


class ParsedError(Exception):
    """The command line was parsed: what follows no longer matters."""

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self.contract = contract


class Calls(Expressions):
    """Follows calls."""

    def __init__(self) -> None:
        super().__init__()
        self.where: Where = ()
        self.guards = 0  # code around that lives on when the script is told to exit
        self.tries = 0  # code around that catches anything at all
        self.parsers: list[ParserSymbol] = []
        self.found: Contract | None = None

    def inline(self, function: Function, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Follow the call of a function of the script."""
        raise NotImplementedError

    def expose(self, parser: ParserSymbol) -> None:
        """Mark what ``parser`` is made of as open where code that was not followed can reach it."""
        raise NotImplementedError

    def call(self, node: ast.Call) -> Value:
        """Return what a call returns."""
        function = self.value(node.func)
        arguments = self.spread(node.args)
        named = self._named(node.keywords)
        if isinstance(function, Method):
            return self._method(function, arguments, named, node)
        if isinstance(function, Dotted) and arguments is not None and named is not None:
            return self._of_module(function.name, arguments, named)
        if isinstance(function, Function) and arguments is not None and named is not None:
            return self.inline(function, arguments, named)
        if isinstance(function, Function):
            function.escaped = True
        elif isinstance(function, Dotted) and function.name == "argparse.ArgumentParser":
            return ParserSymbol(lost=True)
        self._escape_all(arguments, named)
        self._unknown_call(node.func)
        return ANYTHING

    def _named(self, keywords: list[ast.keyword]) -> dict[str, Value] | None:
        named: dict[str, Value] = {}
        known = True
        for one in keywords:
            value = self.value(one.value)
            if one.arg is not None:
                named[one.arg] = value
            elif isinstance(value, Table) and value.entries is not None:
                named.update({str(key): item for key, item in value.entries.items()})
            else:
                self.escape(value)
                known = False
        if not known:
            self._escape_all([], named)
        return named if known else None

    def _escape_all(self, arguments: Sequence[Value] | None, named: Mapping[str, Value] | None) -> None:
        for one in (*(arguments or ()), *(named or {}).values()):
            self.escape(one)

    def _unknown_call(self, function: ast.expr) -> None:
        """A method of something unknown may be a parser's."""
        if isinstance(function, ast.Attribute) and function.attr in _PARSES:
            raise SilenceError
        if isinstance(function, ast.Attribute) and function.attr in _ADDS:
            for parser in self.parsers:
                parser.open = True

    def _of_module(self, name: str, arguments: list[Value], named: dict[str, Value]) -> Value:
        if name == "argparse.ArgumentParser":
            return self._parser(arguments, named)
        if name in _ENDS:
            raise EndError
        if name == "len" and len(arguments) == 1 and isinstance(arguments[0], CommandLine):
            return Count()
        if name in _HARMLESS:
            return ANYTHING
        built = built_in(name, arguments, named)
        if built is None:
            self._escape_all(arguments, named)
            return ANYTHING
        return built

    def _parser(self, arguments: Sequence[Value], named: Mapping[str, Value]) -> ParserSymbol:
        try:
            parser = declarations.parser_symbol(arguments, named, self.where)
        except SilenceError:
            parser = ParserSymbol(lost=True)
        self.parsers.append(parser)
        return parser

    def _method(
        self, method: Method, arguments: list[Value] | None, named: dict[str, Value] | None, node: ast.Call
    ) -> Value:
        owner, name = method.owner, method.name
        if isinstance(owner, ParserSymbol | GroupSymbol):
            return self._of_parser(owner, name, arguments, named, node.lineno)
        if isinstance(owner, Commands):
            return self._of_commands(owner, name, arguments, named)
        if arguments is not None and not named:
            found = of_data(owner, name, arguments)
            if found is not None:
                return found
        self.escape(owner)
        self._escape_all(arguments, named)
        return ANYTHING

    def _of_parser(
        self,
        owner: ParserSymbol | GroupSymbol,
        name: str,
        arguments: list[Value] | None,
        named: dict[str, Value] | None,
        line: int,
    ) -> Value:
        parser = owner.parser if isinstance(owner, GroupSymbol) else owner
        if name in _PARSES and isinstance(owner, ParserSymbol):
            return self._parse(parser, name, arguments, named)
        if name in {"exit", "error"}:
            raise EndError
        if name == "add_argument":
            return self._add_argument(owner, arguments, named, line)
        if name in _SHOWS:
            parser.default_known &= name != "set_defaults"
            self._escape_all(arguments, named)
            return ANYTHING
        if arguments is not None and named is not None:
            if name == "add_subparsers":
                return self._add_subparsers(parser, named, line)
            if name in {"add_argument_group", "add_mutually_exclusive_group"}:
                return self._add_group(owner, name, named)
        parser.lost = True
        self._escape_all(arguments, named)
        return ANYTHING

    def _add_argument(
        self,
        owner: ParserSymbol | GroupSymbol,
        arguments: list[Value] | None,
        named: dict[str, Value] | None,
        line: int,
    ) -> Value:
        parser = owner.parser if isinstance(owner, GroupSymbol) else owner
        names = [one.value for one in arguments or () if isinstance(one, Known) and isinstance(one.value, str)]
        if named is None or arguments is None or len(names) != len(arguments) or "" in names:
            parser.open = True
            self._escape_all(arguments, named)
            return ANYTHING
        action = Action(declarations.option(names, named, parser, line), self.where)
        declarations.add(parser, action, owner.exclusive if isinstance(owner, GroupSymbol) else None)
        return action

    def _add_group(self, owner: ParserSymbol | GroupSymbol, name: str, named: Mapping[str, Value]) -> Value:
        parser = owner.parser if isinstance(owner, GroupSymbol) else owner
        nested = isinstance(owner, GroupSymbol) and owner.exclusive is not None
        if name == "add_argument_group":
            parser.lost |= nested or not named.keys() <= _GROUP_WORDS
            return GroupSymbol(parser, None)
        required = named.get("required", Known(value=False))
        parser.lost |= nested or not named.keys() <= {"required"}
        needed = isinstance(required, Known) and bool(required.value)
        group = Exclusive(needed, self.where)
        parser.groups.append(group)
        return GroupSymbol(parser, group)

    def _add_subparsers(self, parser: ParserSymbol, named: Mapping[str, Value], line: int) -> Value:
        parser.lost |= not named.keys() <= _SUBPARSERS_WORDS
        required, dest = named.get("required"), named.get("dest")
        label = dest.value if isinstance(dest, Known) and isinstance(dest.value, str) else "command"
        needed = isinstance(required, Known) and bool(required.value)
        option = Option((), label, line, nargs=COMMAND, kind="", required=needed, commands=())
        commands = Commands(parser)
        action = Action(option, self.where, commands)
        declarations.add(parser, action, None)
        commands.action = action
        return commands

    def _of_commands(
        self, owner: Commands, name: str, arguments: list[Value] | None, named: dict[str, Value] | None
    ) -> Value:
        first = arguments[0] if arguments else (named or {}).get("name")
        names = _command_names(first, (named or {}).get("aliases"))
        if name != "add_parser" or arguments is None or len(arguments) > 1 or named is None or names is None:
            self.escape(owner)
            self._escape_all(arguments, named)
            return ANYTHING
        rest = {key: value for key, value in named.items() if key not in {"name", "aliases", "help", "deprecated"}}
        parser = self._parser([], rest)
        owner.added.append((names, parser, self.where))
        return parser

    def _parse(
        self, parser: ParserSymbol, name: str, arguments: list[Value] | None, named: dict[str, Value] | None
    ) -> Value:
        """Stop at the first parse that refuses what it does not know; go on after one that lets it pass."""
        if arguments is None or named is None or not named.keys() <= {"args", "namespace"}:
            raise SilenceError
        given = arguments[0] if arguments else named.get("args", Known(None))
        caught = self.guards or (self.tries and not parser.exits)
        if not (isinstance(given, Given) or given == Known(None)) or caught:
            raise SilenceError
        if not all(one.whole for one in self.where):
            raise SilenceError
        self.expose(parser)
        strict, intermixed = _PARSES[name]
        found = declarations.parser_of(parser, self.where)
        contract = Contract(found, strict=strict, intermixed=intermixed, bare=self.bare)
        if strict:
            raise ParsedError(contract)
        self.found = contract
        return ANYTHING

    def set_attribute(self, owner: Value, name: str, value: Value) -> None:
        """Follow ``owner.name = value``."""
        self.escape(value)
        if isinstance(owner, ParserSymbol):
            owner.lost |= name not in {"description", "epilog", "usage", "prog", "formatter_class"}
        elif isinstance(owner, Commands) and name in _SUBPARSERS_WORDS and owner.action is not None:
            if name == "required":
                sure = isinstance(value, Known) and self.where == owner.action.where
                needed = sure and isinstance(value, Known) and bool(value.value)
                owner.action.option = replace(owner.action.option, required=needed)
        elif isinstance(owner, Action) and name in {"completer", "help", "metavar"}:
            pass
        elif isinstance(owner, Dotted) and owner.name.partition(".")[0] in {"argparse", "sys"}:
            raise SilenceError
        else:
            self.escape(owner)


def _command_names(first: Value | None, aliases: Value | None) -> tuple[str, ...] | None:
    others = [] if aliases is None else iterated(aliases)
    if others is None:
        return None
    names = [one.value for one in (first, *others) if isinstance(one, Known) and isinstance(one.value, str)]
    return tuple(names) if len(names) == 1 + len(others) else None
