"""What a Python file imports, read from its syntax tree, and what in it makes that list incomplete. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

# Names through which a file reaches code or data that its import statements do not name.
_OPEN_NAMES = {
    "__file__": "finds files beside itself through __file__",
    "__import__": "imports by a computed name",
    "__path__": "reads the folder of its package through __path__",
    "exec": "runs code made at run time (exec)",
    "eval": "runs code made at run time (eval)",
}
_OPEN_MODULES = {
    "importlib.resources": "reads package data (importlib.resources)",
    "importlib_resources": "reads package data (importlib_resources)",
    "importlib.util": "imports by a computed path (importlib.util)",
    "importlib.machinery": "imports by a computed path (importlib.machinery)",
    "pkg_resources": "reads package data (pkg_resources)",
    "pkgutil": "walks packages (pkgutil)",
    "runpy": "runs modules by name (runpy)",
    "zipimport": "imports from archives (zipimport)",
}
_OPEN_ATTRIBUTES = {
    ("sys", "path"): "changes or reads the search path (sys.path)",
    ("sys", "modules"): "reaches modules by name (sys.modules)",
    ("inspect", "getfile"): "finds files beside itself (inspect.getfile)",
    ("inspect", "getsourcefile"): "finds files beside itself (inspect.getsourcefile)",
}


class Import(NamedTuple):
    """One import: ``level`` dots, the module's dotted name, the names taken from it, and its line."""

    level: int
    module: str
    names: tuple[str, ...]
    line: int


class Opening(NamedTuple):
    """Why a file's imports cannot be told from its text: the line, and the reason in words ("… through __file__")."""

    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What was read in one Python file; ``texts`` are the string constants that could name a file."""

    imports: list[Import] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


def read_imports(text: bytes) -> Reading:
    """Return what the Python source ``text`` imports. Raises SyntaxError (or ValueError) when it does not parse."""
    reading = Reading()
    for node in ast.walk(ast.parse(text)):
        _read_node(node, reading)
    reading.openings.sort()
    return reading


def _read_node(node: ast.AST, reading: Reading) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            _add(reading, Import(0, alias.name, (), node.lineno))
    elif isinstance(node, ast.ImportFrom):
        _add(reading, Import(node.level, node.module or "", tuple(one.name for one in node.names), node.lineno))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _could_name_a_file(node.value):
            reading.texts.add(node.value)
    elif isinstance(node, ast.Name) and node.id in _OPEN_NAMES:
        reading.openings.append(Opening(node.lineno, _OPEN_NAMES[node.id]))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        reason = _OPEN_ATTRIBUTES.get((node.value.id, node.attr))
        if reason:
            reading.openings.append(Opening(node.lineno, reason))
    elif isinstance(node, ast.Call):
        _read_call(node, reading)


def _add(reading: Reading, one: Import) -> None:
    reading.imports.append(one)
    dotted = [one.module, *(f"{one.module}.{name}" for name in one.names)]
    reason = next((_OPEN_MODULES[name] for name in dotted if name in _OPEN_MODULES), None)
    if reason and one.level == 0:
        reading.openings.append(Opening(one.line, reason))


def _read_call(node: ast.Call, reading: Reading) -> None:
    """``import_module("a.b")`` is an import like any other; with a computed name it opens the list."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    if name != "import_module":
        return
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
        reading.imports.append(Import(0, first.value, (), node.lineno))
    else:
        reading.openings.append(Opening(node.lineno, "imports by a computed name (import_module)"))


_LONGEST_NAME = 200


def _could_name_a_file(text: str) -> bool:
    return "." in text and len(text) <= _LONGEST_NAME and "\n" not in text and "\0" not in text
