"""Expressions of a script, followed as far as their values are plain to see."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

from aml_pipeline.project.contract.data import computed, iterated
from aml_pipeline.project.contract.symbols import (
    ANYTHING,
    Action,
    CommandLine,
    Commands,
    Count,
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

BUILTINS = frozenset({
    "str", "int", "float", "complex", "bool", "list", "tuple", "set", "frozenset", "sorted", "dict", "range", "len",
    "enumerate", "zip", "print", "isinstance", "exit", "quit", "map", "filter", "reversed", "format", "repr",
    "SystemExit", "Exception", "BaseException", "KeyboardInterrupt", "ImportError", "ModuleNotFoundError", "OSError",
    "ValueError", "RuntimeError", "KeyError", "TypeError", "AttributeError", "NameError", "IOError",
})  # fmt: skip
_COMPARED: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Is: lambda one, other: one is other,
    ast.IsNot: lambda one, other: one is not other,
    ast.Eq: lambda one, other: one == other,
    ast.NotEq: lambda one, other: one != other,
}
# How ``len(sys.argv)`` compares when the script is given something.
_COUNTED: dict[tuple[type[ast.cmpop], int], bool] = {
    (ast.Eq, 1): False,
    (ast.NotEq, 1): True,
    (ast.Lt, 2): False,
    (ast.LtE, 1): False,
    (ast.Gt, 1): True,
    (ast.GtE, 2): True,
    (ast.GtE, 1): True,
}


class Expressions:
    """Evaluates expressions in the scopes at hand; what a call does is said elsewhere."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = [{"__name__": Known("__main__")}]
        self.names_unsure = False  # ``import *`` may have given any name another meaning
        self.bare = False
        self._kinds: dict[type[ast.expr], Callable[..., Value]] = {
            ast.Constant: lambda node: Known(node.value),
            ast.Name: lambda node: self.lookup(node.id),
            ast.Attribute: self._attribute,
            ast.Call: self.call,
            ast.List: self._items,
            ast.Tuple: self._items,
            ast.Set: self._items,
            ast.Dict: self._table,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._operation,
            ast.BoolOp: self._logic,
            ast.UnaryOp: self._unary,
            ast.Compare: self._comparison,
            ast.Subscript: self._subscript,
            ast.IfExp: self._choice,
            ast.NamedExpr: self._walrus,
            ast.Lambda: self.unfollowed,
            ast.Starred: lambda node: self._escaping(node.value),
        }

    def call(self, node: ast.Call) -> Value:
        """Return what a call returns."""
        raise NotImplementedError

    def unfollowed(self, node: ast.AST) -> Value:
        """Note code that runs at a time, or as often as, nobody can tell."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign ``value`` to ``target``."""
        raise NotImplementedError

    def value(self, node: ast.expr) -> Value:
        """Return the value of an expression."""
        kind = self._kinds.get(type(node))
        return self._other(node) if kind is None else kind(node)

    def lookup(self, name: str) -> Value:
        """Return what ``name`` stands for."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return Dotted(name) if name in BUILTINS and not self.names_unsure else ANYTHING

    def escape(self, value: Value) -> None:
        """Note that code which is not followed may do anything with ``value``."""
        if isinstance(value, ParserSymbol | GroupSymbol | Commands):
            _open(value)
        elif isinstance(value, Action | Method):
            self._escape_part(value)
        elif isinstance(value, Items):
            held, value.items, value.span = value.items, None, None
            for one in held or ():
                self.escape(one)
        elif isinstance(value, Table):
            entries, value.entries = value.entries, None
            for one in (entries or {}).values():
                self.escape(one)
        elif isinstance(value, Function):
            value.escaped = True
        elif isinstance(value, CommandLine | Given | Count):
            raise SilenceError

    def _escape_part(self, value: Action | Method) -> None:
        if isinstance(value, Method):
            self.escape(value.owner)
        else:
            from dataclasses import replace

            value.option = replace(value.option, nargs="unknown", required=False)

    def _escaping(self, node: ast.expr) -> Value:
        self.escape(self.value(node))
        return ANYTHING

    def _other(self, node: ast.expr) -> Value:
        """Whatever this is, what it holds is out of sight."""
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return self.unfollowed(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._escaping(child)
        return ANYTHING

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self.value(node.value)
        if isinstance(owner, Dotted):
            return _CONSTANTS.get(f"{owner.name}.{node.attr}", Dotted(f"{owner.name}.{node.attr}"))
        if isinstance(owner, Known | Items | Table | ParserSymbol | GroupSymbol | Commands):
            return Method(owner, node.attr)
        self.escape(owner)
        return ANYTHING

    def _items(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        return Items(self.spread(node.elts))

    def spread(self, nodes: list[ast.expr]) -> list[Value] | None:
        """Return the values of ``nodes``, a starred one spread out; None when that cannot be told."""
        values: list[Value] = []
        known = True
        for node in nodes:
            if not isinstance(node, ast.Starred):
                values.append(self.value(node))
                continue
            inner = iterated(self.value(node.value))
            known = known and inner is not None
            values += inner or []
        if known:
            return values
        for one in values:
            self.escape(one)
        return None

    def _table(self, node: ast.Dict) -> Value:
        entries: dict[object, Value] = {}
        known = True
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item)
            name = None if key is None else self.value(key)
            if isinstance(name, Known):
                entries[name.value] = value
            elif key is None and isinstance(value, Table) and value.entries is not None:
                entries.update(value.entries)
            else:
                known = False
                self.escape(value)
        table = Table(entries)
        if not known:
            self.escape(table)
        return table

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts: list[str | None] = []
        for one in node.values:
            plain = isinstance(one, ast.FormattedValue) and one.conversion == -1 and one.format_spec is None
            value = self.value(one.value if isinstance(one, ast.FormattedValue) else one)
            if not isinstance(value, Known) or not (plain or isinstance(one, ast.Constant)):
                parts.append(None)
                self.escape(value)
            else:
                parts.append(str(value.value))
        return ANYTHING if None in parts else Known("".join(filter(None, parts)))

    def _operation(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add) and isinstance(left, Items) and isinstance(right, Items):
            both = None if left.items is None or right.items is None else [*left.items, *right.items]
            return Items(both)
        values = [one.value for one in (left, right) if isinstance(one, Known)]
        if len(values) == 2:  # noqa: PLR2004 - both sides
            return computed(node.op, *values)
        if isinstance(node.op, ast.Mod) and isinstance(left, Known) and isinstance(right, Items) and right.items:
            return computed(node.op, left.value, tuple(getattr(one, "value", None) for one in right.items)) if all(
                isinstance(one, Known) for one in right.items
            ) else ANYTHING  # fmt: skip
        self.escape(left)
        self.escape(right)
        return ANYTHING

    def _logic(self, node: ast.BoolOp) -> Value:
        stops = isinstance(node.op, ast.Or)
        for index, one in enumerate(node.values):
            value = self.value(one)
            truth = self.truth_of(value)
            if truth is None:
                self.branched([partial(self._escaping, rest) for rest in node.values[index + 1 :]])
                self.escape(value)
                return ANYTHING
            if truth is stops or index == len(node.values) - 1:
                return value
        return ANYTHING

    def branched(self, ways: list[Callable[[], object]]) -> None:
        """Follow each of ``ways``, of which at most one is taken, or none."""
        raise NotImplementedError

    def truth_of(self, value: Value) -> bool | None:
        """Whether ``value`` counts as true; None when that cannot be told."""
        if isinstance(value, Known):
            return bool(value.value)
        if isinstance(value, Items):
            return None if value.items is None else bool(value.items)
        if isinstance(value, CommandLine | Given):
            self.bare = True  # true unless the script is given nothing
            return True
        if isinstance(value, Count):
            raise SilenceError
        return True if isinstance(value, ParserSymbol | Function) else None

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            truth = self.truth_of(value)
            return ANYTHING if truth is None else Known(not truth)
        if isinstance(value, Known) and isinstance(value.value, int | float):
            if isinstance(node.op, ast.USub):
                return Known(-value.value)
            return value if isinstance(node.op, ast.UAdd) else ANYTHING
        self.escape(value)
        return ANYTHING

    def _comparison(self, node: ast.Compare) -> Value:
        left, rights = self.value(node.left), [self.value(one) for one in node.comparators]
        if len(rights) == 1:
            op, right = type(node.ops[0]), rights[0]
            if isinstance(left, Count) and isinstance(right, Known) and (op, right.value) in _COUNTED:
                self.bare = True
                return Known(_COUNTED[op, right.value])  # type: ignore[index] # it was found there
            if isinstance(left, Given | ParserSymbol) and right == Known(None) and op in (ast.Is, ast.IsNot):
                return Known(op is ast.IsNot)
            if isinstance(left, Known) and isinstance(right, Known) and op in _COMPARED:
                return Known(_COMPARED[op](left.value, right.value))
        for one in (left, *rights):
            if isinstance(one, CommandLine | Given | Count):
                raise SilenceError
        return ANYTHING

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.value(node.value)
        if isinstance(owner, CommandLine):
            return _part_of_command_line(node.slice)
        key = ANYTHING if isinstance(node.slice, ast.Slice) else self.value(node.slice)
        if isinstance(key, Known):
            if isinstance(owner, Table) and owner.entries is not None and key.value in owner.entries:
                return owner.entries[key.value]
            if isinstance(owner, Items) and owner.items and isinstance(key.value, int):
                within = -len(owner.items) <= key.value < len(owner.items)
                return owner.items[key.value] if within else ANYTHING
        self.escape(owner)
        return ANYTHING

    def _choice(self, node: ast.IfExp) -> Value:
        truth = self.truth_of(self.value(node.test))
        if truth is not None:
            return self.value(node.body if truth else node.orelse)
        self.branched([lambda: self._escaping(node.body), lambda: self._escaping(node.orelse)])
        return ANYTHING

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target, value)
        return value


def _open(value: ParserSymbol | GroupSymbol | Commands) -> None:
    parser = value if isinstance(value, ParserSymbol) else value.parser
    parser.open = True
    if isinstance(value, Commands):
        value.open = True


_CONSTANTS: dict[str, Value] = {"sys.argv": CommandLine(), "typing.TYPE_CHECKING": Known(value=False)}


def imported(name: str) -> Value:
    """Return what an import of ``name`` binds."""
    return _CONSTANTS.get(name, Dotted(name))


def _part_of_command_line(part: ast.expr) -> Value:
    if isinstance(part, ast.Slice):
        start = part.lower
        if isinstance(start, ast.Constant) and start.value == 1 and part.upper is None and part.step is None:
            return Given()
    elif isinstance(part, ast.Constant) and part.value == 0:
        return ANYTHING
    raise SilenceError
