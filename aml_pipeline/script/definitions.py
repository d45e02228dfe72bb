"""A script that defines functions and calls none, so that it ends as soon as it is started."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from aml_pipeline.script.scope import is_main_test, last_name

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# A call at the left edge, or a block that runs: what all but a few scripts have.
_RUNS = re.compile(
    rb"""^(?:(?:\w+\.)*([A-Za-z_]\w*)\(|if __name__ ?== ?["']__main__|for |while |with )""", re.MULTILINE
)
# Calls that only get something ready.
_SETTING_UP = frozenset({
    "setdefault", "putenv", "update", "register",
    "getLogger", "basicConfig", "setLevel", "addHandler", "filterwarnings", "simplefilter", "seed", "manual_seed",
    "use", "set_option", "set_theme", "set_style", "set_page_config", "load_dotenv", "enableLog",
    "setrecursionlimit", "append", "insert",
})  # fmt: skip
# Calls that only make a value.
_MAKING = _SETTING_UP | frozenset({
    "Path", "PurePath", "compile", "namedtuple", "TypeVar", "NewType", "dict", "list", "set", "tuple", "frozenset",
    "range", "int", "float", "str", "bool", "get", "getenv", "join", "dirname", "abspath", "resolve", "device",
    "is_available", "timedelta", "Counter", "defaultdict", "OrderedDict", "field", "partial", "count",
    "default_rng", "RandomState", "split", "format", "Lock",
})  # fmt: skip
# What a function may be decorated with and not be called.
_KEEPING = frozenset({
    "cache", "lru_cache", "contextmanager", "wraps", "jit", "njit", "no_grad", "inference_mode", "dataclass",
    "overload", "singledispatch", "command", "group", "option", "argument", "pass_context", "main", "function",
    "fixture", "total_ordering",
})  # fmt: skip


def may_call_nothing(text: bytes) -> bool:
    """Whether a script's text does not show at once that it calls something."""
    if any(called.decode() not in _SETTING_UP for called in _RUNS.findall(text)):
        return False
    return b"def " in text or b"class " in text


def uncalled(tree: ast.Module) -> list[_Definition]:
    """Return the definitions of a file that calls nothing as it runs; none of a file that does, or has none."""
    if not all(_is_quiet(one) for one in tree.body):
        return []
    return [one for one in _flat(tree.body) if isinstance(one, _Definition)]


def is_quiet(tree: ast.Module) -> bool:
    """Whether a file does nothing when it is imported but define things."""
    return all(_is_quiet(one, starts=False) for one in tree.body)


def _is_quiet(node: ast.stmt, *, starts: bool = True) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(last_name(_called(one)) in _KEEPING for one in node.decorator_list)
    if isinstance(node, ast.Expr):
        is_text = isinstance(node.value, ast.Constant)
        return is_text or (isinstance(node.value, ast.Call) and last_name(node.value.func) in _SETTING_UP)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):  # a module may work out its constants
        return not starts or node.value is None or _only_makes(node.value)
    if isinstance(node, ast.If) and not starts and is_main_test(node.test):
        return True
    if isinstance(node, ast.If | ast.Try):
        asks = not isinstance(node, ast.If) or _only_makes(node.test)
        return asks and all(_is_quiet(one, starts=starts) for one in _inside(node))
    return isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef | ast.Pass)


def _inside(node: ast.If | ast.Try) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        return [*node.body, *node.orelse]
    return [*node.body, *node.orelse, *node.finalbody, *(one for each in node.handlers for one in each.body)]


def _only_makes(value: ast.expr) -> bool:
    """Whether an expression makes a value and does nothing else."""
    waiting: list[ast.AST] = [value]
    for node in waiting:  # which grows
        if isinstance(node, ast.Call) and last_name(node.func) not in _MAKING:
            return False
        waiting += [] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node)
    return True


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _flat(nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a file with those of the blocks around definitions."""
    inner = [each for one in nodes if isinstance(one, ast.If | ast.Try) for each in _flat(_inside(one))]
    return [*nodes, *inner]
