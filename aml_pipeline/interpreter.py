"""Which Python runs the steps, and what is installed there.

Asked of the interpreter itself, in a process of its own, and remembered until the interpreter or a folder on its
search path looks different. ``cache`` is written only where its folder is there already.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline import files
from aml_pipeline.errors import UsageError

# What says nothing about a Python, but that this machine starts no program now.
_REFUSALS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_CURE = "Give the path of a Python with --python."

# Beside PYTHON…, the variables that decide which folders a Python imports from.
_CHOOSING = frozenset({"HOME", "VIRTUAL_ENV", "CONDA_PREFIX"})

_FORMAT = 2
_QUESTION = r"""
import sys
sys.path[:] = [path for path in sys.path if path]  # without the folder that the caller stands in
import importlib.metadata as metadata, json, os, platform, re, site, sysconfig
modules, versions, requires = {}, {}, {}
def header(one):  # one.metadata and one.files parse far more than is asked, which takes three times as long
    text = one.read_text("METADATA") or one.read_text("PKG-INFO") or ""
    rows = [line.partition(": ")[::2] for line in text.partition("\n\n")[0].splitlines()]
    needs = [need(value) for name, value in rows if name == "Requires-Dist"]
    return {name: value.strip() for name, value in rows if name in ("Name", "Version")}, needs
def need(value):  # "numpy (>=1.2) ; extra == 'all'" is told as "numpy;all"
    name, extra = re.match(r"[\w.-]*", value.strip()), re.search(r"\bextra\s*==\s*.([\w.-]+)", value)
    return name[0] + (";" + extra[1] if extra else "")
def top(path):
    first, slash, _ = path.partition("/")
    return first if slash else first.partition(".")[0]
for one in metadata.distributions():
    head, needs = header(one)
    name = head.get("Name")
    if not name or name in versions:
        continue
    versions[name] = head.get("Version")
    requires[name] = sorted(set(needs))
    listed = (one.read_text("top_level.txt") or "").split()
    if not listed:
        rows = (row.lstrip('"').partition(",")[0].rstrip('"') for row in (one.read_text("RECORD") or "").splitlines())
        listed = {top(row) for row in rows if row.endswith((".py", ".so"))}
    for module in listed:
        modules.setdefault(module.partition("/")[0], []).append(name)
shared = {module for module, names in modules.items() if len(set(names)) > 1}
for one in metadata.distributions() if shared else ():  # a namespace such as azureml: who provides which part of it
    name = header(one)[0].get("Name")
    for row in (one.read_text("RECORD") or "").splitlines() if name in versions else ():
        first, _, rest = row.lstrip('"').partition("/")
        if first in shared and rest.partition(",")[0].rstrip('"').endswith((".py", ".so")):
            part = first + "." + top(rest.partition(",")[0])
            if name not in modules.setdefault(part, []):
                modules[part].append(name)
