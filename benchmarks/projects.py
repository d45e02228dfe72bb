"""The same trivial steps, each reading what the one before wrote: as a pipeline, as a dodo.py, and as a shell loop."""

import os
import shutil
import sys
from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_SCRIPT = """\
import os, sys
open(os.path.join(sys.argv[-1], "o.txt"), "w").write("{number}")
"""

_DODO = """\
import sys
from doit.tools import create_folder

DOIT_CONFIG = {{"verbosity": 2}}


def task_step():
    for number in range({count}):
        before = [f"out/s{{number - 1}}/o.txt"] if number else []
        command = [sys.executable, f"steps/s{{number}}.py", *before, f"out/s{{number}}"]
        yield {{
            "name": f"s{{number}}",
            "actions": [(create_folder, [f"out/s{{number}}"]), command],
            "file_dep": [f"steps/s{{number}}.py", *before],
            "targets": [f"out/s{{number}}/o.txt"],
        }}
"""


def make(folder: str, count: int) -> str:
    """Write the project of ``count`` steps into ``folder``; return its path."""
    os.makedirs(os.path.join(folder, "steps"))
    for number in range(count):
        _write(folder, f"steps/s{number}.py", _SCRIPT.format(number=number))
    _write(folder, "pipeline.yaml", "\n".join(_pipeline(count)) + "\n")
    _write(folder, "dodo.py", _DODO.format(count=count))
    _write(folder, "loop.sh", "\n".join(_loop(count)) + "\n")
    return folder


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def _pipeline(count: int) -> Iterator[str]:
    yield from ("name: bench", "source_directory: steps", "steps:")
    for number in range(count):
        yield from (f"  s{number}:", f"    script: s{number}.py", "    arguments:")
        if number:
            yield f"      --input: ${{{{ steps.s{number - 1}.outputs.o }}}}"
        yield "      --output: ${{ outputs.o }}"


def _loop(count: int) -> Iterator[str]:
    yield "set -e"
    yield f"mkdir -p {' '.join(f'out/s{number}' for number in range(count))}"
    for number in range(count):
        before = f" out/s{number - 1}/o.txt" if number else ""
        yield f"'{sys.executable}' steps/s{number}.py{before} out/s{number}"


def forget(folder: str) -> None:
    """Remove what runs left in a project."""
    shutil.rmtree(os.path.join(folder, ".aml_pipeline"), ignore_errors=True)
    shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
    for name in os.listdir(folder):
        if name.startswith(".doit.db"):
            os.unlink(os.path.join(folder, name))
