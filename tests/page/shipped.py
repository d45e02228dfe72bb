"""The shipped pipeline in a folder of its own, and its command line there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy(folder: Path) -> Path:
    """Return a copy of what the pipeline is made of, in a folder called as the pipeline is."""
    project = folder / "cifar10"
    project.mkdir(parents=True)
    for name in ("pipeline.yaml", "steps", ".azureml"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "config.json"))
        else:
            shutil.copy(ROOT / name, project / name)
    return project


def environ(project: Path) -> dict[str, str]:
    """Return an environment with nothing of the caller's own."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return {"PYTHONPATH": str(ROOT), "PATH": path, "HOME": str(project), "LC_ALL": "C.UTF-8"}


def command(project: Path, *words: str) -> str:
    """Run the command line to its end; return the last line that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "aml_pipeline", *words],
        cwd=project,
        env=environ(project),
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return done.stdout.splitlines()[-1]