print(json.dumps({
    "format": 2,
    "implementation": platform.python_implementation(),
    "version": "%d.%d" % sys.version_info[:2],
    "full_version": platform.python_version(),
    "platform": sysconfig.get_platform(),
    "standard": sorted(getattr(sys, "stdlib_module_names", sys.builtin_module_names)),
    "modules": {module: sorted(set(names)) for module, names in modules.items()},
    "distributions": versions,
    "requires": requires,
    "folders": [os.path.abspath(path) for path in [*sys.path, site.getusersitepackages()] if path],
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: its path, what it is, and the distributions that provide each top-level module.

    Of a module that several provide (a namespace) the parts stand there too: ``azureml.core``.
    ``requires`` are the distributions that each asks for, by name; ``name;extra`` if only that extra of it does.
    """

    path: str
    implementation: str
    version: str
    full_version: str
    platform: str
    standard: frozenset[str]
    modules: Mapping[str, list[str]]
    distributions: Mapping[str, str]
    folders: tuple[str, ...]
    requires: Mapping[str, list[str]] = field(default_factory=dict)

    def place(self, module: str) -> str | None:
        """Return the file or folder of a module that no distribution tells of, such as one installed with ``-e``."""
        for folder in self.folders:
            for place in (os.path.join(folder, module), os.path.join(folder, f"{module}.py")):
                if files.look(place):
                    return place
        return None

    def versions(self, modules: Iterable[str], parts: Collection[str] = ()) -> dict[str, str | None]:
        """Return the versions of the distributions that provide ``modules``; a module that is missing maps to None.

        Of a module that several provide only those count that provide one of the ``parts``, if any does.
        """
        found: dict[str, str | None] = {}
        for module in sorted(set(modules) - self.standard):
            names = self.modules.get(module)
            if names is not None and len(names) > 1:
                wanted = [part for part in parts if part.startswith(f"{module}.")]
                names = sorted({name for part in wanted for name in self.modules.get(part, ())}) or names
            if names is None:
                found[module] = None
            for name in names or ():
                found[name] = self.distributions[name]
        return found


def inspect(path: str, environ: Mapping[str, str], cache: str | None = None) -> Interpreter:
    """Return what the interpreter at ``path`` is; ``environ`` is the environment that steps run in.

    Raises UsageError when it is not a Python that runs.
    """
    with asking(path, environ, cache) as answer:
        return answer()


@contextlib.contextmanager
def asking(path: str, environ: Mapping[str, str], cache: str | None = None) -> Iterator[Callable[[], Interpreter]]:
    """Ask the interpreter at ``path`` what it is; the answer is waited for when the function that this gives is called.

    Other things can be done meanwhile. The function raises UsageError when it is not a Python that runs.
    """
    variables = {name: value for name, value in environ.items() if name.startswith("PYTHON") or name in _CHOOSING}
    known: Any = files.read_sealed(cache) if cache else None
    files.seen.looks.pop(cache or "", None)  # it speeds an answer up, and does not change it
    asked = isinstance(known, dict) and known.get("format") == _FORMAT  # not that of an earlier version
    asked = asked and (known.get("path"), known.get("variables")) == (path, variables)
    if asked and _looks(path, known["folders"]) == known["looks"]:
        yield lambda: _interpreter(known)
        return
    with _started(path, environ) as child:

        def answer() -> Interpreter:
            told = _answer(path, child)
            found = {**told, "path": path, "variables": variables, "looks": _looks(path, told["folders"])}
            if cache and os.path.isdir(os.path.dirname(cache)):
                with contextlib.suppress(OSError):
                    files.write_sealed(cache, found)
            return _interpreter(found)

        yield answer


def _interpreter(known: Mapping[str, Any]) -> Interpreter:
    return Interpreter(
        path=known["path"],
        implementation=known["implementation"],
        version=known["version"],
        full_version=known["full_version"],
        platform=known["platform"],
        standard=frozenset(known["standard"]),
        modules=known["modules"],
        distributions=known["distributions"],
        folders=tuple(known["folders"]),
        requires=known["requires"],
    )


def _looks(path: str, folders: Iterable[str]) -> list[list[int] | None]:
    return [list(look) if (look := files.look(one)) else None for one in (path, *folders)]


@contextlib.contextmanager
def _started(path: str, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        child = subprocess.Popen(
            [path, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
        )
    except FileNotFoundError:
        raise UsageError(f"There is no interpreter at {path}. {_CURE}") from None
    except PermissionError:
        raise UsageError(f"{path} may not be executed. {_CURE}") from None
    except OSError as error:
        if error.errno in _REFUSALS:
            raise
        raise UsageError(_no_python(path)) from None
    with child:
        try:
            yield child
        finally:
            child.kill()


def _answer(path: str, child: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        text, _ = child.communicate(timeout=60)
        told = json.loads(text) if child.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        told = None
    if not isinstance(told, dict):
        raise UsageError(_no_python(path))
    return told


def _no_python(path: str) -> str:
    return f"{path} does not answer as a Python of 3.8 or later does. {_CURE}"
