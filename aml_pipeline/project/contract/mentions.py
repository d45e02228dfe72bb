"""What code that is not followed mentions: names, and whether it may parse or change the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

PARSES = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ENDINGS = ("Error", "Exception", "Interrupt", "Warning", "Iteration", "NotFound", "Timeout", "Expired")


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield ``node`` and all within it but ``sys.argv[0]``, which is no argument."""
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Subscript) and _is_script_name(inner):
            continue
        yield inner
        for value in inner.__dict__.values():
            if isinstance(value, ast.AST):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [item for item in value if isinstance(item, ast.AST)]


def _is_script_name(node: ast.Subscript) -> bool:
    """Whether ``node`` is ``sys.argv[0]``."""
    is_first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
    return is_first and isinstance(node.value, ast.Attribute) and node.value.attr == "argv"


class Mentioned(NamedTuple):
    """The names and attributes in some code, the names it takes from around it, and those that it may set there."""

    node: ast.AST
    words: set[str]
    free: set[str]
    shared: set[str]


def mentioned(node: ast.AST) -> Mentioned:
    """Return what ``node`` mentions."""
    used, own, shared, attributes = set[str](), set[str](), set[str](), set[str]()
    for inner in walk(node):
        if isinstance(inner, ast.Name):
            (used if isinstance(inner.ctx, ast.Load) else own).add(inner.id)
        elif isinstance(inner, ast.Attribute):
            attributes.add(inner.attr)
        elif isinstance(inner, ast.arg):
            own.add(inner.arg)
        elif isinstance(inner, ast.Global | ast.Nonlocal):
            shared.update(inner.names)
    return Mentioned(node, used | own | attributes, (used - own) | shared, shared)


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield ``body`` and all statements within it."""
    waiting = [*body][::-1]
    while waiting:
        statement = waiting.pop()
        yield statement
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            for inner in getattr(statement, block, ()):
                waiting += inner.body if isinstance(inner, ast.ExceptHandler | ast.match_case) else [inner]


def definitions(body: Iterable[ast.stmt]) -> list[Mentioned]:
    """Return what the functions and classes within ``body`` mention."""
    return [mentioned(inner) for inner in statements(body) if isinstance(inner, _DEFINITIONS)]


def parsing(defined: Iterable[Mentioned]) -> set[str]:
    """Return the names of what may parse or change the command line: methods, and definitions that mention those."""
    words: dict[str, set[str]] = {}
    for definition in defined:
        words.setdefault(getattr(definition.node, "name", ""), set()).update(definition.words)
    names = {*PARSES, "argv"}
    while users := {user for user, used in words.items() if user not in names and not used.isdisjoint(names)}:
        names |= users
    return names


def assigned(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement may give another meaning, or set an attribute of."""
    for inner in walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif (
            isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name)
        ):
            yield inner.value.id
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in inner.names)
        elif isinstance(inner, (*_DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and inner.name:
            yield inner.name


def catches_exit(node: ast.Try) -> bool:
    """Whether a script may continue after an exit within ``node``, because the exception is caught."""
    returns = any(isinstance(inner, ast.Return) for statement in node.finalbody for inner in walk(statement))
    return returns or any(handler.type is None or _may_be_exit(handler.type) for handler in node.handlers)


def _may_be_exit(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(map(_may_be_exit, node.elts))
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "BaseException" or not name.endswith(_ENDINGS)


def imports_argparse(node: ast.stmt) -> bool:
    """Whether a statement imports argparse, or something of it."""
    if isinstance(node, ast.Import):
        return any(alias.name == "argparse" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "argparse" and not node.level
