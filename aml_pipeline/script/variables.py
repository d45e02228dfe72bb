"""The environment variables that a file reads by literal names, and those that it sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from aml_pipeline.problems import Position
from aml_pipeline.script.known_variables import LOADERS
from aml_pipeline.script.scope import Scope, last_name, words


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is read: where, and whether the file says what to do without it.

    ``options`` are the names of the option whose default it is.
    """

    name: str
    position: Position
    has_fallback: bool
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class Variables:
    """What a file does with its environment; an ``open`` one may set variables whose names its text does not show."""

    read: list[Variable] = field(default_factory=list)
    set: set[str] = field(default_factory=set)
    open: bool = False


_ENVIRON = "os.environ"
_GETTERS = frozenset({"os.environ.get", "os.getenv"})
_SETTERS = frozenset({"os.environ.setdefault", "os.putenv"})
# What a missing variable raises.
_MISSING = frozenset({"KeyError", "LookupError", "Exception", "BaseException"})


def read(scope: Scope) -> Variables:
    """Return the variables that a file reads and sets."""
    found = Variables(open=any(map(_loads_a_file, scope.nodes)))
    asked: set[str] = set()  # those of which the file asks whether they are there
    for node in scope.nodes:
        if isinstance(node, ast.Subscript) and scope.dotted(node.value) == _ENVIRON:
            _item(scope, node, found)
        elif isinstance(node, ast.Call):
            _call(scope, node, found)
        elif isinstance(node, ast.Compare):
            asked.update(_asked(scope, node))
        elif isinstance(node, ast.AugAssign) and scope.dotted(node.target) == _ENVIRON:
            found.open = True
    found.read = [one if one.name not in asked else _with_fallback(one) for one in found.read]
    return found


def _loads_a_file(node: ast.AST) -> bool:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return any(name.partition(".")[0] in LOADERS for name in names)


def _with_fallback(one: Variable) -> Variable:
    return Variable(one.name, one.position, has_fallback=True, options=one.options)


def _item(scope: Scope, node: ast.Subscript, found: Variables) -> None:
    """Take in ``os.environ[NAME]``, which is read, or else set."""
    name = scope.text(node.slice)
    if isinstance(node.ctx, ast.Load):
        if name is not None:
            found.read.append(Variable(name, scope.position(node), _is_tried(scope, node), ()))
    elif name is not None:
        found.set.add(name)
    elif isinstance(node.ctx, ast.Store):
        found.open = True


def _call(scope: Scope, node: ast.Call, found: Variables) -> None:
    called = scope.dotted(node.func)
    first = scope.text(node.args[0]) if node.args else None
    if called in _GETTERS and first is not None:
        fallback = _has_default(node) or _is_condition(scope, node)
        found.read.append(Variable(first, scope.position(node), fallback, scope.option(node)))
    elif called in _SETTERS:
        found.set |= {first} if first is not None else set()
        found.open |= first is None
    elif called == "os.environ.update":
        names = [one.arg for one in node.keywords]
        for one in node.args:
            names += [scope.text(key) if key else None for key in one.keys] if isinstance(one, ast.Dict) else [None]
        found.set.update(name for name in names if name)
        found.open |= None in names


def _has_default(node: ast.Call) -> bool:
    given = [*node.args[1:], *(one.value for one in node.keywords if one.arg == "default")]
    return any(not (isinstance(one, ast.Constant) and one.value is None) for one in given)


def _is_condition(scope: Scope, node: ast.expr) -> bool:
    """Whether the file goes on without the variable: ``or "fast"`` follows, or it is asked whether there is one."""
    inner: ast.AST = node
    for outer in scope.above(node):
        if isinstance(outer, ast.BoolOp) and isinstance(outer.op, ast.Or) and outer.values[-1] is not inner:
            return True
        if isinstance(outer, ast.If | ast.While | ast.IfExp):
            return outer.test is inner
        is_plain = isinstance(outer, ast.BoolOp | ast.NamedExpr) or (
            isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not)
        )
        if not is_plain:
            return isinstance(outer, ast.Call) and last_name(outer.func) == "bool"
        inner = outer
    return False


def _asked(scope: Scope, node: ast.Compare) -> Iterator[str]:
    """Yield the variables of ``NAME in os.environ`` and of ``os.getenv(NAME) is None``."""
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.In | ast.NotIn) and scope.dotted(right).startswith(_ENVIRON):
            name = scope.text(node.left)
        elif isinstance(operator, ast.Is | ast.IsNot) and isinstance(node.left, ast.Call):
            called = scope.dotted(node.left.func) in _GETTERS
            name = scope.text(node.left.args[0]) if called and node.left.args else None
        else:
            name = None
        if name is not None:
            yield name


def _is_tried(scope: Scope, node: ast.AST) -> bool:
    """Whether the file goes on when the variable is missing."""
    inner = node
    for outer in scope.above(node):
        if isinstance(outer, ast.Try) and inner in outer.body:
            if any(one.type is None or words(one.type) & _MISSING for one in outer.handlers):
                return True
        elif isinstance(outer, ast.With):
            asked = set().union(*(words(one.context_expr) for one in outer.items))
            if "suppress" in asked and asked & _MISSING:
                return True
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        inner = outer
    return False
