"""Names of a script: assignments, imports, definitions and calls of functions; and who else can reach a parser."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from aml_pipeline.project.contract import mentions
from aml_pipeline.project.contract.calls import Calls
from aml_pipeline.project.contract.data import iterated
from aml_pipeline.project.contract.expressions import imported
from aml_pipeline.project.contract.symbols import (
    ANYTHING,
    Action,
    Branch,
    CommandLine,
    Commands,
    Dotted,
    Function,
    Given,
    GroupSymbol,
    Items,
    Known,
    Method,
    ParserSymbol,
    Scope,
    SilenceError,
    Table,
    Value,
)

# How a block ends: its last statement was reached, or one of these.
Flow = Literal["return", "break", "continue"] | None
_DEEPEST_CALL = 20
# Decorators that change nothing about what a call does.
_TRANSPARENT = {
    "functools.lru_cache",
    "functools.cache",
    "torch.no_grad",
    "torch.inference_mode",
    "torch.distributed.elastic.multiprocessing.errors.record",
    "typing.no_type_check",
}
_ARGPARSE_NAMES = ("ArgumentParser", "BooleanOptionalAction", "FileType", "Namespace", "ArgumentTypeError",
                   "ArgumentError", "ArgumentDefaultsHelpFormatter", "RawTextHelpFormatter", "OPTIONAL", "REMAINDER",
                   "RawDescriptionHelpFormatter", "ZERO_OR_MORE", "ONE_OR_MORE", "SUPPRESS", "PARSER")  # fmt: skip


class Frame:
    """A function at work: what it returned on some ways, and the conditions that its rest stands under."""

    def __init__(self) -> None:
        self.returned: list[Value] = []
        self.left: list[Branch] = []
        self.skipped: list[Branch] = []  # the same for the rest of a loop
        self.globals: set[str] = set()


class Names(Calls):
    """Follows what gives names their values, and the calls of the script's own functions."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = [Frame()]
        self._functions: list[Function] = []
        self._unfollowed: list[tuple[ast.AST, list[Scope]]] = []

    def block(self, statements: Sequence[ast.stmt]) -> Flow:
        """Follow statements one after the other."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign ``value`` to ``target``."""
        if isinstance(target, ast.Name):
            self._name(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            owner = self.value(target.value)
            if isinstance(owner, CommandLine | Given):
                raise SilenceError
            self.escape(owner)
            self.escape(value)
        else:
            self.escape(value)
            for inner in ast.iter_child_nodes(target):
                if isinstance(inner, ast.expr):
                    self.bind(inner, ANYTHING)

    def _name(self, name: str, value: Value) -> None:
        if name in self._frames[-1].globals:
            for scope in self.scopes[:-1]:
                self._drop(scope.get(name, ANYTHING))
                scope[name] = ANYTHING if len(self.scopes) > 2 else value  # noqa: PLR2004 - an inner function's outer
            if len(self.scopes) > 2:  # noqa: PLR2004
                self.escape(value)
        else:
            self.scopes[-1][name] = value

    def _drop(self, value: Value) -> None:
        """Forget which value a name stands for, so that anything may be done with it unseen."""
        if not isinstance(value, CommandLine | Given):
            self.escape(value)

    def _unpack(self, targets: list[ast.expr], value: Value) -> None:
        items = iterated(value)
        if items is None or len(items) != len(targets) or any(isinstance(one, ast.Starred) for one in targets):
            self.escape(value)
            items = [ANYTHING] * len(targets)
        for target, item in zip(targets, items, strict=True):
            self.bind(target, item)

    def _assign(self, node: ast.Assign) -> Flow:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)
        return None

    def _annotated(self, node: ast.AnnAssign) -> Flow:
        if node.value is not None:
            self.bind(node.target, self.value(node.value))
        return None

    def _augmented(self, node: ast.AugAssign) -> Flow:
        old, new = self.value(node.target), self.value(node.value)
        if isinstance(old, Items | Table):
            self.escape(old)
        if isinstance(old, CommandLine | Given) or isinstance(new, CommandLine | Given):
            raise SilenceError
        self.escape(new)
        self.bind(node.target, ANYTHING)
        return None

    def _delete(self, node: ast.Delete) -> Flow:
        for target in node.targets:
            self.bind(target, ANYTHING)
        return None

    def _global(self, node: ast.Global | ast.Nonlocal) -> Flow:
        if len(self._frames) > 1:
            self._frames[-1].globals |= {*node.names}
        return None

    def _import(self, node: ast.Import) -> Flow:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            self._name(alias.asname or name, imported(name))
        return None

    def _import_from(self, node: ast.ImportFrom) -> Flow:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name != "*":
                self._name(alias.asname or alias.name, imported(f"{module}.{alias.name}"))
            elif module == "argparse":
                self.scopes[-1].update({name: Dotted(f"argparse.{name}") for name in _ARGPARSE_NAMES})
            else:
                self._import_anything()
        return None

    def _import_anything(self) -> None:
        """After ``import *`` no name need stand for what it stood for."""
        self.names_unsure = True
        for name, value in self.scopes[0].items():
            if name != "__name__":
                self._drop(value)
                self.scopes[0][name] = ANYTHING

    def _define(self, node: ast.FunctionDef) -> Flow:
        arguments = node.args
        function = Function(node, list(self.scopes))
        plain = [*arguments.posonlyargs, *arguments.args]
        for one, default in zip(reversed(plain), reversed(arguments.defaults), strict=False):
            function.defaults[one.arg] = self.value(default)
        for one, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword_default is not None:
                function.defaults[one.arg] = self.value(keyword_default)
        self._functions.append(function)
        transparent = all(self._is_transparent(one) for one in node.decorator_list)
        function.escaped = not transparent
        self._name(node.name, function if transparent else ANYTHING)
        return None

    def _is_transparent(self, node: ast.expr) -> bool:
        found = self.value(node.func if isinstance(node, ast.Call) else node)
        return isinstance(found, Dotted) and found.name in _TRANSPARENT

    def unfollowed(self, node: ast.AST) -> Value:
        """Note code that runs at a time, or as often as, nobody can tell; what it names is out of sight."""
        self._unfollowed.append((node, self.scopes))
        for name in mentions.free(node) if self.parsers else ():
            self._escape_parsers(self.lookup(name))
        return ANYTHING

    def _escape_parsers(self, value: Value) -> None:
        if isinstance(value, ParserSymbol | GroupSymbol | Commands | Action | Method | Items | Table):
            self.escape(value)

    def expose(self, parser: ParserSymbol) -> None:
        """Mark what ``parser`` is made of as open where code that was not followed can reach it."""
        family = {id(parser)} | {id(one) for action in parser.actions for one in _children(action)}
        unseen = [(one.node, one.scopes) for one in self._functions if one.escaped or not one.called]
        named = {name for node, scopes in (*unseen, *self._unfollowed) for name in self._reach(node, scopes, family)}
        for one in self._functions:
            if one.called and not one.escaped and one.node.name in named:
                self._reach(one.node, one.scopes, family)

    def _reach(self, node: ast.AST, scopes: list[Scope], family: set[int]) -> set[str]:
        """Open what ``node`` can reach of a family of parsers; return all the names that it reads."""
        held = {name: value for scope in scopes for name, value in scope.items() if _root(value) in family}
        if not held and not any(_is_argv(value) for scope in scopes for value in scope.values()):
            return set()
        words = mentions.words(node)
        if "argv" in words and mentions.changes_command_line(node):
            raise SilenceError
        for name in mentions.free(node) & held.keys() if words & held.keys() else ():
            self._escape_parsers(held[name])
        return words

    def inline(self, function: Function, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Follow the call of a function of the script."""
        if len(self._frames) > _DEEPEST_CALL:
            raise SilenceError
        local = self._bound(function, arguments, named)
        function.called = True
        outer, self.scopes = self.scopes, [*function.scopes, local]
        frame, where = Frame(), self.where
        self._frames.append(frame)
        try:
            flow = self.block(function.node.body)
        finally:
            self._frames.pop()
            self.scopes, self.where = outer, where
        return self._joined_values(frame.returned if flow == "return" else [*frame.returned, Known(None)])

    def _bound(self, function: Function, arguments: Sequence[Value], named: Mapping[str, Value]) -> Scope:
        declared = function.node.args
        plain = [one.arg for one in (*declared.posonlyargs, *declared.args)]
        names = {*plain, *(one.arg for one in declared.kwonlyargs)}
        local: Scope = dict.fromkeys(names, ANYTHING) | function.defaults
        local.update(zip(plain, arguments, strict=False))
        local.update({name: value for name, value in named.items() if name in names})
        if declared.vararg:
            local[declared.vararg.arg] = Items(list(arguments[len(plain) :]))
        if declared.kwarg:
            local[declared.kwarg.arg] = Table({name: value for name, value in named.items() if name not in names})
        return local

    def _joined_values(self, values: list[Value]) -> Value:
        first = values[0]
        if all(one is first or (isinstance(one, Known | Dotted) and one == first) for one in values):
            return first
        for one in values:
            self._drop(one)
            if isinstance(one, CommandLine | Given):
                raise SilenceError
        return ANYTHING


def _children(action: Action) -> Iterator[ParserSymbol]:
    for _, parser, _ in action.commands.added if action.commands else ():
        yield parser
        for inner in parser.actions:
            yield from _children(inner)


def _root(value: Value) -> int:
    """Return which parser ``value`` is, or belongs to."""
    if isinstance(value, GroupSymbol | Commands):
        return id(value.parser)
    return _root(value.owner) if isinstance(value, Method) else id(value)


def _is_argv(value: Value) -> bool:
    return isinstance(value, CommandLine) or (isinstance(value, Dotted) and value.name == "sys")
