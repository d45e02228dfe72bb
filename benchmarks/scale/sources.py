"""Pipelines and source folders: many steps, many files, large files."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.measure import Program
from benchmarks.scale.case import Case, Measured

_HEAD = "name: scale\nsource_directory: steps\n"
_WRITES = "import sys\nopen(sys.argv[-1] + '/r', 'w').write(sys.argv[1])\n"
_WRITES_BESIDE = f"__file__\n{_WRITES}"
# What a run wrote is trusted by its look when it is as old as this.
_SETTLED_SECONDS = 2.5


def _write(folder: str, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        place = os.path.join(folder, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(text)


def _commands(start: Sequence[str], folder: str, *names: str) -> Iterator[Measured]:
    yield from (Measured(name, Program([*start, name], folder)) for name in names)


def _run(start: Sequence[str], folder: str) -> None:
    subprocess.run([*start, "run"], cwd=folder, check=True, capture_output=True)
    time.sleep(_SETTLED_SECONDS)


def _nothing_to_do(start: Sequence[str], folder: str) -> Iterator[Measured]:
    """Run all, then measure a run that works out that nothing is to be done, and one that remembers it."""
    memo = os.path.join(folder, ".aml_pipeline", ".memo")
    _run(start, folder)
    anew = Program([*start, "run"], folder, before=lambda: shutil.rmtree(memo, ignore_errors=True))
    yield Measured("nothing to do, computed again", anew)
    _run(start, folder)
    yield Measured("nothing to do", Program([*start, "run"], folder))


def _chain(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Steps each of which reads what the one before wrote."""
    steps = [f"{_HEAD}steps:"]
    for number in range(count):
        steps += [f"  s{number}:", "    script: a.py", "    arguments:", f"      - v{number}"]
        steps += [f"      - ${{{{ steps.s{number - 1}.outputs.o }}}}"] if number else []
        steps.append("      - ${{ outputs.o }}")
    _write(folder, {"pipeline.yaml": "\n".join(steps), "steps/a.py": _WRITES})
    yield from _commands(start, folder, "validate", "plan", "graph")


def _chain_that_ran(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    next(_chain(start, folder, count))
    yield from _nothing_to_do(start, folder)


def _one_folder(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """As many steps as files, all of which each step takes."""
    step = "  sNUMBER: {script: a.py, arguments: [vNUMBER, '${{ outputs.o }}']}"
    steps = [step.replace("NUMBER", str(number)) for number in range(count)]
    _write(folder, {"pipeline.yaml": "\n".join([f"{_HEAD}steps:", *steps]), "steps/a.py": _WRITES_BESIDE})
    _write(folder, {f"steps/data/{number}.txt": str(number) for number in range(count - 1)})
    yield from _commands(start, folder, "validate", "plan")
    yield from _nothing_to_do(start, folder)


def _many_files(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Files that the only step takes as its snapshot, and as many in a dataset."""
    step = "  a: {script: a.py, arguments: [x, '${{ datasets.raw }}', '${{ outputs.o }}']}"
    text = f"{_HEAD}datasets: {{raw: {{local: raw}}}}\nsteps:\n{step}\n"
    _write(folder, {"pipeline.yaml": text, "steps/a.py": _WRITES_BESIDE})
    for place in ("steps/data", "raw"):
        _write(folder, {f"{place}/{number % 200}/{number}.txt": str(number) for number in range(count // 2)})
    yield from _commands(start, folder, "validate", "plan")
    yield from _nothing_to_do(start, folder)


def _large_file(start: Sequence[str], folder: str, mebibytes: int) -> Iterator[Measured]:
    """A file in the snapshot of the only step."""
    step = "  a: {script: a.py, arguments: [x, '${{ outputs.o }}']}"
    _write(folder, {"pipeline.yaml": f"{_HEAD}steps:\n{step}\n", "steps/a.py": _WRITES_BESIDE})
    with open(os.path.join(folder, "steps", "large.bin"), "wb") as stream:
        stream.writelines(os.urandom(1 << 20) for _ in range(mebibytes))
    time.sleep(_SETTLED_SECONDS)
    yield Measured("run", Program([*start, "run", "--force"], folder))


def _linked(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Folders, each with a link to each of them: refused."""
    step = "  a: {script: a.py, arguments: [x]}"
    _write(folder, {"pipeline.yaml": f"{_HEAD}steps:\n{step}\n", "steps/a.py": _WRITES_BESIDE})
    for name in map(str, range(count)):
        os.makedirs(os.path.join(folder, "steps", name))
        for other in map(str, range(count)):
            os.symlink(f"../{other}", os.path.join(folder, "steps", name, f"to-{other}"))
    refused = ["/bin/sh", "-c", '"$@" 2>/dev/null; test $? -eq 2', "sh", *start, "validate"]
    yield Measured("validate", Program(refused, folder))


def _stars(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """A pattern with so many stars, against a name that it nearly matches."""
    step = f"  a: {{script: a.py, snapshot: ['{'a*' * count}b'], arguments: [x]}}"
    _write(folder, {"pipeline.yaml": f"{_HEAD}steps:\n{step}\n", "steps/a.py": _WRITES, f"steps/{'a' * 250}": ""})
    yield from _commands(start, folder, "validate")


CASES: list[Case] = [
    Case("steps in a chain", (1_250, 5_000), _chain),
    Case("steps in a chain that ran", (1_250, 5_000), _chain_that_ran),
    Case("steps with one folder of as many files", (100, 400), _one_folder),
    Case("files, half in the snapshot, half in a dataset", (50_000, 200_000), _many_files),
    Case("MiB in a file of a snapshot", (750, 3_000), _large_file),
    Case("folders that all link to each other", (8, 32), _linked),
    Case("stars in a pattern", (12, 48), _stars),
]
