"""What a release takes, of the standard library and the tools in ``.release`` alone: no module here imports ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
# As wheels and sdists spell it.
NAME = "aml_pipeline_yaml"
# Variables that would let a tool or a Python find more than the environment that it is asked about.
_OF_THE_CALLER = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "PIPX_", "COLUMNS")


class FailedError(Exception):
    """A check of the release failed; the text says which, and what to do."""


def tool(name: str) -> str:
    """Return the path of a tool that is installed beside the current Python."""
    return str(Path(sys.executable).with_name(name))


def environ(**changes: str) -> dict[str, str]:
    """Return the environment of a tool: the caller's, without what would leak into a clean environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_CALLER)}
    return {**kept, "UV_NO_PROGRESS": "1", **changes}


def called(
    *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None, umask: int = -1
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises FailedError with what it printed, if it fails."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environ() if env is None else env,
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shown = " ".join(Path(word).name if os.path.isabs(word) else word for word in map(str, command))
        raise FailedError(f"{shown} failed with exit status {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done
