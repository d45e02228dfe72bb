"""Where a run comes from: when, by what and on which machine it was begun; the git commit, and what differs from it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from typing import Any

from aml_pipeline import __version__

_MOST_PATHS = 1_000


def beginning(command: str, git: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a record's entries on the start of a run: the time, ``command`` and the code's ``git`` state."""
    import platform  # only for the name of this machine

    return {"started": time.time(), "command": command, "host": platform.node(), "version": __version__, "git": git}


def git_state(folder: str) -> dict[str, Any] | None:
    """Return ``commit``, ``branch`` and ``dirty`` (paths) of the repository around ``folder``; None without one.

    Of very many paths, the first are returned, with their number as ``dirty_files``.
    """
    command = ["git", "-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z", "--", "."]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=20, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    rows = answer.stdout.decode("utf-8", "surrogateescape").split("\0")
    heads = dict(row[2:].split(" ", 1) for row in rows if row.startswith("# "))
    dirty = [_path(row) for row in rows if row[:2] in {"1 ", "2 ", "u ", "? "}]
    state: dict[str, Any] = {
        "commit": heads.get("branch.oid"),
        "branch": heads.get("branch.head"),
        "dirty": dirty[:_MOST_PATHS],
    }
    return state if len(dirty) <= _MOST_PATHS else {**state, "dirty_files": len(dirty)}


# Fields before the path, by the first letter of a row (git-status(1), "Porcelain Format Version 2").
_FIELDS = {"1": 8, "2": 9, "u": 10, "?": 1}


def _path(row: str) -> str:
    return row.split(" ", _FIELDS[row[0]])[-1].encode("utf-8", "replace").decode()
