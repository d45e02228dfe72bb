"""What code that is not followed mentions: names, and whether it may parse or change the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

PARSES = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"})
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def words(node: ast.AST) -> set[str]:
    """Return the names and attributes in ``node``; ``sys.argv[0]``, which is no argument, does not count."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Subscript) and is_script_name(inner):
            continue
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found.add(inner.attr)
        waiting += ast.iter_child_nodes(inner)
    return found


def is_script_name(node: ast.Subscript) -> bool:
    """Whether ``node`` is ``sys.argv[0]``."""
    is_first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
    return is_first and isinstance(node.value, ast.Attribute) and node.value.attr == "argv"


def parsing(tree: ast.Module) -> set[str]:
    """Return the names of what may parse or change the command line: methods, functions and what uses those."""
    mentioned: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            mentioned.setdefault(node.name, set()).update(words(node))
    names = {*PARSES, "argv"}
    while users := {user for user, used in mentioned.items() if user not in names and not used.isdisjoint(names)}:
        names |= users
    return names


def functions(tree: ast.AST) -> list[ast.AST]:
    """Return the functions of a script, those in classes and lambdas too."""
    return [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]


def free(node: ast.AST) -> set[str]:
    """Return the names that a function takes from around it."""
    used, own = set[str](), set[str]()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            (used if isinstance(inner.ctx, ast.Load) else own).add(inner.id)
        elif isinstance(inner, ast.arg):
            own.add(inner.arg)
    shared = {name for inner in ast.walk(node) if isinstance(inner, ast.Global | ast.Nonlocal) for name in inner.names}
    return (used - own) | shared


def assigned(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement may give another meaning, or set an attribute of."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif (
            isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name)
        ):
            yield inner.value.id
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in inner.names)
        elif isinstance(inner, _NAMED) and inner.name:
            yield inner.name


def catches_exit(node: ast.Try) -> bool:
    """Whether a script may go on when it is told to exit within ``node``."""
    returns = any(isinstance(inner, ast.Return) for statement in node.finalbody for inner in ast.walk(statement))
    return returns or any(handler.type is None or _may_be_exit(handler.type) for handler in node.handlers)


_ENDINGS = ("Error", "Exception", "Interrupt", "Warning", "Iteration", "NotFound", "Timeout", "Expired")


def _may_be_exit(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(map(_may_be_exit, node.elts))
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "BaseException" or not name.endswith(_ENDINGS)


def imports_argparse(statements: Iterable[ast.stmt]) -> bool:
    """Whether one of ``statements``, or one within them, imports argparse."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            if any(alias.name == "argparse" for alias in statement.names):
                return True
        elif isinstance(statement, ast.ImportFrom):
            if statement.module == "argparse" and not statement.level:
                return True
        elif any(imports_argparse(getattr(statement, block, ())) for block in ("body", "orelse")):
            return True
    return False
