"""A file's syntax tree with what its readers need: parents, names of modules, constants, places."""

from __future__ import annotations

import ast
import codecs
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from aml_pipeline.core.problems import Position


class Scope:
    """One file; ``starts`` is whether it is the program, so that its ``__main__`` block runs.

    For an imported file, ``named`` are its names that other files use. Functions that nobody calls are ``idle``.
    """

    def __init__(self, tree: ast.Module, text: bytes, *, starts: bool, named: AbstractSet[str] = frozenset()) -> None:
        self._lines = text.removeprefix(codecs.BOM_UTF8).splitlines()
        self.named = named
        self.parents: dict[ast.AST, ast.AST] = {}
        self.idle: set[ast.AST] = set() if starts else _uncalled(tree, named)
        self.nodes: list[ast.AST] = list(self._reached(tree, starts=starts))
        self._modules: dict[str, str] = dict(_imported(self.nodes))
        self.imported = frozenset(name.partition(".")[0] for name in self._modules)
        self._constants = _assigned_once(self.nodes)

    def _reached(self, tree: ast.Module, *, starts: bool) -> Iterator[ast.AST]:
        """Yield every node except those of blocks that do not run."""
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            yield node
            inner = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.If) and _is_skipped(node.test, starts=starts):
                inner = list(node.orelse)
            self.parents.update(dict.fromkeys(inner, node))
            self.idle.update(inner if node in self.idle else ())
            waiting += reversed(inner)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around ``node``, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def dotted(self, node: ast.AST) -> str:
        """Return the full name of an expression, such as ``os.environ.get``; "" if it is not a name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._modules.get(node.id, node.id), *reversed(parts)])

    def constant(self, node: ast.AST) -> ast.expr | None:
        """Return the value of the only assignment to a name; None if ``node`` is not such a name."""
        return self._constants.get(node.id) if isinstance(node, ast.Name) else None

    def text(self, node: ast.AST | None) -> str | None:
        """Return the string value of an expression, if it is certain."""
        if isinstance(node, ast.Name):
            node = self.constant(node)
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    def position(self, node: ast.expr) -> Position:
        """Return the place of an expression, with characters counted as editors do."""
        line = self._lines[node.lineno - 1]
        start = len(line[: node.col_offset].decode("utf-8", "replace"))
        end = line[: node.end_col_offset] if node.end_lineno == node.lineno else line
        return Position(node.lineno, start + 1, max(1, len(end.decode("utf-8", "replace")) - start))

    def option(self, node: ast.AST) -> tuple[str, ...]:
        """Return the names of the option whose default contains ``node``; empty if it is not in a default."""
        inner = node
        for outer in self.above(node):
            if isinstance(outer, ast.Call) and last_name(outer.func) == "add_argument":
                names = tuple(name for argument in outer.args if (name := self.text(argument)))
                is_default = isinstance(inner, ast.keyword) and inner.arg == "default"
                return names if is_default else ()
            inner = outer
        return ()


def last_name(node: ast.AST) -> str:
    """Return the last part of a called name: ``read_csv`` of ``pd.read_csv``."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def words(expression: ast.AST) -> set[str]:
    """Return the names and attributes in an expression or a statement."""
    nodes = list(ast.walk(expression))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def is_main_test(test: ast.expr) -> bool:
    """Whether an expression is ``__name__ == "__main__"``."""
    if not isinstance(test, ast.Compare) or not all(isinstance(operator, ast.Eq) for operator in test.ops):
        return False
    sides = [test.left, *test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def names_used(tree: ast.AST) -> set[str]:
    """Return the names by which a file may use the definitions of another one: imported, or attributes of a module."""
    nodes = list(ast.walk(tree))
    taken = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    plain = {node.id for node in nodes if isinstance(node, ast.Name)} if "*" in taken else set()
    return taken | plain | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _uncalled(tree: ast.Module, named: AbstractSet[str]) -> set[ast.AST]:
    """Return the functions and classes of an imported file that are not reachable from ``named`` or from what runs."""
    defined = [node for node in tree.body if isinstance(node, _DEFINED)]
    waiting: list[ast.AST] = [node for node in tree.body if not isinstance(node, _DEFINED) and not _is_program(node)]
    waiting += [node for node in defined if node.name in named]
    running = set(waiting)
    for node in waiting:  # the list grows
        used = words(node)
        new = [node for node in defined if node.name in used and node not in running]
        running.update(new)
        waiting += new
    return {node for node in defined if node not in running}


def _is_program(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and is_main_test(node.test)


def _is_skipped(test: ast.expr, *, starts: bool) -> bool:
    never = isinstance(test, ast.Constant) and not test.value
    return never or last_name(test) == "TYPE_CHECKING" or (not starts and is_main_test(test))


def _imported(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield the names that imports bind, each with its full name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _assigned_once(nodes: Sequence[ast.AST]) -> dict[str, ast.expr]:
    """Return the names that are bound once in the whole file, by a plain assignment, with their values."""
    bound: dict[str, int] = {}
    given: dict[str, ast.expr] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] = bound.get(node.id, 0) + 1
        elif isinstance(node, ast.arg):
            bound[node.arg] = bound.get(node.arg, 0) + 1
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            given[node.target.id] = node.value
    return {name: value for name, value in given.items() if bound[name] == 1}
