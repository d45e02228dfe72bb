"""The commands of an export, with values put into them as text, run by a real shell."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

SHELLS = ("bash", "sh")
_BINDING = re.compile(r"\$\{\{(inputs|outputs)\.([A-Za-z0-9_]+)\}\}")
_PARENT = re.compile(r"\$\{\{parent\.(?:inputs\.(\w+)|jobs\.(\w+)\.outputs\.(\w+))\}\}")


class Python:
    """Programs like ``python`` and ``bash`` that write down what they are called with, at the front of a PATH."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._told = folder / "told"
        for name in ("python", "bash", "Rscript"):
            program = folder / name
            tell = f"printf '%s\\0' {name} \"$@\" > '{self._told}'"
            program.write_text(f"#!/bin/sh\n{tell}\nexit ${{STATUS:-0}}\n")
            program.chmod(0o755)
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    def receives(self, shell: str, command: str, status: int = 0) -> list[str]:
        """Run ``command`` by ``shell``; return the words after ``python``. Both exit with ``status``."""
        program, *words = self.starts(shell, command, status)
        assert program == "python"
        return words

    def starts(self, shell: str, command: str, status: int = 0) -> list[str]:
        """Run ``command`` by ``shell``; return the words that it starts. Both exit with ``status``."""
        shell = shutil.which(shell) or shell
        self._told.unlink(missing_ok=True)
        environ = {**self.environ, "STATUS": str(status)}
        done = subprocess.run([shell, "-c", command], env=environ, capture_output=True, check=False, timeout=PATIENCE)
        assert done.returncode == status, (command, done.stderr)
        assert done.stderr == b"", (command, done.stderr)
        return os.fsdecode(self._told.read_bytes()).split("\0")[:-1]


def bound(job: Mapping[str, Any], node: str, command: str, order: Path | None) -> str:
    """Return ``command`` of ``node`` as the service would run it: bindings replaced by values and paths, as text.

    ``job`` is the body of the request. A folder differs from run to run: it is called as in ``tests.conformance``, and
    that for order alone is ``order`` (None: the node has none).
    """
    inputs = job["jobs"][node].get("inputs", {})

    def value(found: re.Match[str]) -> str:
        kind, port = found.groups()
        if kind == "outputs":
            return str(order) if order and port == "order" else f"<output {step(node)}.{port}>"
        return _value(job, inputs[port])

    return _BINDING.sub(value, command)


def _value(job: Mapping[str, Any], given: Mapping[str, str]) -> str:
    found = _PARENT.fullmatch(given["value"])
    if not found:
        assert "${{" not in given["value"], given
        return given["value"]
    if found[1]:
        of_pipeline = job["inputs"][found[1]]
        return f"<dataset {found[1].removeprefix('data__')}>" if "uri" in of_pipeline else str(of_pipeline["value"])
    return f"<input {step(found[2])}.{found[3]}>"


def step(node: str) -> str:
    """Return the step that a node was made of."""
    return node.replace("_", "-")


def after(job: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the steps that each step waits for and reads nothing of."""
    return {step(name): set(_waits(node)) for name, node in job["jobs"].items()}


def _waits(node: Mapping[str, Any]) -> Iterator[str]:
    for port, given in node.get("inputs", {}).items():
        found = _PARENT.fullmatch(given.get("value", ""))
        if port.startswith("after__") and found and found[2]:
            assert given["mode"] == "Direct"
            yield step(found[2])
