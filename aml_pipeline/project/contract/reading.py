"""A script's syntax tree → its contract: what runs for sure is read line by line, up to the parse of the command line.

Read are the module, what stands under its main guard, and the functions that are called there. Nothing is run. Whatever
else may touch a parser makes it *open*; whatever else may parse ends the reading, and nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import suppress

from aml_pipeline.project.contract import mentions
from aml_pipeline.project.contract.building import (
    Builder,
    CommandsBuilder,
    GroupBuilder,
    Named,
    declared,
    finished,
    new_parser,
)
from aml_pipeline.project.contract.model import SILENT, Contract
from aml_pipeline.project.contract.names import Names
from aml_pipeline.project.contract.symbols import (
    ALL_ARGV,
    ANYTHING,
    GIVEN,
    CommandLine,
    Declared,
    Dotted,
    Function,
    Items,
    Known,
    Method,
    SilenceError,
    Value,
)

_MOST_STATEMENTS = 5_000
_LISTS = {"list", "tuple", "set", "frozenset", "sorted"}
_HARMLESS = {*_LISTS, "print", "str", "int", "float", "bool", "complex", "len", "isinstance", "vars", "repr", "range"}
_ENDS = {"sys.exit", "exit", "quit", "os._exit"}
# Decorators that change nothing about what a call does.
_TRANSPARENT = {"torch.no_grad", "torch.inference_mode", "torch.distributed.elastic.multiprocessing.errors.record"}
# Attributes of a parser, a subcommand or an option that decide nothing about what is accepted.
_FREE_ATTRIBUTES = {"description", "epilog", "usage", "prog", "formatter_class", "completer", "help", "metavar"}


class _EndError(Exception):
    """The script ends here, or what follows no longer matters."""


def read(tree: ast.Module) -> Contract:
    """Return the contract of the script that ``tree`` is the text of."""
    if not any(map(mentions.imports_argparse, mentions.statements(tree.body))):
        return SILENT
    script = _Script(tree)
    with suppress(_EndError, SilenceError, RecursionError):
        script.block(tree.body)
    return script.contract


class _Script:
    """Follows the statements of one script; ``contract`` is what its parse accepts."""

    def __init__(self, tree: ast.Module) -> None:
        self.contract = SILENT
        self._names = Names(tree, {*_HARMLESS, "exit", "quit"})
        self._statements = 0
        self._follow: dict[type[ast.stmt], Callable[..., object]] = {
            ast.Expr: lambda node: self._value(node.value),
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._define,
            ast.ClassDef: self._class,
            ast.AsyncFunctionDef: lambda node: self._names.put(node.name, Function(node, list(self._names.scopes))),
            ast.Global: lambda node: self._names.shared.update(node.names),
            ast.Raise: self._end,
        }
        self._evaluate: dict[type[ast.expr], Callable[..., Value]] = {
            ast.Constant: lambda node: Known(node.value),
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.List: self._items,
            ast.Tuple: self._items,
            ast.Set: self._items,
            ast.Dict: self._keys,
            ast.UnaryOp: self._negative,
            ast.IfExp: self._choice,
            ast.Subscript: self._part,
        }

    def block(self, statements: Sequence[ast.stmt]) -> Value | None:
        """Follow statements one after the other; return what a ``return`` among them returns."""
        for statement in statements:
            self._statements += 1
            if self._statements > _MOST_STATEMENTS:
                raise SilenceError
            if isinstance(statement, ast.Return):
                return Known(None) if statement.value is None else self._value(statement.value)
            inner = self._inner_block(statement)
            if inner is None:
                self._follow.get(type(statement), self._names.pass_over)(statement)
            elif (returned := self.block(inner)) is not None:
                return returned
        return None

    def _inner_block(self, statement: ast.stmt) -> Sequence[ast.stmt] | None:
        """Return what is sure to run within a compound statement; None when that is not known."""
        if isinstance(statement, ast.If):
            truth = self._truth(statement.test)
            return None if truth is None else statement.body if truth else statement.orelse
        if isinstance(statement, ast.With):
            return self._with(statement)
        if isinstance(statement, ast.Try) and not self._names.parsing.isdisjoint(mentions.mentioned(statement).words):
            # An exception may end the body anywhere: what follows the parse in it is no longer certain.
            return None if mentions.catches_exit(statement) else [*statement.body, ast.Raise()]
        return None

    def _truth(self, test: ast.expr) -> bool | None:
        """Return what ``__name__ == "__main__"``, ``x is None`` or ``x is not None`` comes to, where that is known."""
        if not isinstance(test, ast.Compare) or len(test.ops) > 1:
            return None
        operator, sides = test.ops[0], [test.left, *test.comparators]
        if not all(isinstance(side, ast.Name | ast.Constant) for side in sides):
            return None
        left, right = map(self._value, sides)
        if isinstance(operator, ast.Eq) and isinstance(left, Known) and isinstance(right, Known):
            return left == right
        is_known = isinstance(left, Known | Builder | CommandLine) and right == Known(None)
        if is_known and isinstance(operator, ast.Is | ast.IsNot):
            return (left == right) is isinstance(operator, ast.Is)
        return None

    def _with(self, node: ast.With) -> Sequence[ast.stmt] | None:
        for item in node.items:
            self._names.escape(self._value(item.context_expr))
            if item.optional_vars is not None:
                self._bind(item.optional_vars, ANYTHING)
        words = set[str]().union(*(mentions.mentioned(item.context_expr).words for item in node.items))
        return None if words & {"suppress", "raises"} else node.body

    def _assign(self, node: ast.Assign) -> None:
        value = self._value(node.value)
        for target in node.targets:
            self._bind(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._bind(node.target, self._value(node.value))

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self._names.put(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Attribute):
            self._names.escape(value)
            self._set_attribute(self._value(target.value), target.attr, value)
        else:
            self._names.escape(value)
            self._names.pass_over(target)

    def _unpack(self, targets: list[ast.expr], value: Value) -> None:
        items = value.items if isinstance(value, Items) else None
        if items is None or len(items) != len(targets) or any(isinstance(target, ast.Starred) for target in targets):
            self._names.escape(value)
            items = [ANYTHING] * len(targets)
        for target, item in zip(targets, items, strict=True):
            self._bind(target, item)

    def _set_attribute(self, owner: Value, name: str, value: Value) -> None:
        if isinstance(owner, CommandsBuilder) and name == "required":
            owner.required = isinstance(value, Known) and bool(value.value)
        elif isinstance(owner, Builder | CommandsBuilder | Declared):
            if name not in _FREE_ATTRIBUTES:
                raise SilenceError
        elif isinstance(owner, Dotted) and owner.name.partition(".")[0] in {"argparse", "sys"}:
            raise SilenceError
        else:
            self._names.escape(owner)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            self._names.put(alias.asname or name, Dotted(name))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self._names.import_all()
            else:
                self._names.put(alias.asname or alias.name, Dotted(f"{module}.{alias.name}"))

    def _define(self, node: ast.FunctionDef) -> None:
        function = Function(node, list(self._names.scopes), self._is_plain(node))
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        defaults = [self._value(default) for default in node.args.defaults]
        function.defaults.update(zip(reversed(names), reversed(defaults), strict=False))
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            function.defaults[argument.arg] = ANYTHING if default is None else self._value(default)
        self._names.put(node.name, function)

    def _is_plain(self, node: ast.FunctionDef) -> bool:
        """Whether decorators leave the function as it is, and its arguments have names."""
        decorators = [
            self._value(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in node.decorator_list
        ]
        is_transparent = all(isinstance(value, Dotted) and value.name in _TRANSPARENT for value in decorators)
        return is_transparent and node.args.vararg is None and node.args.kwarg is None

    def _class(self, node: ast.ClassDef) -> None:
        for inner in node.body:
            if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                self._names.pass_over(inner)
        self._names.put(node.name, Function(node, list(self._names.scopes)))

    def _end(self, _node: ast.AST) -> None:
        raise _EndError

    def _value(self, node: ast.expr) -> Value:
        """Return the value of an expression as far as it is plain to see."""
        return self._evaluate.get(type(node), self._other)(node)

    def _other(self, node: ast.expr) -> Value:
        self._names.pass_over(node)
        return ANYTHING

    def _name(self, node: ast.Name) -> Value:
        value = self._names.get(node.id)
        if value is ANYTHING and node.id in self._names.parsing:
            raise SilenceError
        return value

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self._value(node.value)
        if isinstance(owner, Dotted):
            name = f"{owner.name}.{node.attr}"
            return ALL_ARGV if name == "sys.argv" else Dotted(name)
        if isinstance(owner, Builder | GroupBuilder | CommandsBuilder | Items | Known):
            return Method(owner, node.attr)
        if isinstance(owner, Function) and node.attr not in self._names.parsing:
            return Method(owner, node.attr)
        self._names.escape(owner)
        if node.attr in self._names.parsing:
            raise SilenceError
        return ANYTHING

    def _items(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return self._other(node)
        return Items([self._value(element) for element in node.elts])

    def _keys(self, node: ast.Dict) -> Value:
        for inner in node.values:
            self._names.escape(self._value(inner))
        return Items([ANYTHING if key is None else self._value(key) for key in node.keys])

    def _negative(self, node: ast.UnaryOp) -> Value:
        value = self._value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, Known) and isinstance(value.value, int | float):
            return Known(-value.value)
        self._names.escape(value)
        return ANYTHING

    def _choice(self, node: ast.IfExp) -> Value:
        truth = self._truth(node.test)
        return self._other(node) if truth is None else self._value(node.body if truth else node.orelse)

    def _part(self, node: ast.Subscript) -> Value:
        is_rest = isinstance(node.slice, ast.Slice) and ast.unparse(node.slice) == "1:"
        if is_rest and isinstance(node.value, ast.Name | ast.Attribute) and self._value(node.value) is ALL_ARGV:
            return GIVEN
        return self._other(node)

    def _call(self, node: ast.Call) -> Value:
        function = self._value(node.func)
        arguments = [self._value(argument) for argument in node.args]
        named = {keyword.arg or "**": self._value(keyword.value) for keyword in node.keywords}
        is_plain = "**" not in named and not any(isinstance(argument, ast.Starred) for argument in node.args)
        value: Value | None = None
        if isinstance(function, Dotted) and function.name in _ENDS:
            raise _EndError
        if is_plain and isinstance(function, Function):
            value = self._inline(function, arguments, named)
        elif is_plain and isinstance(function, Dotted):
            value = _of_module(function.name, arguments, named)
        elif is_plain and isinstance(function, Method):
            value = self._of_method(function, arguments, named, node.lineno)
        if value is None:
            for other in (function, *arguments, *named.values()):
                self._names.escape(other)
        return ANYTHING if value is None else value

    def _of_method(self, method: Method, arguments: list[Value], named: Named, line: int) -> Value | None:
        owner, name = method.owner, method.name
        if isinstance(owner, Builder) and name in mentions.PARSES:
            return self._parse(owner, name, arguments, named)
        if isinstance(owner, Builder) and name in {"exit", "error"}:
            raise _EndError
        if isinstance(owner, Builder | GroupBuilder | CommandsBuilder):
            return declared(owner, name, arguments, named, line)
        if isinstance(owner, Items) and name == "keys":
            return owner
        return ANYTHING if isinstance(owner, Known) else None

    def _inline(self, function: Function, arguments: list[Value], named: Named) -> Value | None:
        """Follow the call of a function of the script; None when that is more than to run its body once."""
        unplain = ast.Yield | ast.YieldFrom | ast.Nonlocal
        is_plain = function.plain and not any(isinstance(inner, unplain) for inner in mentions.walk(function.node))
        if not is_plain or not isinstance(function.node, ast.FunctionDef):
            return None
        declaration = function.node.args
        names = [argument.arg for argument in (*declaration.posonlyargs, *declaration.args)]
        unknown = dict.fromkeys([*names, *(argument.arg for argument in declaration.kwonlyargs)], ANYTHING)
        given = dict(zip(names, arguments, strict=False))
        with self._names.inside(function):
            for name, value in {**unknown, **function.defaults, **given, **named}.items():
                self._names.put(name, value)
            returned = self.block(function.node.body)
        return Known(None) if returned is None else returned

    def _parse(self, parser: Builder, name: str, arguments: list[Value], named: Named) -> Value:
        """Note what the parse accepts; go on after one that lets pass what it does not know."""
        given = arguments[0] if arguments else named.get("args", Known(None))
        if name not in {"parse_args", "parse_known_args"} or not (given is GIVEN or given == Known(None)):
            raise SilenceError
        strict = name == "parse_args"
        self.contract = Contract(finished(parser, self._names.read_elsewhere()), strict=strict)
        if strict:
            raise _EndError
        return ANYTHING


def _of_module(name: str, arguments: list[Value], named: Named) -> Value | None:
    """Return what a call of something imported, or built in, returns; None when that may be anything."""
    if name == "argparse.ArgumentParser":
        return new_parser(arguments, named)
    numbers = [value.value for value in arguments if isinstance(value, Known) and isinstance(value.value, int)]
    if name == "range" and len(numbers) == len(arguments) and not named:
        with suppress(TypeError, ValueError):
            return Known(range(*numbers))
    if name in _LISTS and len(arguments) == 1 and not named and isinstance(arguments[0], Items):
        return arguments[0]
    is_harmless = name in _HARMLESS and not any(isinstance(value, CommandLine) for value in arguments)
    return ANYTHING if is_harmless else None
