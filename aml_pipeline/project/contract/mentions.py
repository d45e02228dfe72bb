"""What code that is not followed names, assigns or catches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


def words(node: ast.AST) -> set[str]:
    """Return all names and attributes that ``node`` mentions, wherever they belong."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif not isinstance(one, ast.Constant):
            if isinstance(one, ast.Attribute):
                found.add(one.attr)
            for value in one.__dict__.values():
                if isinstance(value, list):
                    waiting += [inner for inner in value if isinstance(inner, ast.AST)]
                elif isinstance(value, ast.AST):
                    waiting.append(value)
    return found


def free(node: ast.AST) -> set[str]:
    """Return the names that ``node`` reads and that functions within it do not bind themselves."""
    if not isinstance(node, _FUNCTIONS):
        loaded, inner = _loaded([node])
        return loaded.union(*map(free, inner))
    body: list[ast.AST] = [*node.body] if isinstance(node.body, list) else [node.body]
    loaded, inner = _loaded(body)
    shared = _declared_global(body)
    own = _parameters(node) | (assigned(body) - shared)
    return loaded.union(shared, *map(free, inner)) - own


def _loaded(nodes: Iterable[ast.AST]) -> tuple[set[str], list[ast.AST]]:
    """Return the names read outside inner functions, and those functions."""
    names: set[str] = set()
    functions: list[ast.AST] = []
    waiting = list(nodes)
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name):
            if not isinstance(one.ctx, ast.Store):
                names.add(one.id)
        elif isinstance(one, _FUNCTIONS):
            functions.append(one)
            waiting += [*one.args.defaults, *filter(None, one.args.kw_defaults), *getattr(one, "decorator_list", [])]
        else:
            waiting += ast.iter_child_nodes(one)
    return names, functions


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    return {one.arg for one in every if one is not None}


def _declared_global(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for one in _within(nodes) if isinstance(one, ast.Global | ast.Nonlocal) for name in one.names}


def assigned(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that code assigns, outside inner functions and classes."""
    names: set[str] = set()
    for one in _within(nodes):
        if isinstance(one, ast.Name):
            if not isinstance(one.ctx, ast.Load):
                names.add(one.id)
        elif isinstance(one, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in one.names}
        elif isinstance(one, _NAMED) and one.name:
            names.add(one.name)
        elif isinstance(one, ast.MatchMapping) and one.rest:
            names.add(one.rest)
    return names


def _within(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    waiting = list(nodes)
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, (*_FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(one)


def changes_command_line(node: ast.AST) -> bool:
    """Whether code may change ``sys.argv``: it names it, and not just to read one item or all but the first."""
    nodes = list(ast.walk(node))
    reads = {id(one.value) for one in nodes if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load)}
    named = [one for one in nodes if _is_argv(one)]
    return any(id(one) not in reads for one in named)


def _is_argv(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "argv" and isinstance(node.value, ast.Name)
    return isinstance(node, ast.Name) and node.id == "argv"


_EXITS = {"SystemExit", "BaseException"}
_ENDINGS = ("Error", "Exception", "Interrupt", "Warning", "Iteration", "Exit", "NotFound", "Timeout", "Expired")


def catches_exit(node: ast.expr) -> bool:
    """Whether an expression names what ends a script."""
    return any(_last_name(one) in _EXITS for one in ast.walk(node))


def outlives_exit(node: ast.Try) -> bool:
    """Whether a script may live on when it is told to exit within ``node``."""
    caught = any(handler.type is None or _may_be_exit(handler.type) for handler in node.handlers)
    return caught or any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in _within(node.finalbody))


def _may_be_exit(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_may_be_exit(one) for one in node.elts)
    name = _last_name(node)
    return name in _EXITS or not name.endswith(_ENDINGS)


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def leaves(statements: list[ast.stmt]) -> bool:
    """Whether code is sure to leave the function, or the script."""
    last = statements[-1]
    if isinstance(last, ast.Raise | ast.Return):
        return True
    called = last.value.func if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return isinstance(called.value, ast.Name) and (called.value.id, called.attr) in {
            ("sys", "exit"),
            ("os", "_exit"),
        }
    return isinstance(called, ast.Name) and called.id in {"exit", "quit"}


def suppresses(node: ast.expr) -> bool:
    """Whether an expression names a context manager that swallows exceptions."""
    return any(_last_name(one) == "suppress" for one in ast.walk(node))
