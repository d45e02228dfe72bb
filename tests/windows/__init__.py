"""Windows, pretended: aml_pipeline is imported with an ``os``, a ``signal``, … without what Windows lacks.

What that is, the type stubs of the standard library say, which mypy has. Only modules of ours are deceived, when they
are imported after ``pretend``: the standard library and other packages, which support Windows, work as they do here.
Not pretended are files that cannot be removed while they are open, names that differ in case only, and terminals.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.windows import paths

HIDDEN = frozenset({"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"})
POORER = ("errno", "os", "select", "signal", "socket", "sys", "time")
_TEXT_MODE_IS_OFF = 0x8000  # O_BINARY; harmless here


def pretend(*, with_paths: bool = True) -> None:
    """From now on, modules of aml_pipeline are imported as on Windows.

    Other packages, such as the SDKs, do not understand its paths here: for them, do it without.
    """
    assert "aml_pipeline" not in sys.modules
    for name, own in paths.OWN.items() if with_paths else ():
        _OWN[name] = {**own, **_OWN.get(name, {})}
    sys.meta_path.insert(0, _Finder())


@cache
def lacking(module: str) -> frozenset[str]:
    """Return the names that a module of the standard library has on Linux, but not on Windows."""
    mypy = find_spec("mypy")
    assert mypy is not None
    assert mypy.origin is not None
    stubs = Path(mypy.origin).with_name("typeshed") / "stdlib"
    stub = next(path for path in (stubs / module / "__init__.pyi", stubs / f"{module}.pyi") if path.exists())
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return frozenset(_names(tree.body, "linux")) - frozenset(_names(tree.body, "win32"))


def _names(body: Sequence[ast.stmt], platform: str) -> Iterator[str]:
    """Yield the names that statements of a stub define on a platform."""
    for statement in body:
        if isinstance(statement, ast.If):
            world = {"sys": SimpleNamespace(platform=platform, version_info=sys.version_info), "TYPE_CHECKING": True}
            is_so = eval(compile(ast.Expression(statement.test), "stub", "eval"), world)  # noqa: S307 - of typeshed
            yield from _names(statement.body if is_so else statement.orelse, platform)
        elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield statement.name
        elif isinstance(statement, ast.AnnAssign):
            yield statement.target.id if isinstance(statement.target, ast.Name) else ""
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


class _Poorer(ModuleType):
    """A module of the standard library as Windows has it."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module.__name__)
        own = _OWN.get(module.__name__, {})
        self.__dict__.update({"_real": module, "_lacking": lacking(module.__name__), "_own": own})

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        if name in self._own:
            return self._own[name]
        if name in self._lacking:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r} on Windows")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)


def _open(path: str, flags: int, mode: int = 0o777) -> int:
    path = paths.real(path)
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    assert flags & _TEXT_MODE_IS_OFF or path == os.devnull, f"{path} is opened in text mode"
    return os.open(path, flags, mode)


def _rename(source: str, target: str) -> None:
    if os.path.lexists(paths.real(target)):
        raise FileExistsError(17, "File exists", source, target)
    os.rename(paths.real(source), paths.real(target))


def _replace(source: str, target: str) -> None:
    if os.path.isdir(paths.real(target)):
        raise PermissionError(13, "Permission denied", source, None, target)
    os.replace(paths.real(source), paths.real(target))


def _symlink(source: str, target: str, **_: object) -> None:
    raise OSError(22, "A required privilege is not held by the client", source, None, target)


def _library(name: str | None, *_: object) -> None:
    raise TypeError(f"{name} is not a library")


_OWN: dict[str, dict[str, Any]] = {
    "ctypes": {"CDLL": _library},
    "os": {
        "O_BINARY": _TEXT_MODE_IS_OFF,
        "name": "nt",
        "kill": lambda _pid, number: os._exit(number),
        "open": _open,
        "rename": _rename,
        "replace": _replace,
        "symlink": _symlink,
    },
    "sys": {"platform": "win32"},
}
_poorer: dict[str, ModuleType] = {}


def _import(name: str, *rest: Any) -> Any:  # noqa: ANN401 - as builtins.__import__
    if name.partition(".")[0] in HIDDEN:
        raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
    module = builtins.__import__(name, *rest)
    top = module.__name__
    if top == "posixpath" or top not in {*POORER, *_OWN}:
        return module
    if top not in _poorer:
        _poorer[top] = _Poorer(module)
    return _poorer[top]


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import, "open": paths.opened}
        exec(self.get_code(module.__name__), module.__dict__)  # type: ignore[arg-type] # noqa: S102 - our own


class _Finder(PathFinder):
    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = super().find_spec(fullname, path, target) if fullname.partition(".")[0] == "aml_pipeline" else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def told(words: list[str]) -> dict[str, object]:
    """Run a command line in this process; return its status and what it printed."""
    from aml_pipeline import cli

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli.run(words, dict(os.environ))
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}
