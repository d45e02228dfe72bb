"""The Pythons of this machine that a release is tried with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.release import FailedError, environ

# What the classifiers of pyproject.toml promise.
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def found() -> dict[str, str]:
    """Return the path of a Python for each version; those that ``PYTHONS`` names, else all that can be found.

    Raises FailedError if one that is named does not run.
    """
    named = os.environ.get("PYTHONS", "").split()
    paths = {_version(path): path for path in named}
    if None in paths:
        raise FailedError(f"PYTHONS names {paths[None]}, which does not run, or lacks venv or ensurepip.")
    if named:
        return {str(version): path for version, path in paths.items()}
    candidates = {version: [path for path in _places(version) if _version(path) == version] for version in VERSIONS}
    return {version: paths[0] for version, paths in candidates.items() if paths}


def _places(version: str) -> Iterator[str]:
    """Yield where a Python may be: on PATH, and among those of pyenv and uv, which need not be on PATH."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if path := shutil.which(f"python{version}", path=folder):
            yield path
    for pattern in (f".pyenv/versions/{version}.*", f".local/share/uv/python/cpython-{version}.*"):
        yield from (str(path / "bin" / f"python{version}") for path in sorted(Path.home().glob(pattern)))


def _version(path: str) -> str | None:
    try:
        done = subprocess.run([path, "-c", _PROBE], env=environ(), capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
