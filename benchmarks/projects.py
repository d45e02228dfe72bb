"""The same trivial steps, each reading what the one before wrote, in the words of every tool."""

import os
import shlex
from collections.abc import Iterator
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_SCRIPT = """\
import os, sys
os.makedirs(sys.argv[-1], exist_ok=True)
open(os.path.join(sys.argv[-1], "o.txt"), "w").write("{text}")
"""

_DODO = """\
import glob

DOIT_CONFIG = {{"verbosity": 2}}


def task_step():
    for number in range({count}):
        before = [f"out/s{{number - 1}}/o.txt"] if number else {data}
        yield {{
            "name": f"s{{number}}",
            "actions": [["{python}", f"steps/s{{number}}.py", f"out/s{{number}}"]],
            "file_dep": [f"steps/s{{number}}.py", *before],
            "targets": [f"out/s{{number}}/o.txt"],
        }}
"""


class Chain(NamedTuple):
    """Steps in a row, the Python that runs them, and whether the first one reads the folder ``data``."""

    steps: int
    python: str
    data: bool = False

    def command(self, number: int) -> str:
        """Return the command line of a step."""
        return f"{shlex.quote(self.python)} steps/s{number}.py out/s{number}"


def write(folder: str, name: str, text: str) -> None:
    """Write a file of a project, and the folders it lies in."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def write_script(folder: str, number: int, text: str) -> None:
    """Write the script of a step, which will write ``text``."""
    write(folder, f"steps/s{number}.py", _SCRIPT.format(text=text))


def pipeline(chain: Chain) -> str:
    """Return the chain as a pipeline.yaml."""
    return "\n".join(_pipeline(chain)) + "\n"


def _pipeline(chain: Chain) -> Iterator[str]:
    yield from ("name: bench", "source_directory: steps")
    if chain.data:
        yield from ("datasets:", "  data:", "    local: data")
    yield "steps:"
    for number in range(chain.steps):
        yield from (f"  s{number}:", f"    script: s{number}.py", "    arguments:")
        if number:
            yield f"      --input: ${{{{ steps.s{number - 1}.outputs.o }}}}"
        elif chain.data:
            yield "      --input: ${{ datasets.data }}"
        yield "      --output: ${{ outputs.o }}"


def dodo(chain: Chain) -> str:
    """Return the chain as doit's dodo.py."""
    data = 'glob.glob("data/*")' if chain.data else "[]"
    return _DODO.format(count=chain.steps, python=chain.python, data=data)


def dvc(chain: Chain) -> str:
    """Return the chain as a dvc.yaml."""
    return "\n".join(["stages:", *(_stage(chain, number) for number in range(chain.steps))]) + "\n"


def _stage(chain: Chain, number: int) -> str:
    before = f", out/s{number - 1}/o.txt" if number else ", data" if chain.data else ""
    return f"""\
  s{number}:
    cmd: >-
      {chain.command(number)}
    deps: [steps/s{number}.py{before}]
    outs: [out/s{number}/o.txt]"""


def snakefile(chain: Chain) -> str:
    """Return the chain as a Snakefile."""
    last = f'import glob\n\nrule all:\n    input: "out/s{chain.steps - 1}/o.txt"\n\n'
    return last + "\n".join(_rule(chain, number) for number in range(chain.steps))


def _rule(chain: Chain, number: int) -> str:
    before = f', "out/s{number - 1}/o.txt"' if number else ', glob.glob("data/*")' if chain.data else ""
    return f"""\
rule s{number}:
    input: "steps/s{number}.py"{before}
    output: "out/s{number}/o.txt"
    shell: "{chain.command(number)}"
"""


def makefile(chain: Chain) -> str:
    """Return the chain as a Makefile."""
    # The rules that make knows by itself would be tried on every file.
    return "MAKEFLAGS += --no-builtin-rules\n\n" + "\n".join(
        _target(chain, number) for number in reversed(range(chain.steps))
    )


def _target(chain: Chain, number: int) -> str:
    before = f" out/s{number - 1}/o.txt" if number else " $(wildcard data/*)" if chain.data else ""
    return f"out/s{number}/o.txt: steps/s{number}.py{before}\n\t{chain.command(number)}\n"


def loop(chain: Chain) -> str:
    """Return the chain as a shell script, which runs every step every time."""
    return "\n".join(["set -e", *(chain.command(number) for number in range(chain.steps))]) + "\n"
