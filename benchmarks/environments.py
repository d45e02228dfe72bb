"""Virtual environments, one for each program that is compared: what they need conflicts.

They hold neither pip nor setuptools, whose .pth file would cost each start of a Python. They are kept in
`.benchmarks/`.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from benchmarks.projects import ROOT

FOLDER = os.path.join(ROOT, ".benchmarks")
# What pip installs beside aml-pipeline itself.
PEERS = {
    "doit": ["doit>=0.36,<1"],
    "snakemake": ["snakemake>=8,<10"],
    "dvc": ["dvc>=3.50,<4"],
}


def plain(folder: str) -> str:
    """Return the Python of an environment that holds nothing; make it if it is not there."""
    return _python(_made(os.path.join(folder, "plain")))


def found(folder: str, name: str) -> str | None:
    """Return the path of a peer's program, or None where its environment is not there or is of another time."""
    path = os.path.join(folder, name)
    return os.path.join(path, "bin", name) if _mark(path) == _expected(path, name) else None


def install_peers(folder: str, tell: Callable[[str], None]) -> None:
    """Install what is missing of the peers; tell what is done, and whatever could not be done."""
    for name, requirements in PEERS.items():
        if found(folder, name) is None:
            tell(f"installing {name} in {os.path.join(folder, name)}")
            path = _made(os.path.join(folder, name))
            if _installed(path, requirements, tell):
                with open(os.path.join(path, "ready"), "w", encoding="utf-8") as stream:
                    stream.write(_expected(path, name))


def install_ours(folder: str, tell: Callable[[str], None]) -> str | None:
    """Install this package as it stands; return the path of its program, or None if pip failed."""
    tell(f"installing aml-pipeline in {os.path.join(folder, 'aml-pipeline')}")
    path = _made(os.path.join(folder, "aml-pipeline"))
    constraints = os.path.join(ROOT, "constraints.txt")
    return os.path.join(path, "bin", "aml-pipeline") if _installed(path, [ROOT, "-c", constraints], tell) else None


def _made(path: str) -> str:
    """Return the path of an environment, made anew unless this Python made it here."""
    if not os.path.exists(_python(path)) or os.path.realpath(_python(path)) != os.path.realpath(sys.executable):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", path], check=True)
    return path


def _python(path: str) -> str:
    return os.path.join(path, "bin", "python")


def _installed(path: str, requirements: Sequence[str], tell: Callable[[str], None]) -> bool:
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "--python", _python(path), "install", *options, *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tell(f"pip failed:\n{done.stderr}")
    return done.returncode == 0


def _expected(path: str, name: str) -> str:
    """Return what the mark of a finished environment says: its programs name its path and its Python."""
    return "\n".join([path, sys.version, *PEERS[name], ""])


def _mark(path: str) -> str:
    try:
        with open(os.path.join(path, "ready"), encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return ""
