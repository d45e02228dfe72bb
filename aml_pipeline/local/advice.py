"""The last lines of a failed step → the line of pipeline.yaml that would cure it, when that can be told."""

from __future__ import annotations

import os
import posixpath
import re

from aml_pipeline.snapshot import Snapshot, SourceFolder, module_folders

_NO_FILE = re.compile(r"""No such file or directory: '([^'\n]+)'|FileNotFoundError: ([^\s'":]+)""")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


def advice(log: str, source: SourceFolder, snapshot: Snapshot, work: str, declared: tuple[str, ...] | None) -> str:
    """Return the cure for a file or module that the step missed and that its source folder has, else "".

    ``work`` is the folder that the step ran in, ``declared`` the ``snapshot:`` patterns that it has.
    """
    for name in _missed(log, snapshot.script, work):
        place = os.path.join(source.path, name)
        if name not in snapshot.digests and os.path.exists(place):
            return _cure(name + ("/" if os.path.isdir(place) else ""), source, declared)
    return ""


def _missed(log: str, script: str, work: str) -> list[str]:
    """Return the names, relative to the source folder, that could be those of the files that the log tells of."""
    names = [_relative(found[1] or found[2], work) for found in _NO_FILE.finditer(log)]
    for found in _NO_MODULE.finditer(log):
        for folder in module_folders(script):
            place = posixpath.join(folder, found[1].replace(".", "/"))
            names += [f"{place}.py", place]
    return [name for name in names if name]


def _relative(path: str, work: str) -> str:
    if os.path.isabs(path):
        path = os.path.relpath(path, os.path.realpath(work) if path.startswith(os.path.realpath(work)) else work)
    path = posixpath.normpath(path)
    return "" if path.startswith("..") else path


def _cure(name: str, source: SourceFolder, declared: tuple[str, ...] | None) -> str:
    """Return what brings ``name``, which ends in a slash if it is a folder, to the step."""
    if source.ignores(name):
        why = f"{name} is in the source folder, and {source.ignore_file} leaves it out of the step's snapshot."
        return f"{why} Take its pattern out of {source.ignore_file}."
    if not any(one == name or (name.endswith("/") and one.startswith(name)) for one in source.all_files):
        why = f"{name} is in the source folder, but no snapshot holds datasets, the pipeline file or caches."
        return f"{why} Give its path to the script in an argument, as in `--data: ${{{{ datasets.NAME }}}}`."
    pattern = f"{name}**" if name.endswith("/") else name
    patterns = ", ".join(f'"{one}"' for one in (*(declared or ()), pattern))
    why = f"{name} is in the source folder, but not in the step's snapshot."
    return f"{why} Add under the step: `snapshot: [{patterns}]`."
