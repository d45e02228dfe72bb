"""``python -m tests.release.versions [TESTS…]``: tests with what we need at its lowest versions and at the newest.

Those tests that the modules need which import a dependency (tests/test_architecture.py says which do), so that each
direct dependency is used, and both SDKs are. PyTorch is left out: its lowest version is not built without the libraries
for GPUs. What is about packages of the tests themselves is left out, too: hatchling needs a newer packaging than ours.

``VERSIONS`` names what is tried, such as ``lowest-3.10 highest-3.13``.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.release import ROOT, FailedError, called, environ, pythons, tool

# SDK v1 is there for 3.10 and 3.11 only.
_DEFAULT = ("lowest-3.10", "lowest-3.11", "highest-3.11", "highest-3.13")
_TESTS = ("tests/pipeline", "tests/project", "tests/cli/test_cli.py", "tests/azureml")
_RESOLUTIONS = {"lowest": "lowest-direct", "highest": "highest"}
_EXTRAS = ("azureml", "azureml-v2", "steps")
# What the tests import, but for hatchling and PyTorch.
_TOOLS = (
    "cronsim",
    "hypothesis",
    "jsonschema",
    "pathspec",
    "pip",
    "pytest",
    "pytest-xdist",
    "setuptools",
    "types-PyYAML",
    "tzlocal",
)
_TOLD = ("packaging", "pydantic", "pyyaml", "azureml-core", "azureml-pipeline-steps", "azure-ai-ml", "azure-identity")
# They need hatchling, or the packages that a developer has.
_LEFT_OUT = (
    "tests/project/test_contract_real.py",
    "tests/project/test_installed_code.py",
    "tests/project/test_no_false_alarm.py",
)


def _resolved(resolution: str, python: str, folder: Path) -> Path:
    """Write the versions of all that we need at run time; for those with wheels, so that nothing is compiled."""
    without = folder / "without.txt"
    without.write_text("torch; python_version < '3'\ntorchvision; python_version < '3'\n")
    place = folder / "versions.txt"
    called(
        *(tool("uv"), "pip", "compile", "--quiet", "--no-config", "--only-binary", ":all:", "--python", python),
        *("--resolution", _RESOLUTIONS[resolution], "--override", without),
        *(word for extra in _EXTRAS for word in ("--extra", extra)),
        *("--no-header", "--no-annotate", "--output-file", place, ROOT / "pyproject.toml"),
    )
    return place


def _installed(versions: Path, python: str, folder: Path) -> Path:
    """Return a Python that has these versions, the tools of the tests, and this package in place."""
    ours = folder / "env" / "bin" / "python"
    install = (tool("uv"), "pip", "install", "--quiet", "--no-config", "--python", ours)
    called(tool("uv"), "venv", "--quiet", "--no-config", "--python", python, folder / "env")
    # Compiled now: a warning while an SDK is compiled would be an error in a test.
    called(*install, "--compile-bytecode", "--requirements", versions)
    called(*install, "--constraints", versions, *_TOOLS)
    called(*install, "--no-deps", "--editable", ROOT)
    return ours


def _try(name: str, tests: Sequence[str]) -> bool:
    """Run the tests with ``lowest-3.10``, say; return whether they pass."""
    resolution, _, version = name.partition("-")
    python = pythons.found().get(version)
    if resolution not in _RESOLUTIONS or python is None:
        raise FailedError(f'"{name}" is none of lowest-3.10, highest-3.13, …, or there is no Python {version} here.')
    with tempfile.TemporaryDirectory() as folder:
        versions = _resolved(resolution, python, Path(folder))
        ours = _installed(versions, python, Path(folder))
        pins = dict(re.findall(r"^([\w-]+)==(\S+)", versions.read_text(), re.MULTILINE))
        print(f"{name}:", ", ".join(f"{each} {pins[each]}" for each in _TOLD if each in pins), flush=True)
        ignored = [f"--ignore={path}" for path in _LEFT_OUT]
        command = [
            str(ours),
            "-m",
            "pytest",
            "-q",
            "--tb=short",
            "--maxfail=20",
            "-p",
            "no:cacheprovider",
            "-n",
            "2",
            *ignored,
            *tests,
        ]
        return subprocess.run(command, cwd=ROOT, env=environ(), check=False).returncode == 0


def main(tests: Sequence[str]) -> int:
    """Try each; return 1 if one fails."""
    try:
        there = [name for name in _DEFAULT if name.partition("-")[2] in pythons.found()]
        names = os.environ.get("VERSIONS", "").split() or there
        if names == there and len(there) < len(_DEFAULT):
            print("left out, for want of a Python:", *[name for name in _DEFAULT if name not in there])
        failed = [name for name in names if not _try(name, tests or _TESTS)]
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    print("failed:" if failed else "passed:", *(failed or names))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
