"""The imports of a Python file, read from its syntax tree, and what makes that list incomplete. Pure."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

# Names through which a file reaches code or data that its import statements do not name.
_OPEN_NAMES = {
    "__file__": "locates files relative to itself through __file__",
    "__spec__": "locates files relative to itself through __spec__",
    "__loader__": "locates files relative to itself through __loader__",
    "__import__": "imports by a computed name",
    "__path__": "reads the folder of its package through __path__",
    "exec": "runs code that is generated at run time (exec)",
    "eval": "runs code that is generated at run time (eval)",
}
# The same for modules, and for their attributes.
_OPEN_DOTTED = {
    "imp": "imports by a computed path (imp)",
    "importlib.resources": "reads package data (importlib.resources)",
    "importlib_resources": "reads package data (importlib_resources)",
    "importlib.util": "imports by a computed path (importlib.util)",
    "importlib.machinery": "imports by a computed path (importlib.machinery)",
    "pkg_resources": "reads package data (pkg_resources)",
    "pkgutil": "walks packages (pkgutil)",
    "runpy": "runs modules by name (runpy)",
    "zipimport": "imports from archives (zipimport)",
    "sys.path": "changes or reads the search path (sys.path)",
    "sys.modules": "reaches modules by name (sys.modules)",
    "inspect.getfile": "locates files relative to itself (inspect.getfile)",
    "inspect.getsourcefile": "locates files relative to itself (inspect.getsourcefile)",
}
_COMPUTED = "imports by a computed name (import_module)"


class Import(NamedTuple):
    """One import: ``level`` dots, the module's dotted name, the names taken from it, and its line."""

    level: int
    module: str
    names: tuple[str, ...]
    line: int


class Opening(NamedTuple):
    """Why a file's imports cannot be read from its text: the line, and the reason in words ("… through __file__")."""

    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What was read in one Python file, by line; ``texts`` are the string constants that could name a file."""

    imports: list[Import] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=dict)


def read_imports(tree: ast.Module) -> Reading:
    """Return the imports of the Python file whose syntax tree is ``tree``."""
    nodes = _nodes(tree)
    reading = Reading()
    imports = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    reader = _Reader(reading, {alias.asname: alias.name for alias in imports if alias.asname})
    for node in nodes:
        reader.read(node)
    reading.openings.sort()
    reading.imports.sort(key=lambda one: one.line)
    return reading


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """Return every node, outer ones first: the same as ``ast.walk``, in half its time."""
    nodes = [tree]
    for node in nodes:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [child for child in value if isinstance(child, ast.AST)]
    return nodes


def parse(text: bytes) -> ast.Module:
    """Return the syntax tree of Python source. Raises SyntaxError (or ValueError) if it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of Python (an escape such as "\\d") are the script's own affair
            return ast.parse(text)
    except (MemoryError, RecursionError):
        raise ValueError("the nesting of an expression is too deep") from None


class _Reader:
    """Reads the nodes of one file, outer ones first; ``aliases`` are other names of modules (``import sys as s``)."""

    def __init__(self, reading: Reading, aliases: dict[str, str]) -> None:
        self._reading = reading
        self._aliases = aliases
        self._plain: set[ast.expr] = set()  # the ``import_module`` of calls whose module is literal

    def read(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._add(Import(0, alias.name, (), node.lineno))
        elif isinstance(node, ast.ImportFrom):
            self._add_from(node)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _could_name_a_file(node.value):
                first = self._reading.texts.get(node.value, node.lineno)
                self._reading.texts[node.value] = min(first, node.lineno)
        elif isinstance(node, ast.Call):
            self._read_call(node)
        elif isinstance(node, (ast.Name, ast.Attribute)):
            self._open(node.lineno, self._reason(node))

    def _open(self, line: int, reason: str | None) -> None:
        if reason:
            self._reading.openings.append(Opening(line, reason))

    def _add(self, statement: Import) -> None:
        self._reading.imports.append(statement)
        if statement.level == 0:
            dotted = [statement.module, *(f"{statement.module}.{name}" for name in statement.names)]
            self._open(statement.line, next((_OPEN_DOTTED[name] for name in dotted if name in _OPEN_DOTTED), None))

    def _add_from(self, node: ast.ImportFrom) -> None:
        self._add(Import(node.level, node.module or "", tuple(alias.name for alias in node.names), node.lineno))
        if any(alias.name == "import_module" and alias.asname for alias in node.names):
            self._open(node.lineno, _COMPUTED)

    def _read_call(self, node: ast.Call) -> None:
        """``import_module("a.b")`` is an import like any other."""
        first = node.args[0] if node.args else None
        if _last_name(node.func) != "import_module" or not isinstance(first, ast.Constant):
            return
        if isinstance(first.value, str) and not first.value.startswith("."):
            self._plain.add(node.func)
            self._reading.imports.append(Import(0, first.value, (), node.lineno))

    def _reason(self, node: ast.Name | ast.Attribute) -> str | None:
        if _last_name(node) == "import_module":
            return None if node in self._plain else _COMPUTED
        if isinstance(node, ast.Name):
            return _OPEN_NAMES.get(node.id)
        if not isinstance(node.value, ast.Name):
            return None
        return _OPEN_DOTTED.get(f"{self._aliases.get(node.value.id, node.value.id)}.{node.attr}")


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


_LONGEST_NAME = 200


def _could_name_a_file(text: str) -> bool:
    return "." in text and len(text) <= _LONGEST_NAME and "\n" not in text and "\0" not in text
