"""Finds scripts that only define functions and call none, so that they end as soon as they start."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from aml_pipeline.project.script.scope import is_main_test, last_name
from aml_pipeline.project.snapshot.imports import parse

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# A call in the first column, or a block that runs: what almost every script has.
_RUNS = re.compile(
    rb"""^(?:(?:\w+\.)*([A-Za-z_]\w*)\(|if __name__ ?== ?["']__main__|for |while |with )""", re.MULTILINE
)
_RUN = re.compile(rb"\brun\s*\(")
_DEFINES = re.compile(rb"^(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
# Calls that only prepare something, unless the file or the project defines the name itself.
_SETTING_UP = frozenset({
    "setdefault", "putenv", "update", "register",
    "getLogger", "basicConfig", "setLevel", "addHandler", "filterwarnings", "simplefilter", "seed", "manual_seed",
    "use", "set_option", "set_theme", "set_style", "set_page_config", "load_dotenv", "enableLog",
    "setrecursionlimit", "append", "insert",
})  # fmt: skip
# Calls that only create a value.
_MAKING = _SETTING_UP | frozenset({
    "Path", "PurePath", "compile", "namedtuple", "TypeVar", "NewType", "dict", "list", "set", "tuple", "frozenset",
    "range", "int", "float", "str", "bool", "get", "getenv", "join", "dirname", "abspath", "resolve", "device",
    "is_available", "timedelta", "Counter", "defaultdict", "OrderedDict", "field", "partial", "count",
    "default_rng", "RandomState", "split", "format", "Lock",
})  # fmt: skip
# Decorators that do not call the function.
_KEEPING = frozenset({
    "cache", "lru_cache", "contextmanager", "wraps", "jit", "njit", "no_grad", "inference_mode", "dataclass",
    "overload", "singledispatch", "command", "group", "option", "argument", "pass_context", "main", "function",
    "fixture", "total_ordering",
})  # fmt: skip


def may_call_nothing(text: bytes) -> bool:
    """Whether it is not obvious from a script's text that it calls something."""
    called = set(_RUNS.findall(text))
    defined = set(_DEFINES.findall(text))
    if called & defined or any(name.decode() not in _SETTING_UP for name in called):
        return False
    return b"def " in text or b"class " in text


def of_parallel_run(text: bytes) -> list[Definition]:
    """Return ``init`` and ``run`` of a script whose functions are called by a ParallelRunStep."""
    if not {b"init", b"run"} <= set(_DEFINES.findall(text)) or len(_RUN.findall(text)) > 1:
        return []
    return [node for node in parse(text).body if isinstance(node, Definition) and node.name in {"init", "run"}]


def uncalled(tree: ast.Module, is_own: Callable[[str], bool]) -> list[Definition]:
    """Return the definitions of a file that calls nothing when it runs; empty for a file that does, or has none.

    ``is_own`` tells whether a module, by the first part of its name, may belong to the project.
    """
    if not _File(tree, is_own, starts=True).is_quiet(tree.body):
        return []
    return [node for node in _flat(tree.body) if isinstance(node, Definition)]


def is_quiet(tree: ast.Module, is_own: Callable[[str], bool]) -> bool:
    """Whether importing a file only defines names and computes constants."""
    return _File(tree, is_own, starts=False).is_quiet(tree.body)


class _File:
    """One file, and its names that may stand for code of the project."""

    def __init__(self, tree: ast.Module, is_own: Callable[[str], bool], *, starts: bool) -> None:
        nodes = list(ast.walk(tree))
        self._starts = starts
        self._own = set(_defined(nodes, is_own))
        self._assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}

    def is_quiet(self, nodes: Sequence[ast.stmt]) -> bool:
        """Whether statements call nothing that matters."""
        return all(map(self._is_quiet, nodes))

    def _is_quiet(self, node: ast.stmt) -> bool:
        if isinstance(node, Definition):
            return self._only_defines(node)
        if isinstance(node, ast.Expr):
            sets_up = isinstance(node.value, ast.Call) and last_name(node.value.func) in _SETTING_UP
            return isinstance(node.value, ast.Constant) or (sets_up and self._only_makes(node.value))
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return node.value is None or self._only_makes(node.value)
        if isinstance(node, ast.If) and not self._starts and is_main_test(node.test):
            return True
        if isinstance(node, ast.If | ast.Try):
            asks = not isinstance(node, ast.If) or self._only_makes(node.test)
            return asks and self.is_quiet(_inside(node))
        return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)

    def _only_defines(self, node: Definition) -> bool:
        decorators = [
            decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list
        ]
        keeps = all(last_name(decorator) in _KEEPING and not self._is_own(decorator) for decorator in decorators)
        if isinstance(node, ast.ClassDef):
            return all(map(self._only_makes, node.bases)) and self.is_quiet(node.body)
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return keeps and all(map(self._only_makes, defaults))

    def _only_makes(self, value: ast.expr) -> bool:
        """Whether an expression creates a value without any effect; a module may compute its constants."""
        waiting: list[ast.AST] = [value]
        for node in waiting:  # the list grows
            if isinstance(node, ast.Call):
                harmless = not self._starts or last_name(node.func) in _MAKING
                if not harmless or self._is_own(node.func):
                    return False
            waiting += [] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node)
        return True

    def _is_own(self, called: ast.expr) -> bool:
        """Whether a called name may be code of the project: its first part is defined here or imported from it."""
        first = called
        while isinstance(first, ast.Attribute):
            first = first.value
        if not isinstance(first, ast.Name):
            return False
        return first.id in self._own or (first is called and ("*" in self._own or first.id in self._assigned))


def _defined(nodes: Sequence[ast.AST], is_own: Callable[[str], bool]) -> Iterator[str]:
    """Yield the names that a file defines, or imports from modules of the project; ``*`` if it imports everything."""
    for node in nodes:
        if isinstance(node, Definition):
            yield node.name
        elif isinstance(node, ast.Import):
            tops = ((alias, alias.name.partition(".")[0]) for alias in node.names)
            yield from (alias.asname or top for alias, top in tops if is_own(top))
        elif isinstance(node, ast.ImportFrom) and (node.level or is_own((node.module or "").partition(".")[0])):
            yield from (alias.asname or alias.name for alias in node.names)


def _inside(node: ast.If | ast.Try) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        return [*node.body, *node.orelse]
    return [*node.body, *node.orelse, *node.finalbody, *(one for handler in node.handlers for one in handler.body)]


def _flat(nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a file, including those in blocks around definitions."""
    inner = [each for node in nodes if isinstance(node, ast.If | ast.Try) for each in _flat(_inside(node))]
    return [*nodes, *inner]
