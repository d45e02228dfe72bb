"""The literal paths that a file reads: ``pd.read_csv("data/raw/x.csv")``, ``Path("data") / name``."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from aml_pipeline.core.problems import Position
from aml_pipeline.project.script.scope import Scope, last_name


class Named(NamedTuple):
    """A path in a file's text: its place, and how it is used.

    ``whole`` is False for the beginning of a path whose rest is unknown. ``reads`` is whether the string is certainly
    used as a path that is read; other strings count if they can be nothing else. ``options`` are the names of the
    option whose default it is.
    """

    text: str
    position: Position
    whole: bool
    reads: bool
    options: tuple[str, ...] = ()


class _Text(NamedTuple):
    """The known beginning of a path, and the expression that it begins with."""

    text: str
    whole: bool
    first: ast.expr


_PATHS = frozenset({"Path", "PurePath", "PosixPath", "PurePosixPath"})
_JOINS = frozenset({"join", "joinpath"})
# Functions that take a path and return it.
_SAME = frozenset(
    {"abspath", "normpath", "realpath", "expanduser", "expandvars", "fspath", "str", "resolve", "absolute"}
)
_READERS = frozenset({
    "open", "imread", "fromfile", "genfromtxt", "memmap", "listdir", "scandir", "walk", "glob", "iglob", "rglob",
    "iterdir", "exists", "isfile", "isdir", "is_file", "is_dir", "getsize", "stat", "copy", "copy2", "copyfile",
    "copytree", "ImageFolder", "DatasetFolder", "ZipFile", "File", "from_pretrained", "from_file",
    "from_csv", "from_json", "from_yaml", "getline",
})  # fmt: skip
_READING = ("read", "load", "scan_")
_WRITERS = frozenset({
    "mkdir", "makedirs", "touch", "unlink", "remove", "rmtree", "rmdir", "rename", "replace", "move", "imwrite",
    "imsave", "basicConfig", "FileHandler", "RotatingFileHandler", "SummaryWriter", "ModelCheckpoint", "CSVLogger",
})  # fmt: skip
_WRITING = ("to_", "save", "write", "export", "dump")
# First words of the names of arguments for output.
_TARGETS = ("to_", "out", "save", "dest")
# Words in the names of options for input.
_SOURCES = ("data", "input", "source", "raw", "images", "table")
# Functions with a mode as their second argument, or as ``mode=``.
_OPENERS = frozenset({"open", "ZipFile", "File", "memmap"})
_MODES_THAT_WRITE = frozenset("waxc")
# Methods whose argument is a path below their object.
_BELOW = frozenset({"glob", "rglob", "iglob"})
_WILD = "*?["
_LONGEST = 200  # a longer string is not a path


def read(scope: Scope) -> list[Named]:
    """Return the paths that a file reads, without those that it writes itself."""
    reader = _Reader(scope)
    paths = [named for node in scope.nodes if isinstance(node, ast.expr) for named in reader.named(node)]
    return [named for named in paths if not reader.is_own(named.text)]


class _Reader:
    """Reads the paths of one file; records those that it writes or creates."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._written: set[str] = set()

    def is_own(self, text: str) -> bool:
        """Whether the file writes ``text``, or creates its folder."""
        name = posixpath.normpath(text)
        return any(name == own or name.startswith(f"{own}/") for own in self._written)

    def named(self, node: ast.expr) -> Iterator[Named]:
        """Yield the path that ``node`` is, unless it is only part of one."""
        if not isinstance(node, ast.Constant | ast.Name | ast.JoinedStr | ast.BinOp | ast.Call):
            return
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            return
        known = self._path(node)
        if known is None or self._is_part(node):
            return
        text = _without_wildcards(known.text if known.whole else known.text.rpartition("/")[0])
        if not text or not text.isprintable() or len(text.encode()) > _LONGEST:
            return
        use = self._use(node)
        if use == "writes":
            self._written.add(posixpath.normpath(text))
        elif use:
            whole = known.whole and text == known.text
            if use == "perhaps" and not (whole and "/" in text and posixpath.splitext(text)[1]):
                return
            options = self._scope.option(node)
            if node in self._scope.idle:
                return
            yield Named(text, self._scope.position(known.first), whole, use == "reads", options)

    def _path(self, node: ast.expr, depth: int = 0) -> _Text | None:
        """Return what is known of the path that an expression returns."""
        if depth > 8:  # noqa: PLR2004 - deeper than any path is put together
            return None
        if isinstance(node, ast.Constant):
            return _Text(node.value, True, node) if isinstance(node.value, str) else None  # noqa: FBT003
        if isinstance(node, ast.Name):
            given = self._scope.constant(node)
            return self._path(given, depth + 1) if given is not None else None
        if isinstance(node, ast.JoinedStr):
            joined = self._joined(node.values, "", depth)
            begins_here = joined is not None and isinstance(node.values[0], ast.Constant)
            return (
                joined._replace(first=node) if joined and begins_here else joined
            )  # where Python 3.12 has the place of the part itself
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
            return self._joined([node.left, node.right], "/" if isinstance(node.op, ast.Div) else "", depth)
        return self._called(node, depth) if isinstance(node, ast.Call) else None

    def _called(self, node: ast.Call, depth: int) -> _Text | None:
        name = last_name(node.func)
        if name in _PATHS | {"join"} and node.args:
            if name == "join" and not self._scope.dotted(node.func).endswith("path.join"):
                return None
            return self._joined(node.args, "/", depth)
        if name == "joinpath" and isinstance(node.func, ast.Attribute):
            return self._joined([node.func.value, *node.args], "/", depth)
        if name in _SAME:
            inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
            return self._path(inner, depth + 1) if inner is not None else None
        return None

    def _joined(self, parts: list[ast.expr], between: str, depth: int) -> _Text | None:
        texts: list[str] = []
        first: ast.expr | None = None
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            known = self._path(inner, depth + 1)
            if known is None:
                return None if first is None else _Text(between.join([*texts, ""]), False, first)  # noqa: FBT003
            first = first or known.first
            texts.append(known.text)
            if not known.whole:
                return _Text(between.join(texts), False, first)  # noqa: FBT003
        return None if first is None else _Text(between.join(texts), True, first)  # noqa: FBT003

    def _is_part(self, node: ast.expr) -> bool:
        """Whether the expression around ``node`` is a path, or a string, that it is part of."""
        outer = self._scope.parents.get(node)
        if isinstance(outer, ast.Attribute):
            outer = self._scope.parents.get(outer)
            return isinstance(outer, ast.Call) and last_name(outer.func) in _SAME | {"joinpath"}
        if isinstance(outer, ast.Call) and node in outer.args:
            return last_name(outer.func) in _PATHS | _JOINS | _SAME
        return isinstance(outer, ast.JoinedStr | ast.FormattedValue | ast.BinOp | ast.Starred)

    def _use(self, node: ast.expr) -> str:
        """Return how a path is used: ``reads``, ``writes``, ``perhaps``, or "" if nothing opens it."""
        outer = self._scope.parents.get(node)
        if isinstance(outer, ast.Attribute):
            call = self._scope.parents.get(outer)
            return self._use_of_object(outer.attr, call) if isinstance(call, ast.Call) else ""
        if isinstance(outer, ast.keyword):
            call = self._scope.parents.get(outer)
            return self._use_as_keyword(outer, call) if isinstance(call, ast.Call) else ""
        if isinstance(outer, ast.Call) and node in outer.args:
            return self._use_as_argument(outer, outer.args.index(node))
        return ""

    def _use_of_object(self, method: str, call: ast.Call) -> str:
        if method == "open":
            return "writes" if self._opens_to_write(call, call.args[:1]) else "reads"
        if method in _WRITERS or method.startswith(_WRITING):
            return "writes"
        return "reads" if method in _READERS or method.startswith(_READING) else ""

    def _use_as_keyword(self, keyword: ast.keyword, call: ast.Call) -> str:
        name = (keyword.arg or "").lower()
        if last_name(call.func) == "add_argument":
            return self._use_as_default(call) if name == "default" else ""
        if name.startswith(_TARGETS):
            return "writes"
        is_path = name in {"io", "root", "fname"} or any(word in name for word in ("path", "file", "dir", "folder"))
        return self._use_as_argument(call, 0) if is_path else ""

    def _use_as_default(self, call: ast.Call) -> str:
        """Return how the default of an option is used, judging by the option's name."""
        names = [text.lower().lstrip("-") for node in call.args if (text := self._scope.text(node))]
        if any(name.startswith(_TARGETS) for name in names) or not any(word in " ".join(names) for word in _SOURCES):
            return ""
        types = {last_name(keyword.value) for keyword in call.keywords if keyword.arg == "type"}
        return "reads" if types & _PATHS else "perhaps"

    def _use_as_argument(self, call: ast.Call, at: int) -> str:
        """Return how a call uses the path that is its argument number ``at``."""
        name, certain = last_name(call.func), self._is_known(call.func)
        if name in _BELOW and not certain:
            return ""
        if name in _OPENERS and self._opens_to_write(call, call.args[1:2]):
            return "writes"
        if name.startswith(_WRITING) or (certain and (name in _WRITERS or (at and name.startswith("copy")))):
            return "writes"
        if name in _READERS or name.startswith(_READING):
            return "reads" if certain and not at else "perhaps"
        return ""

    def _is_known(self, called: ast.expr) -> bool:
        """Whether a call is one of a function or a module's attribute, not of an object that may hold other files."""
        while isinstance(called, ast.Attribute):
            called = called.value
            if not isinstance(called, ast.Attribute):
                return isinstance(called, ast.Name) and called.id in self._scope.imported
        return isinstance(called, ast.Name)

    def _opens_to_write(self, call: ast.Call, given: list[ast.expr]) -> bool:
        """Whether a file is opened for writing, or may be: its mode is not literal."""
        modes = [*given, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        texts = map(self._scope.text, modes)
        return any(text is None or _MODES_THAT_WRITE & set(text) for text in texts)


def _without_wildcards(text: str) -> str:
    """Return the folder that a glob pattern searches; a string without wildcards is unchanged."""
    parts = text.split("/")
    wild = next((number for number, part in enumerate(parts) if set(part) & set(_WILD)), None)
    return text if wild is None else "/".join(parts[:wild])
