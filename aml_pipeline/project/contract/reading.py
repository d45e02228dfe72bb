"""A script's syntax tree → its contract: statements are followed in order, up to the parse of the command line.

Nothing is run. What cannot be followed may do anything, and what it may do is then no longer claimed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from aml_pipeline.project.contract import mentions
from aml_pipeline.project.contract.branches import Branches
from aml_pipeline.project.contract.calls import EndError, ParsedError
from aml_pipeline.project.contract.model import SILENT, Contract
from aml_pipeline.project.contract.names import Flow
from aml_pipeline.project.contract.symbols import ANYTHING, Known, SilenceError

_MOST_STATEMENTS = 5_000


def read(tree: ast.Module) -> Contract:
    """Return the contract of the script that ``tree`` is the text of."""
    if not _imports_argparse(tree.body):
        return SILENT
    script = _Script()
    try:
        script.block(tree.body)
    except ParsedError as parsed:
        return parsed.contract
    except (SilenceError, EndError, RecursionError):
        pass
    return script.found or SILENT


def _imports_argparse(statements: Sequence[ast.stmt]) -> bool:
    for one in statements:
        if isinstance(one, ast.Import):
            if any(alias.name == "argparse" for alias in one.names):
                return True
        elif isinstance(one, ast.ImportFrom):
            if one.module == "argparse" and not one.level:
                return True
        elif any(_imports_argparse(inner) for inner in _blocks(one)):
            return True
    return False


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            yield inner
    for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield handler.body


class _Script(Branches):
    """Follows statements."""

    def __init__(self) -> None:
        super().__init__()
        self._statements = 0
        self._follow: dict[type[ast.stmt], Callable[..., Flow]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.If: self._if,
            ast.For: self._for,
            ast.While: self._while,
            ast.Try: self._try,
            ast.With: self._with,
            ast.Match: self._match,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.Delete: self._delete,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._define,
            ast.Global: self._global,
            ast.Nonlocal: self._global,
            ast.Break: lambda _: "break",
            ast.Continue: lambda _: "continue",
            ast.Pass: lambda _: None,
        }

    def block(self, statements: Sequence[ast.stmt]) -> Flow:
        """Follow statements one after the other."""
        for one in statements:
            self._statements += 1
            if self._statements > _MOST_STATEMENTS:
                raise SilenceError
            if isinstance(one, ast.Expr):
                self.value(one.value)
                continue
            follow = self._follow.get(type(one))
            flow = self._other_statement(one) if follow is None else follow(one)
            if flow is not None:
                return flow
        return None

    def _other_statement(self, node: ast.stmt) -> Flow:
        if isinstance(node, ast.Assert):
            self.value(node.test)
            return None
        self.unfollowed(node)
        if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef):
            self._name(node.name, ANYTHING)
            return None
        for name in mentions.assigned([node]):
            self._name(name, ANYTHING)
        return None

    def _return(self, node: ast.Return) -> Flow:
        self._frames[-1].returned.append(Known(None) if node.value is None else self.value(node.value))
        return "return"

    def _raise(self, node: ast.Raise) -> Flow:
        for one in (node.exc, node.cause):
            if one is not None:
                self.value(one)
        raise EndError
