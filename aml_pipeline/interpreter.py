"""Which Python runs the steps, and what is installed there.

Asked of the interpreter itself, in a process of its own, and remembered until the interpreter or a folder on its
search path looks different. ``cache`` is written only where its folder is there already.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aml_pipeline import files
from aml_pipeline.errors import UsageError

_QUESTION = r"""
import sys
sys.path[:] = [path for path in sys.path if path]  # without the folder that the caller stands in
import importlib.metadata as metadata, json, os, platform, sysconfig
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
    "folders": [os.path.abspath(path) for path in sys.path if path and os.path.isdir(path)],
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
    if not (isinstance(known, dict) and known.get("path") == path and _looks(path, known["folders"]) == known["looks"]):
        known = _asked(path, environ)
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
    except (OSError, subprocess.SubprocessError, ValueError):
        raise UsageError(f"{path} does not answer as a Python of 3.8 or later does. {cure}") from None
    known["path"] = path
    return dict(known)
