"""The environment variables that a file reads by literal names, and those that it sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aml_pipeline.core.problems import Position
from aml_pipeline.project.script.known_variables import LOADERS
from aml_pipeline.project.script.scope import Scope, last_name, words


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is read: its place, and whether the file copes without it.

    ``options`` are the names of the option whose default it is.
    """

    name: str
    position: Position
    has_fallback: bool
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class Variables:
    """How a file uses its environment; if ``open``, it may set variables whose names are not literal.

    ``coped`` are the variables whose presence it checks somewhere.
    """

    read: list[Variable] = field(default_factory=list)
    coped: set[str] = field(default_factory=set)
    set: set[str] = field(default_factory=set)
    open: bool = False


_ENVIRON = "os.environ"
_GETTERS = frozenset({"os.environ.get", "os.getenv"})
_SETTERS = frozenset({"os.environ.setdefault", "os.putenv"})
# The errors of a missing variable, and of a None in its place.
_MISSING = frozenset({"KeyError", "LookupError", "Exception", "BaseException"})
_OF_NONE = frozenset({"TypeError", "ValueError", "AttributeError"})
# Functions that accept None like any other value, and handle it; or show it, or convert it to a string.
_ASKERS = frozenset({"get", "bool", "isinstance"})
_TAKERS = _ASKERS | {"str", "repr", "print", "info", "debug", "warning"}


def read(scope: Scope) -> Variables:
    """Return the variables that a file reads and sets."""
    variables = Variables(open=any(map(_loads_a_file, scope.nodes)))
    questioned = _questioned(scope)
    for node in scope.nodes:
        if isinstance(node, ast.Subscript) and scope.dotted(node.value) == _ENVIRON:
            _item(scope, node, variables)
        elif isinstance(node, ast.Call):
            _call(scope, node, variables, questioned)
        elif isinstance(node, ast.Compare):
            variables.coped.update(_asked(scope, node))
        elif isinstance(node, ast.AugAssign) and scope.dotted(node.target) == _ENVIRON:
            variables.open = True
    variables.read = [
        replace(variable, has_fallback=variable.has_fallback or variable.name in variables.coped)
        for variable in variables.read
    ]
    return variables


def _loads_a_file(node: ast.AST) -> bool:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return any(name.partition(".")[0] in LOADERS for name in names)


def _item(scope: Scope, node: ast.Subscript, variables: Variables) -> None:
    """Record ``os.environ[NAME]``, which is read, or else set."""
    name = scope.text(node.slice)
    if isinstance(node.ctx, ast.Load):
        if name is not None and node not in scope.idle:
            variables.read.append(Variable(name, scope.position(node), _is_tried(scope, node, _MISSING), ()))
    elif name is not None:
        variables.set.add(name)
    elif isinstance(node.ctx, ast.Store):
        variables.open = True


def _call(scope: Scope, node: ast.Call, variables: Variables, questioned: set[str]) -> None:
    called = scope.dotted(node.func)
    first = scope.text(node.args[0]) if node.args else None
    if called in _GETTERS and first is not None:
        copes = _copes(scope, node, questioned)
        fallback = copes or _has_default(node)
        variables.coped |= {first} if copes else set()
        if node not in scope.idle:
            variables.read.append(Variable(first, scope.position(node), fallback, scope.option(node)))
    elif called in _SETTERS:
        variables.set |= {first} if first is not None else set()
        variables.open |= first is None
    elif called == "os.environ.update":
        names = [keyword.arg for keyword in node.keywords]
        for argument in node.args:
            names += (
                [scope.text(key) if key else None for key in argument.keys]
                if isinstance(argument, ast.Dict)
                else [None]
            )
        variables.set.update(name for name in names if name)
        variables.open |= None in names


def _has_default(node: ast.Call) -> bool:
    given = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg == "default")]
    return any(not (isinstance(value, ast.Constant) and value.value is None) for value in given)


def _copes(scope: Scope, node: ast.expr, questioned: set[str]) -> bool:
    """Whether the file copes with the None that it may receive: it checks it, or passes it on.

    ``questioned`` are the names that it checks.
    """
    if _is_tried(scope, node, _MISSING | _OF_NONE):
        return True
    inner: ast.AST = node
    for outer in scope.above(node):
        if isinstance(outer, ast.stmt):
            return _statement_copes(outer, inner, questioned)
        if isinstance(outer, ast.Call):
            called = last_name(outer.func)  # a function with a named parameter mostly accepts None, too
            return called in _TAKERS or (isinstance(inner, ast.keyword) and called != "add_argument")
        if isinstance(outer, ast.NamedExpr) and last_name(outer.target) in questioned:
            return True
        is_asked = (isinstance(outer, ast.BoolOp) and outer.values[-1] is not inner) or (
            isinstance(outer, ast.IfExp) and outer.test is inner
        )
        is_not = isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not)
        if is_asked or is_not or isinstance(outer, ast.Compare | ast.Dict | ast.Lambda):
            return True
        inner = outer
    return False


def _statement_copes(statement: ast.stmt, part: ast.AST, questioned: set[str]) -> bool:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        flat = [
            element for target in targets for element in (target.elts if isinstance(target, ast.Tuple) else [target])
        ]
        return any(last_name(target) in questioned for target in flat)
    if isinstance(statement, ast.If | ast.While):
        return statement.test is part
    return isinstance(statement, ast.Return | ast.Match)


def _questioned(scope: Scope) -> set[str]:
    """Return the names whose values this file checks before it goes on, and those that others may check."""
    names = set(scope.named)
    for node in scope.nodes:
        questions: list[ast.expr] = []
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            questions = [node.test]
        elif isinstance(node, ast.BoolOp | ast.Compare):
            questions = [node]
        elif isinstance(node, ast.comprehension):
            questions = node.ifs
        elif isinstance(node, ast.Match):
            questions = [node.subject]
        elif isinstance(node, ast.Call) and last_name(node.func) in _ASKERS:
            questions = node.args
        names.update(*map(words, questions))
    return names


def _asked(scope: Scope, node: ast.Compare) -> Iterator[str]:
    """Yield the variables of ``NAME in os.environ``."""
    for operator, right in zip(node.ops, node.comparators, strict=True):
        name = scope.text(node.left)
        if isinstance(operator, ast.In | ast.NotIn) and scope.dotted(right).startswith(_ENVIRON) and name is not None:
            yield name


def _is_tried(scope: Scope, node: ast.AST, failures: frozenset[str]) -> bool:
    """Whether the file goes on after one of the ``failures`` that a missing variable may cause."""
    inner = node
    for outer in scope.above(node):
        if isinstance(outer, ast.Try) and inner in outer.body:
            if any(handler.type is None or words(handler.type) & failures for handler in outer.handlers):
                return True
        elif isinstance(outer, ast.With):
            called = set().union(*(words(item.context_expr) for item in outer.items))
            if "suppress" in called and called & failures:
                return True
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        inner = outer
    return False
