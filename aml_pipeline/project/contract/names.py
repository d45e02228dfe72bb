"""The names of a script, scope by scope, and what code that is not followed may do to what they stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from aml_pipeline.project.contract import mentions
from aml_pipeline.project.contract.building import Builder, CommandsBuilder, GroupBuilder
from aml_pipeline.project.contract.symbols import (
    ANYTHING,
    CommandLine,
    Declared,
    Dotted,
    Function,
    Items,
    Known,
    Method,
    Scope,
    SilenceError,
    Value,
)


class Names:
    """What each name stands for where the script is followed."""

    def __init__(self, tree: ast.Module, builtins: Iterable[str]) -> None:
        self._elsewhere = mentions.definitions(tree.body)
        self._definitions = {id(definition.node): definition for definition in self._elsewhere}
        self.parsing = mentions.parsing(self._elsewhere)
        self.scopes: list[Scope] = [{"__name__": Known("__main__"), **{name: Dotted(name) for name in builtins}}, {}]
        self.shared: set[str] = set()  # by the function at work, with the module
        self._read_within: set[str] = set()  # names, by code in the function at work that is not followed
        self._followed: set[int] = set()

    @property
    def in_function(self) -> bool:
        """Whether a function is at work, or the module itself."""
        return len(self.scopes) > 2  # noqa: PLR2004 - those of the built-ins and the module

    @contextmanager
    def inside(self, function: Function) -> Iterator[None]:
        """Enter the scope of a function that is called."""
        outer = self.scopes, self.shared, self._read_within
        self._followed.add(id(function.node))
        self.scopes, self.shared = [*function.scopes, {}], set()
        self._read_within = set[str]().union(*(inner.free for inner in mentions.definitions(function.node.body)))
        yield
        self.scopes, self.shared, self._read_within = outer

    def get(self, name: str) -> Value:
        """Return what ``name`` stands for."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), ANYTHING)

    def put(self, name: str, value: Value) -> None:
        """Let ``name`` stand for ``value``."""
        is_shared = name in self.shared or not self.in_function
        scope = self.scopes[1] if is_shared else self.scopes[-1]
        scope[name] = value
        for parser in _reached(value, {}):
            if isinstance(parser, Builder) and is_shared:
                parser.names.add(name)
            elif isinstance(parser, Builder):
                parser.open |= name in self._read_within

    def import_all(self) -> None:
        """Follow ``from module import *``, after which any name, even a built-in's, may have another meaning."""
        for scope in self.scopes[:2]:
            scope.update(dict.fromkeys([name for name in scope if not name.startswith("_")], ANYTHING))

    def read_elsewhere(self) -> set[str]:
        """Return the names that code reads which was not followed."""
        return set[str]().union(
            *(function.free for function in self._elsewhere if id(function.node) not in self._followed)
        )

    def pass_over(self, node: ast.AST) -> None:
        """Note what code may do that is not followed; where it may parse or leave a function, all is silence."""
        code = mentions.mentioned(node)
        self._elsewhere.append(code)
        self._read_within |= code.free
        may_leave = self.in_function and any(isinstance(inner, ast.Return) for inner in mentions.walk(node))
        if may_leave or not self.parsing.isdisjoint(code.words):
            raise SilenceError
        for name in code.words:
            self.escape(self.get(name))
        for name in mentions.assigned(node):
            if name == "*":
                self.import_all()
            self.put(name, ANYTHING)

    def escape(self, value: Value) -> None:
        """Note that code which is not followed may do anything with ``value``, and call it."""
        for inner in _reached(value, self._definitions):
            may_parse = isinstance(inner, Function) and inner.node.name in self.parsing
            if may_parse or isinstance(inner, CommandLine | Declared):
                raise SilenceError
            if isinstance(inner, Builder | CommandsBuilder):
                inner.open = True
            elif isinstance(inner, Items):
                inner.items = None
            elif isinstance(inner, Function):
                for scope in inner.scopes:
                    scope.update(dict.fromkeys(self._definitions[id(inner.node)].shared & scope.keys(), ANYTHING))


def _reached(value: Value, definitions: Mapping[int, mentions.Mentioned]) -> Iterator[Value]:
    """Yield ``value`` and all within reach of it; of a function in ``definitions``, what it takes from around it."""
    waiting, seen = [value], set[int]()
    while waiting:
        inner = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        if isinstance(inner, Method):
            waiting.append(inner.owner)
        elif isinstance(inner, GroupBuilder | CommandsBuilder):
            waiting.append(inner.parser)
        elif isinstance(inner, Items):
            waiting += inner.items or ()
        elif isinstance(inner, Function) and definitions:
            free = definitions[id(inner.node)].free
            waiting += inner.defaults.values()
            waiting += [scope[name] for scope in inner.scopes for name in free & scope.keys()]
        yield inner
