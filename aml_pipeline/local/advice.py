"""The last lines of a failed step → the line of pipeline.yaml that would cure it, when that can be told."""

from __future__ import annotations

import os
import posixpath
import re

from aml_pipeline.snapshot import Snapshot

_NO_FILE = re.compile(r"""No such file or directory: '([^'\n]+)'|FileNotFoundError: ([^\s'":]+)""")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


def advice(log: str, snapshot: Snapshot, work: str, declared: tuple[str, ...] | None) -> str:
    """Return the cure for a file or module that the step missed and that its source folder has, else "".

    ``work`` is the folder that the step ran in, ``declared`` the ``snapshot:`` patterns that it has.
    """
    for found in _NO_FILE.finditer(log):
        name = _relative(found[1] or found[2], work)
        if name and name not in snapshot.digests and os.path.exists(os.path.join(snapshot.folder, name)):
            return _line(name + ("/**" if os.path.isdir(os.path.join(snapshot.folder, name)) else ""), declared)
    for found in _NO_MODULE.finditer(log):
        base = posixpath.join(posixpath.dirname(snapshot.script), found[1].replace(".", "/"))
        for name, pattern in ((f"{base}.py", f"{base}.py"), (base, f"{base}/**")):
            if os.path.exists(os.path.join(snapshot.folder, name)) and name not in snapshot.digests:
                return _line(pattern, declared)
    return ""


def _relative(path: str, work: str) -> str:
    if os.path.isabs(path):
        path = os.path.relpath(path, os.path.realpath(work) if path.startswith(os.path.realpath(work)) else work)
    path = posixpath.normpath(path)
    return "" if path.startswith("..") else path


def _line(pattern: str, declared: tuple[str, ...] | None) -> str:
    patterns = ", ".join(f'"{one}"' for one in (*(declared or ()), pattern))
    return f"The file is in the source folder, but not in the step's snapshot. Add under the step: `snapshot: [{patterns}]`."
