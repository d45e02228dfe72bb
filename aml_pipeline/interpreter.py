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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aml_pipeline import files
from aml_pipeline.errors import UsageError

# What says nothing about a Python, but that this machine starts no program now.
_REFUSALS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})

# Beside PYTHON…, the variables that decide which folders a Python imports from.
_CHOOSING = frozenset({"HOME", "VIRTUAL_ENV", "CONDA_PREFIX"})

_QUESTION = r"""
import sys
sys.path[:] = [path for path in sys.path if path]  # without the folder that the caller stands in
import importlib.metadata as metadata, json, os, platform, site, sysconfig
modules, versions = {}, {}
for one in metadata.distributions():
    name = one.metadata["Name"]
    if not name or name in versions:
        continue
    versions[name] = one.version
    listed = (one.read_text("top_level.txt") or "").split()
    if not listed:
        parts = (str(file).split("/") for file in one.files or ())
        listed = {part[0] if len(part) > 1 else part[0].partition(".")[0] for part in parts if part[-1].endswith((".py", ".so"))}
    for module in listed:
        modules.setdefault(module.partition("/")[0], []).append(name)
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": "%d.%d" % sys.version_info[:2],
    "full_version": platform.python_version(),
    "platform": sysconfig.get_platform(),
    "standard": sorted(getattr(sys, "stdlib_module_names", sys.builtin_module_names)),
    "modules": {module: sorted(set(names)) for module, names in modules.items()},
    "distributions": versions,
    "folders": [os.path.abspath(path) for path in [*sys.path, site.getusersitepackages()] if path],
}))
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: its path, what it is, and the distributions that provide each top-level module."""

    path: str
    implementation: str
    version: str
    full_version: str
    platform: str
    standard: frozenset[str]
    modules: Mapping[str, list[str]]
    distributions: Mapping[str, str]
    folders: tuple[str, ...]

    def place(self, module: str) -> str | None:
        """Return the file or folder of a module that no distribution tells of, such as one installed with ``-e``."""
        for folder in self.folders:
            for place in (os.path.join(folder, module), os.path.join(folder, f"{module}.py")):
                if files.look(place):
                    return place
        return None

    def versions(self, modules: Iterable[str]) -> dict[str, str | None]:
        """Return the versions of the distributions that provide ``modules``; a module that is missing maps to None."""
        found: dict[str, str | None] = {}
        for module in sorted(set(modules) - self.standard):
            names = self.modules.get(module)
            if names is None:
                found[module] = None
            for name in names or ():
                found[name] = self.distributions[name]
        return found


def inspect(path: str, environ: Mapping[str, str], cache: str | None = None) -> Interpreter:
    """Return what the interpreter at ``path`` is; ``environ`` is the environment that steps run in.

    Raises UsageError when it is not a Python that runs.
    """
    known: Any = files.read_sealed(cache) if cache else None
    files.seen.looks.pop(cache or "", None)  # it speeds an answer up, and does not change it
    variables = {name: value for name, value in environ.items() if name.startswith("PYTHON") or name in _CHOOSING}
    asked = isinstance(known, dict) and (known.get("path"), known.get("variables")) == (path, variables)
    if not (asked and _looks(path, known["folders"]) == known["looks"]):
        known = _asked(path, environ)
        known["variables"] = variables
        known["looks"] = _looks(path, known["folders"])
        if cache and os.path.isdir(os.path.dirname(cache)):
            with contextlib.suppress(OSError):
                files.write_sealed(cache, known)
    return Interpreter(
        path=path,
        implementation=known["implementation"],
        version=known["version"],
        full_version=known["full_version"],
        platform=known["platform"],
        standard=frozenset(known["standard"]),
        modules=known["modules"],
        distributions=known["distributions"],
        folders=tuple(known["folders"]),
    )


def _looks(path: str, folders: Iterable[str]) -> list[list[int] | None]:
    return [list(look) if (look := files.look(one)) else None for one in (path, *folders)]


def _asked(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    cure = "Give the path of a Python with --python."
    try:
        answer = subprocess.run(
            [path, "-c", _QUESTION],
            capture_output=True,
            env=dict(environ),
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        known = json.loads(answer.stdout)
    except FileNotFoundError:
        raise UsageError(f"There is no interpreter at {path}. {cure}") from None
    except PermissionError:
        raise UsageError(f"{path} may not be executed. {cure}") from None
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            raise
        raise UsageError(f"{path} does not answer as a Python of 3.8 or later does. {cure}") from None
    known["path"] = path
    return dict(known)
